//! The command line of `brokerctl`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use secrecy::SecretString;
use url::Url;

const AFTER_HELP: &str = "\
A service graph FILE is JSON in the draft's form (nfs, saps, sg_links, reqs) or ESCAPE's NFFG
(node_nfs, ...), alone or as the 'sg' of a whole request; - is standard input.

Exit codes:
  0  answered
  1  the broker refused the request
  2  the command line, or a file that it names, is wrong
  3  no broker answered, or not in time
  4  an answer that is not understood: no ALTO server, or not one that we know
  5  nothing found: no placement, a link without a path, no such domain";

/// Asks a broker who could deliver a service, and over which domains.
#[derive(Debug, Parser)]
#[command(name = "brokerctl", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// The broker.
    #[arg(
        long, global = true, value_name = "URL", env = "BROKERCTL_SERVER",
        default_value = "http://127.0.0.1:8181", value_parser = server_url
    )]
    pub server: Url,
    /// Where the information resource directory is on it.
    #[arg(long, global = true, value_name = "PATH", default_value = "/directory")]
    pub directory: String,
    /// A bearer token; better in the environment, where others cannot see it.
    #[arg(long, global = true, env = "BROKERCTL_TOKEN", hide_env_values = true)]
    pub token: Option<SecretString>,
    /// How long to wait for an answer: 500ms, 10s, 2m.
    #[arg(
        long, global = true, value_name = "TIME", default_value = "30s",
        value_parser = humantime_serde::re::humantime::parse_duration
    )]
    pub timeout: Duration,
    /// Print the broker's JSON instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to ask.
    #[command(subcommand)]
    pub command: Command,
}

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The broker's resources, as its information resource directory lists them.
    Directory,
    /// Every domain: where it is heard from, when last, and what went wrong.
    Domains,
    /// All that the broker says of one domain.
    Domain {
        /// The domain: AS2, or its name.
        id: String,
    },
    /// What every domain has: the draft's Table 1.
    Propmap {
        /// The RFC 9240 property map, with entities like networkmap.pid:AS1.
        #[arg(long)]
        rfc9240: bool,
    },
    /// The path vectors of every link of a service graph (draft 5.5.2).
    Paths {
        /// The service graph.
        #[arg(long, value_name = "FILE")]
        sg: PathBuf,
    },
    /// The best placements of a service graph: the draft's Table 2.
    Placements {
        /// The service graph.
        #[arg(long, value_name = "FILE")]
        sg: PathBuf,
        /// How many, at most [default: as the request says, or 10].
        #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        k: Option<u32>,
    },
}

fn server_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; expected http://HOST:PORT"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("expected http://HOST:PORT or https://HOST:PORT".to_owned());
    }
    Ok(url)
}
