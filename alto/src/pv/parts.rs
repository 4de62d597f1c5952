//! The two parts of an answer, and their packing as `multipart/related`.

use bytes::Bytes;

use crate::ird::{COST_METRIC, COST_MODE};
use crate::property_map::dependent_vtags;
use crate::{Maps, ServerName, Tag, json, media, uri};

/// Path vectors and the properties of the domains on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathVectors {
    /// A cost map: an answer on its own to who accepts only that, else the first part.
    pub cost_map: Bytes,
    /// A property map of the domains on the paths: the second part.
    pub property_map: Bytes,
    /// The search stopped because its work was spent. (The cost map says so too.)
    pub cut_by_work: bool,
    server_name: ServerName,
    tag: Tag,
}

/// The part ids: the left side of the Content-IDs (RFC 9275 §6.6).
const COST_MAP_PART: &str = "costmap";
const PROPERTY_MAP_PART: &str = "propmap";

impl PathVectors {
    /// Frames the content of both maps. `cuts`, if not empty, becomes `meta`'s `path-vector-cuts`.
    pub(super) fn new(
        maps: &Maps,
        costs: &[u8],
        properties: &[u8],
        cuts: &serde_json::Map<String, serde_json::Value>,
        cut_by_work: bool,
    ) -> Self {
        let network = &maps.network().text.body.tag;
        let cuts = if cuts.is_empty() {
            String::new()
        } else {
            serde_json::json!(cuts).to_string()
        };
        let tag = Tag::of([network.as_str().as_bytes(), cuts.as_bytes(), costs]);
        // RFC 9275 §7.2.6: the part's own version tag is named by the resource and the part.
        let vtag_id = format!("{}.{COST_MAP_PART}", uri::id::PATH_VECTORS);

        let mut cost_map = Vec::with_capacity(costs.len() + 512);
        cost_map.extend_from_slice(b"{\"meta\":{\"vtag\":");
        tag.write(&mut cost_map, &vtag_id);
        cost_map.push(b',');
        dependent_vtags(&mut cost_map, uri::id::NETWORK_MAP, network);
        cost_map.extend_from_slice(b",\"cost-type\":{\"cost-mode\":");
        json::string(&mut cost_map, COST_MODE);
        cost_map.extend_from_slice(b",\"cost-metric\":");
        json::string(&mut cost_map, COST_METRIC);
        cost_map.push(b'}');
        if !cuts.is_empty() {
            cost_map.extend_from_slice(b",\"path-vector-cuts\":");
            cost_map.extend_from_slice(cuts.as_bytes());
        }
        cost_map.extend_from_slice(b"},\"cost-map\":");
        cost_map.extend_from_slice(costs);
        cost_map.push(b'}');

        let mut property_map = Vec::with_capacity(properties.len() + 256);
        property_map.extend_from_slice(b"{\"meta\":{");
        dependent_vtags(&mut property_map, &vtag_id, &tag);
        property_map.extend_from_slice(b"},\"property-map\":");
        property_map.extend_from_slice(properties);
        property_map.push(b'}');

        let server_name = maps.config().server_name.clone();
        let (cost_map, property_map) = (cost_map.into(), property_map.into());
        Self {
            cost_map,
            property_map,
            cut_by_work,
            server_name,
            tag,
        }
    }

    /// Both parts in one body, and its `Content-Type` (RFC 9275 §7.2.6, RFC 2387).
    ///
    /// The cost map comes first: it is the root, so that no `start` is needed. Lines end in CRLF,
    /// nothing precedes the first delimiter and the last one is closed (RFC 2046 §5.1.1): clients are
    /// known that trip over a preamble. `type` is not quoted, as RFC 9275 prints it: clients are
    /// known that compare it as text.
    #[must_use]
    pub fn multipart(&self) -> (String, Bytes) {
        let message = Multipart {
            server_name: &self.server_name,
            tag: &self.tag,
            root: (COST_MAP_PART, media::COST_MAP, &self.cost_map),
            other: (PROPERTY_MAP_PART, media::PROPERTY_MAP, &self.property_map),
        };
        message.encode()
    }
}

/// A message of two parts, each with its id, its type and its text.
pub(crate) struct Multipart<'a> {
    pub(crate) server_name: &'a ServerName,
    /// What the boundary is made of: a hash of the content.
    pub(crate) tag: &'a Tag,
    /// The part that is read first, whose type is that of the message.
    pub(crate) root: (&'static str, &'static str, &'a [u8]),
    pub(crate) other: (&'static str, &'static str, &'a [u8]),
}

impl Multipart<'_> {
    /// The `Content-Type` and the body. See [`PathVectors::multipart`].
    pub(crate) fn encode(&self) -> (String, Bytes) {
        let parts = [&self.root, &self.other];
        let boundary = self.boundary();
        let size: usize = parts.iter().map(|(_, _, body)| body.len() + 256).sum();
        let mut out = Vec::with_capacity(size + 64);
        for (id, media_type, body) in parts {
            let head = format!(
                "--{boundary}\r\nContent-Type: {media_type}\r\nContent-ID: <{id}@{}>\r\n\r\n",
                self.server_name
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let content_type = format!(
            "multipart/related; boundary={boundary}; type={}",
            self.root.1
        );
        (content_type, out.into())
    }

    /// A boundary that occurs in neither part: made of the content, so that equal answers have equal
    /// bytes. It differs from the tag, which is in the parts, and the parts are compact JSON without
    /// a line break: no line of theirs can begin like a delimiter. The search is for the clients that
    /// look for delimiters anywhere (RFC 2046 §5.1.1 wants it absent from the content).
    fn boundary(&self) -> String {
        let mut boundary = format!("alto-{}", self.tag);
        // The parts are UTF-8, as all JSON of ours; searching text is what std is fast at.
        let texts = [self.root.2, self.other.2].map(|part| std::str::from_utf8(part));
        let occurs = |boundary: &str| texts.iter().flatten().any(|text| text.contains(boundary));
        // Each round hashes the last boundary; a text that holds all of them does not exist.
        while occurs(&boundary) {
            boundary = format!("alto-{}", Tag::of([boundary.as_bytes()]));
        }
        boundary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc2046_5_1_1_the_boundary_is_not_in_the_parts() {
        let (server_name, tag) = (ServerName::default(), Tag::of([b"content".as_slice()]));
        let boundary = |cost_map: &str| {
            let message = Multipart {
                server_name: &server_name,
                tag: &tag,
                root: (COST_MAP_PART, media::COST_MAP, cost_map.as_bytes()),
                other: (PROPERTY_MAP_PART, media::PROPERTY_MAP, b"{}"),
            };
            message.boundary()
        };
        let plain = boundary("{}");
        assert_eq!(plain, format!("alto-{tag}"));
        let second = boundary(&format!("{{\"{plain}\":0}}"));
        assert_ne!(second, plain);
        let third = boundary(&format!("{{\"--{plain}--{second}\":0}}"));
        assert!(third != plain && third != second);
        // RFC 2046 §5.1.1: at most 70 characters, of a set that has letters, digits and '-'.
        assert!(third.len() <= 70);
        assert!(
            third
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        );
    }
}
