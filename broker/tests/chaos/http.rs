//! A server of HTTP/1.1 by hand, so that everything about an answer can be wrong: it may be missing, cut off, or come twice.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
}

impl Request {
    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.query.as_bytes());
        let mut found = pairs.filter(|(of, _)| of == name);
        found.next().map(|(_, value)| value.into_owned())
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} -\r\ncontent-type: application/json;charset=utf-8\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if self.status != 204 {
            bytes.extend_from_slice(self.body.as_bytes());
        }
        bytes
    }
}

/// What goes back on the connection.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The answer, and the connection stays.
    Whole(Answer),
    /// The answer, and once more, which nobody has asked for.
    Twice(Answer),
    /// The beginning of the answer; then the connection is reset.
    Half(Answer),
    /// The connection is reset (RST).
    Reset,
    /// Nothing, for so long; then the connection ends.
    Silence(Duration),
}

/// Serves until the runtime ends.
pub(crate) async fn serve<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = Reply> + Send,
{
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let handler = handler.clone();
        tokio::spawn(async move {
            // Whoever breaks off, breaks off.
            let _ = exchanges(stream, handler).await;
        });
    }
}

async fn exchanges<H, F>(stream: TcpStream, handler: H) -> std::io::Result<()>
where
    H: Fn(Request) -> F,
    F: Future<Output = Reply>,
{
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        match handler(request).await {
            Reply::Whole(answer) => stream.write_all(&answer.bytes()).await?,
            Reply::Twice(answer) => {
                let once = answer.bytes();
                stream.write_all(&[once.clone(), once].concat()).await?;
            }
            Reply::Half(answer) => {
                let bytes = answer.bytes();
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                stream.write_all(half).await?;
                // A reset may overtake what was sent; that is a half answer, too.
                return reset(&stream);
            }
            Reply::Reset => return reset(&stream),
            Reply::Silence(time) => {
                tokio::time::sleep(time).await;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Has the connection end with RST instead of FIN once it is dropped.
fn reset(stream: &BufReader<TcpStream>) -> std::io::Result<()> {
    stream.get_ref().set_zero_linger()
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request {
        method,
        path,
        query,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }))
}
