//! Presto towards the MdO emulator: what is deployed by edit-config, what is refused, and what the broker sees of it.

use std::sync::Arc;
use std::time::Duration;

use broker::lso::presto::{self, Presto, PrestoError};
use broker::settings::{Overrides, PrestoSettings, load};
use nffg::Resources;
use nffg::virtualizer::{decode, deploy::flow_entries};
use sof::payload::{Border, Flow, Function, Point, Segment};
use sof::service::ServiceId;
use testbeds::mdo::{Emulator, Fallback, Misbehaviour, bind};
use testbeds::scenario::Scenario;
use tokio_util::sync::CancellationToken;

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) presto: Arc<dyn Presto>,
    pub(crate) client: reqwest::Client,
    /// Settings of a daemon that has the emulator for its resources.
    pub(crate) settings: Vec<String>,
}

pub(crate) async fn world() -> World {
    let listener = bind("127.0.0.1:0".parse().unwrap(), Fallback::None);
    let scenario = Scenario::open("3as").unwrap();
    let emulator = Emulator::start(scenario, &"AS2".parse().unwrap(), listener.await.unwrap());
    let emulator = emulator.unwrap();
    let url = format!("http://{}/escape", emulator.address());
    let set = vec![
        "sof.presto.kind=virtualizer".to_owned(),
        format!("sof.presto.url={url}"),
        "sof.presto.borders.AS1=SAP12".to_owned(),
        "sof.presto.borders.AS3=SAP23".to_owned(),
    ];
    let mut overrides = Overrides::default();
    overrides.add(&set).unwrap();
    let settings = load(None, &overrides).unwrap();
    let of: PrestoSettings = settings.sof.presto.unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build();
    World {
        emulator,
        presto: presto::of(&of).unwrap(),
        client: client.unwrap(),
        settings: set,
    }
}

impl World {
    async fn config(&self) -> String {
        let url = format!("http://{}/escape/get-config", self.emulator.address());
        let answer = self.client.get(url).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// NFs and flow entries that are there.
    async fn deployed(&self) -> (usize, usize) {
        let text = self.config().await;
        let view = decode(text.as_bytes()).unwrap();
        let flows = flow_entries(text.as_bytes()).unwrap();
        (
            view.nodes.iter().map(|node| node.running.len()).sum(),
            flows.values().map(Vec::len).sum(),
        )
    }
}

pub(crate) fn service(id: &str) -> ServiceId {
    ServiceId(id.to_owned())
}

fn border(neighbour: &str) -> Point {
    Point::Border(Border {
        neighbour: neighbour.parse().unwrap(),
        router: None,
        neighbour_router: None,
        label: format!("to-{neighbour}"),
    })
}

/// NF2 between AS1 and AS3, with so many cores.
pub(crate) fn segment(nf_type: &str, cpu: f64) -> Segment {
    let flow = |link: &str, from, to| Flow {
        link: link.to_owned(),
        from,
        to,
        bandwidth: None,
        max_delay: None,
    };
    let nf = || Point::Function("NF2".parse().unwrap());
    Segment {
        domain: "AS2".parse().unwrap(),
        functions: vec![Function {
            id: "NF2".parse().unwrap(),
            nf_type: nf_type.parse().unwrap(),
            resources: Resources {
                cpu: Some(cpu.to_string().parse().unwrap()),
                ..Resources::default()
            },
        }],
        flows: vec![
            flow("2", border("AS1"), nf()),
            flow("3", nf(), border("AS3")),
        ],
    }
}

#[tokio::test]
async fn a_segment_is_provisioned_activated_tested_and_removed() {
    let world = world().await;
    let (presto, a) = (&world.presto, service("a"));
    let before = world.config().await;
    let wish = segment("NF2", 4.0);
    assert!(!presto.test(&a, &wish).await.unwrap().passed);
    presto.apply(&a, Some(&wish), false).await.unwrap();
    assert_eq!(world.deployed().await, (1, 0));
    assert!(!presto.test(&a, &wish).await.unwrap().passed);
    presto.apply(&a, Some(&wish), true).await.unwrap();
    assert_eq!(world.deployed().await, (1, 2));
    let outcome = presto.test(&a, &wish).await.unwrap();
    assert!(outcome.passed, "{outcome:?}");
    assert_eq!(outcome.delay, None, "AS2 tells no internal delay");
    // The same again sends nothing.
    presto.apply(&a, Some(&wish), true).await.unwrap();
    assert_eq!(world.emulator.edits(), (2, 0));
    presto.apply(&a, None, true).await.unwrap();
    presto.apply(&a, None, true).await.unwrap();
    assert_eq!(
        (world.emulator.edits(), world.deployed().await),
        ((3, 0), (0, 0))
    );
    // What was not named is as it was written.
    let now = world.config().await;
    assert_eq!(decode(now.as_bytes()), decode(before.as_bytes()));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_the_domain_and_changes_nothing() {
    let world = world().await;
    let presto = &world.presto;
    presto
        .apply(&service("a"), Some(&segment("NF2", 6.0)), true)
        .await
        .unwrap();
    let before = world.config().await;
    // AS2 has ten cores.
    let refused = presto
        .apply(&service("b"), Some(&segment("NF2", 5.0)), true)
        .await;
    let Err(PrestoError::Refused(why)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        why.contains("no room: it has cpu 10, NFs ask for 11"),
        "{why}"
    );
    assert!(world.emulator.edits().1 >= 1);
    let unknown = presto
        .apply(&service("b"), Some(&segment("NF7", 1.0)), true)
        .await;
    let no_type = PrestoError::Refused("no node supports NF type 'NF7'".to_owned());
    assert_eq!(unknown, Err(no_type));
    assert_eq!(world.config().await, before);
    // Two at once, and the one that is there is not in the way of itself.
    let (four, six) = (segment("NF2", 4.0), segment("NF2", 6.0));
    let (b, a) = (service("b"), service("a"));
    let both = tokio::join!(
        presto.apply(&b, Some(&four), true),
        presto.apply(&a, Some(&six), true)
    );
    assert_eq!(both, (Ok(()), Ok(())));
    assert_eq!(world.deployed().await, (2, 4));
}

#[tokio::test]
async fn a_domain_that_does_not_answer_is_to_be_tried_again() {
    let world = world().await;
    let (a, wish) = (service("a"), segment("NF2", 1.0));
    for how in [
        Misbehaviour::ServerError,
        Misbehaviour::CutOff,
        Misbehaviour::Garbage,
        Misbehaviour::Redirect,
    ] {
        world.emulator.misbehave(Some(how));
        let came = world.presto.apply(&a, Some(&wish), true).await;
        assert!(matches!(came, Err(PrestoError::Unavailable(_))), "{came:?}");
        let came = world.presto.test(&a, &wish).await;
        assert!(matches!(came, Err(PrestoError::Unavailable(_))), "{came:?}");
    }
    world.emulator.misbehave(None);
    world.presto.apply(&a, Some(&wish), true).await.unwrap();
}

#[tokio::test]
async fn escape_answers_to_edit_config_as_escape_does() {
    let world = world().await;
    let url = |rpc: &str| format!("http://{}/escape/{rpc}", world.emulator.address());
    let post = async |content_type: &str, body: &'static str| {
        let request = world.client.post(url("edit-config?message-id=m"));
        let request = request.header("content-type", content_type).body(body);
        let answer = request.send().await.unwrap();
        let id = answer.headers().get("message-id").cloned();
        (answer.status().as_u16(), id)
    };
    assert_eq!(post("application/xml", "").await.0, 400);
    assert_eq!(post("application/json", "{}").await.0, 415);
    assert_eq!(post("application/xml", "<virtualizer>").await.0, 400);
    assert_eq!(post("application/xml", "<other/>").await.0, 400);
    let status = async || {
        let answer = world.client.get(url("status?message-id=m")).send().await;
        answer.unwrap().status().as_u16()
    };
    assert_eq!(status().await, 404);
    let absent = "<virtualizer><nodes><node><id>SingleBiSBiS</id><NF_instances>\
                  <node operation='delete'><id>x</id></node></NF_instances></node></nodes></virtualizer>";
    let (accepted, id) = post("application/xml", absent).await;
    assert_eq!((accepted, id.unwrap().to_str().unwrap()), (202, "m"));
    assert_eq!(status().await, 500);
    assert_eq!(post("text/xml", "<virtualizer/>").await.0, 202);
    assert_eq!(status().await, 200);
    assert_eq!(world.emulator.edits(), (1, 1));
}

/// What runs does not take from what a domain is said to have: that is what reservations are for. Else a confirmed
/// reservation and the NFs that it is for would count twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_does_not_change_the_maps() {
    let world = world().await;
    let url = format!("http://{}/escape/get-config", world.emulator.address());
    let set = [
        "listen=127.0.0.1:0".to_owned(),
        "pull.interval=20ms".to_owned(),
        format!("domains=[{{id = \"AS2\", resources = \"{url}\"}}]"),
    ];
    let mut overrides = Overrides::default();
    overrides.add(&set).unwrap();
    let settings = load(None, &overrides).unwrap();
    let stop = CancellationToken::new();
    let (send, address) = tokio::sync::oneshot::channel();
    let daemon = tokio::spawn(broker::daemon::run(settings, stop.clone(), |at, _| {
        send.send(at).unwrap();
    }));
    let address = address.await.unwrap();
    let ask = async |path: &str| {
        let answer = world.client.get(format!("http://{address}{path}")).send();
        answer.await.unwrap().text().await.unwrap()
    };
    while ask("/readyz").await != "ready\n" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let before = ask("/propmap/full/inet-ucmspn").await;
    assert!(before.contains("AS2") && before.contains("10"), "{before}");
    let wish = segment("NF2", 4.0);
    world
        .presto
        .apply(&service("a"), Some(&wish), true)
        .await
        .unwrap();
    let asked = world.emulator.requests();
    while world.emulator.requests() < asked + 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ask("/propmap/full/inet-ucmspn").await, before);
    stop.cancel();
    daemon.await.unwrap().unwrap();
}
