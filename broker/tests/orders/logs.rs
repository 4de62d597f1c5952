//! Log lines of calls say for which order.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sof::order::{Action, OrderState};
use sof::service::ServiceState;

use super::setting::{Setting, plain};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_of_a_call_has_the_order_and_the_item() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // Of this whole process: what each thread would have for itself misses what other threads logged first. The other tests
    // have orders and services of other names, and their work may have begun before anybody listened.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut setting = Setting::new(false).await;
    setting.start();
    let (add, target) = (Action::Add, ServiceState::Inactive);
    setting
        .order("logged", add, "logged-1", plain(1), target)
        .await;
    setting.until("logged", OrderState::Completed).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let calls = text
        .lines()
        .filter(|line| line.contains("called") && line.contains("work{order=logged item=1}"));
    assert!(calls.count() >= 3, "{text}");
    let without = text
        .lines()
        .find(|line| line.contains("name=\"logged-1/") && !line.contains("work{order="));
    assert_eq!(without, None);
}
