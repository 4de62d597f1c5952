//! Whether an answer is the right one.

use serde_json::{Map, Value, json};

use super::daemon::MAX_DOMAINS;
use super::federation::Federation;
use super::oracle::{self, ChainNode, Objective, Oracle};
use super::questions::{Question, SAPS, nf_type};

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// The answer is the right one.
    Right,
    /// It cannot be said: the answer is cut for the work that it would have cost, or what is right would
    /// take too long to work out.
    Unknown,
    /// The answer is another.
    Wrong {
        /// What is right.
        right: Value,
        /// What came.
        came: Value,
    },
}

/// Compares the body of an answer with status 200.
pub(super) fn judge(
    question: &Question,
    answer: &Value,
    federation: &Federation,
    oracle: &mut Oracle,
    per_pair: usize,
) -> Verdict {
    let right = match question {
        Question::Service { nf } => service(*nf, federation, oracle, per_pair),
        Question::Pids { src, dsts } => Some(pids(*src, dsts, federation, oracle)),
        Question::Placements { .. } => Some(placements(question, federation, oracle)),
    };
    let came = match question {
        Question::Service { .. } | Question::Pids { .. } => answer["cost-map"].clone(),
        Question::Placements { objective, .. } => placed(answer, federation, oracle, *objective),
    };
    match right {
        None => Verdict::Unknown,
        Some(right) if right == came => Verdict::Right,
        Some(right) => Verdict::Wrong { right, came },
    }
}

fn names(federation: &Federation, path: &[u32]) -> Value {
    path.iter()
        .map(|domain| federation.id(*domain).as_str())
        .collect()
}

/// The draft's §5.4.2.2: requirement source, requirement destination, link source, link destination.
fn service(
    nf: usize,
    federation: &Federation,
    oracle: &mut Oracle,
    per_pair: usize,
) -> Option<Value> {
    let [first, last] = federation.saps();
    let hosts: Vec<u32> = federation.hosts(nf).map(|offer| offer.domain).collect();
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for host in hosts {
        for (pair, paths) in [((first, host), &mut there), ((host, last), &mut back)] {
            let found = oracle.candidates(pair.0, pair.1, per_pair, MAX_DOMAINS)?;
            paths.extend(found.iter().map(|path| names(federation, path)));
        }
    }
    let nf = nf_type(nf);
    let links = json!({SAPS[0]: {&nf: there}, &nf: {SAPS[1]: back}});
    Some(json!({SAPS[0]: {SAPS[1]: links}}))
}

/// RFC 9275 §7.2: the shortest for each pair that has a path.
fn pids(src: u32, dsts: &[u32], federation: &Federation, oracle: &mut Oracle) -> Value {
    let mut row = Map::new();
    for dst in dsts {
        if let Some(path) = oracle.shortest(src, *dst) {
            let dst = federation.id(*dst).to_string();
            row.insert(dst, names(federation, &path));
        }
    }
    let mut costs = Map::new();
    if !row.is_empty() {
        costs.insert(federation.id(src).to_string(), row.into());
    }
    costs.into()
}

fn placements(question: &Question, federation: &Federation, oracle: &mut Oracle) -> Value {
    let Question::Placements { nfs, k, objective } = question else {
        return Value::Null;
    };
    let sap = |domain| ChainNode {
        hosts: vec![(domain, federation.offer(domain).map(|offer| offer.has))],
        takes: [0; 3],
    };
    let [first, last] = federation.saps();
    let mut chain = vec![sap(first)];
    chain.extend(nfs.iter().map(|(nf, takes)| {
        ChainNode {
            hosts: federation
                .hosts(*nf)
                .map(|offer| (offer.domain, Some(offer.has)))
                .collect(),
            takes: *takes,
        }
    }));
    chain.push(sap(last));
    let nodes = question.nodes();
    let found = oracle::place(oracle, &chain, *k)
        .into_iter()
        .map(|(cost, hosts)| {
            let of_node = nodes
                .iter()
                .zip(&hosts)
                .map(|(node, host)| (node.clone(), Value::from(federation.id(*host).as_str())));
            let of_node: Map<String, Value> = of_node.collect();
            // Of several best paths any will do.
            let legs = hosts.windows(2).map(|pair| {
                let cost = oracle.cost_to(pair[1])[pair[0] as usize];
                let [from, to] = [pair[0], pair[1]].map(|host| federation.id(host).as_str());
                json!([from, to, cost])
            });
            let legs: Vec<Value> = legs.collect();
            match objective {
                Objective::Hops => json!({"hops": cost, "nodes": of_node, "links": legs}),
                Objective::Delay => json!({"nodes": of_node, "links": legs}),
            }
        });
    found.collect()
}

/// The same of an answer.
fn placed(answer: &Value, federation: &Federation, oracle: &Oracle, objective: Objective) -> Value {
    // Where it begins and ends, and what it costs.
    let leg = |path: &Value| {
        let path = path.as_array()?;
        let domains = path.iter().map(|id| federation.position(id.as_str()?));
        let cost = oracle.cost_of(&domains.collect::<Option<Vec<u32>>>()?)?;
        Some(json!([path.first()?, path.last()?, cost]))
    };
    let Some(all) = answer["placements"].as_array() else {
        return Value::Null;
    };
    let placed = all.iter().map(|placement| {
        let links = placement["requirements"][0]["links"].as_array();
        let legs = links.into_iter().flatten();
        let legs = legs.map(|link| leg(&link["path"]).into());
        let legs: Vec<Value> = legs.collect();
        match objective {
            Objective::Hops => {
                json!({"hops": placement["hops"], "nodes": placement["nodes"], "links": legs})
            }
            Objective::Delay => json!({"nodes": placement["nodes"], "links": legs}),
        }
    });
    placed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::internet::questions::Kind;
    use crate::internet::random::Random;
    use crate::world::synthetic;

    /// What is right, in the form of the broker's answer.
    fn answer(question: &Question, right: &Value, federation: &Federation, up: &[bool]) -> Value {
        if !matches!(question, Question::Placements { .. }) {
            return json!({"meta": {}, "cost-map": right});
        }
        let mut oracle = Oracle::new(federation, up, Objective::Hops);
        let mut path = |leg: &Value| {
            let [from, to] = [0, 1].map(|end| federation.position(leg[end].as_str().unwrap()));
            let path = oracle.shortest(from.unwrap(), to.unwrap()).unwrap();
            json!({"path": names(federation, &path)})
        };
        let placements = right.as_array().unwrap().iter().map(|placed| {
            let legs = placed["links"].as_array().unwrap().iter();
            let links: Vec<Value> = legs.map(&mut path).collect();
            json!({
                "hops": placed["hops"],
                "nodes": placed["nodes"],
                "requirements": [{"links": links}],
            })
        });
        json!({"placements": placements.collect::<Vec<_>>()})
    }

    #[test]
    fn whatever_is_other_is_seen() {
        let federation = Federation::new(&synthetic(9, 60), 9, 4, 6).unwrap();
        let mut random = Random::new(4);
        let up: Vec<bool> = federation
            .links()
            .iter()
            .map(|_| random.below(9) > 0)
            .collect();
        for kind in Kind::ALL {
            let question = Question::draw(kind, &federation, &mut random, 4, 5, Objective::Hops);
            let mut oracle = Oracle::new(&federation, &up, Objective::Hops);
            let mut judged = |answer: &Value| judge(&question, answer, &federation, &mut oracle, 3);
            let Verdict::Wrong { right, .. } = judged(&Value::Null) else {
                panic!("no answer is no right answer");
            };
            let good = answer(&question, &right, &federation, &up);
            assert_eq!(judged(&good), Verdict::Right, "{kind:?}");
            let text = good.to_string();
            let mut changed = 0;
            for (at, _) in text.match_indices("\"AS") {
                // Another domain: AS1... becomes AS91..., wherever it stands.
                let other = format!("{}\"AS9{}", &text[..at], &text[at + 3..]);
                let other: Value = serde_json::from_str(&other).unwrap();
                assert!(matches!(judged(&other), Verdict::Wrong { .. }), "{other:#}");
                changed += 1;
            }
            assert!(changed > 3, "{text}");
        }
    }
}
