//! Members by their YANG names, with the module's name before them or not (RFC 7951 §4).

use crate::json::Cursor;
use crate::list::Read;

/// A YANG node: the module that defines it, and its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    module: &'static str,
    name: &'static str,
}

const fn name(module: &'static str, name: &'static str) -> Name {
    Name { module, name }
}

/// A node of `ietf-network` (RFC 8345 §6.1).
pub(super) const fn network(local: &'static str) -> Name {
    name("ietf-network", local)
}

/// A node of `ietf-network-topology` (RFC 8345 §6.2).
pub(super) const fn topology(local: &'static str) -> Name {
    name("ietf-network-topology", local)
}

/// A node of `ietf-te-topology` (RFC 8795).
pub(super) const fn te(local: &'static str) -> Name {
    name("ietf-te-topology", local)
}

/// A node of `ietf-te-topology-packet`, which brings the metrics of RFC 8776.
pub(super) const fn packet(local: &'static str) -> Name {
    name("ietf-te-topology-packet", local)
}

/// A node of `ietf-l3-unicast-topology` (RFC 8346).
pub(super) const fn l3(local: &'static str) -> Name {
    name("ietf-l3-unicast-topology", local)
}

impl Name {
    /// The member of this name, `None` if it is absent or `null`: with the module's own name before it,
    /// else bare, else of another module of the IETF (`ietf-network-state` and the like).
    ///
    /// # Errors
    /// The value is not an object.
    pub(super) fn of<'a>(self, object: &Cursor<'a>) -> Read<Option<Cursor<'a>>> {
        let rank = |key: &str| match key.split_once(':') {
            Some((module, local)) if local == self.name => {
                if module == self.module {
                    Some(0)
                } else {
                    module.starts_with("ietf-").then_some(2)
                }
            }
            None if key == self.name => Some(1),
            _ => None,
        };
        let members = object.object()?.iter();
        let told = members.filter(|(_, value)| !value.is_null());
        let ranked = told.filter_map(|(key, _)| Some((rank(key)?, key)));
        match ranked.min() {
            Some((_, key)) => object.optional(key),
            None => Ok(None),
        }
    }

    /// The member of this name.
    ///
    /// # Errors
    /// The value is not an object, or has no such member.
    pub(super) fn required<'a>(self, object: &Cursor<'a>) -> Read<Cursor<'a>> {
        match self.of(object)? {
            Some(member) => Ok(member),
            None => object.required(self.name),
        }
    }
}

/// The member that a path of names leads to, if all of them are there.
///
/// # Errors
/// A value on the way is not an object.
pub(super) fn path<'a>(object: &Cursor<'a>, names: &[Name]) -> Read<Option<Cursor<'a>>> {
    let mut at = *object;
    for name in names {
        match name.of(&at)? {
            Some(member) => at = member,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rfc7951_4_with_or_without_the_module() {
        let read = |document: serde_json::Value| {
            let member = te("te").of(&Cursor::root(&document)).unwrap();
            member.and_then(|member| member.value().as_u64())
        };
        assert_eq!(read(json!({"ietf-te-topology:te": 1})), Some(1));
        assert_eq!(read(json!({"te": 2})), Some(2));
        assert_eq!(read(json!({"ietf-te-topology-state:te": 3})), Some(3));
        assert_eq!(read(json!({"acme:te": 4, "ietf-x:tea": 5})), None);
        let all = json!({"ietf-a:te": 1, "te": 2, "ietf-te-topology:te": 3});
        assert_eq!(read(all), Some(3));
        let null =
            json!({"te": 2, "ietf-te-topology:te": null, "// comment ietf-te-topology:te": 7});
        assert_eq!(read(null), Some(2));
    }
}
