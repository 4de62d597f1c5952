//! A partner that is killed and started again in the middle of each step: real `brokerd`s on both sides, the partners with
//! resources that end with their process.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::buyer::{Buyer, ORDERS, SERVICES, Told, add, delete, modify};
use super::federation::{self, HASTE};
use super::process::Broker;

/// The partners that make the best chain.
const PARTNERS: [&str; 3] = ["AS1", "AS2", "AS4"];
/// The one that dies.
const VICTIM: usize = 1;

/// So slow that a step can be seen.
const SLOW: &str = "[sof.presto]\nkind = 'memory'\ndelay = '400ms'\n";

const WORK: &str = "[sof.work]\norder_deadline = '60s'\ntest_deadline = '60s'\npatience = '60s'\nlook_again = '150ms'\n\
     poll_first = '30ms'\npoll_longest = '300ms'\nunder_way = '1s'\nclean_up = '20s'\nhold = '60s'\nlease = '400ms'\n\
     look = '150ms'\n";

struct World {
    partners: Vec<Broker>,
    broker: Broker,
    buyer: Buyer,
    _folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        federation::write(folder.path(), 100);
        let mut settings = format!(
            "[files]\nfolder = {:?}\ninterval = '50ms'\n{HASTE}{WORK}",
            folder.path().display().to_string()
        );
        let mut partners = Vec::new();
        for domain in PARTNERS {
            let mut partner = Broker::new(&format!("{HASTE}{WORK}{SLOW}"));
            partner.start();
            settings.push_str(&federation::partner(domain, &partner.url(""), true));
            partners.push(partner);
        }
        let mut broker = Broker::new(&settings);
        broker.start();
        let buyer = Buyer::at(broker.address);
        buyer.until_ready().await;
        buyer.until_active(&PARTNERS).await;
        Self {
            partners,
            broker,
            buyer,
            _folder: folder,
        }
    }

    /// Orders; the order's id and its service's.
    async fn order(&self, body: &Value) -> (String, String) {
        match self.buyer.post(ORDERS, body).await {
            Told::Answer(201, order) => {
                let service = &order["serviceOrderItem"][0]["service"]["id"];
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (text(&order["id"]), text(service))
            }
            other => panic!("{other:?}"),
        }
    }

    async fn progress(&self, order: &str) -> Value {
        let path = format!("/broker/v1/orders/{order}/progress");
        self.buyer.must_get(&path).await
    }

    /// Waits until an order is so far.
    async fn until_phase(&self, order: &str, phase: &str) {
        for _ in 0..6_000 {
            let progress = self.progress(order).await;
            if progress["items"][0]["phase"] == phase {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.fail(order, phase).await;
    }

    async fn until_completed(&self, order: &str) {
        for _ in 0..1_200 {
            let path = format!("{ORDERS}/{order}");
            let state = self.buyer.must_get(&path).await["state"].clone();
            if state == "completed" {
                return;
            }
            assert_ne!(state, "failed", "{:#}", self.progress(order).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.fail(order, "completed").await;
    }

    async fn fail(&self, order: &str, what: &str) -> ! {
        panic!(
            "never {what}: {:#}\n{}\n{}",
            self.progress(order).await,
            self.broker.log_of(order),
            self.partners[VICTIM].end_of_log()
        );
    }

    /// The partner ends, as by `kill -9`, and begins anew a while later.
    async fn restart_victim(&mut self, after: u64) {
        tokio::time::sleep(Duration::from_millis(after)).await;
        self.partners[VICTIM].kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| self.partners[VICTIM].start());
    }

    /// The victim's services for one of ours: the state, and what its own test says.
    async fn at_victim(&self, of: &str) -> Vec<(String, bool)> {
        let victim = Buyer::at(self.partners[VICTIM].address);
        let inventory = "/mefApi/interlude/serviceInventory/v2/service";
        let mut found = Vec::new();
        for service in victim.list(inventory).await {
            let state = service["state"].as_str().unwrap();
            if service["externalId"] == of && state != "terminated" {
                let works = tested(&victim, service["id"].as_str().unwrap()).await;
                found.push((state.to_owned(), works));
            }
        }
        found
    }
}

/// Has a partner test a service of its own.
async fn tested(partner: &Buyer, service: &str) -> bool {
    let api = "/mefApi/interlude/serviceFunctionTesting/v3";
    let test = json!({"@type": "urn:brokermdo:schema:segment-test:v1"});
    let body = json!({
        "name": "a look", "requestedEndDateTime": "2126-01-01T00:00:00Z",
        "relatedServiceFrom": {"id": service}, "relatedServiceTo": {"id": service},
        "testProfile": {"@type": "TestProfileValue", "serviceSpecificTestProfileConfiguration": test,
            "relatedServiceSpecification": {"id": "urn:brokermdo:schema:segment:v1"}},
        "serviceSpecificTestJobConfiguration": test,
    });
    let Told::Answer(201, job) = partner.post(&format!("{api}/testJob"), &body).await else {
        panic!("no test of {service}");
    };
    let job = job["id"].as_str().unwrap().to_owned();
    for _ in 0..600 {
        let path = format!("{api}/testJob/{job}");
        if partner.must_get(&path).await["state"] == "completed" {
            let path = format!("{api}/testResult?testJobId={job}");
            let results = partner.must_get(&path).await;
            let result = results[0]["id"].as_str().unwrap();
            let found = partner
                .must_get(&format!("{api}/testResult/{result}"))
                .await;
            return found["serviceSpecificTestResultConfiguration"]["passed"] == true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the test {job} does not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_that_is_restarted_in_the_middle_of_each_step_does_its_part() {
    let _turn = super::TURN.lock().await;
    let mut world = World::start().await;
    let mut random = fastrand::Rng::with_seed(7);
    let mut services = Vec::new();
    for phase in ["ordering", "activating", "testing"] {
        let (order, service) = world.order(&add(10)).await;
        world.until_phase(&order, phase).await;
        world.restart_victim(random.u64(0..300)).await;
        world.until_completed(&order).await;
        let up = [("active".to_owned(), true)];
        assert_eq!(world.at_victim(&service).await, up, "{phase}");
        services.push(service);
    }
    // What is done is done after a restart, too, and what is only provisioned does not work.
    let (order, _) = world.order(&modify(&services[1], 20, "inactive")).await;
    world.until_phase(&order, "ordering").await;
    world.restart_victim(random.u64(0..300)).await;
    world.until_completed(&order).await;
    world.restart_victim(0).await;
    let states = [("active", true), ("inactive", false), ("active", true)];
    for (service, (state, works)) in services.iter().zip(states) {
        let expected = [(state.to_owned(), works)];
        assert_eq!(world.at_victim(service).await, expected);
    }
    for service in &services {
        let (order, _) = world.order(&delete(service)).await;
        world.until_phase(&order, "deleting").await;
        world.restart_victim(random.u64(0..300)).await;
        world.until_completed(&order).await;
        assert_eq!(world.at_victim(service).await, []);
        let path = format!("{SERVICES}/{service}");
        assert_eq!(world.buyer.must_get(&path).await["state"], "terminated");
    }
    let held = world.buyer.must_get("/broker/v1/reservations").await;
    assert_eq!(held["reservations"], json!([]));
    for of in world.partners.iter().chain([&world.broker]) {
        assert_eq!(of.log_of("panicked"), "");
    }
}
