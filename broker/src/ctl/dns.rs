//! `brokerctl dns`: what the zones of an operator need, so that clients find its directory.

use ipnet::IpNet;
use serde_json::json;
use url::Url;

use super::Exit;
use crate::client::ClientError;
use crate::client::alto::dns::Publication;

/// What to publish, and where.
#[derive(Debug, clap::Args)]
pub struct DnsArgs {
    /// The directory, as clients reach it.
    #[arg(long, value_name = "URL")]
    pub uri: Url,
    /// A domain whose clients are to find it (RFC 7286); may be given more than once.
    #[arg(long, value_name = "NAME", required_unless_present = "prefix")]
    pub domain: Vec<String>,
    /// A network for whose addresses it speaks (RFC 8686); may be given more than once.
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Vec<IpNet>,
    /// For how many seconds the records are good.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600,
          value_parser = clap::value_parser!(u32).range(..=0x7fff_ffff))]
    pub ttl: u32,
    /// Records with the lowest order are tried first.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub order: u16,
    /// Among those of one order the lowest is preferred.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub preference: u16,
}

pub(super) fn answer(args: &DnsArgs, json: bool) -> Result<(String, Exit), ClientError> {
    let publication = Publication {
        uri: args.uri.clone(),
        domains: args.domain.clone(),
        prefixes: args.prefix.clone(),
        ttl: args.ttl,
        order: args.order,
        preference: args.preference,
    };
    let zone = publication.zone().map_err(ClientError::Input)?;
    let text = match json {
        true => format!(
            "{:#}\n",
            json!({"records": zone.lines().collect::<Vec<_>>()})
        ),
        false => zone,
    };
    Ok((text, Exit::Answered))
}
