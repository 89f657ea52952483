//! Whether the vault is what it was, and the head of its log to hold it against later.

use super::{Error, Kind, Ui, date, out};
use crate::cli::ask::Person;
use crate::model::Field;
use crate::vault::{Anchor, Finding, Report, Vault, Wrong};
use serde_json::json;
use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::ExitCode;

/// Bytes of a file of anchors that are read: one a day for a century.
const ANCHORS_MAX: u64 = 4 << 20;

pub fn verify(
    ui: &mut Ui,
    mut vault: Vault,
    anchor: Option<&Anchor>,
    open: bool,
    json: bool,
) -> Result<ExitCode, Error> {
    let mut report = vault.verify(anchor)?;
    if open {
        open_all(vault, &mut report)?;
    }
    let text = if json {
        verified_json(&report)
    } else {
        verified(&report)
    };
    out(ui, &text)?;
    if report.findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if report.intact < report.sessions {
        ui.say("rec: keep these files as they are; rec vault salvage DIR copies all that still opens, and a backup may have the rest");
    }
    Ok(ExitCode::from(1))
}

/// An anchor as it is, or the last line of a file of them.
pub fn kept_anchor(text: &str) -> Result<Anchor, String> {
    let wrong = match text.parse() {
        Ok(anchor) => return Ok(anchor),
        Err(wrong) => format!("{wrong}"),
    };
    let mut kept = String::new();
    let file = match File::open(text) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!("{wrong}; and there is no such file"));
        }
        Err(error) => return Err(format!("it cannot be read: {error}")),
    };
    file.take(ANCHORS_MAX)
        .read_to_string(&mut kept)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    let last = kept.lines().rfind(|line| !line.trim().is_empty());
    let last = last.ok_or("there is no anchor in it")?;
    last.trim()
        .parse()
        .map_err(|_| format!("its last line is none: {wrong}"))
}

fn verified(report: &Report) -> String {
    let ids: Vec<_> = report.findings.iter().filter_map(|f| f.session).collect();
    let mut text = String::new();
    for finding in &report.findings {
        let said = Field(&finding.text);
        match (finding.session, finding.day) {
            (Some(id), Some(day)) => {
                text.push_str(&format!("{}: {said}   ({})\n", id.short(&ids), date(day)));
            }
            (Some(id), None) => text.push_str(&format!("{}: {said}\n", id.short(&ids))),
            (None, _) => text.push_str(&format!("vault: {said}\n")),
        }
    }
    let good = report.findings.iter().all(|f| f.session.is_some());
    let forgotten = match report.pruned {
        0 => String::new(),
        n => format!(" {n} forgotten in order."),
    };
    let restored = match report.restored {
        0 => "",
        _ => " It was restored from a copy here.",
    };
    let head = report.head.map_or_else(String::new, |h| h.to_string());
    let entries = if report.entries == 1 {
        "entry"
    } else {
        "entries"
    };
    text.push_str(&format!(
        "{} of {} sessions intact.{forgotten}{restored} Log: {} {entries}, {}, head {}\n",
        report.intact,
        report.sessions,
        report.entries,
        if good { "signatures good" } else { "not whole" },
        head.get(..16).unwrap_or("none"),
    ));
    text
}

fn verified_json(report: &Report) -> String {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "kind": finding.wrong.name(),
                "session": finding.session,
                "piece": finding.piece,
                "day": finding.day.map(date),
                "text": finding.text,
            })
        })
        .collect();
    let report = json!({
        "sessions": report.sessions,
        "intact": report.intact,
        "pruned": report.pruned,
        "restored": report.restored,
        "entries": report.entries,
        "head": report.head,
        "findings": findings,
    });
    format!("{report}\n")
}

pub fn anchor(ui: &mut Ui, vault: &Vault, json: bool) -> Result<(), Error> {
    let (entry, hash) = vault.anchor()?.ok_or_else(|| {
        Error::new(Kind::Failed, "the vault's log has no entries").hint("rec vault verify")
    })?;
    if json {
        let anchor = json!({ "entry": entry, "hash": hash });
        return out(ui, &format!("{anchor}\n"));
    }
    out(ui, &format!("{entry} {hash}\n"))
}

/// Opens everything, and adds what does not open to what was found.
fn open_all(vault: Vault, report: &mut Report) -> Result<(), Error> {
    let unlocked = vault.unlock(&mut Person::find())?;
    for row in unlocked.rows()? {
        let mut said = Vec::new();
        if let Some(damage) = unlocked.entry(&row)?.damage {
            said.push(format!("what names it does not open: {damage}"));
        }
        let damaged = unlocked.events(row.id)?.filter_map(Result::err);
        said.extend(damaged.map(|damage| format!("a piece does not open: {damage}")));
        report.findings.extend(said.into_iter().map(|text| Finding {
            wrong: Wrong::Altered,
            session: Some(row.id),
            piece: None,
            day: Some(row.day),
            text,
        }));
    }
    let wrong: HashSet<_> = report.findings.iter().filter_map(|f| f.session).collect();
    let wrong = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
    report.intact = report.intact.min(report.sessions.saturating_sub(wrong));
    Ok(())
}
