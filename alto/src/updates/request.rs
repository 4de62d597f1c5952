//! The requests of RFC 8895 and RFC 9569. Every text is a request or has an error. `client` is the address
//! that asks.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use nffg::json::{Cursor, FieldError};
use serde_json::Value;

use super::view::View;
use crate::resource::{Kind, Resource, resources};
use crate::{AltoError, Tag};

/// The name that a client gives to what it is told of a resource: written as a resource id
/// (RFC 8895 §5.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubstreamId(Arc<str>);

impl SubstreamId {
    /// RFC 7285 §10.2: 1 to 64 letters, digits, `-`, `:`, `@`, `_`. The `.` is reserved, and stands before
    /// the Content-ID of a part.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"-:@_".contains(&octet);
        let is_one = (1..=64).contains(&text.len()) && text.bytes().all(legal);
        is_one.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SubstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubstreamId({})", self.0)
    }
}

impl fmt::Display for SubstreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The resources that can be watched: all but directories, and those that tell of changes.
pub fn updatable() -> impl Iterator<Item = &'static Resource> {
    let all = resources().iter().copied();
    all.filter(|resource| {
        let is_directory = matches!(resource.kind, Kind::Directory(_));
        !is_directory && !resource.is_of_updates()
    })
}

/// Those of them that have TIPS views: where an update is one document, so none of several parts.
pub fn tips_updatable() -> impl Iterator<Item = &'static Resource> {
    updatable().filter(|resource| !resource.media_type.starts_with("multipart/"))
}

/// An `AddUpdateReq` (RFC 8895 §6.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    /// Its name in the stream.
    pub substream: SubstreamId,
    /// The resource, and what is asked of it.
    pub view: View,
    /// The tag of the version that the client has.
    pub tag: Option<String>,
    /// Whether it takes incremental changes.
    pub incremental: bool,
}

/// A request for a new stream, of type [`UPDATE_STREAM_PARAMS`](crate::media::UPDATE_STREAM_PARAMS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// What to watch: one at least.
    pub add: Vec<Add>,
}

impl Open {
    /// Reads one. `remove` is ignored (RFC 8895 §6.5).
    ///
    /// # Errors
    /// It is not JSON; it has no `add` or an empty one; a substream-id is none; a `resource-id` is absent or
    /// cannot be watched; a field has the wrong type.
    pub fn read(request: &[u8], client: Option<IpAddr>) -> Result<Self, AltoError> {
        let request: Value = serde_json::from_slice(request)?;
        let add = adds(&Cursor::root(&request), client)?;
        if add.is_empty() {
            return Err(FieldError::missing("add").into());
        }
        Ok(Self { add })
    }
}

/// A request to a stream's control service (RFC 8895 §7.5), of the same type as [`Open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// What to watch besides.
    pub add: Vec<Add>,
    /// What to stop.
    pub remove: Remove,
}

/// What to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remove {
    /// Nothing: there is no `remove`.
    Nothing,
    /// Everything: it is an empty list.
    All,
    /// These, as they were written.
    Some(Vec<String>),
}

impl Control {
    /// Reads one. What depends on the stream is checked by
    /// [`Stream::check`](super::Stream::check).
    ///
    /// # Errors
    /// As [`Open::read`], but that `add` may be absent or empty if there is `remove`; `remove` is no list of
    /// strings; it is empty and `add` is not (RFC 8895 §7.6).
    pub fn read(request: &[u8], client: Option<IpAddr>) -> Result<Self, AltoError> {
        let request: Value = serde_json::from_slice(request)?;
        let request = Cursor::root(&request);
        let add = adds(&request, client)?;
        let Some(list) = request.optional("remove")? else {
            if add.is_empty() {
                return Err(FieldError::missing("add").into());
            }
            return Ok(Self {
                add,
                remove: Remove::Nothing,
            });
        };
        let names = list
            .array()?
            .map(|element| element.string().map(str::to_owned));
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        let remove = match (names.is_empty(), add.is_empty()) {
            (true, false) => {
                let rule = "an empty list stops everything and closes the stream: name what to stop, or add nothing (RFC 8895 7.6)";
                return Err(list.invalid(rule).into());
            }
            (true, true) => Remove::All,
            (false, _) => Remove::Some(names),
        };
        Ok(Self { add, remove })
    }
}

/// The member `add`; none if it is absent.
fn adds(request: &Cursor<'_>, client: Option<IpAddr>) -> Result<Vec<Add>, AltoError> {
    let Some(adds) = request.optional("add")? else {
        return Ok(Vec::new());
    };
    let mut read = Vec::new();
    for name in adds.object()?.keys() {
        let substream = substream(name)?;
        let add = adds.required(name)?;
        read.push(Add {
            substream,
            view: view(&add, client, updatable())?,
            tag: tag(&add)?,
            incremental: incremental(&add)?,
        });
    }
    Ok(read)
}

/// The name of a member of `add`.
pub(super) fn substream(name: &str) -> Result<SubstreamId, FieldError> {
    SubstreamId::new(name).ok_or_else(|| {
        let rule = "a substream-id is 1 to 64 letters, digits, '-', ':', '@' or '_' (RFC 8895 5.2)";
        FieldError::invalid("add", name, rule)
    })
}

/// `incremental-changes` of a member of `add`: they are taken unless it says no.
pub(super) fn incremental(add: &Cursor<'_>) -> Result<bool, FieldError> {
    let incremental = add.optional("incremental-changes")?;
    incremental.map_or(Ok(true), |incremental| incremental.boolean())
}

/// A request for a TIPS view (RFC 9569 §6.1), of type [`TIPS_PARAMS`](crate::media::TIPS_PARAMS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenView {
    /// The resource, and what is asked of it.
    pub view: View,
    /// The tag of the version that the client has.
    pub tag: Option<String>,
}

impl OpenView {
    /// Reads one.
    ///
    /// # Errors
    /// It is not JSON; `resource-id` is absent or cannot be watched; a field has the wrong type.
    pub fn read(request: &[u8], client: Option<IpAddr>) -> Result<Self, AltoError> {
        let request: Value = serde_json::from_slice(request)?;
        Self::of(&Cursor::root(&request), client)
    }

    pub(super) fn of(request: &Cursor<'_>, client: Option<IpAddr>) -> Result<Self, AltoError> {
        Ok(Self {
            view: view(request, client, tips_updatable())?,
            tag: tag(request)?,
        })
    }
}

/// A request for the next edge of a view that is open (RFC 9569 §7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextEdge {
    /// The tag of the version that the client has.
    pub tag: Option<String>,
}

impl NextEdge {
    /// Reads one to the view of this resource.
    ///
    /// # Errors
    /// It is not JSON; `resource-id` is absent or another; there is `input`; a field has the wrong type.
    pub fn read(request: &[u8], resource: &Resource) -> Result<Self, AltoError> {
        let request: Value = serde_json::from_slice(request)?;
        let request = Cursor::root(&request);
        let id = request.required("resource-id")?;
        if id.string()? != resource.id {
            let rule =
                format_args!("this is a view of '{}' (RFC 9569 7.4.1)", resource.id).to_string();
            return Err(id.invalid(rule).into());
        }
        if let Some(input) = request.optional("input")? {
            return Err(input
                .invalid("not here: the view has its input already (RFC 9569 7.4.1)")
                .into());
        }
        Ok(Self {
            tag: tag(&request)?,
        })
    }
}

fn tag(request: &Cursor<'_>) -> Result<Option<String>, AltoError> {
    let Some(tag) = request.optional("tag")? else {
        return Ok(None);
    };
    let text = tag.string()?;
    if text.is_empty()
        || text.len() > Tag::MOST
        || !text.bytes().all(|octet| octet.is_ascii_graphic())
    {
        return Err(tag
            .invalid("a tag is 1 to 64 characters from '!' to '~' (RFC 7285 10.3)")
            .into());
    }
    Ok(Some(text.to_owned()))
}

/// `resource-id` and `input`. Whether the input is right only the resource can tell.
fn view(
    request: &Cursor<'_>,
    client: Option<IpAddr>,
    mut offered: impl Iterator<Item = &'static Resource>,
) -> Result<View, AltoError> {
    let id = request.required("resource-id")?;
    let name = id.string()?;
    let resource = offered
        .find(|resource| resource.id == name)
        .ok_or_else(|| {
            id.invalid("no resource that this service has updates of; its 'uses' names them")
        })?;
    let input = request.optional("input")?;
    let view = View::new(resource, input.as_ref().map(Cursor::value), client);
    if let Some(input) = input
        && view.input().len() > View::LONGEST_INPUT
    {
        let rule = format!("at most {} octets are watched", View::LONGEST_INPUT);
        return Err(input.invalid(rule).into());
    }
    Ok(view)
}
