//! What members announce of their links.

use nffg::export::Expected;
use nffg::{Announced, Window};

use super::*;

fn told(name: &str, text: &str) -> Input {
    let document = Document::decode(text.as_bytes(), Expected::of(&domain("AS1"))).unwrap();
    Input {
        source: key("AS1", SourceKind::File(name.into())),
        news: News::Document(Box::new(document)),
    }
}

/// A document that tells a window alone, with its start and end in seconds and the neighbour.
fn window(name: &str, times: (i64, i64), neighbour: &str) -> Input {
    let at = |second| Timestamp::from_second(second).unwrap().to_string();
    let (start, end) = (at(times.0), at(times.1));
    let entry =
        format!("{{start: {start}, end: {end}, neighbour: {neighbour}, maintenance: true}}");
    told(name, &format!("windows: [{entry}]"))
}

/// The ends of AS1's windows, in seconds.
fn ends(ingest: &Ingest) -> Vec<i64> {
    let idt = ingest.idt();
    let windows = idt.windows(&domain("AS1")).iter();
    windows
        .map(|window: &Window| window.end.as_second())
        .collect()
}

#[test]
fn the_first_source_that_tells_windows_counts_until_it_is_gone() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&[], rules());
    on(
        &mut ingest,
        clock.after(0),
        told("a.yaml", "cpu: 1\nneighbours: [AS2]\n"),
    );
    assert!(ends(&ingest).is_empty());
    let second = window("c.yaml", (10, 30), "AS2");
    assert!(on(&mut ingest, clock.after(1), second).changed);
    assert_eq!(ends(&ingest), [30]);
    assert!(
        on(
            &mut ingest,
            clock.after(2),
            window("b.yaml", (10, 20), "AS2")
        )
        .changed
    );
    assert_eq!(ends(&ingest), [20]);
    let used_for = |name: &str| {
        let key = key("AS1", SourceKind::File(name.into()));
        source(&ingest, &key).unwrap().used_for
    };
    assert_eq!(used_for("b.yaml"), ["windows"]);
    assert!(used_for("c.yaml").is_empty());
    assert_eq!(used_for("a.yaml"), ["resources", "topology"]);
    let mut gone = window("b.yaml", (10, 20), "AS2");
    gone.news = News::Withdrawn;
    assert!(on(&mut ingest, clock.after(3), gone).changed);
    assert_eq!(ends(&ingest), [30]);
    // None is an answer, too.
    assert!(on(&mut ingest, clock.after(4), told("b.yaml", "windows: []")).changed);
    assert!(ends(&ingest).is_empty());
}

#[test]
fn a_window_that_is_over_is_dropped_when_it_comes() {
    let clock = Clock::new();
    let mut ingest = Ingest::new(&[], rules());
    on(
        &mut ingest,
        clock.after(20),
        window("a.yaml", (10, 20), "AS2"),
    );
    assert!(ends(&ingest).is_empty());
    on(
        &mut ingest,
        clock.after(19),
        window("b.yaml", (10, 20), "AS2"),
    );
    on(&mut ingest, clock.after(19), told("a.yaml", "cpu: 1"));
    assert_eq!(ends(&ingest), [20]);
}

#[test]
fn a_neighbour_may_be_called_by_its_as_number() {
    let clock = Clock::new();
    let mut named = entries(&[("AS1", ""), ("hub", "")]);
    named[1].asn = Some(64_500);
    let mut ingest = Ingest::new(&named, rules());
    on(
        &mut ingest,
        clock.after(0),
        window("a.yaml", (10, 20), "AS64500"),
    );
    let idt = ingest.idt();
    let Announced::Neighbour { domain: to, .. } = &idt.windows(&domain("AS1"))[0].links else {
        panic!("a neighbour");
    };
    assert_eq!(*to, domain("hub"));
}
