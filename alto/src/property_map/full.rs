//! The two full maps of what domains have.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{DRAFT_DOMAIN, Entities, PID_DOMAIN, dependent_vtags};
use crate::{Body, Tag, media, uri};

/// How a map names its entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// As the draft prints them.
    Draft,
    /// As RFC 9240 wants them.
    Full,
}

impl Dialect {
    pub(super) const fn domain(self) -> &'static str {
        match self {
            Self::Draft => DRAFT_DOMAIN,
            Self::Full => PID_DOMAIN,
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::Draft => uri::id::DRAFT_PROPERTY_MAP,
            Self::Full => uri::id::PROPERTY_MAP,
        }
    }
}

/// The two full maps, each made when somebody asks first.
pub(crate) struct PropertyMaps {
    tag: Tag,
    entities: Arc<Entities>,
    network: Tag,
    bodies: [OnceLock<Body>; 2],
}

impl PropertyMaps {
    /// The maps of these domains; the very same as `previous` if that says the same.
    pub(crate) fn build(
        entities: &Arc<Entities>,
        network: &Tag,
        previous: Option<&Arc<Self>>,
    ) -> Arc<Self> {
        let identity = entities.identity();
        let parts = identity.iter().map(Vec::as_slice);
        let tag = Tag::of([network.as_str().as_bytes()].into_iter().chain(parts));
        if let Some(previous) = previous.filter(|previous| previous.tag == tag) {
            return Arc::clone(previous);
        }
        Arc::new(Self {
            tag,
            entities: Arc::clone(entities),
            network: network.clone(),
            bodies: Default::default(),
        })
    }

    /// A map. The first who asks has the runs that changed rendered, and all of them copied together.
    pub(crate) fn body(&self, dialect: Dialect) -> &Body {
        let [draft, full] = &self.bodies;
        let cell = match dialect {
            Dialect::Draft => draft,
            Dialect::Full => full,
        };
        cell.get_or_init(|| {
            let runs = self.entities.runs();
            let size: usize = runs.iter().map(|run| run.text(dialect).len()).sum();
            let mut out = Vec::with_capacity(size + 256);
            out.extend_from_slice(b"{\"meta\":{\"vtag\":");
            self.tag.write(&mut out, dialect.id());
            out.push(b',');
            dependent_vtags(&mut out, uri::id::NETWORK_MAP, &self.network);
            out.extend_from_slice(b"},\"property-map\":{");
            let mut texts = runs
                .iter()
                .map(|run| run.text(dialect))
                .filter(|text| !text.is_empty());
            // The first has no comma before it.
            if let Some(first) = texts.next() {
                out.extend_from_slice(first.strip_prefix(b",").unwrap_or(first));
            }
            for text in texts {
                out.extend_from_slice(text);
            }
            out.extend_from_slice(b"}}");
            Body {
                media_type: media::PROPERTY_MAP,
                bytes: Bytes::from(out),
                tag: self.tag.clone(),
            }
        })
    }
}
