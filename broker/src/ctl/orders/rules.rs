//! What holds when partners are chosen, as a page.

use crate::client::rules::{Kind, Policy};
use crate::ctl::page::Page;

/// The filters, then the weights and rules of each kind of service.
pub(super) fn rules(policy: &Policy) -> String {
    let mut page = Page::default();
    kind(&mut page, "any other", &policy.default);
    for (name, told) in &policy.service_types {
        page.gap();
        kind(&mut page, name, told);
    }
    page.gap();
    let days = policy.success_half_life / 86_400;
    let half_life = match policy.success_half_life % 86_400 {
        0 if days > 0 => format!("{days} days"),
        _ => format!("{} s", policy.success_half_life),
    };
    page.field("half-life", format!("{half_life}, of what partners did"));
    for filter in &policy.filters {
        let help = filter.helped_by.as_deref();
        let help = help.map_or_else(String::new, |help| format!(" (may help: {help})"));
        page.field("filter", format!("{}{help}", filter.rule));
    }
    page.into_text()
}

fn kind(page: &mut Page, name: &str, kind: &Kind) {
    page.field("service type", name);
    let weights = kind.weights.iter();
    let weights: Vec<String> = weights
        .map(|(of, weight)| format!("{of} {weight}"))
        .collect();
    page.list("  weights", &weights, 10);
    for (rule, told) in &kind.rules {
        let told = match told.as_array() {
            Some(names) => {
                let names = names.iter().filter_map(|name| name.as_str());
                names.collect::<Vec<_>>().join(", ")
            }
            None => told.to_string(),
        };
        page.field(&format!("  {rule}"), told);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_service_has_its_weights_and_rules() {
        let policy = json!({
            "default": {"weights": {"price": 4.0}, "rules": {"candidates": 10, "attempts": 3}},
            "service-types": {"gold": {
                "weights": {"price": 1.0, "sls-margin": 8.0},
                "rules": {"allow-domains": ["AS1", "AS2"], "candidates": 50, "attempts": 3, "max-price": 12.5},
            }},
            "success-half-life": 2_592_000,
            "filters": [{"rule": "the domain is a partner", "helped-by": "agreement"}, {"rule": "it takes segments"}],
        });
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let text = rules(&policy);
        let lines: Vec<&str> = text.lines().collect();
        let expected = [
            "service type  any other",
            "  weights     price 4",
            "  attempts    3",
            "  candidates  10",
            "",
            "service type  gold",
            "  weights     price 1, sls-margin 8",
            "  allow-domains AS1, AS2",
            "  attempts    3",
            "  candidates  50",
            "  max-price   12.5",
            "",
            "half-life     30 days, of what partners did",
            "filter        the domain is a partner (may help: agreement)",
            "filter        it takes segments",
        ];
        assert_eq!(lines, expected, "{text}");
    }
}
