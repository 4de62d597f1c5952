//! Partners of the settings.

use std::sync::Arc;

use broker::ingest::Precondition;
use broker::lso::Lso;
use broker::lso::partners::book::Book;
use broker::lso::partners::seed::plant;
use broker::settings::{Overrides, PartnerEntry, load};
use broker::store::memory::MemoryStore;
use nffg::DomainId;
use sof::mef::Api;
use sof::partner::{Partner, PartnerEvent, PartnerState};

use super::world::{client, details, settings};

const ANY: Precondition = Precondition::None;

const SECTION: &str = "
[sof.credentials.as2]
bearer = 'partner-secret-0123456789'
[[sof.partners]]
id = 'AS2'
name = 'Two'
base_url = 'https://sof.as2.example'
apis = { service_ordering = 1, service_inventory = 2 }
credentials = 'as2'
service_types = ['urn:brokermdo:schema:segment:v1']
[[sof.partners.agreements]]
id = 'frame'
service_type = 'urn:brokermdo:schema:segment:v1'
valid_from = '2026-01-01T00:00:00Z'
bounds = { bandwidth = '10 Gbit/s', services = 4 }
price = { segment = 1.5 }
sls = { delay = '5 ms' }
";

fn read(text: &str) -> Result<Vec<PartnerEntry>, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let read = load(Some(file.path()), &Overrides::default());
    read.map(|settings| settings.sof.partners)
        .map_err(|error| error.to_string())
}

fn url_of(partner: &Partner) -> &str {
    partner.apis[&Api::ServiceOrdering].url.as_str()
}

fn two() -> DomainId {
    "AS2".parse().unwrap()
}

#[tokio::test]
async fn a_section_is_put_once_and_again_when_it_changes_and_the_state_is_the_stores() {
    let (lso, _wakes) = Lso::new(Arc::new(MemoryStore::new()));
    let book = Book::new(lso.clone(), Arc::new(client(&settings())), None);
    let sections = read(SECTION).unwrap();
    assert_eq!(plant(&lso, &sections).await.unwrap(), 1);
    let kept = book.partner(&two()).await.unwrap().value;
    assert_eq!(kept.state, PartnerState::Candidate);
    assert_eq!(kept.apis.len(), 2);
    let frame = book.agreement(&two(), "frame").await.unwrap().value;
    assert_eq!(frame.bounds.bandwidth, Some(10_000_000_000));
    assert_eq!(frame.price.segment, 1500);

    // Changed over the API, and an operator's word: both stay over a restart with the same file.
    let url = "https://moved.example";
    book.put(&two(), details(url), &ANY).await.unwrap();
    book.step(&two(), PartnerEvent::Retire, &ANY).await.unwrap();
    assert_eq!(plant(&lso, &sections).await.unwrap(), 0);
    let kept = book.partner(&two()).await.unwrap().value;
    assert_eq!(url_of(&kept), "https://moved.example/");

    // Changed in the file: what it tells counts, and the state is still the operator's.
    let other = SECTION
        .replace("'Two'", "'Second'")
        .replace("'frame'", "'frame-2'");
    assert_eq!(plant(&lso, &read(&other).unwrap()).await.unwrap(), 1);
    let kept = book.partner(&two()).await.unwrap().value;
    assert_eq!(
        (kept.name.as_deref(), kept.state),
        (Some("Second"), PartnerState::Retired)
    );
    assert_eq!(url_of(&kept), "https://sof.as2.example/");
    let listed = book.agreements(&two()).await.unwrap();
    let ids: Vec<_> = listed
        .records
        .iter()
        .map(|of| of.value.id.as_str())
        .collect();
    assert_eq!(ids, ["frame-2"]);

    // Taken out of the file: nothing happens.
    assert_eq!(plant(&lso, &[]).await.unwrap(), 0);
    book.partner(&two()).await.unwrap();
}

#[test]
fn each_api_of_a_section_may_have_a_url_of_its_own() {
    let own = "service_inventory = { url = 'https://inventory.as2.example', versions = [2, 1] }";
    let sections = read(&SECTION.replace("service_inventory = 2", own)).unwrap();
    let partner = sections[0].details().unwrap().candidate(two());
    assert_eq!(url_of(&partner), "https://sof.as2.example/");
    let inventory = &partner.apis[&Api::ServiceInventory];
    assert_eq!(inventory.url.as_str(), "https://inventory.as2.example/");
    assert_eq!(inventory.versions, [1, 2].into());
    // Without any other, there is no need of a base URL.
    let alone = SECTION
        .replace("base_url = 'https://sof.as2.example'", "")
        .replace("service_ordering = 1", "service_ordering = { url = 'https://a.example', versions = [1], reference_point = 'interlude' }")
        .replace("service_inventory = 2", "");
    let sections = read(&alone).unwrap();
    assert_eq!(
        url_of(&sections[0].details().unwrap().candidate(two())),
        "https://a.example/"
    );
    for (wrong, told) in [
        (
            "service_inventory = { versions = [7] }",
            "sof.partners.apis/service_inventory/versions",
        ),
        (
            "service_inventory = { url = 'https://a', versions = [2], reference_point = 'sonata' }",
            "reference_point",
        ),
    ] {
        let error = read(&SECTION.replace("service_inventory = 2", wrong)).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn wrong_sections_are_refused_with_key_value_and_rule() {
    let cases = [
        (
            "'https://sof.as2.example'",
            "'ftp://x'",
            "sof.partners.base_url = 'ftp://x'",
        ),
        (
            "service_ordering = 1",
            "service_ordering = 9",
            "sof.partners.apis/service_ordering = '9'",
        ),
        (
            "service_inventory = 2",
            "inventory = 2",
            "sof.partners.apis/inventory",
        ),
        (
            "credentials = 'as2'",
            "credentials = 'as3'",
            "sof.credentials.NAME",
        ),
        (
            "id = 'frame'",
            "id = 'a b'",
            "sof.partners.agreements.id = 'a b'",
        ),
        (
            "bandwidth = '10 Gbit/s'",
            "bandwidth = 'much'",
            "sof.partners.agreements.bounds/bandwidth = 'much'",
        ),
        (
            "segment = 1.5",
            "segment = -1.5",
            "sof.partners.agreements.price/segment",
        ),
        (
            "'2026-01-01T00:00:00Z'",
            "'today'",
            "sof.partners.agreements.valid_from = 'today'",
        ),
        (
            "['urn:brokermdo:schema:segment:v1']",
            "[]",
            "sof.partners.service_types",
        ),
        ("name = 'Two'", "nmae = 'Two'", "is wrong"),
    ];
    for (right, wrong, told) in cases {
        let text = SECTION.replace(right, wrong);
        assert_ne!(text, SECTION);
        let error = read(&text).unwrap_err();
        assert!(error.contains(told), "{wrong}: {error}");
    }
    let twice = format!(
        "{SECTION}{}",
        SECTION
            .split_once("[[sof.partners]]")
            .map(|(_, rest)| format!("[[sof.partners]]{rest}"))
            .unwrap()
    );
    assert!(read(&twice).unwrap_err().contains("two partners"));
}

#[test]
fn secrets_are_masked_where_settings_are_printed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECTION).unwrap();
    let settings = load(Some(file.path()), &Overrides::default()).unwrap();
    let printed = toml::to_string(&settings).unwrap();
    assert!(!printed.contains("partner-secret"), "{printed}");
    assert!(printed.contains("bearer = \"***\""), "{printed}");
    assert!(!format!("{settings:?}").contains("partner-secret"));
    // What is printed can be read again.
    assert_eq!(read(&printed).unwrap(), settings.sof.partners);
}
