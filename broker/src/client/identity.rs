//! Who the client is to a server, and which servers it trusts.

use std::fmt;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use reqwest::header::{self, HeaderMap};
use reqwest::{Certificate, ClientBuilder, Identity, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::{Position, Url};

use super::ClientError;
use crate::auth::digest;

/// How a client shows who it is. What is given is shown to the server that it is for, and to no other.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Sent as a bearer token (RFC 6750).
    pub token: Option<SecretString>,
    /// A name and a password, with which challenges of HTTP Digest are answered (RFC 7616).
    pub user: Option<User>,
}

/// A name and a password.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: SecretString,
}

/// What the client shows and believes in a handshake of TLS: files of PEM.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Further certificate authorities that servers' certificates may be signed by.
    pub authorities: Option<PathBuf>,
    /// The client's certificate, with its chain.
    pub certificate: Option<PathBuf>,
    /// Its key, if that is not in the same file.
    pub key: Option<PathBuf>,
}

impl Tls {
    /// A builder of clients that are so.
    pub(super) fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, ClientError> {
        if let Some(path) = &self.authorities {
            let found = Certificate::from_pem_bundle(&read(path)?);
            let found = found.map_err(|error| unusable(path, "certificates", &error))?;
            builder = builder.tls_certs_merge(found);
        }
        match (&self.certificate, &self.key) {
            (Some(path), key) => {
                let mut pem = read(path)?;
                if let Some(key) = key {
                    pem.push(b'\n');
                    pem.extend(read(key)?);
                }
                let identity = Identity::from_pem(&pem);
                let what = "a certificate and its key";
                let identity = identity.map_err(|error| unusable(path, what, &error))?;
                Ok(builder.identity(identity))
            }
            (None, Some(_)) => Err(ClientError::Input(
                "a key is of no use without its certificate: --cert".to_owned(),
            )),
            (None, None) => Ok(builder),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(path)
        .map_err(|error| ClientError::Input(format!("cannot read {}: {error}", path.display())))
}

fn unusable(path: &Path, what: &str, error: &dyn fmt::Display) -> ClientError {
    ClientError::Input(format!("{} does not hold {what}: {error}", path.display()))
}

/// The same, ready to be sent.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    Nothing,
    Token(HeaderValue),
    User(User),
}

impl Shown {
    pub(super) fn new(credentials: Credentials) -> Result<Self, ClientError> {
        if let Some(token) = credentials.token {
            let value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let mut value = value.map_err(|_| {
                ClientError::Input("the token has characters that no token has".into())
            })?;
            value.set_sensitive(true);
            return Ok(Self::Token(value));
        }
        Ok(credentials.user.map_or(Self::Nothing, Self::User))
    }

    /// Sends a request, and shows who asks as far as the server is `its_own`. A challenge of HTTP Digest is
    /// answered once.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        its_own: bool,
    ) -> Result<Response, reqwest::Error> {
        match self {
            Self::Token(value) if its_own => {
                request.header(header::AUTHORIZATION, value).send().await
            }
            Self::User(user) if its_own => user.send(request).await,
            _ => request.send().await,
        }
    }
}

impl User {
    async fn send(&self, request: RequestBuilder) -> Result<Response, reqwest::Error> {
        let (client, request) = request.build_split();
        let request = request?;
        // What a request of ours holds is in memory.
        let again = request.try_clone();
        let response = client.execute(request).await?;
        let Some(mut again) = again.filter(|_| response.status() == StatusCode::UNAUTHORIZED)
        else {
            return Ok(response);
        };
        let answer = self.answer(response.headers(), again.method().as_str(), again.url());
        let Some(answer) = answer else {
            return Ok(response);
        };
        again.headers_mut().insert(header::AUTHORIZATION, answer);
        client.execute(again).await
    }

    /// The answer to the first challenge that can be met.
    fn answer(&self, headers: &HeaderMap, method: &str, url: &Url) -> Option<HeaderValue> {
        let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let cnonce = uuid::Uuid::new_v4().simple().to_string();
        let known = (self.name.as_str(), self.password.expose_secret());
        let answer = challenges
            .filter_map(|challenge| challenge.to_str().ok())
            .find_map(|challenge| digest::answer(challenge, known, (method, target), &cnonce))?;
        let mut answer = HeaderValue::try_from(answer).ok()?;
        answer.set_sensitive(true);
        Some(answer)
    }
}
