//! The member `windows`.

use jiff::Timestamp;

use super::reader::{Reader, parse_id};
use crate::json::Cursor;
use crate::list::{Element, Read};
use crate::number::{self, BARE_BANDWIDTH, BARE_DELAY};
use crate::{Announced, LinkState, RouterId, Window};

/// The members of an entry.
const MEMBERS: [&str; 8] = [
    "start",
    "end",
    "neighbour",
    "router",
    "remote-router",
    "maintenance",
    "bandwidth",
    "delay",
];

impl Reader<'_> {
    /// The windows of a list, sorted, each once.
    pub(super) fn windows(&mut self, elements: &[Element<'_>]) {
        let mut windows = Vec::with_capacity(elements.len());
        for element in elements.iter().map(Element::cursor) {
            let read = self.window(&element);
            windows.extend(self.report.take(read).flatten());
        }
        windows.sort_unstable();
        windows.dedup();
        self.windows = Some(windows);
    }

    /// One window. `None` only with a fault.
    fn window(&mut self, entry: &Cursor<'_>) -> Read<Option<Window>> {
        self.known(&entry.path(), entry.object()?, MEMBERS.iter());
        let (start, end) = (time(entry, "start"), time(entry, "end"));
        let (start, end) = (self.report.take(start), self.report.take(end));
        let links = self.announced(entry);
        let links = self.report.take(links);
        let state = state(entry);
        let state = self.report.take(state);
        let (Some(start), Some(end), Some(links), Some(state)) = (start, end, links, state) else {
            return Ok(None);
        };
        if end <= start {
            return Err(entry
                .required("end")?
                .invalid("a window ends after its start"));
        }
        if end.duration_since(start).as_secs() > Window::LONGEST {
            let rule = "a window is 366 days long at most";
            return Err(entry.required("end")?.invalid(rule));
        }
        Ok(Some(Window {
            start,
            end,
            links,
            state,
        }))
    }

    fn announced(&self, entry: &Cursor<'_>) -> Read<Announced> {
        let id = |name| -> Read<Option<RouterId>> {
            let member = entry.present(name)?;
            member.map(|member| parse_id(&member)).transpose()
        };
        let (router, remote) = (id("router")?, id("remote-router")?);
        let Some(neighbour) = entry.present("neighbour")? else {
            for name in ["router", "remote-router"] {
                if let Some(member) = entry.present(name)? {
                    return Err(member.invalid("routers are told together with a 'neighbour'"));
                }
            }
            return Ok(Announced::All);
        };
        Ok(Announced::Neighbour {
            domain: self.neighbour_domain(&neighbour)?,
            router,
            remote,
        })
    }
}

/// A time of RFC 3339, with its distance from UTC.
fn time(entry: &Cursor<'_>, name: &'static str) -> Read<Timestamp> {
    let member = entry.required(name)?;
    let time = member.string()?.trim().parse();
    time.map_err(|_| {
        member.invalid("a time as 2026-12-01T02:00:00Z or 2026-12-01T03:00:00+01:00 (RFC 3339)")
    })
}

fn state(entry: &Cursor<'_>) -> Read<LinkState> {
    let maintenance = entry.present("maintenance")?;
    let is_out = maintenance.as_ref().map(Cursor::boolean).transpose()?;
    let delay = number::delay(entry, "delay", BARE_DELAY)?;
    let bandwidth = number::bandwidth(entry, "bandwidth", BARE_BANDWIDTH)?;
    match (is_out.unwrap_or(false), delay, bandwidth) {
        (true, None, None) => Ok(LinkState::Out),
        (true, ..) => {
            let rule = "a link that is out of service has no bandwidth and no delay";
            Err(entry.required("maintenance")?.invalid(rule))
        }
        (false, None, None) => {
            Err(entry.invalid("a window has 'maintenance: true', 'bandwidth' or 'delay'"))
        }
        (false, delay, bandwidth) => Ok(LinkState::Up { delay, bandwidth }),
    }
}
