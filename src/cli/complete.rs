//! Candidates for session ids, from what stands in clear: nothing is unlocked, nobody is asked.

use crate::config::Paths;
use crate::model::{SessionId, Status};
use crate::vault::Vault;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use jiff::civil::Date;
use std::path::PathBuf;

/// More than this many do not fit on any screen.
const IDS_MAX: usize = 200;

/// For an argument that names a session.
pub fn sessions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates().unwrap_or_default())
}

fn candidates() -> Option<Vec<CompletionCandidate>> {
    let given = |name| std::env::var_os(name).map(PathBuf::from);
    let paths = Paths::find(given("REC_VAULT"), given("REC_CONFIG")).ok()?;
    let rows = Vault::open(&paths).ok()?.rows().ok()?;
    let ids: Vec<SessionId> = rows.iter().map(|row| row.id).collect();
    let mut found = Vec::new();
    for row in rows.iter().take(IDS_MAX) {
        let state = match row.status {
            Status::Closed => "",
            Status::Recording => ", being recorded",
            Status::Interrupted => ", interrupted",
        };
        let help = format!("{}{state}", date(row.day));
        found.push(CompletionCandidate::new(row.id.short(&ids)).help(Some(help.into())));
    }
    if !rows.is_empty() {
        found.push(CompletionCandidate::new("@last").help(Some("the newest".into())));
    }
    Some(found)
}

fn date(day: i64) -> String {
    i32::try_from(day)
        .ok()
        .and_then(|day| {
            Date::constant(1970, 1, 1)
                .checked_add(jiff::Span::new().days(day))
                .ok()
        })
        .map_or_else(String::new, |date| date.to_string())
}
