use std::time::Duration;

use sof::payload::{Flow, Function};

use super::*;

fn segment(nf_type: &str, cpu: &str) -> Segment {
    Segment {
        domain: "AS1".parse().unwrap(),
        functions: vec![Function {
            id: "A".parse().unwrap(),
            nf_type: nf_type.parse().unwrap(),
            resources: Resources {
                cpu: Some(cpu.parse().unwrap()),
                ..Resources::default()
            },
        }],
        flows: vec![Flow {
            link: "1".to_owned(),
            from: Point::Sap("SAP1".parse().unwrap()),
            to: Point::Function("A".parse().unwrap()),
            bandwidth: None,
            max_delay: None,
        }],
    }
}

fn memory() -> Memory {
    Memory::new(&MemoryPresto {
        cpu: Some("4".parse().unwrap()),
        nf: vec!["NF".to_owned()],
        ..MemoryPresto::default()
    })
}

fn service(id: &str) -> ServiceId {
    ServiceId(id.to_owned())
}

#[tokio::test]
async fn resources_are_taken_once_and_given_back() {
    let (memory, a, b) = (memory(), service("a"), service("b"));
    let large = segment("NF", "3");
    memory.apply(&a, Some(&large), false).await.unwrap();
    memory.apply(&a, Some(&large), true).await.unwrap();
    assert_eq!(
        memory.apply(&b, Some(&segment("NF", "1.5")), true).await,
        Err(PrestoError::Refused(
            "AS1 has cpu 4.0, and 4.5 would be in use".to_owned()
        ))
    );
    memory
        .apply(&b, Some(&segment("NF", "1")), true)
        .await
        .unwrap();
    // Its own does not count against it.
    memory
        .apply(&a, Some(&segment("NF", "2")), true)
        .await
        .unwrap();
    memory.apply(&a, None, true).await.unwrap();
    memory.apply(&a, None, true).await.unwrap();
    memory
        .apply(&b, Some(&segment("NF", "4")), true)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_to_be_had_is_refused_and_changes_nothing() {
    let (memory, a) = (memory(), service("a"));
    let good = segment("NF", "1");
    memory.apply(&a, Some(&good), true).await.unwrap();
    let mut dangling = good.clone();
    dangling.flows[0].to = Point::Function("B".parse().unwrap());
    for (wrong, why) in [
        (segment("DPI", "1"), "AS1 has no NF type 'DPI'"),
        (dangling, "no function 'B' is hosted here"),
    ] {
        let refused = memory.apply(&a, Some(&wrong), true).await;
        assert_eq!(refused, Err(PrestoError::Refused(why.to_owned())));
    }
    assert!(memory.test(&a, &good).await.unwrap().passed);
}

#[tokio::test]
async fn a_test_finds_what_is_not_as_ordered() {
    let (memory, a) = (memory(), service("a"));
    let good = segment("NF", "1");
    let passed = async || memory.test(&a, &good).await.unwrap().passed;
    assert!(!passed().await);
    memory.apply(&a, Some(&good), false).await.unwrap();
    assert!(!passed().await, "provisioned only");
    memory.apply(&a, Some(&good), true).await.unwrap();
    assert!(passed().await);
    memory
        .apply(&a, Some(&segment("NF", "2")), true)
        .await
        .unwrap();
    assert!(!passed().await, "something else");
}

#[tokio::test(start_paused = true)]
async fn it_may_be_slow_and_may_fail() {
    let slow = Memory::new(&MemoryPresto {
        delay: Duration::from_secs(3),
        failure_rate: 0.5,
        ..MemoryPresto::default()
    });
    let began = crate::clock::instant();
    let (mut well, mut failed) = (0, 0);
    for _ in 0..100 {
        match slow
            .apply(&service("a"), Some(&segment("any", "1")), true)
            .await
        {
            Ok(()) => well += 1,
            Err(PrestoError::Unavailable(_)) => failed += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(began.elapsed(), Duration::from_secs(300));
    assert!(well > 20 && failed > 20, "{well} {failed}");
}
