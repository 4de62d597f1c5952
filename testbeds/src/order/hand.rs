//! What to type to order by hand.

use anyhow::Context;
use broker::clock;
use broker::ctl::args::{Moment, Terms};
use broker::ctl::orders::one_item;
use jiff::ToSpan;
use serde_json::{Map, Value};

use super::{Step, constraints, graph, wanted};
use crate::child::shell_word;
use crate::scenario::Scenario;
use crate::stage::{Stage, ourselves};

/// The lines for a POSIX shell, one after the other, with files that they use in the stage's folder. `kept` is the order of a
/// service that is there.
///
/// # Errors
/// A file cannot be written.
pub fn by_hand(stage: &Stage, scenario: &Scenario, kept: &Step) -> anyhow::Result<String> {
    let manifest = scenario.manifest();
    let ordering = manifest.order.as_ref().context("no [order]")?;
    let graph = graph(scenario, &manifest.request.draft)?;
    let folder = stage.folder();
    let now = clock::now().timestamp;
    // Somebody may come back to it.
    let terms = Terms {
        end: Some(Moment::At(now.checked_add((24 * 30).hours())?)),
        ..Terms::default()
    };
    let order = one_item("add", wanted(&graph, Map::new()), &terms, now);
    let order = order.map_err(anyhow::Error::msg)?;
    let mut change = constraints(ordering);
    let file = |name: &str, value: &Value| -> anyhow::Result<String> {
        let path = folder.join(name);
        let text = format!("{value:#}\n");
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(shell_word(&path.to_string_lossy()))
    };
    let request = scenario.read(&manifest.request.draft)?;
    let request: Value = serde_json::from_slice(&request)?;
    let sg = file("sg.json", &request["sg"])?;
    let change = file(
        "change.json",
        &change.remove("constraints").unwrap_or_default(),
    )?;
    let order = file("order.json", &order)?;
    lines(stage, &[sg, change, order], kept)
}

fn lines(stage: &Stage, [sg, change, order]: &[String; 3], kept: &Step) -> anyhow::Result<String> {
    let server = stage.broker().url().origin().ascii_serialization();
    let program = ourselves(["brokerctl".into(), "--server".into(), server.clone().into()])?;
    let (service, number) = (&kept.service, &kept.order);
    let legato = format!("{server}/mefApi/legato");
    let curl = r"curl -s -w '\n'";
    Ok(format!(
        "To order by hand, in another terminal:\n\
         \x20 brokerctl() {{ {program} \"$@\"; }}\n\
         \x20 brokerctl order {number}\n\
         \x20 brokerctl service {service}\n\
         \x20 brokerctl modify {service} --sg {sg} --constraints {change} --watch\n\
         \x20 brokerctl delete {service} --watch\n\
         \x20 brokerctl order --sg {sg} --external-id mine --watch\n\
         \x20 brokerctl orders; brokerctl services; brokerctl partners\n\
         The same over MEF's APIs:\n\
         \x20 {curl} -H 'Content-Type: application/json' --data-binary @{order} \\\n\
         \x20   {legato}/serviceOrderingManagement/v6/serviceOrder\n\
         \x20 {curl} '{legato}/serviceInventory/v7/service?state=active'\n\
         \x20 {curl} {server}/broker/v1/orders/{number}/progress\n"
    ))
}
