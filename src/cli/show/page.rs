//! The page of a session: its head, a line a command, what was not seen.

use super::statements;
use crate::cli::Ui;
use crate::cli::open::{self, Clock};
use crate::cli::table::fit;
use crate::model::{GapKind, ShortIds, Status, printable, when};
use crate::timeline::{Command, GapAt, Timeline};
use crate::vault::index::Listed;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// `damaged` pieces of it were left out.
pub(super) fn page(
    ui: &Ui,
    ids: &ShortIds,
    session: &Listed,
    timeline: &Timeline,
    damaged: u32,
) -> String {
    let mut out = head(ui, ids, session);
    out.push_str(&commands(ui, timeline));
    // On a terminal it is plain that a line goes on, and where.
    if ui.fit().is_none() && timeline.statements.iter().any(statements::is_cut) {
        let id = ids.of(&session.meta.id);
        out.push_str(&format!(
            "Long statements and values are cut here: rec show {id} --json prints them whole.\n"
        ));
    }
    out.push_str(&format!(
        "Not seen: {}   Masked: {}\n",
        unseen(session.status, damaged, &timeline.gaps),
        masked(timeline)
    ));
    out
}

/// `7f3a  psql app@prod-db   today 14:02, 4m12s, exit 0`.
fn head(ui: &Ui, ids: &ShortIds, session: &Listed) -> String {
    let meta = &session.meta;
    let clock = Clock::system();
    let length = when::length(Duration::from_micros(session.summary.duration.0));
    let end = match (session.status, session.summary.exit) {
        (Status::Recording, _) => "recording".to_owned(),
        (Status::Interrupted, None) => "interrupted".to_owned(),
        (_, Some(exit)) => match exit.signal {
            Some(signal) => format!("signal {signal}"),
            None => format!("exit {}", exit.code),
        },
        (Status::Closed, None) => "end not seen".to_owned(),
    };
    let mut head = format!(
        "{}  {}   {}, {length}, {end}\n",
        open::id(ui, ids, &meta.id),
        printable(&open::label(meta)),
        clock.moment(meta.started),
    );
    if let Some(damage) = &session.damage {
        head.push_str(&format!(
            "{} {}\n",
            ui.paint("1;31", "damaged:"),
            printable(damage)
        ));
    }
    head
}

/// A line a command, markers between them where they were set.
fn commands(ui: &Ui, timeline: &Timeline) -> String {
    let took = |command: &Command| timeline.took(command).map(when::took).unwrap_or_default();
    let widest = |text: &dyn Fn(&Command) -> String| {
        let widths = timeline
            .commands
            .iter()
            .map(|command| text(command).width());
        widths.max().unwrap_or(0)
    };
    let numbers = widest(&|c| c.number.to_string()).max(2);
    let positions = widest(&|c| when::position(c.at)).max(4);
    let durations = widest(&took).max(7);
    // How much of a line is left for what was typed and what came of it.
    let room = ui.fit().map(|width| {
        width
            .saturating_sub(numbers + positions + durations + 6)
            .max(20)
    });
    let outcomes = widest(&outcome).min(room.map_or(200, |room| room / 2));
    let texts = widest(&|c| printable(&c.text));
    let texts = room.map_or(texts, |room| texts.min(room - outcomes.min(room) - 2));
    let mut markers = timeline.markers.iter().peekable();
    let alone = timeline.statements.iter();
    let mut alone = alone.filter(|s| s.command.is_none()).peekable();
    let lead = numbers + positions + 4;
    let mut out = String::new();
    let mark = |at: &crate::timeline::Marker| {
        let at_text = when::position(at.at);
        let label = if at.label.is_empty() {
            "mark"
        } else {
            &at.label
        };
        let line = format!(
            "{:>numbers$}  {at_text:>positions$}  {}",
            "⚑",
            printable(label)
        );
        ui.paint("36", &line) + "\n"
    };
    for command in &timeline.commands {
        let before = std::iter::from_fn(|| alone.next_if(|s| s.at < command.at));
        out.push_str(&statements::lines(ui, before, "", lead));
        while let Some(marker) = markers.next_if(|marker| marker.at < command.at) {
            out.push_str(&mark(marker));
        }
        let text = fit(&printable(&command.text), texts.max(8));
        let pad = " ".repeat(texts.saturating_sub(text.width()));
        let end = fit(&outcome(command), outcomes.max(8));
        let end = if command.failed() {
            ui.paint("31", &end)
        } else {
            ui.paint("2", &end)
        };
        let line = format!(
            "{:>numbers$}  {:>positions$}  {:>durations$}  {text}{pad}  {end}",
            command.number,
            when::position(command.at),
            took(command),
        );
        out.push_str(line.trim_end());
        out.push('\n');
        let own = timeline.statements_of(command).iter();
        out.push_str(&statements::lines(ui, own, &command.text, lead));
    }
    out.push_str(&statements::lines(ui, alone, "", lead));
    markers.for_each(|marker| out.push_str(&mark(marker)));
    out
}

fn outcome(command: &Command) -> String {
    match (&command.outcome, command.end) {
        (Some(outcome), _) => printable(outcome),
        (None, Some(_)) => String::new(),
        (None, None) => "(end not seen)".to_owned(),
    }
}

/// `nothing.`, or each kind with its times. What came after the last piece of an interrupted session
/// left no gap behind: nobody was there to write one.
fn unseen(status: Status, damaged: u32, gaps: &[GapAt]) -> String {
    let damaged = match damaged {
        0 => None,
        n => Some(open::count(n.into(), "damaged piece")),
    };
    let end = match status {
        Status::Interrupted => Some("its end (the recording was interrupted)".to_owned()),
        Status::Recording | Status::Closed => None,
    };
    let mut kinds: Vec<GapKind> = gaps.iter().map(|at| at.gap.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let told = kinds.into_iter().map(|kind| {
        let of: Vec<&GapAt> = gaps.iter().filter(|at| at.gap.kind == kind).collect();
        let bytes: u64 = of.iter().map(|at| at.gap.bytes).sum();
        let times: Vec<String> = of.iter().take(3).map(|at| when::position(at.at)).collect();
        let more = if of.len() > times.len() { " …" } else { "" };
        let mut text = format!("{} {} (at {}{more}", name(kind), of.len(), times.join(", "));
        if bytes > 0 {
            text.push_str(&format!("; {bytes} bytes"));
        }
        let detail = of
            .iter()
            .map(|at| at.gap.detail.as_str())
            .find(|d| !d.is_empty());
        if let Some(detail) = detail {
            text.push_str(&format!("; {}", printable(detail)));
        }
        text + ")"
    });
    let told: Vec<String> = told.chain(damaged).chain(end).collect();
    match told.is_empty() {
        true => "nothing.".to_owned(),
        false => told.join(", ") + ".",
    }
}

fn name(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Dropped => "dropped",
        GapKind::Paused => "off the record",
        GapKind::Truncated => "over the limit",
        GapKind::Undecodable => "undecodable",
        GapKind::Bypassed => "bypassed",
        GapKind::Unmaskable => "not maskable",
        GapKind::Interrupted => "interrupted",
    }
}

fn masked(timeline: &Timeline) -> String {
    let total: u32 = timeline
        .masked
        .values()
        .fold(0, |sum, n| sum.saturating_add(*n));
    if total == 0 {
        return "nothing.".to_owned();
    }
    let rules = timeline.masked.iter();
    let rules: Vec<String> = rules
        .map(|(rule, n)| format!("{} {n}", printable(rule)))
        .collect();
    format!("{total} ({})", rules.join(", "))
}
