//! A client, a store and a partner, without a daemon.

use std::sync::Arc;
use std::time::Duration;

use broker::lso::interlude::Interlude;
use broker::lso::partners::book::Book;
use broker::lso::{Lso, Wake};
use broker::metrics::Metrics;
use broker::settings::{Credential, Sof};
use broker::store::Store;
use broker::store::memory::MemoryStore;
use nffg::json::Cursor;
use serde_json::{Value, json};
use sof::partner::{Partner, PartnerDetails, decode_partner};
use tokio::sync::mpsc;

use super::fake::Fake;

/// Settings that wait for nothing long.
pub(crate) fn settings() -> Sof {
    let mut settings = Sof::default();
    let limits = &mut settings.interlude;
    limits.timeout = Duration::from_millis(500);
    limits.connect_timeout = Duration::from_millis(500);
    limits.retry_after = Duration::from_millis(5);
    limits.test_poll = Duration::from_millis(5);
    limits.test_timeout = Duration::from_secs(5);
    limits.open = Duration::from_millis(200);
    settings.credentials.insert(
        "as2".to_owned(),
        Credential {
            bearer: "partner-secret-0123456789".to_owned().into(),
        },
    );
    settings
}

pub(crate) fn client(settings: &Sof) -> Interlude {
    broker::http::tls::install_provider();
    Interlude::new(settings, Arc::new(Metrics::new())).unwrap()
}

pub(crate) fn told(url: &str) -> Value {
    json!({
        "base-url": url,
        "apis": {"service-ordering": 1, "service-inventory": 2, "service-function-testing": 3},
        "credentials": "as2",
        "service-types": ["urn:brokermdo:schema:segment:v1"],
    })
}

pub(crate) fn details(url: &str) -> PartnerDetails {
    decode_partner(&Cursor::root(&told(url))).unwrap()
}

pub(crate) fn partner(fake: &Fake) -> Partner {
    details(&fake.url()).candidate("AS2".parse().unwrap())
}

/// Records over a store, and what the orchestrator would hear.
pub(crate) fn book_over(
    store: Arc<dyn Store>,
    public_url: Option<&str>,
) -> (Arc<Book>, mpsc::Receiver<Wake>) {
    let (lso, wakes) = Lso::new(store);
    let interlude = Arc::new(client(&settings()));
    let book = Book::new(lso, interlude, public_url.map(str::to_owned));
    (Arc::new(book), wakes)
}

pub(crate) fn book(public_url: Option<&str>) -> (Arc<Book>, mpsc::Receiver<Wake>) {
    book_over(Arc::new(MemoryStore::new()), public_url)
}
