//! `rec search`: moments, across all sessions.

use super::open::{self, Clock, Index};
use super::table::fit;
use super::{Error, Global, Kind, Ui};
use crate::model::{SessionId, printable, when};
use crate::query::{Query, Snippet, marked, score, snippet};
use crate::timeline::PartOf;
use crate::vault::index::{Hit, Library, Search as Asked};
use clap::Args;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::process::ExitCode;
use unicode_width::UnicodeWidthStr;

const EXAMPLES: &str = "\
Query:
  stuck orders           both words, in a command, its output, its outcome or a marker
  \"stuck orders\"         one after the other (quote it for the shell: '\"stuck orders\"')
  stat*                  words that begin so
  -test, NOT test        without it
  foo OR (bar baz)       either; OR binds loosest
  /err(or)?[0-9]+/       a regular expression (slower: sessions are read; not with in:command)
  client:psql target:prod* host:db1 db:app user:ada id:7f3a status:interrupted
                         db: and user: where and as whom it ran, after \\c, USE and the like too
  since:7d until:2026-11-20T14:00    also today, yesterday, monday, 12h, 14:00
  in:command             look there: command, output, error, note; in:command|error
  failed:  slow:>1s  masked:  masked:jwt  tag:incident  pinned:
  table:orders sqlstate:42* rows:>1000 kind:statement    of statements seen on a connection

Exit status: 0 found, 1 nothing found, 2 wrong use, or something could not be read.

Examples:
  rec search stuck orders client:psql since:30d
  rec search in:command 'drop table' -test
  rec search failed: host:prod since:today
  rec search --json deadlock | jq -r '.[] | \"\\(.session) \\(.at_ms) \\(.command)\"'";

/// Hits that a person is shown unless they ask for more.
const LIMIT: usize = 50;
/// Moments that are ranked at most: each of them is read.
const RANKED: usize = 200;
/// A snippet in JSON has at most so many characters.
const SNIPPET_MAX: usize = 300;

/// Find commands and output in all sessions, newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Search {
    /// Print an array of moments
    #[arg(long)]
    json: bool,

    /// Stop after so many; 0 for all [default: 50, with --json all]
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,

    /// The best first: of the newest 200 moments that match, those that fit best
    #[arg(long)]
    best: bool,

    /// Read the sessions themselves instead of the index; finds the same, slower
    #[arg(long)]
    no_index: bool,

    /// What to look for
    #[arg(value_name = "WORDS", required = true)]
    query: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// The vault cannot be read, or the query is wrong.
pub fn run(ui: &mut Ui, global: &Global, args: &Search) -> Result<ExitCode, Error> {
    let clock = Clock::system();
    let query = open::query(&args.query, &clock)?;
    if query.is_empty() {
        return Err(Error::new(Kind::Usage, "there is nothing to look for")
            .hint("name a word or a filter: rec search failed: since:7d"));
    }
    let index = if args.no_index {
        Index::Leave
    } else {
        Index::Use
    };
    let library = open::library(global, index)?;
    let limit = match args.limit {
        Some(0) => usize::MAX,
        Some(limit) => limit,
        None if args.json => usize::MAX,
        None => LIMIT,
    };
    let asked = Asked {
        query: &query,
        // One more tells whether there are more.
        limit: limit.saturating_add(1),
        with_text: true,
    };
    let mut show = Show {
        query: &query,
        clock: &clock,
        library: &library,
        names: HashMap::new(),
        json: args.json,
        objects: Vec::new(),
        sessions: HashSet::new(),
        found: 0,
        last: None,
    };
    let mut result = Ok(true);
    if args.best {
        for hit in best(&library, &query)?.into_iter().take(limit) {
            if !show.hit(ui, hit)? {
                break;
            }
        }
        return end(ui, args, &library, show, false);
    }
    library.search(&asked, &mut |hit| {
        if show.found == limit {
            show.found += 1;
            return false;
        }
        result = show.hit(ui, hit);
        matches!(result, Ok(true))
    })?;
    result?;
    let more = show.found > limit;
    show.found = show.found.min(limit);
    end(ui, args, &library, show, more)
}

/// The newest moments, the one that fits best first.
fn best(library: &Library, query: &Query) -> Result<Vec<Hit>, Error> {
    let asked = Asked {
        query,
        limit: RANKED,
        with_text: true,
    };
    let mut ranked: Vec<(f64, Hit)> = Vec::new();
    library.search(&asked, &mut |hit| {
        ranked.push((score(query, &hit.doc()), hit));
        true
    })?;
    // Stable: of equals the newest stays first.
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(ranked.into_iter().map(|(_, hit)| hit).collect())
}

/// Says what was found.
fn end(
    ui: &mut Ui,
    args: &Search,
    library: &Library,
    mut show: Show<'_>,
    more: bool,
) -> Result<ExitCode, Error> {
    if args.json {
        let objects = std::mem::take(&mut show.objects);
        open::print(ui, format!("{:#}\n", Value::Array(objects)))?;
    } else {
        summary(ui, args, &show, more);
    }
    let seen: Vec<_> = show.sessions.iter().copied().collect();
    library.unlocked().log_read("search", &seen);
    Ok(open::status(ui, library, u8::from(show.found == 0)))
}

fn summary(ui: &mut Ui, args: &Search, show: &Show<'_>, more: bool) {
    let Some((id, at)) = &show.last else {
        // Who types the beginning of a word may take it for enough, as in the browser.
        let last = args.query.last().map(String::as_str).unwrap_or_default();
        let word = !last.is_empty() && last.chars().all(|c| c.is_alphanumeric() || c == '_');
        ui.say(match word {
            true => format!("rec: nothing found; {last}* would find words that begin so, too"),
            false => "rec: nothing found".to_owned(),
        });
        return;
    };
    let moments = open::count(u64::try_from(show.found).unwrap_or(u64::MAX), "moment");
    let sessions = u64::try_from(show.sessions.len()).unwrap_or(u64::MAX);
    let sessions = open::count(sessions, "session");
    let end = if more {
        format!("The newest {moments}, in {sessions}; --limit 0 shows all.")
    } else {
        format!("{moments} in {sessions}.")
    };
    ui.say(format!("{end}  rec play {id} --at {at}"));
}

struct Show<'a> {
    query: &'a Query,
    clock: &'a Clock,
    library: &'a Library,
    /// The short names of the sessions shown.
    names: HashMap<SessionId, String>,
    json: bool,
    objects: Vec<Value>,
    sessions: HashSet<SessionId>,
    found: usize,
    /// The newest hit's session and place, for the hint.
    last: Option<(String, String)>,
}

impl Show<'_> {
    /// Shows a hit; false when nobody reads any more.
    fn hit(&mut self, ui: &mut Ui, hit: Hit) -> Result<bool, Error> {
        self.found += 1;
        let id = hit.session.id();
        self.sessions.insert(id);
        if self.json {
            self.objects.push(self.object(&hit));
            return Ok(true);
        }
        let name = match self.names.get(&id) {
            Some(name) => name.clone(),
            None => {
                let name = self.library.unlocked().vault().short(&id)?;
                self.names.insert(id, name.clone());
                name
            }
        };
        let lines = self.lines(ui, &name, &hit);
        if self.last.is_none() {
            self.last = Some((name, when::position(hit.at)));
        }
        open::print(ui, lines)
    }

    fn object(&self, hit: &Hit) -> Value {
        let found = snippet(self.query, &hit.doc(), SNIPPET_MAX);
        let meta = &hit.session.meta;
        let at = meta.started.plus(hit.at).0.div_euclid(1000);
        let at = jiff::Timestamp::from_millisecond(at).ok();
        json!({
            "session": meta.id.hex(),
            "at_ms": hit.at.millis(),
            "command": matches!(hit.of, PartOf::Command(_) | PartOf::Statement(_)).then_some(&hit.command),
            "snippet": found.text,
            "kind": match hit.of {
                PartOf::Command(_) => "command",
                PartOf::Aside(_) => "text",
                PartOf::Statement(_) => "statement",
                PartOf::Marker(_) => "marker",
            },
            "number": hit.number,
            "outcome": hit.outcome,
            "at": at.map(|at| format!("{at:.3}")),
            "client": meta.client,
            "target": meta.target.label(),
        })
    }

    /// Two lines: where and what, and why.
    fn lines(&self, ui: &Ui, id: &str, hit: &Hit) -> String {
        let meta = &hit.session.meta;
        let when = self.clock.second(meta.started.plus(hit.at));
        let target = match meta.target.label() {
            label if label.is_empty() => meta.client.clone(),
            label => label,
        };
        let target = fit(&printable(&target), 24);
        let lead = format!("{}  {when:<18}  {target:<16}  ", ui.paint("1", id));
        let indent = id.width() + 2 + when.width().max(18) + 2 + target.width().max(16) + 2;
        let width = ui
            .fit()
            .map_or(1000, |width| width.saturating_sub(indent).max(20));
        let first = match hit.of {
            PartOf::Command(_) | PartOf::Statement(_) => {
                painted(ui, &marked(self.query, &hit.command, width))
            }
            PartOf::Aside(_) => ui.paint("2", "(outside a command)"),
            PartOf::Marker(_) => ui.paint("2", "(marker)"),
        };
        let mut out = format!("{lead}{first}\n");
        let why = snippet(self.query, &hit.doc(), width);
        if !why.text.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(&painted(ui, &why));
            out.push('\n');
        }
        out
    }
}

/// A snippet with its matches in colour; what it shows came from outside.
fn painted(ui: &Ui, snippet: &Snippet) -> String {
    let mut out = String::new();
    let mut at = 0;
    for mark in &snippet.marks {
        let before = snippet.text.get(at..mark.start).unwrap_or_default();
        let matched = snippet.text.get(mark.clone()).unwrap_or_default();
        out.push_str(&printable(before));
        out.push_str(&ui.paint("1;33", &printable(matched)));
        at = mark.end;
    }
    out.push_str(&printable(snippet.text.get(at..).unwrap_or_default()));
    out
}
