//! What a member may do to its own entry.

use bytes::Bytes;
use nffg::export::Expected;

use super::*;

const HOLD: Duration = Duration::from_secs(60);

fn registration(version: &str) -> Registration {
    Registration {
        entry_point: Some("http://pushed.example/".parse().unwrap()),
        asn: None,
        lifetime: HOLD,
        by: "mdo".to_owned(),
        version: Version::named(version),
    }
}

fn register(version: &str) -> Command {
    Command::Register(registration(version))
}

/// Resources with this NF type, as a document that is really read.
fn put(nf: &str) -> Command {
    let text = format!(
        "<virtualizer><id>v</id><nodes><node><id>n</id><type>BiSBiS</type><capabilities>\
         <supported_NFs><node><id>{nf}</id><type>{nf}</type></node></supported_NFs></capabilities>\
         </node></nodes></virtualizer>"
    );
    let document = Document::decode(text.as_bytes(), Expected::of(&domain("AS1"))).unwrap();
    Command::Put {
        slot: Slot::Resources,
        body: Bytes::from(text),
        document: Box::new(document),
    }
}

fn request(id: &str, command: Command, precondition: Precondition) -> Request {
    Request {
        domain: domain(id),
        command,
        precondition,
    }
}

struct Stage {
    ingest: Ingest,
    clock: Clock,
}

impl Stage {
    fn new(domains: &[(&str, &str)]) -> Self {
        Self {
            ingest: Ingest::new(&entries(domains), rules()),
            clock: Clock::new(),
        }
    }

    /// Has AS1's command carried out at a second; whether that made a new version.
    fn ask(&mut self, second: u64, command: Command) -> Result<(Accepted, bool), PushError> {
        self.ask_if(second, command, Precondition::None)
    }

    fn ask_if(
        &mut self,
        second: u64,
        command: Command,
        precondition: Precondition,
    ) -> Result<(Accepted, bool), PushError> {
        let request = request("AS1", command, precondition);
        let (accepted, _) = self.ingest.command(self.clock.after(second), request)?;
        Ok((accepted, self.ingest.commit().is_some()))
    }

    fn tick(&mut self, second: u64) -> Step {
        tick(&mut self.ingest, self.clock.after(second).instant)
    }

    fn nf_types(&self) -> Vec<String> {
        let as1 = self.ingest.idr().domain(&domain("AS1")).cloned();
        as1.map_or(Vec::new(), |d| {
            d.nf_types().iter().map(ToString::to_string).collect()
        })
    }
}

#[test]
fn who_registers_is_a_member_and_who_leaves_is_none() {
    let mut stage = Stage::new(&[]);
    let (accepted, changed) = stage.ask(0, register("v1")).unwrap();
    assert!(accepted.created && changed);
    assert_eq!(accepted.lifetime, Some(HOLD));
    assert_eq!(members(&stage.ingest), ["AS1"]);
    let as1 = stage.ingest.idr().domain(&domain("AS1")).cloned().unwrap();
    assert_eq!(
        as1.entry_point().unwrap().to_string(),
        "http://pushed.example/"
    );
    let status = stage.ingest.status(&domain("AS1")).unwrap();
    assert_eq!(status.missing, ["resources", "topology"]);

    let (accepted, changed) = stage.ask(1, Command::Leave).unwrap();
    assert!(changed && accepted.lifetime.is_none());
    assert!(members(&stage.ingest).is_empty());
    // Nothing is left of one that the settings do not name.
    let outcome = stage.ingest.tick(stage.clock.after(1).instant);
    assert_eq!(outcome.forgotten, [domain("AS1")]);
    assert!(stage.ingest.status(&domain("AS1")).is_none());
    assert!(matches!(
        stage.ask(2, Command::Heartbeat { lifetime: None }),
        Err(PushError::NotRegistered(_))
    ));
}

#[test]
fn the_same_again_is_no_change() {
    let mut stage = Stage::new(&[]);
    stage.ask(0, register("v1")).unwrap();
    let (first, changed) = stage.ask(1, put("NF1")).unwrap();
    assert!(first.created && changed);
    let (again, changed) = stage.ask(2, put("NF1")).unwrap();
    assert!(!again.created && !changed);
    assert_eq!(again.version, first.version);
    let (again, changed) = stage.ask(3, register("v1")).unwrap();
    assert!(!again.created && !changed);
    let (_, changed) = stage.ask(4, put("NF2")).unwrap();
    assert!(changed);
    assert_eq!(stage.nf_types(), ["NF2"]);
}

#[test]
fn a_condition_that_does_not_hold_changes_nothing() {
    let mut stage = Stage::new(&[]);
    stage.ask(0, register("v1")).unwrap();
    let current = stage.ask(1, put("NF1")).unwrap().0.version.unwrap();
    let other = Version::named("other");
    for wrong in [
        Precondition::Absent,
        Precondition::OneOf(vec![other.clone()]),
        Precondition::OneOf(Vec::new()),
    ] {
        let error = stage.ask_if(2, put("NF2"), wrong).unwrap_err();
        let current = Some(current.clone());
        assert_eq!(error, PushError::Precondition { current });
        assert_eq!(stage.nf_types(), ["NF1"]);
    }
    for right in [
        Precondition::Present,
        Precondition::OneOf(vec![other, current.clone()]),
    ] {
        assert!(stage.ask_if(2, put("NF1"), right).is_ok());
    }
    let absent = |stage: &mut Stage| {
        stage.ask_if(3, Command::Withdraw(Slot::Topology), Precondition::Present)
    };
    assert_eq!(
        absent(&mut stage),
        Err(PushError::Precondition { current: None })
    );
    assert!(matches!(
        stage.ask(3, Command::Withdraw(Slot::Topology)),
        Err(PushError::NoDocument { .. })
    ));
}

#[test]
fn whatever_a_member_sends_keeps_all_that_it_pushed() {
    let mut stage = Stage::new(&[]);
    stage.ask(0, register("v1")).unwrap();
    stage.ask(1, put("NF1")).unwrap();
    // A lifetime after the last word all of it is stale, and after the grace gone.
    stage
        .ask(50, Command::Heartbeat { lifetime: None })
        .unwrap();
    assert_eq!(stage.tick(109).transitions.len(), 0);
    let stale = stage.tick(110);
    assert_eq!((stale.transitions.len(), stale.changed), (2, false));
    let gone = stage.tick(170);
    assert_eq!((gone.transitions.len(), gone.changed), (2, true));
    assert!(members(&stage.ingest).is_empty());
    // One word brings all of it back, while it is remembered.
    let (accepted, changed) = stage
        .ask(
            200,
            Command::Heartbeat {
                lifetime: Some(HOLD * 2),
            },
        )
        .unwrap();
    assert!(changed);
    assert_eq!(accepted.lifetime, Some(HOLD * 2));
    assert_eq!(stage.nf_types(), ["NF1"]);
    assert_eq!(stage.tick(319).transitions.len(), 0);
    assert_eq!(stage.tick(320).transitions.len(), 2);
}

#[test]
fn who_is_gone_for_long_is_forgotten() {
    let mut stage = Stage::new(&[("AS2", "")]);
    stage.ask(0, register("v1")).unwrap();
    stage.tick(120);
    let deadline = stage.ingest.next_deadline().unwrap();
    assert_eq!(deadline, stage.clock.after(120 + 3600).instant);
    assert!(stage.ingest.status(&domain("AS1")).is_some());
    let outcome = stage.ingest.tick(deadline);
    assert_eq!(outcome.forgotten, [domain("AS1")]);
    // The settings remember for ever.
    assert!(stage.ingest.status(&domain("AS2")).is_some());
}

#[test]
fn an_as_number_is_one_domains() {
    let mut stage = Stage::new(&[("AS7", "r")]);
    let taken = Registration {
        asn: Some(7),
        ..registration("v1")
    };
    let error = stage
        .ingest
        .command(
            stage.clock.after(0),
            request("net", Command::Register(taken), Precondition::None),
        )
        .unwrap_err();
    let expected = PushError::AsnTaken {
        asn: 7,
        domain: domain("AS7"),
    };
    assert_eq!(error, expected);
    assert!(stage.ingest.status(&domain("net")).is_none());
}

#[test]
fn members_are_bounded() {
    let small = Rules {
        members: 1,
        ..rules()
    };
    let mut ingest = Ingest::new(&entries(&[("AS7", "r")]), small);
    let clock = Clock::new();
    let error = ingest
        .command(
            clock.after(0),
            request("AS1", register("v1"), Precondition::None),
        )
        .unwrap_err();
    assert_eq!(error, PushError::TooManyMembers { limit: 1 });
    // Nor does a file make another.
    let file = Input {
        source: key("AS1", SourceKind::File("AS1.yaml".into())),
        news: resources("AS1", "NF1").news,
    };
    let refused = ingest.on(clock.after(0), file).refused.unwrap();
    assert!(refused.why.contains("limits.members"), "{refused:?}");
    assert_eq!(ingest.domains().count(), 1);
    // One that is there already may register.
    let known = request("AS7", register("v1"), Precondition::None);
    assert!(ingest.command(clock.after(0), known).is_ok());
}

#[test]
fn a_document_over_a_limit_is_refused_and_the_one_before_stays() {
    let mut tight = rules();
    tight.limits.nfs = 0;
    let mut stage = Stage::new(&[]);
    stage.ask(0, register("v1")).unwrap();
    stage.ask(1, put("NF1")).unwrap();
    stage.ingest.rules = tight;
    let error = stage.ask(2, put("NF2")).unwrap_err();
    let PushError::Refused(failure) = error else {
        panic!("{error:?}");
    };
    assert!(
        failure.why.contains("1 nfs") && failure.why.contains("limits.member.nfs"),
        "{failure:?}"
    );
    assert_eq!(stage.nf_types(), ["NF1"]);
    // The same as before is taken without a look: it is in force.
    assert!(stage.ask(3, put("NF1")).is_ok());
}
