//! Events to a [`Timeline`], one at a time, and their text in parts of bounded size.
//!
//! A moment (a command, an aside, a marker) gives one or more [`Part`]s; the last of a command
//! comes when its end is known, so that who searches parts can ask the timeline for the outcome.

use super::statements::Statements;
use super::{Aside, Command, GapAt, Marker, Renderer, Text, Timeline};
use crate::model::{Body, Event, Micros, Size};
use std::collections::BTreeMap;
use std::ops::Range;

/// Output longer than this is handed on in parts (1 MiB), so that a command that printed
/// gigabytes is read in bounded memory.
pub const PART_MAX: usize = 1 << 20;
/// Lines of an aside that may be the echo of the command that follows, and are held back for it.
const ECHO_LINES: usize = 256;

/// What a part belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartOf {
    /// The output of the command at this position of [`Timeline::commands`].
    Command(usize),
    /// The aside at this position of [`Timeline::asides`].
    Aside(usize),
    /// The statement at this position of [`Timeline::statements`], which no command sent; its text.
    Statement(usize),
    /// The marker at this position of [`Timeline::markers`]; its label.
    Marker(usize),
}

/// A piece of a moment's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whose.
    pub of: PartOf,
    /// Counts from 0 in each moment.
    pub index: u32,
    /// When its text began; for a command's first part, when that was submitted.
    pub at: Micros,
    /// Whole lines joined by `\n`.
    pub text: String,
    /// Nothing more of this moment follows.
    pub last: bool,
}

/// Makes a timeline from events.
pub struct Builder {
    timeline: Timeline,
    keep: usize,
    size: Size,
    /// `None` for an outline.
    renderer: Option<Renderer>,
    /// The position of the command that is running.
    open: Option<usize>,
    draft: Draft,
    /// Masked before the command they stand in was known.
    masked: BTreeMap<String, u32>,
    /// The statement that the last event spoke of, and no command had sent.
    alone: Option<usize>,
    parts: Vec<Part>,
    statements: Statements,
}

/// The part being gathered.
#[derive(Default)]
struct Draft {
    at: Option<Micros>,
    index: u32,
    text: String,
    /// Whether this moment has an entry in the timeline yet.
    aside: Option<usize>,
}

impl Builder {
    /// Keeps up to `keep` bytes of output text a command in the timeline.
    pub fn new(size: Size, keep: usize) -> Self {
        Builder {
            timeline: Timeline::default(),
            keep,
            size,
            renderer: Some(Renderer::new(size)),
            open: None,
            draft: Draft::default(),
            masked: BTreeMap::new(),
            alone: None,
            parts: Vec::new(),
            statements: Statements::new(keep, 0..u32::MAX),
        }
    }

    /// Renders no text at all.
    pub fn outline(size: Size) -> Self {
        Builder {
            renderer: None,
            ..Builder::new(size, 0)
        }
    }

    /// Renders no text, and keeps all the recording holds of the results of the statements with
    /// these numbers.
    pub fn results(size: Size, of: Range<u32>) -> Self {
        Builder {
            statements: Statements::new(usize::MAX, of),
            ..Builder::outline(size)
        }
    }

    /// Keeps up to `keep` bytes of rows and copied data a statement, whatever is kept of output.
    pub fn keeping_results(mut self, keep: usize) -> Self {
        self.statements.keep = keep;
        self
    }

    /// Forgets the rows and copied data of the commands that are over.
    pub fn forget_results(&mut self) {
        self.statements.forget(&mut self.timeline);
    }

    /// The timeline so far. A running command has no end yet.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The parts that became complete.
    pub fn parts(&mut self) -> impl Iterator<Item = Part> {
        self.parts.drain(..)
    }

    /// The next event.
    pub fn push(&mut self, event: &Event) {
        let timeline = &mut self.timeline;
        timeline.end = timeline.end.max(event.at);
        self.alone = match &event.body {
            Body::Wire(wire) if self.open.is_none() => {
                // One that ends is known before, one that begins afterwards.
                let before = self.statements.position(wire);
                self.statements.push(timeline, event.at, wire);
                before.or_else(|| self.statements.position(wire))
            }
            Body::Masked { .. } => self.alone,
            _ => None,
        };
        match &event.body {
            Body::Output(data) => self.output(event.at, data, false),
            Body::Stream { data, .. } => self.output(event.at, data, true),
            Body::Resize(size) => {
                timeline.resizes.push((event.at, *size));
                self.size = *size;
                if let Some(renderer) = &mut self.renderer {
                    renderer.resize(*size);
                }
            }
            Body::Command(command) => self.submit(event.at, command),
            Body::CommandEnd { number, outcome } => self.end(event.at, *number, outcome.as_deref()),
            Body::Marker { label } => {
                let position = timeline.markers.len();
                timeline.markers.push(Marker {
                    at: event.at,
                    label: label.clone(),
                });
                self.parts.push(Part {
                    of: PartOf::Marker(position),
                    index: 0,
                    at: event.at,
                    text: label.clone(),
                    last: true,
                });
            }
            Body::Pause => timeline.pauses.push((event.at, None)),
            Body::Resume => {
                if let Some((_, end @ None)) = timeline.pauses.last_mut() {
                    *end = Some(event.at);
                }
            }
            Body::Masked { rule, count } => self.mask(rule, *count),
            Body::Gap(gap) => timeline.gaps.push(GapAt {
                at: event.at,
                gap: gap.clone(),
            }),
            Body::Wire(wire) if self.open.is_some() => {
                self.statements.push(timeline, event.at, wire);
            }
            Body::Wire(_) => {}
            Body::Exit(exit) => timeline.exit = Some(*exit),
            Body::Other { .. } => {}
        }
    }

    /// The whole timeline, and the parts that the end of the stream completed.
    pub fn finish(mut self) -> (Timeline, Vec<Part>) {
        match self.open {
            Some(_) => self.close(),
            None => self.aside(None),
        }
        self.own_statements();
        (self.timeline, self.parts)
    }

    /// Statements that no command sent are moments of their own.
    fn own_statements(&mut self) {
        let alone = self.timeline.statements.iter().enumerate();
        let alone = alone.filter(|(_, statement)| statement.command.is_none());
        self.parts.extend(alone.map(|(position, statement)| Part {
            of: PartOf::Statement(position),
            index: 0,
            at: statement.at,
            text: statement.text.clone(),
            last: true,
        }));
    }

    fn output(&mut self, at: Micros, data: &[u8], stream: bool) {
        let bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.timeline.bytes = self.timeline.bytes.saturating_add(bytes);
        // Pieces of a flood may be large; the text is looked at in between.
        for chunk in data.chunks(PART_MAX) {
            let Some(renderer) = &mut self.renderer else {
                return;
            };
            if stream {
                renderer.feed_stream(chunk);
            } else {
                renderer.feed(chunk);
            }
            renderer.take(&mut self.draft.text);
            self.draft.at.get_or_insert(at);
            if self.draft.text.len() >= PART_MAX {
                match self.open {
                    Some(position) => flush_command(
                        &mut self.timeline,
                        &mut self.parts,
                        &mut self.draft,
                        (position, self.keep),
                    ),
                    None => {
                        // What may be the echo of the next command waits for it.
                        let held = split_tail(&mut self.draft.text, ECHO_LINES);
                        self.flush_aside(false);
                        self.draft.text = held;
                    }
                }
            }
        }
    }

    fn submit(&mut self, at: Micros, command: &crate::model::Command) {
        match self.open {
            // A prompt that was not recognised: the next command ends the last one.
            Some(position) => {
                if let Some(open) = self.timeline.commands.get_mut(position) {
                    open.end = Some(at.max(open.at));
                }
                self.close();
            }
            None => self.aside(Some(command)),
        }
        self.open = Some(self.timeline.commands.len());
        self.draft.at = Some(at);
        self.timeline.commands.push(Command {
            number: command.number,
            text: command.text.clone(),
            prompt: command.prompt.clone(),
            prompt_at: command.prompt_at,
            at,
            // It is known with its last line, and told as of its first one.
            whole_at: match command.text.contains('\n') {
                true => self.timeline.end,
                false => at,
            },
            masked: std::mem::take(&mut self.masked),
            ..Command::default()
        });
    }

    fn end(&mut self, at: Micros, number: u32, outcome: Option<&str>) {
        let open = self
            .open
            .and_then(|position| self.timeline.commands.get_mut(position));
        if let Some(command) = open.filter(|command| command.number == number) {
            command.end = Some(at.max(command.at));
            command.outcome = outcome.map(str::to_owned);
            self.close();
        }
    }

    /// Ends the open command's text.
    fn close(&mut self) {
        let Some(position) = self.open.take() else {
            return;
        };
        self.statements.join(&mut self.timeline, position);
        self.rest();
        let draft = &mut self.draft;
        // The newline of Enter itself may come after the command was known.
        if draft.index == 0 && draft.text.starts_with('\n') {
            draft.text.remove(0);
        }
        let to = (position, self.keep);
        flush_command(&mut self.timeline, &mut self.parts, draft, to);
        if let Some(part) = self.parts.last_mut() {
            part.last = true;
        }
        self.draft = Draft::default();
    }

    /// Ends the text outside commands, before `next` or at the end of the stream.
    fn aside(&mut self, next: Option<&crate::model::Command>) {
        self.rest();
        if let Some(next) = next {
            cut_echo(&mut self.draft.text, next);
        }
        let prompts = [
            next.map(|next| next.prompt.trim()),
            self.timeline.commands.last().map(|last| last.prompt.trim()),
        ];
        let empty_prompt = |line: &str| prompts.contains(&Some(line.trim()));
        while self
            .draft
            .text
            .lines()
            .next_back()
            .is_some_and(|line| line.trim().is_empty() || empty_prompt(line))
        {
            let text = &self.draft.text;
            let whole = text.strip_suffix('\n').unwrap_or(text);
            let end = whole.rfind('\n').map_or(0, |at| at + 1);
            self.draft.text.truncate(end);
        }
        if !self.draft.text.trim().is_empty() || self.draft.aside.is_some() {
            self.flush_aside(true);
            if next.is_none()
                && let Some(aside) = self.timeline.asides.last_mut()
            {
                aside.masked = std::mem::take(&mut self.masked);
            }
        }
        self.draft = Draft::default();
    }

    /// Takes the renderer's last text and starts a new one.
    fn rest(&mut self) {
        if let Some(renderer) = &mut self.renderer {
            let old = std::mem::replace(renderer, Renderer::new(self.size));
            old.finish(&mut self.draft.text);
        }
    }

    fn flush_aside(&mut self, last: bool) {
        let draft = &mut self.draft;
        let at = draft.at.unwrap_or_default();
        let text = trimmed(std::mem::take(&mut draft.text));
        let position = *draft.aside.get_or_insert_with(|| {
            self.timeline.asides.push(Aside {
                at,
                ..Aside::default()
            });
            self.timeline.asides.len() - 1
        });
        if let Some(aside) = self.timeline.asides.get_mut(position) {
            aside.text.add(&text, self.keep);
        }
        self.parts.push(Part {
            of: PartOf::Aside(position),
            index: draft.index,
            at,
            text,
            last,
        });
        draft.index = draft.index.saturating_add(1);
        draft.at = None;
    }

    fn mask(&mut self, rule: &str, count: u32) {
        let add = |to: &mut BTreeMap<String, u32>| {
            let n = to.entry(rule.to_owned()).or_insert(0);
            *n = n.saturating_add(count);
        };
        add(&mut self.timeline.masked);
        let Timeline {
            commands,
            statements,
            ..
        } = &mut self.timeline;
        let command = self.open.and_then(|position| commands.get_mut(position));
        let alone = self.alone.and_then(|position| statements.get_mut(position));
        match (command, alone) {
            (Some(command), _) => add(&mut command.masked),
            (None, Some(statement)) => add(&mut statement.masked),
            (None, None) => add(&mut self.masked),
        }
    }
}

impl Text {
    fn add(&mut self, text: &str, keep: usize) {
        let room = keep.saturating_sub(self.text.len());
        let joined = usize::from(!self.text.is_empty());
        if self.cut == 0 && text.len() + joined <= room {
            if joined > 0 {
                self.text.push('\n');
            }
            self.text.push_str(text);
            return;
        }
        // Whole lines only, and nothing after the first that did not fit.
        let mut end = 0;
        if self.cut == 0 {
            let mut room = room.saturating_sub(joined).min(text.len());
            while !text.is_char_boundary(room) {
                room -= 1;
            }
            let window = text.get(..room);
            end = window.and_then(|text| text.rfind('\n')).unwrap_or(0);
        }
        let (kept, cut) = text.split_at_checked(end).unwrap_or(("", text));
        if !kept.is_empty() {
            if joined > 0 {
                self.text.push('\n');
            }
            self.text.push_str(kept);
        }
        let cut = u64::try_from(cut.len()).unwrap_or(u64::MAX);
        self.cut = self.cut.saturating_add(cut);
    }
}

fn flush_command(
    timeline: &mut Timeline,
    parts: &mut Vec<Part>,
    draft: &mut Draft,
    (position, keep): (usize, usize),
) {
    let text = trimmed(std::mem::take(&mut draft.text));
    let at = draft.at.take().unwrap_or(timeline.end);
    if let Some(command) = timeline.commands.get_mut(position)
        && !(text.is_empty() && draft.index > 0)
    {
        command.output.add(&text, keep);
    }
    parts.push(Part {
        of: PartOf::Command(position),
        index: draft.index,
        at,
        text,
        last: false,
    });
    draft.index = draft.index.saturating_add(1);
}

/// Without the newline at the end: lines are joined by newlines, not ended by them.
fn trimmed(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

/// Cuts the last `lines` lines off `text` and gives them.
fn split_tail(text: &mut String, lines: usize) -> String {
    let mut at = text.len();
    for _ in 0..=lines {
        match text.get(..at).and_then(|head| head.rfind('\n')) {
            Some(newline) => at = newline,
            None => return std::mem::take(text),
        }
    }
    text.split_off(at + 1)
}

/// Takes the prompt and the echo of `command` off the end of `text`.
fn cut_echo(text: &mut String, command: &crate::model::Command) {
    let mut whole = text.trim_end().len();
    let mut keep = None;
    for typed in command.text.lines().rev() {
        let head = text.get(..whole).unwrap_or_default();
        let start = head.rfind('\n').map_or(0, |at| at + 1);
        let line = head.get(start..).unwrap_or_default();
        if !line.trim_end().ends_with(typed.trim_end()) {
            return;
        }
        keep = Some(start);
        whole = start.saturating_sub(1);
    }
    if let Some(start) = keep {
        text.truncate(start);
    }
}

#[cfg(test)]
mod tests;
