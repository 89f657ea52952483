//! What is known of a session besides its events.

use super::wire::Opened;
use super::{Exit, GapKind, Micros, SessionId, Size, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Known when a session opens; sealed with its first piece and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The session's id.
    pub id: SessionId,
    /// The client's name as typed, without its directory: `psql`.
    pub client: String,
    /// The command line, masked, for a person to read.
    pub command: String,
    /// Where it leads.
    pub target: Target,
    /// When it began.
    pub started: Stamp,
    /// Seconds east of UTC on that day, for showing local time as it was.
    pub utc_offset: i32,
    /// The terminal at the start.
    pub size: Size,
    /// `TERM`.
    pub term: String,
    /// This machine's name.
    pub machine: String,
    /// This machine's login name.
    pub login: String,
    /// The working directory.
    pub directory: String,
    /// rec's version.
    pub version: String,
}

/// Where a client leads, as far as its words, environment and files tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Host name, address or socket directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// User on the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Target {
    /// What the first connection that was let in said comes before what words told of it.
    pub fn told(&mut self, opened: Opened) {
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        self.user = filled(opened.user).or_else(|| self.user.take());
        self.database = filled(opened.database).or_else(|| self.database.take());
    }

    /// One short line: `database@host`, or `user@host` where there is no database; empty when
    /// nothing is known.
    pub fn label(&self) -> String {
        let left = self.database.as_deref().or(self.user.as_deref());
        match (left, self.host.as_deref()) {
            (Some(left), Some(host)) => format!("{left}@{host}"),
            (Some(left), None) => left.to_owned(),
            (None, Some(host)) => host.to_owned(),
            (None, None) => String::new(),
        }
    }
}

/// Counted while recording; sealed when the session closes. For an interrupted session it is
/// counted again from the events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// From start to the client's end.
    pub duration: Micros,
    /// How the client ended; `None` when that was not seen.
    pub exit: Option<Exit>,
    /// Submitted lines.
    pub commands: u32,
    /// Statements seen on the wire.
    #[serde(default)]
    pub statements: u32,
    /// Masked values, by rule.
    pub masked: BTreeMap<String, u32>,
    /// Gaps, by kind.
    pub gaps: BTreeMap<GapKind, u32>,
    /// Markers set by the engineer.
    #[serde(default)]
    pub markers: u32,
    /// Terminal bytes before compression.
    pub bytes: u64,
    /// The first connection that was let in. It joins the [target](Target::told) where the summary is
    /// opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
}

impl Summary {
    /// Masked values of all rules.
    pub fn masked_total(&self) -> u32 {
        self.masked
            .values()
            .fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Gaps of all kinds.
    pub fn gaps_total(&self) -> u32 {
        self.gaps.values().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its recorder is at work.
    Recording,
    /// Closed in order.
    Closed,
    /// Its recorder died; what was committed is here.
    Interrupted,
}
