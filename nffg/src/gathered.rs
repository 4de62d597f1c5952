//! A topology view in the making.

use std::collections::{HashMap, HashSet};

use crate::{DomainId, RouterId, RouterLink, TopologyNode, TopologyView};

/// A view in the making: domains and routers each once, links where they belong.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    view: TopologyView,
    /// Where each domain stands in the view.
    index: HashMap<DomainId, usize>,
    /// The routers of each node of the view.
    routers: Vec<HashSet<RouterId>>,
}

impl Gathered {
    /// The node of a domain, which is told from now on.
    pub(crate) fn domain(&mut self, domain: &DomainId) -> Option<&mut TopologyNode> {
        let at = self.position(domain);
        self.view.nodes.get_mut(at)
    }

    fn position(&mut self, domain: &DomainId) -> usize {
        if let Some(at) = self.index.get(domain) {
            return *at;
        }
        let at = self.view.nodes.len();
        self.index.insert(domain.clone(), at);
        self.routers.push(HashSet::new());
        self.view.nodes.push(TopologyNode::new(domain.clone()));
        at
    }

    /// A router of a domain; whether it is new.
    pub(crate) fn router(&mut self, domain: &DomainId, router: &RouterId) -> bool {
        let at = self.position(domain);
        let (Some(known), Some(node)) = (self.routers.get_mut(at), self.view.nodes.get_mut(at))
        else {
            return false;
        };
        let new = known.insert(router.clone());
        if new {
            node.routers.push(router.clone());
        }
        new
    }

    /// A link; its ends are routers of their domains, whether these list them or not.
    pub(crate) fn link(&mut self, link: RouterLink) {
        for end in [&link.src, &link.dst] {
            self.router(&end.domain, &end.router);
        }
        if link.src.domain != link.dst.domain {
            self.view.links.push(link);
        } else if let Some(node) = self.domain(&link.src.domain) {
            node.links.push(link);
        }
    }

    /// The view.
    pub(crate) fn finish(self) -> TopologyView {
        self.view
    }
}
