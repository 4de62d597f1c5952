//! An answer as documents: one, or several of `multipart/related`, told apart by their Content-ID
//! (RFC 9275 §6.6, RFC 8895 §5.2).

use serde_json::Value;

use crate::client::media_type::MediaType;
use crate::client::multipart;

/// How many parts are taken: path vectors have two.
const MOST_PARTS: usize = 64;

/// One JSON document of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its Content-ID without brackets; `None` of an answer that is one document.
    pub content_id: Option<String>,
    /// Its media type: type and subtype.
    pub media_type: String,
    /// What it says.
    pub json: Value,
}

/// The documents of an answer of this type, the root first (RFC 2387 §3.2: the part that `start` names, else
/// the first).
///
/// # Errors
/// It is not JSON, or not multipart as it says; two parts have one Content-ID; there are too many.
pub fn parts(content_type: &MediaType, body: &[u8]) -> Result<Vec<Part>, String> {
    if content_type.essence() != super::MULTIPART_TYPE {
        return Ok(vec![Part {
            content_id: None,
            media_type: content_type.essence().to_owned(),
            json: json(body, "it")?,
        }]);
    }
    let boundary = content_type
        .parameter("boundary")
        .ok_or_else(|| format!("{} without a boundary", super::MULTIPART_TYPE))?;
    let found = multipart::parse(body, boundary).map_err(|error| error.to_string())?;
    if found.len() > MOST_PARTS {
        return Err(format!("it has more than {MOST_PARTS} parts"));
    }
    let mut parts: Vec<Part> = Vec::with_capacity(found.len());
    for (index, part) in found.iter().enumerate() {
        // Some servers leave the brackets out, and some the whole field.
        let told = part.header("content-id").map(bare);
        let content_id = told.map_or_else(|| format!("part-{}", index + 1), str::to_owned);
        let is_same = |other: &Part| other.content_id.as_ref() == Some(&content_id);
        if parts.iter().any(is_same) {
            return Err(format!("two parts have the Content-ID {content_id}"));
        }
        let media_type = part.media_type();
        parts.push(Part {
            json: json(part.body, &content_id)?,
            media_type: media_type.map_or_else(String::new, |found| found.essence().to_owned()),
            content_id: Some(content_id),
        });
    }
    let start = content_type.parameter("start").map(bare);
    let root = start.and_then(|start| {
        let mut ids = parts.iter().map(|part| part.content_id.as_deref());
        ids.position(|id| id == Some(start))
    });
    if let Some(root) = root {
        parts.get_mut(..=root).unwrap_or_default().rotate_right(1);
    }
    Ok(parts)
}

fn json(body: &[u8], what: &str) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("{what} is not JSON: {error}"))
}

fn bare(id: &str) -> &str {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    inner.unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> Result<Vec<Part>, String> {
        parts(&MediaType::parse(content_type), body.as_bytes())
    }

    #[test]
    fn client_rfc9275_7_2_6_parts_are_told_apart_by_their_content_id() {
        let body = "--x\r\nContent-ID: <props@alto.example>\r\nContent-Type: application/alto-propmap+json\r\n\r\n{}\r\n\
                    --x\r\nContent-Type: application/alto-costmap+json\r\nContent-ID: costs\r\n\r\n[1]\r\n--x--\r\n";
        let ids = |content_type: &str| -> Vec<String> {
            let found = read(content_type, body).unwrap();
            found
                .into_iter()
                .map(|part| part.content_id.unwrap())
                .collect()
        };
        assert_eq!(
            ids("multipart/related; boundary=x"),
            ["props@alto.example", "costs"]
        );
        // RFC 2387 §3.2: the root need not be the first.
        assert_eq!(
            ids("multipart/related; boundary=x; start=\"<costs>\""),
            ["costs", "props@alto.example"]
        );
        let twice = body.replace("Content-ID: costs", "Content-ID: <props@alto.example>");
        assert!(
            read("multipart/related; boundary=x", &twice)
                .unwrap_err()
                .contains("two parts")
        );
    }

    #[test]
    fn one_document_is_one_part() {
        let found = read("application/alto-costmap+json; charset=utf-8", "{}").unwrap();
        assert_eq!(found[0].media_type, "application/alto-costmap+json");
        assert_eq!(found[0].content_id, None);
        assert!(
            read("application/alto-costmap+json", "{")
                .unwrap_err()
                .contains("not JSON")
        );
        assert!(
            read("multipart/related", "{}")
                .unwrap_err()
                .contains("boundary")
        );
    }
}
