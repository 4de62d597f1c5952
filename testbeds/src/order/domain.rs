//! A domain as its own people see it: what runs there, and who takes the room.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, bail};
use broker::client::{Client, Options};
use broker::egress;
use nffg::virtualizer::deploy::{Edit, EntryEdit, FlowEntry, NodeEdit, encode_edit, flow_entries};
use nffg::{BisBis, DomainId, ResourceView, Resources, RunningNf, virtualizer};
use reqwest::StatusCode;
use tokio::time::sleep;
use url::Url;

use crate::stage::Stage;

/// What every id of a SOF begins with.
const OURS: &str = "sof:";

/// What takes the room, of which the broker is not told.
const LOCAL: &str = "local";

/// For one exchange with an MdO.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A domain.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    pub(super) id: DomainId,
    /// Its SOF.
    pub(super) sof: Client,
    /// Its MdO's RPCs.
    mdo: Url,
    http: reqwest::Client,
}

/// What a domain has for services.
#[derive(Clone, Debug, Default)]
pub(super) struct Deployed {
    /// The types of the NFs, sorted.
    pub(super) types: Vec<String>,
    pub(super) flows: Vec<FlowEntry>,
}

impl Deployed {
    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.flows.is_empty()
    }
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.types.is_empty() {
            f.write_str("no NF")?;
        } else {
            write!(f, "NF of type {}", self.types.join(", "))?;
        }
        match self.flows.len() {
            1 => f.write_str("; 1 flow entry"),
            count => write!(f, "; {count} flow entries"),
        }
    }
}

impl Domain {
    /// All of a stage.
    pub(super) fn all(stage: &Stage) -> anyhow::Result<Vec<Self>> {
        let http = egress::client(TIMEOUT, false, None)?;
        let pairs = stage.mdos().iter().zip(stage.sofs());
        pairs
            .map(|(mdo, sof)| {
                Ok(Self {
                    id: mdo.domain.clone(),
                    sof: Client::new(Options {
                        timeout: TIMEOUT,
                        ..Options::to(sof.child.url().clone())
                    })?,
                    mdo: mdo.child.url().join("/escape/").context("no URL")?,
                    http: http.clone(),
                })
            })
            .collect()
    }

    async fn config(&self) -> anyhow::Result<Vec<u8>> {
        let url = self.mdo.join("get-config")?;
        let answer = self.http.get(url).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let answer = answer.with_context(|| format!("asking the MdO of {}", self.id))?;
        Ok(answer.bytes().await?.to_vec())
    }

    async fn view(&self) -> anyhow::Result<ResourceView> {
        let config = self.config().await?;
        virtualizer::decode(&config).with_context(|| format!("the configuration of {}", self.id))
    }

    /// What it has for services.
    pub(super) async fn deployed(&self) -> anyhow::Result<Deployed> {
        let config = self.config().await?;
        let view = virtualizer::decode(&config)?;
        let running = view.nodes.iter().flat_map(|node| &node.running);
        let ours = running.filter(|nf| nf.id.starts_with(OURS));
        let types = ours.map(|nf| {
            nf.nf_type
                .as_ref()
                .map_or_else(String::new, |of| of.to_string())
        });
        let mut types: Vec<String> = types.collect();
        types.sort_unstable();
        let flows = flow_entries(&config)?.into_values().flatten();
        Ok(Deployed {
            types,
            flows: flows.filter(|flow| flow.id.starts_with(OURS)).collect(),
        })
    }

    /// Its own people take all cpu.
    pub(super) async fn fill(&self) -> anyhow::Result<()> {
        let all = |node: &BisBis| {
            let nf_type = node.supported.first()?.clone();
            let cpu = node.resources.cpu?;
            Some(EntryEdit::Create(RunningNf {
                id: LOCAL.to_owned(),
                nf_type: Some(nf_type),
                resources: Resources {
                    cpu: Some(cpu),
                    ..Resources::default()
                },
            }))
        };
        self.edit(all).await
    }

    /// They give it back.
    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        let is_there = |node: &BisBis| node.running.iter().any(|nf| nf.id == LOCAL);
        self.edit(|node| is_there(node).then(|| EntryEdit::Delete(LOCAL.to_owned())))
            .await
    }

    async fn edit(
        &self,
        of: impl Fn(&BisBis) -> Option<EntryEdit<RunningNf>>,
    ) -> anyhow::Result<()> {
        let view = self.view().await?;
        let mut edit = Edit::default();
        for node in &view.nodes {
            if let Some(nf) = of(node) {
                let change = NodeEdit {
                    nfs: vec![nf],
                    flows: Vec::new(),
                };
                edit.nodes.insert(node.id.clone(), change);
            }
        }
        let url = |rpc: &str| -> anyhow::Result<Url> {
            let mut url = self.mdo.join(rpc)?;
            url.query_pairs_mut().append_pair("message-id", "testbed");
            Ok(url)
        };
        let request = self.http.post(url("edit-config")?).body(encode_edit(&edit));
        let answer = request
            .header(reqwest::header::CONTENT_TYPE, "application/xml")
            .send()
            .await?;
        if !answer.status().is_success() {
            bail!("the MdO of {} refuses: {}", self.id, answer.text().await?);
        }
        loop {
            let answer = self.http.get(url("status")?).send().await?;
            match answer.status() {
                StatusCode::OK => return Ok(()),
                StatusCode::ACCEPTED => sleep(Duration::from_millis(20)).await,
                _ => bail!("the MdO of {} refuses: {}", self.id, answer.text().await?),
            }
        }
    }
}
