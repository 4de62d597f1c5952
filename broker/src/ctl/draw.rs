//! Placements and topologies as drawings: SVG that any browser opens, without scripts.
//!
//! | module | does |
//! |---|---|
//! | `scene` | what is drawn: of a large federation what matters, the rest summed up |
//! | `layout` | where: stress majorisation, the same for the same graph |
//! | `svg` | as SVG, all text escaped |
//!
//! Colours are those that people with colour blindness can tell apart (Okabe and Ito); every link has a
//! number and a pattern of its own besides, for print in black and white.

mod layout;
mod scene;
mod svg;

use crate::client::answers::Placement;
use crate::client::topology::Topology;

use scene::Scene;

/// A placement: its hosts with their nodes, the paths of the graph's links, and the neighbourhood.
#[must_use]
pub fn placement(topology: &Topology, placement: &Placement) -> String {
    svg::write(&Scene::of_placement(topology, placement))
}

/// A topology alone.
#[must_use]
pub fn topology(topology: &Topology) -> String {
    svg::write(&Scene::of_topology(topology))
}

/// The domains that a placement crosses, each once, in the order in which it does: what to ask the
/// topology around.
#[must_use]
pub fn domains(placement: &Placement) -> Vec<String> {
    scene::crossed(placement)
}

#[cfg(test)]
mod tests;
