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

// On one thread, as what is captured is what this thread logs.
#[tokio::test]
async fn what_is_logged_of_a_call_has_the_order_and_the_item() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut setting = Setting::new(false).await;
    setting.start();
    setting
        .order("o1", Action::Add, "s1", plain(1), ServiceState::Inactive)
        .await;
    setting.until("o1", OrderState::Completed).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let calls: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("called"))
        .collect();
    assert!(calls.len() >= 3, "{text}");
    for line in calls {
        assert!(line.contains("work{order=o1 item=1}"), "{line}");
    }
}
