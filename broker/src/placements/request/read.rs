//! The small parts of a request: words, names, amounts, groups.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nffg::json::{Cursor, FieldError};
use nffg::{Bandwidth, Delay, DomainId, Quantity, Resources, Unit};
use serde_json::Value;

use super::{Bounds, Limits};

/// A bare bandwidth is in Mbit/s and a bare delay in milliseconds, as in the graph's own form.
const BARE_BANDWIDTH: f64 = 1e6;
const BARE_DELAY: Duration = Duration::from_millis(1);

/// Refuses members that mean nothing: a misspelt constraint is a constraint that is not there.
pub(crate) fn known(object: &Cursor<'_>, known: &[&str]) -> Result<(), FieldError> {
    let mut members = object.object()?.keys();
    let Some(unknown) = members.find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let rule = format!("not known here; known are {}", known.join(", "));
    Err(FieldError::invalid(unknown, unknown, rule).below(&object.path()))
}

/// `true` or `false`; `false` if it is left out.
pub(super) fn flag<'a>(object: &Cursor<'a>, name: &'a str) -> Result<bool, FieldError> {
    object
        .optional(name)?
        .map_or(Ok(false), |flag| flag.boolean())
}

/// A word of a list, and what it stands for.
pub(crate) fn of_one<T: Copy>(word: &Cursor<'_>, words: &[(&str, T)]) -> Result<T, FieldError> {
    let text = word.string()?;
    let found = words.iter().find(|(known, _)| *known == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        word.invalid(format!("one of {}", known.join(", ")))
    })
}

/// Names of domains, at least one and at most `limit`.
pub(super) fn names(list: &Cursor<'_>, limit: usize) -> Result<BTreeSet<DomainId>, FieldError> {
    let elements = list.array()?;
    if elements.len() > limit || elements.len() == 0 {
        let rule = format!("from 1 to {limit} domains");
        return Err(FieldError::invalid(list.path(), elements.len(), rule));
    }
    elements.map(|name| name.parse_id()).collect()
}

/// Groups of nodes, each of two or more.
pub(super) fn groups(
    list: &Cursor<'_>,
    nodes: &BTreeMap<&str, usize>,
) -> Result<Vec<Vec<usize>>, FieldError> {
    let elements = list.array()?;
    if elements.len() > Limits::GROUPS {
        let rule = format!("at most {} groups", Limits::GROUPS);
        return Err(FieldError::invalid(list.path(), elements.len(), rule));
    }
    let group = |group: Cursor<'_>| {
        let mut members = BTreeSet::new();
        for name in group.array()? {
            let id: nffg::NodeId = name.parse_id()?;
            let Some(at) = nodes.get(id.as_str()) else {
                return Err(name.invalid("the service graph has no node of this id"));
            };
            if !members.insert(*at) {
                return Err(name.invalid("it is in this group already"));
            }
        }
        if members.len() < 2 {
            return Err(group.invalid("a group has two nodes or more"));
        }
        Ok(members.into_iter().collect())
    };
    elements.map(group).collect()
}

/// `bandwidth`, `max-delay`, `max-hops`.
pub(super) fn bounds(rule: &Cursor<'_>) -> Result<Bounds, FieldError> {
    known(rule, &["bandwidth", "max-delay", "max-hops"])?;
    let bandwidth = rule.optional("bandwidth")?.map(|told| {
        let bandwidth = Bandwidth::parse(&text(&told)?, BARE_BANDWIDTH);
        bandwidth.map_err(|error| told.invalid(error.rule))
    });
    let max_delay = rule.optional("max-delay")?.map(|told| {
        let delay = Delay::parse(&text(&told)?, BARE_DELAY);
        delay.map_err(|error| told.invalid(error.rule))
    });
    let max_hops = rule.optional("max-hops")?.map(|told| {
        let hops = told.integer(0, Limits::HOPS)?;
        // The limit is far below.
        Ok::<_, FieldError>(u32::try_from(hops).unwrap_or(u32::MAX))
    });
    Ok(Bounds {
        bandwidth: bandwidth.transpose()?,
        max_delay: max_delay.transpose()?,
        max_hops: max_hops.transpose()?,
    })
}

/// `cpu`, `mem`, `storage`.
pub(super) fn resources(told: &Cursor<'_>) -> Result<Resources, FieldError> {
    known(told, &["cpu", "mem", "storage"])?;
    let quantity = |name: &'static str| {
        let Some(told) = told.optional(name)? else {
            return Ok(None);
        };
        let quantity: Quantity = text(&told)?
            .parse()
            .map_err(|error: nffg::UnitError| told.invalid(error.rule))?;
        Ok::<_, FieldError>(Some((told, quantity)))
    };
    let cpu = quantity("cpu")?;
    if let Some((told, _)) = cpu.filter(|(_, cpu)| cpu.unit() != Unit::Bare) {
        return Err(told.invalid("cpu is counted: a number without a unit"));
    }
    Ok(Resources {
        cpu: cpu.map(|(_, cpu)| cpu),
        mem: quantity("mem")?.map(|(_, mem)| mem),
        storage: quantity("storage")?.map(|(_, storage)| storage),
    })
}

/// The text of a number or a string.
fn text(told: &Cursor<'_>) -> Result<String, FieldError> {
    match told.value() {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(told.wrong_type("a number, or a string of a number and a unit")),
    }
}
