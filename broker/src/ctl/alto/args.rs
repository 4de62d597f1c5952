//! The command line of `brokerctl alto`.

use std::str::FromStr;

use clap::Subcommand;

use crate::client::alto::catalogue::CostType;
use crate::client::alto::constraint::{Constraints, Predicate};
use crate::client::alto::request::{Wish, endpoint};
use crate::client::alto::updates::Transport;

/// What to ask an ALTO server, of any make: resources are found in its directory (--directory, which may be a
/// whole URL).
#[derive(Debug, Subcommand)]
pub enum AltoCommand {
    /// All resources, those of linked directories too.
    Directory {
        /// The directory, if not that of --server and --directory.
        url: Option<String>,
    },
    /// A network map: which addresses belong together.
    Networkmap {
        /// Which one, by its resource id [default: the directory's default].
        #[arg(long, value_name = "RESOURCE-ID")]
        id: Option<String>,
        /// Only this PID; may be given more than once.
        #[arg(long, value_name = "PID")]
        pid: Vec<String>,
        /// Only addresses of this type: ipv4, ipv6.
        #[arg(long, value_name = "TYPE")]
        address_type: Vec<String>,
    },
    /// Costs between PIDs.
    Costmap {
        /// Of which costs.
        #[command(flatten)]
        costs: CostArgs,
        /// From this PID; may be given more than once [default: all].
        #[arg(long, value_name = "PID")]
        src: Vec<String>,
        /// To this PID.
        #[arg(long, value_name = "PID")]
        dst: Vec<String>,
    },
    /// Where addresses are: their PIDs.
    Pid {
        /// IP addresses.
        #[arg(required = true, value_name = "ADDRESS", value_parser = endpoint)]
        addresses: Vec<String>,
        /// In which network map, by its resource id [default: the directory's default].
        #[arg(long, value_name = "RESOURCE-ID")]
        id: Option<String>,
    },
    /// Properties of addresses.
    Endpointprop {
        /// IP addresses.
        #[arg(required = true, value_name = "ADDRESS", value_parser = endpoint)]
        addresses: Vec<String>,
        /// Only this property; may be given more than once [default: all that the service has].
        #[arg(long, value_name = "PROPERTY")]
        property: Vec<String>,
    },
    /// Costs between addresses.
    Endpointcost {
        /// Of which costs.
        #[command(flatten)]
        costs: CostArgs,
        /// From this address; may be given more than once [default: the client's own].
        #[arg(long, value_name = "ADDRESS", value_parser = endpoint, required_unless_present = "to")]
        from: Vec<String>,
        /// To this address [default: the client's own].
        #[arg(long, value_name = "ADDRESS", value_parser = endpoint)]
        to: Vec<String>,
    },
    /// Entities and their properties (RFC 9240).
    Propmap {
        /// Which map, by its resource id [default: the first that has these].
        #[arg(long, value_name = "RESOURCE-ID")]
        id: Option<String>,
        /// Only this entity, as ipv4:192.0.2.1; may be given more than once.
        #[arg(long, value_name = "ENTITY")]
        entity: Vec<String>,
        /// Only this property; may be given more than once.
        #[arg(long, value_name = "PROPERTY")]
        property: Vec<String>,
    },
    /// The network elements on the paths between PIDs or addresses (RFC 9275).
    Pathvector(PathvectorArgs),
    /// One resource as it comes, by its id.
    Get {
        /// Its id.
        id: String,
        /// What is asked of it: a JSON file, or JSON itself.
        #[arg(long, value_name = "FILE")]
        input: Option<String>,
        /// Only if it is no longer this version: the entity tag that --json shows.
        #[arg(long, value_name = "TAG")]
        etag: Option<String>,
    },
    /// Follows the changes of a resource (RFC 8895, RFC 9569), until stopped.
    Watch(Box<WatchArgs>),
}

/// Which costs.
#[derive(Debug, clap::Args)]
pub struct CostArgs {
    /// The cost metric; more than once asks for several at once (RFC 8189).
    #[arg(long, value_name = "METRIC", default_value = "routingcost")]
    pub metric: Vec<String>,
    /// Numbers that can be added up, or ranks.
    #[arg(long, value_name = "MODE", default_value = "numerical")]
    pub mode: String,
    /// Only pairs that meet this: 'le 10'; of several costs `[1] le 10`. All of them, if given more than once.
    #[arg(long, value_name = "TEST", value_parser = Predicate::from_str, conflicts_with = "or")]
    pub constraint: Vec<Predicate>,
    /// Only pairs that meet one of these at least; each may be several with commas between: `[0] le 10,[1] gt 5`.
    #[arg(long, value_name = "TESTS", value_parser = Alternative::from_str)]
    pub or: Vec<Alternative>,
    /// As they change with time (RFC 8896).
    #[arg(long)]
    pub calendar: bool,
    /// Of this resource only, by its id.
    #[arg(long, value_name = "RESOURCE-ID")]
    pub id: Option<String>,
}

/// Tests that must all be met.
#[derive(Clone, Debug)]
pub struct Alternative(pub Vec<Predicate>);

impl FromStr for Alternative {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let tests = text.split(',').map(str::parse);
        tests.collect::<Result<_, _>>().map(Self)
    }
}

impl CostArgs {
    /// What is asked between these.
    ///
    /// # Errors
    /// A test is about a cost that is not asked for.
    pub fn wish(&self, from: &[String], to: &[String]) -> Result<Wish, String> {
        let costs = self.metric.iter().map(|metric| CostType {
            metric: metric.clone(),
            mode: self.mode.clone(),
        });
        let wish = Wish {
            costs: costs.collect(),
            from: from.to_vec(),
            to: to.to_vec(),
            constraints: Constraints {
                all: self.constraint.clone(),
                any: self.or.iter().map(|one| one.0.clone()).collect(),
            },
            calendar: self.calendar,
            ..Wish::default()
        };
        let index = wish.constraints.greatest_index();
        if index >= wish.costs.len() {
            let number = wish.costs.len();
            return Err(format!(
                "a test is about cost [{index}]: there are {number}, counted from 0"
            ));
        }
        Ok(wish)
    }
}

/// Between what, and with which properties of the elements.
#[derive(Debug, clap::Args)]
pub struct PathvectorArgs {
    /// From this PID; may be given more than once [default: all].
    #[arg(long, value_name = "PID", conflicts_with_all = ["from", "to"])]
    pub src: Vec<String>,
    /// To this PID.
    #[arg(long, value_name = "PID", conflicts_with_all = ["from", "to"])]
    pub dst: Vec<String>,
    /// From this address; may be given more than once [default: the client's own].
    #[arg(long, value_name = "ADDRESS", value_parser = endpoint)]
    pub from: Vec<String>,
    /// To this address.
    #[arg(long, value_name = "ADDRESS", value_parser = endpoint)]
    pub to: Vec<String>,
    /// With this property of the elements; may be given more than once.
    #[arg(long, value_name = "PROPERTY")]
    pub ane_property: Vec<String>,
    /// As they change with time (RFC 8896, RFC 9275).
    #[arg(long)]
    pub calendar: bool,
    /// Of this resource only, by its id.
    #[arg(long, value_name = "RESOURCE-ID")]
    pub id: Option<String>,
}

impl PathvectorArgs {
    /// Whether it is between addresses.
    #[must_use]
    pub fn is_between_endpoints(&self) -> bool {
        !self.from.is_empty() || !self.to.is_empty()
    }

    /// What is asked.
    #[must_use]
    pub fn wish(&self) -> Wish {
        let (from, to) = match self.is_between_endpoints() {
            true => (&self.from, &self.to),
            false => (&self.src, &self.dst),
        };
        Wish {
            costs: vec![path_vector()],
            from: from.clone(),
            to: to.clone(),
            ane_properties: self.ane_property.clone(),
            calendar: self.calendar,
            ..Wish::default()
        }
    }
}

/// RFC 9275 §6.5.
fn path_vector() -> CostType {
    CostType {
        metric: "ane-path".to_owned(),
        mode: "array".to_owned(),
    }
}

/// What to watch, and how.
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// The id of the resource.
    pub id: String,
    /// What is asked of it, if it takes something: a JSON file, or JSON itself. Else the options below say so.
    #[arg(long, value_name = "FILE")]
    pub input: Option<String>,
    /// Over which service: the first of sse (RFC 8895) and tips (RFC 9569) that there is, or this one.
    #[arg(long, default_value = "auto", value_parser = transport)]
    pub transport: Transport,
    /// Fetch the resource anew after each change, and end with 4 if it is not what the changes made.
    #[arg(long)]
    pub check: bool,
    /// End after so many updates; the first is the whole.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub once: Option<u64>,
    /// Of costs: which.
    #[command(flatten)]
    pub costs: WatchCosts,
    /// Of costs: from this PID or address; of a property map or of addresses see --entity.
    #[arg(long, value_name = "PID|ADDRESS", conflicts_with = "input")]
    pub from: Vec<String>,
    /// Of costs: to this PID or address.
    #[arg(long, value_name = "PID|ADDRESS", conflicts_with = "input")]
    pub to: Vec<String>,
    /// Of a network map: only this PID.
    #[arg(long, value_name = "PID", conflicts_with = "input")]
    pub pid: Vec<String>,
    /// Of properties: only of this entity or address.
    #[arg(long, value_name = "ENTITY", conflicts_with = "input")]
    pub entity: Vec<String>,
    /// Of properties: only this one.
    #[arg(long, value_name = "PROPERTY", conflicts_with = "input")]
    pub property: Vec<String>,
}

/// Which costs are watched.
#[derive(Debug, clap::Args)]
pub struct WatchCosts {
    /// Of costs: the metric [default: the resource's first].
    #[arg(long, value_name = "METRIC", conflicts_with = "input")]
    pub metric: Vec<String>,
    /// Of costs: the mode.
    #[arg(long, value_name = "MODE", default_value = "numerical")]
    pub mode: String,
    /// Of costs: only pairs that meet this.
    #[arg(long, value_name = "TEST", value_parser = Predicate::from_str, conflicts_with = "input")]
    pub constraint: Vec<Predicate>,
    /// Of costs and path vectors: as they change with time (RFC 8896).
    #[arg(long, conflicts_with = "input")]
    pub calendar: bool,
    /// Of path vectors: with this property of the elements.
    #[arg(long, value_name = "PROPERTY", conflicts_with = "input")]
    pub ane_property: Vec<String>,
}

impl WatchArgs {
    /// What is asked of a resource with these cost types.
    #[must_use]
    pub fn wish(&self, offered: &[(String, CostType)]) -> Wish {
        let costs = &self.costs;
        let named = costs.metric.iter().map(|metric| CostType {
            metric: metric.clone(),
            mode: costs.mode.clone(),
        });
        let mut named: Vec<CostType> = named.collect();
        if named.is_empty() {
            named.extend(offered.first().map(|(_, cost)| cost.clone()));
        }
        // Addresses may be written without their type.
        let typed = |list: &[String]| -> Vec<String> {
            list.iter()
                .map(|text| endpoint(text).unwrap_or_else(|_| text.clone()))
                .collect()
        };
        Wish {
            pids: self.pid.clone(),
            costs: named,
            from: typed(&self.from),
            to: typed(&self.to),
            constraints: Constraints {
                all: costs.constraint.clone(),
                any: Vec::new(),
            },
            entities: typed(&self.entity),
            properties: self.property.clone(),
            calendar: costs.calendar,
            ane_properties: costs.ane_property.clone(),
            ..Wish::default()
        }
    }
}

fn transport(text: &str) -> Result<Transport, String> {
    match text {
        "auto" => Ok(Transport::Auto),
        "sse" => Ok(Transport::Sse),
        "tips" => Ok(Transport::Tips),
        _ => Err("expected auto, sse or tips".to_owned()),
    }
}
