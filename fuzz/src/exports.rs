//! Exports in every format.

use std::collections::BTreeSet;

use nffg::export::{self, Expected, Format, Parts};
use nffg::{BisBis, DomainId, PortId, ResourceView, Syntax, ViewLink};

use crate::all_told;

/// Exports: JSON, YAML or XML, in the format that the root tells, and read as each of the others.
pub fn exports(data: &[u8]) {
    let domain: DomainId = "AS1".parse().expect("a domain");
    let known = Expected::of(&domain);
    let found = export::decode(data, known);
    match &found {
        Ok(export) => {
            let told = Expected {
                syntax: Some(export.syntax),
                format: Some(export.format),
                ..known
            };
            assert_eq!(export::decode(data, told).as_ref(), Ok(export));
        }
        Err(error) => all_told(error.faults(), error.total()),
    }
    // YAML contains JSON, and no format trusts its root.
    let syntax = Syntax::of_beginning(data);
    let syntaxes: &[Syntax] = match syntax {
        Syntax::Json => &[Syntax::Json, Syntax::Yaml],
        _ => &[syntax],
    };
    for (syntax, format) in syntaxes
        .iter()
        .flat_map(|syntax| Format::ALL.map(|format| (*syntax, format)))
    {
        if !format.is_written_in(syntax) {
            continue;
        }
        let told = Expected {
            syntax: Some(syntax),
            format: Some(format),
            ..known
        };
        match export::decode(data, told) {
            Ok(export) => {
                assert_eq!((export.syntax, export.format), (syntax, format));
                usable(&domain, export.parts);
            }
            Err(error) => {
                all_told(error.faults(), error.total());
                for fault in error.faults() {
                    assert!(
                        fault.path.is_empty() || fault.path.starts_with('/'),
                        "{fault}"
                    );
                }
            }
        }
    }
}

/// What was taken holds together, so that the databases can take it.
fn usable(domain: &DomainId, parts: Parts) {
    if let Some(view) = parts.topology {
        assert!(view.warnings.is_empty(), "they are the export's");
        let domains: BTreeSet<_> = view.nodes.iter().map(|node| &node.domain).collect();
        assert_eq!(domains.len(), view.nodes.len(), "each domain once");
        for link in &view.links {
            assert_ne!(link.src.domain, link.dst.domain);
        }
        let _ = idt::DomainTopology::from_view(domain, &view);
    }
    if let Some(view) = parts.resources {
        assert!(view.warnings.is_empty(), "they are the export's");
        joined(&view);
        idr::Domain::from_view(domain.clone(), None, view).expect("a domain's resources");
    }
}

/// Links of a view end at ports that it has.
fn joined(view: &ResourceView) {
    let mut ports: BTreeSet<(&str, &PortId)> = BTreeSet::new();
    for node in &view.nodes {
        for port in &node.ports {
            assert!(ports.insert((node.id.as_str(), &port.id)), "{port:?}");
        }
    }
    let ends = |link: &ViewLink| {
        assert_ne!(link.src, link.dst);
        for end in [&link.src, &link.dst] {
            assert!(ports.contains(&(end.node.as_str(), &end.port)), "{end:?}");
        }
    };
    view.links.iter().for_each(ends);
    let across = |node: &BisBis| node.links.iter().for_each(ends);
    view.nodes.iter().for_each(across);
}
