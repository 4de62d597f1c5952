//! The net of any version is that of a TED which never saw another.

use super::*;

/// A net is that of a TED which never saw another version, in both directions, and so are its links.
fn same_as_fresh(ted: &Ted, state: &State) -> Result<(), TestCaseError> {
    let (now, fresh) = (ted.snapshot(), snapshot_of(state.updates()));
    prop_assert_eq!(&*now, &*fresh);
    let (net, expected) = (now.crossing_net(), fresh.crossing_net());
    prop_assert_eq!(net, expected);
    let plain = now.graph().net();
    prop_assert_eq!(net.is_plain(), Arc::ptr_eq(net, plain));
    prop_assert_eq!(net.domains(), plain.domains());
    prop_assert_eq!(net.is_symmetric(), expected.is_symmetric());
    let mut links = 0;
    for from in 0..net.len() as u32 {
        let (back, expected) = (net.back(from), expected.back(from));
        prop_assert_eq!(back.to, expected.to);
        let mut edges: Vec<_> = (0..back.len()).map(|nth| back.edge(nth)).collect();
        let mut others: Vec<_> = (0..back.len()).map(|nth| expected.edge(nth)).collect();
        edges.sort();
        others.sort();
        prop_assert_eq!(edges, others);
        for nth in 0..=net.row(from).len() as u32 {
            let id = EdgeId { from, nth };
            prop_assert_eq!(now.link_of(id), fresh.link_of(id));
            links += usize::from(now.link_of(id).is_some());
            let own = now.plain_edge(id);
            prop_assert_eq!(own.is_some(), now.link_of(id).is_some());
            if let Some(own) = own {
                prop_assert_eq!(now.crossing_edge(own), Some(id));
                prop_assert_eq!(now.graph().link(own), now.link_of(id));
            }
        }
    }
    prop_assert_eq!(links, plain.edges());
    for a in state.members.keys() {
        for b in state.members.keys().take(4) {
            prop_assert_eq!(now.refusing(a, b), fresh.refusing(a, b));
        }
    }
    prop_assert!(now.coarse_crossings().eq(fresh.coarse_crossings()));
    Ok(())
}

/// What updates say in the end.
#[derive(Default)]
struct State {
    members: BTreeMap<DomainId, Option<DomainTopology>>,
    policies: BTreeMap<DomainId, Option<DomainPolicy>>,
    borders: Vec<BorderLink>,
}

impl State {
    fn apply(&mut self, update: &Update) {
        match update.clone() {
            Update::Join(domain) => drop(self.members.entry(domain).or_default()),
            Update::Topology(told) => drop(self.members.insert(told.domain().clone(), Some(told))),
            Update::Silent(domain) => {
                if let Some(told) = self.members.get_mut(&domain) {
                    *told = None;
                }
            }
            Update::Leave(domain) => drop(self.members.remove(&domain)),
            Update::Borders(borders) => self.borders = borders,
            Update::Policy(domain, policy) => drop(self.policies.insert(domain, policy)),
            // They are nothing to a crossing.
            Update::Windows(..) => {}
        }
    }

    fn updates(&self) -> Vec<Update> {
        let members = self.members.clone().into_iter();
        let members =
            members.map(|(domain, told)| told.map_or(Update::Join(domain), Update::Topology));
        let policies = self.policies.clone().into_iter();
        let policies = policies.map(|(domain, policy)| Update::Policy(domain, policy));
        let borders = Update::Borders(self.borders.clone());
        members.chain(policies).chain([borders]).collect()
    }
}

/// A change of one domain of a federation with these links.
fn any_change(links: Vec<Between>) -> impl Strategy<Value = Update> {
    let at = || 0..DOMAINS;
    let told = (
        at(),
        any_inside(),
        prop::collection::vec(any::<bool>(), links.len()),
    );
    prop_oneof![
        6 => told.prop_map(move |(at, inside, keep)| {
            let links = links.iter().zip(keep).filter(|(_, keep)| *keep);
            let links: Vec<Between> = links.map(|(link, _)| *link).collect();
            Update::Topology(topology(at, &inside, &links))
        }),
        6 => (at(), prop::option::weighted(0.8, any_policy()))
            .prop_map(|(at, policy)| Update::Policy(name(at), policy)),
        1 => at().prop_map(|at| Update::Join(name(at))),
        1 => at().prop_map(|at| Update::Silent(name(at))),
        1 => at().prop_map(|at| Update::Leave(name(at))),
    ]
}

fn any_history() -> impl Strategy<Value = (Vec<Update>, Vec<Update>)> {
    (prop::collection::vec(any_said(), DOMAINS), any_links()).prop_flat_map(|(said, links)| {
        let first = updates(&said, &links);
        (Just(first), prop::collection::vec(any_change(links), 1..10))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn a_version_is_what_a_fresh_ted_makes((first, then) in any_history()) {
        let (mut ted, mut state) = (Ted::new(), State::default());
        first.iter().for_each(|update| state.apply(update));
        ted.apply(first);
        same_as_fresh(&ted, &state)?;
        for update in then {
            state.apply(&update);
            let before = ted.snapshot();
            let published = ted.apply([update]);
            let after = ted.snapshot();
            prop_assert!(published || Arc::ptr_eq(before.crossing_net(), after.crossing_net()));
            same_as_fresh(&ted, &state)?;
        }
    }
}

/// More domains than a page of rows holds, on a ring, with what some of them charge.
const MANY: usize = 70;

fn of_ring(at: usize, delay: Option<u64>) -> DomainTopology {
    let sides = [(at + 1) % MANY, (at + MANY - 1) % MANY];
    let inter = sides.map(|to| InterLink {
        router: router(0),
        remote: RouterRef {
            domain: names(MANY)[to].clone(),
            router: router(0),
        },
        delay: Some(Delay::from_nanos(1)),
        bandwidth: None,
        srlgs: nffg::Srlgs::default(),
        performance: nffg::Performance::default(),
    });
    let intra = delay.map(|delay| IntraLink {
        src: router(0),
        dst: router(1),
        delay: Some(Delay::from_nanos(delay)),
        bandwidth: None,
    });
    let parts = TopologyParts {
        inter_links: inter.into(),
        intra_links: intra.into_iter().collect(),
        ..TopologyParts::default()
    };
    DomainTopology::new(names(MANY)[at].clone(), parts)
}

fn change_of_many() -> impl Strategy<Value = Update> {
    let at = || prop::sample::select(vec![0, 1, 2, 62, 63, 64, 65, 69]);
    let priced = (at(), prop::option::of(0_u32..3)).prop_map(|(at, price)| {
        let policy = price.map(|price| DomainPolicy {
            otherwise: Transit {
                price,
                ..Transit::default()
            },
            ..DomainPolicy::default()
        });
        Update::Policy(names(MANY)[at].clone(), policy)
    });
    let told = (at(), prop::option::of(0_u64..3));
    prop_oneof![
        5 => priced,
        3 => told.prop_map(|(at, delay)| Update::Topology(of_ring(at, delay))),
        1 => at().prop_map(|at| Update::Silent(names(MANY)[at].clone())),
        1 => at().prop_map(|at| Update::Leave(names(MANY)[at].clone())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_version_of_many_domains_is_what_a_fresh_ted_makes(
        then in prop::collection::vec(change_of_many(), 1..10),
    ) {
        let (mut ted, mut state) = (Ted::new(), State::default());
        let first: Vec<_> = (0..MANY).map(|at| Update::Topology(of_ring(at, None))).collect();
        first.iter().for_each(|update| state.apply(update));
        ted.apply(first);
        for update in then {
            state.apply(&update);
            ted.apply([update]);
            same_as_fresh(&ted, &state)?;
        }
    }
}
