//! `rec stats`: what the recordings say of their owner's work.

use super::open::{self, Clock, Index};
use super::table::{Align, Table};
use super::{Error, Global, Ui};
use crate::insight::{Occurrence, Reach, Spent, Stats};
use crate::model::{ShortIds, when};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

const EXAMPLES: &str = "\
Statements are told apart by what their runs have in common: values, spacing and the case of
keywords do not count. AT is where the newest run can be looked at: rec play 7f3a --command 3.
Filters are those of rec search. Time at work leaves out pauses of more than five minutes.

How long an editor, a pager or a shell within a shell had the terminal is time at work, but not
counted as how slow that is.

Exit status: 0, or 1 where nothing is found.

Examples:
  rec stats                                 everything there is
  rec stats since:30d client:psql
  rec stats since:7d host:prod* --top 20
  rec stats --json | jq '.slowest[0]'";

/// Most used, slowest and most failing statements, retries, and where time went
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatsArgs {
    /// Print one object
    #[arg(long)]
    json: bool,

    /// Show so many of each
    #[arg(long, value_name = "N", default_value = "8")]
    top: usize,

    /// Read the sessions themselves instead of the index
    #[arg(long)]
    no_index: bool,

    /// Which commands
    #[arg(value_name = "FILTER")]
    query: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// The vault cannot be read, or the query is wrong.
pub fn run(ui: &mut Ui, global: &Global, args: &StatsArgs) -> Result<ExitCode, Error> {
    let clock = Clock::system();
    let query = open::query(&args.query, &clock)?;
    let index = match args.no_index {
        true => Index::Leave,
        false => Index::Use,
    };
    let library = open::library(global, index)?;
    let ids = open::short_ids(&library)?;
    let stats = library.stats(&query, &mut |_| {})?;
    let show = Show {
        ui,
        clock: &clock,
        ids: &ids,
        top: args.top,
    };
    let text = match (args.json, stats.period) {
        (true, _) => format!("{:#}\n", object(&stats, args.top)),
        (false, None) => String::new(),
        (false, Some(_)) => show.text(&stats),
    };
    if text.is_empty() {
        ui.say("rec: no command is recorded that matches");
    } else {
        open::print(ui, text)?;
    }
    Ok(open::status(ui, &library, u8::from(stats.commands == 0)))
}

struct Show<'a> {
    ui: &'a Ui,
    clock: &'a Clock,
    ids: &'a ShortIds,
    top: usize,
}

impl Show<'_> {
    fn text(&self, stats: &Stats) -> String {
        let mut text = self.period(stats);
        let took = |time: Option<Duration>| time.map(when::took).unwrap_or_default();
        let statements = stats.statements.iter().map(|s| {
            let times = [took(s.times.percentile(50)), took(s.times.percentile(95))];
            let [p50, p95] = times;
            let at = self.at(s.occurrences.first());
            [
                s.count.to_string(),
                s.failed.to_string(),
                p50,
                p95,
                at,
                s.example.clone(),
            ]
        });
        text += &self.section(
            "MOST USED",
            ["RUNS", "FAILED", "P50", "P95", "AT"],
            statements,
        );
        let slowest = stats.slowest().map(|s| {
            let trend = s
                .times
                .trend()
                .map(|trend| format!("{:+} %", trend.percent()));
            let at = self.at(s.occurrences.first());
            [
                took(s.times.percentile(95)),
                took(s.times.percentile(50)),
                trend.unwrap_or_default(),
                s.count.to_string(),
                at,
                s.example.clone(),
            ]
        });
        text += &self.section("SLOWEST", ["P95", "P50", "TREND", "RUNS", "AT"], slowest);
        let failing = stats.failing().into_iter().map(|s| {
            let at = self.at(s.occurrences.iter().find(|o| o.failed));
            let error = s.error.as_deref().unwrap_or("failed");
            let said = format!("{} → {error}", s.example);
            [s.failed.to_string(), s.count.to_string(), at, said]
        });
        text += &self.section("MOST FAILING", ["FAILED", "RUNS", "AT"], failing);
        let after = stats.after.iter().map(|a| {
            let said = format!("{} → {}", a.failed, a.next);
            [a.count.to_string(), self.at(a.occurrences.first()), said]
        });
        text += &self.section("AFTER A FAILURE", ["TIMES", "AT"], after);
        let whole = stats.whole.iter().map(|w| {
            let at = self.at(w.occurrences.first());
            [
                reaches(w.reach).to_owned(),
                w.count.to_string(),
                at,
                w.fingerprint.clone(),
            ]
        });
        text += &self.section("WHOLE TABLES", ["", "RUNS", "AT"], whole);
        let retries = stats.retries.iter().map(|r| {
            let ended = if r.worked { "worked" } else { "gave up" };
            let within = when::length(r.lasted);
            let at = self.at(r.occurrences.first());
            [
                r.tries.to_string(),
                within,
                ended.to_owned(),
                at,
                r.text.clone(),
            ]
        });
        text += &self.section("TRIED AGAIN", ["TRIES", "WITHIN", "", "AT"], retries);
        let targets = stats.targets.iter().map(|t| {
            let (time, commands) = (when::length(t.spent.time), t.spent.commands.to_string());
            let (sessions, failed) = (t.sessions.to_string(), t.failed.to_string());
            [time, sessions, commands, failed, t.target.clone()]
        });
        text += &self.section("WHERE", ["TIME", "SESSIONS", "COMMANDS", "FAILED"], targets);
        text + &self.heat(&stats.hours)
    }

    fn period(&self, stats: &Stats) -> String {
        let Some((from, to)) = stats.period else {
            return String::new();
        };
        let day = |stamp| {
            let at = when::civil(stamp, self.clock.offset(stamp));
            at.map(|at| at.strftime("%-d %b %Y %H:%M").to_string())
        };
        let (from, to) = (day(from).unwrap_or_default(), day(to).unwrap_or_default());
        let failed = match stats.failed {
            0 => "none failed".to_owned(),
            n => format!("{n} failed"),
        };
        format!(
            "{from} to {to}: {}, {}, {failed}, {} at work\n",
            open::count(stats.sessions.into(), "session"),
            open::count(stats.commands.into(), "command"),
            when::length(stats.time),
        )
    }

    /// Rows under a title, as many as were asked for; nothing where there is none.
    fn section<const HEADS: usize, const CELLS: usize>(
        &self,
        title: &str,
        heads: [&str; HEADS],
        rows: impl Iterator<Item = [String; CELLS]>,
    ) -> String {
        let mut aligns = vec![Align::Right; HEADS];
        aligns.push(Align::Left);
        let mut table = Table::new(&aligns);
        let titles = heads.into_iter().chain([title]);
        table.row(titles.map(|text| (text, "1")));
        let mut any = false;
        for row in rows.take(self.top) {
            any = true;
            table.row(row.iter().map(|cell| (cell.as_str(), "")));
        }
        if !any {
            return String::new();
        }
        let paint = |style: &str, text: &str| self.ui.paint(style, text);
        format!("\n{}", table.lines(self.ui.fit(), HEADS, &paint))
    }

    /// `7f3a:3`
    fn at(&self, occurrence: Option<&Occurrence>) -> String {
        occurrence.map_or_else(String::new, |occurrence| {
            let id = self.ids.of(&occurrence.session);
            match occurrence.number {
                Some(number) => format!("{id}:{number}"),
                None => id,
            }
        })
    }

    /// The week by hours, a block the higher the more time went there.
    fn heat(&self, hours: &[[Spent; 24]]) -> String {
        let all = hours.iter().flatten();
        let most = all.map(|spent| spent.time).max().unwrap_or_default();
        if most.is_zero() {
            return String::new();
        }
        let heads: String = (0..24).map(|hour| format!("{hour:>3}")).collect();
        let mut text = format!("\n{}\n", self.ui.paint("1", &format!("WHEN{heads}")));
        for (day, hours) in DAYS.iter().zip(hours) {
            let cells = hours.iter().map(|spent| {
                let block = block(spent.time, most);
                format!("  {block}")
            });
            text += &format!("{day} {}\n", cells.collect::<String>());
        }
        text
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A block for a share of the most.
fn block(time: Duration, most: Duration) -> char {
    const BLOCKS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if time.is_zero() {
        return '·';
    }
    let share = time.as_secs_f64() / most.as_secs_f64() * 8.0;
    let height = (share.ceil().clamp(1.0, 8.0)) as usize;
    BLOCKS.get(height).copied().unwrap_or('█')
}

/// In words, for a table.
fn reaches(reach: Reach) -> &'static str {
    match reach {
        Reach::ChangesAll => "no WHERE",
        Reach::ReadsAll => "no LIMIT",
    }
}

fn object(stats: &Stats, top: usize) -> Value {
    let millis = when::millis;
    let rfc3339 = |stamp: crate::model::Stamp| {
        let at = jiff::Timestamp::from_microsecond(stamp.0).ok();
        at.map(|at| format!("{at:.3}"))
    };
    let place = |o: &Occurrence| {
        json!({
            "session": o.session.hex(),
            "number": o.number,
            "at_ms": o.at.millis(),
            "time": rfc3339(o.stamp),
            "duration_ms": o.took.map(millis),
            "failed": o.failed,
        })
    };
    let places = |all: &[Occurrence]| all.iter().map(place).collect::<Vec<_>>();
    let statement = |s: &crate::insight::Statement| {
        let trend = s.times.trend();
        json!({
            "fingerprint": s.fingerprint,
            "example": s.example,
            "runs": s.count,
            "failed": s.failed,
            "error": s.error,
            "p50_ms": s.times.percentile(50).map(millis),
            "p95_ms": s.times.percentile(95).map(millis),
            "total_ms": millis(s.times.total),
            "trend_percent": trend.map(|trend| trend.percent()),
            "occurrences": places(&s.occurrences),
        })
    };
    json!({
        "from": stats.period.and_then(|(from, _)| rfc3339(from)),
        "to": stats.period.and_then(|(_, to)| rfc3339(to)),
        "sessions": stats.sessions,
        "commands": stats.commands,
        "failed": stats.failed,
        "time_ms": millis(stats.time),
        "most_used": stats.statements.iter().take(top).map(statement).collect::<Vec<_>>(),
        "slowest": stats.slowest().take(top).map(statement).collect::<Vec<_>>(),
        "failing": stats.failing().into_iter().take(top).map(statement).collect::<Vec<_>>(),
        "after_failure": stats.after.iter().take(top).map(|a| json!({
            "failed": a.failed,
            "next": a.next,
            "count": a.count,
            "occurrences": places(&a.occurrences),
        })).collect::<Vec<_>>(),
        "whole_tables": stats.whole.iter().take(top).map(|w| json!({
            "reach": match w.reach {
                Reach::ChangesAll => "changes_all",
                Reach::ReadsAll => "reads_all",
            },
            "fingerprint": w.fingerprint,
            "runs": w.count,
            "occurrences": places(&w.occurrences),
        })).collect::<Vec<_>>(),
        "retries": stats.retries.iter().take(top).map(|r| json!({
            "text": r.text,
            "tries": r.tries,
            "worked": r.worked,
            "within_ms": millis(r.lasted),
            "occurrences": places(&r.occurrences),
        })).collect::<Vec<_>>(),
        "targets": stats.targets.iter().map(|t| json!({
            "target": t.target,
            "sessions": t.sessions,
            "time_ms": millis(t.spent.time),
            "commands": t.spent.commands,
            "failed": t.failed,
            "occurrences": places(&t.occurrences),
        })).collect::<Vec<_>>(),
        "hours_ms": stats.hours.iter().map(|day| {
            day.iter().map(|spent| millis(spent.time)).collect::<Vec<_>>()
        }).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_high_as_the_time() {
        let most = Duration::from_secs(800);
        for (seconds, expected) in [(0, '·'), (1, '▁'), (100, '▁'), (101, '▂'), (800, '█')]
        {
            assert_eq!(
                block(Duration::from_secs(seconds), most),
                expected,
                "{seconds}"
            );
        }
    }
}
