//! What is handed on: which piece, as what, with a preview of exactly what leaves.

use super::super::folded::{Folded, Row};
use super::super::keys::Action;
use super::super::line::TypedLine;
use super::super::model::Model;
use super::super::msg::{Effect, Request};
use super::super::prompt::{Prompt, Wanted};
use super::Page;
use crate::export::{Cut, Format};
use crate::model::{Micros, SessionId, when};
use crate::query::position;
use regex::bytes::Regex;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::library::Piece;

/// What a time is moved by.
const STEP: Micros = Micros(1_000_000);

/// What a piece looks like, before it leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Its lines, as far as a person looks.
    pub lines: Vec<String>,
    /// Whether there are more of them.
    pub cut: bool,
    /// How many bytes leave.
    pub bytes: usize,
    /// What was masked, and what is doubtful.
    pub report: String,
    /// Whether nothing doubtful was dropped or is left.
    pub clean: bool,
    /// Why nothing can leave like this.
    pub lack: Option<String>,
}

/// Which piece of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// The commands.
    Commands,
    /// From one time to another.
    Time,
}

/// A field of the dialog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// The whole session, the command, or a stretch of time.
    #[default]
    Piece,
    /// When the stretch begins.
    From,
    /// When it ends.
    To,
    /// Cast, text, page …
    Format,
    /// Patterns that are masked besides.
    Mask,
    /// Whether something doubtful stops it.
    Strict,
    /// Where it is written.
    File,
}

/// The page's state.
pub struct Export {
    /// The session.
    pub id: SessionId,
    /// The session, for people.
    pub title: String,
    /// The commands that can be handed on instead of the whole session, first and last.
    pub commands: Option<(u32, u32)>,
    /// Which piece goes.
    pub extent: Extent,
    /// Where the stretch of time begins and ends; no end is that of the session.
    pub times: (Micros, Option<Micros>),
    /// As what.
    pub format: Format,
    /// What is masked besides.
    pub patterns: Vec<Regex>,
    /// Whether something doubtful stops it.
    pub strict: bool,
    /// Where it is written; empty for the name that the format suggests.
    pub file: TypedLine,
    /// The field with the keys.
    pub field: Field,
    /// What leaves, once it is known.
    pub preview: Option<(Piece, Arc<Preview>)>,
    /// The first row of the preview that is shown.
    pub top: usize,
    /// The preview in rows.
    folded: Folded,
    /// The file is there already, and `w` again replaces it.
    pub replaces: bool,
}

impl Export {
    /// Opens the dialog; a stretch of time would be that of `times`.
    pub fn open(
        model: &mut Model,
        id: SessionId,
        commands: Option<(u32, u32)>,
        times: (Micros, Option<Micros>),
    ) -> Vec<Effect> {
        let page = Export {
            id,
            title: model.browser.title_of(id),
            commands,
            extent: match commands {
                Some(_) => Extent::Commands,
                None => Extent::Whole,
            },
            times,
            format: Format::Markdown,
            patterns: Vec::new(),
            strict: false,
            file: TypedLine::default(),
            field: Field::default(),
            preview: None,
            top: 0,
            folded: Folded::default(),
            replaces: false,
        };
        let ask = Effect::Ask(Request::Preview(page.piece()));
        model.pages.push(Page::Export(Box::new(page)));
        vec![ask]
    }

    /// What would leave now.
    pub fn piece(&self) -> Piece {
        let cut = match (self.extent, self.commands) {
            (Extent::Commands, Some((first, last))) => Cut::Commands(first, last),
            (Extent::Time, _) => {
                let (from, to) = self.times;
                Cut::Time(from, to.unwrap_or(Micros(u64::MAX)))
            }
            (Extent::Whole | Extent::Commands, _) => Cut::Whole,
        };
        Piece {
            id: self.id,
            cut,
            format: self.format,
            also: self.patterns.clone(),
        }
    }

    /// The preview, when it is that of what would leave now.
    pub fn shown(&self) -> Option<&Arc<Preview>> {
        let (piece, preview) = self.preview.as_ref()?;
        (*piece == self.piece()).then_some(preview)
    }

    /// The preview in rows of this width: what leaves is seen whole.
    pub fn rows(&self, width: usize) -> Arc<Vec<Row>> {
        let lines = self.shown().map(|preview| preview.lines.as_slice());
        let lines = lines.unwrap_or_default().iter().map(String::as_str);
        self.folded.rows(width, lines)
    }

    /// Takes the preview of a piece.
    pub fn take(&mut self, piece: Piece, preview: Arc<Preview>) {
        self.preview = Some((piece, preview));
        self.folded.forget();
    }

    /// Where it would be written.
    pub fn path(&self) -> PathBuf {
        match self.file.text().trim() {
            "" => {
                let short: String = self.id.hex().chars().take(4).collect();
                PathBuf::from(format!("rec-{short}.{}", self.format.extension()))
            }
            text => PathBuf::from(text),
        }
    }

    fn changed(&mut self) -> Vec<Effect> {
        self.top = 0;
        self.folded.forget();
        self.replaces = false;
        vec![Effect::Ask(Request::Preview(self.piece()))]
    }

    /// The fields, in order: times only where a stretch of time goes.
    pub fn fields(&self) -> Vec<Field> {
        let mut all = vec![Field::Piece];
        if self.extent == Extent::Time {
            all.extend([Field::From, Field::To]);
        }
        all.extend([Field::Format, Field::Mask, Field::Strict, Field::File]);
        all
    }

    fn next_extent(&mut self, by: isize) {
        let mut all = vec![Extent::Whole, Extent::Commands, Extent::Time];
        all.retain(|extent| *extent != Extent::Commands || self.commands.is_some());
        self.extent = turned(&all, self.extent, by);
    }

    /// Moves a time by a second; one is not moved past the other.
    fn move_time(&mut self, field: Field, by: isize) {
        let moved = |at: Micros| match by {
            ..0 => Micros(at.0.saturating_sub(STEP.0)),
            _ => Micros(at.0.saturating_add(STEP.0)),
        };
        let (from, to) = self.times;
        match (field, to) {
            (Field::From, _) => self.times.0 = moved(from).min(to.unwrap_or(Micros(u64::MAX))),
            (_, Some(to)) => self.times.1 = Some(moved(to).max(from)),
            // There is nothing behind the end, and nobody said where that is.
            (_, None) => {}
        }
    }

    fn next_format(&mut self, by: isize) {
        self.format = turned(&Format::ALL, self.format, by);
    }

    fn move_field(&mut self, by: isize) {
        let all = self.fields();
        let place = all.iter().position(|f| *f == self.field).unwrap_or(0);
        let next = place.saturating_add_signed(by).min(all.len() - 1);
        self.field = all.get(next).copied().unwrap_or_default();
    }
}

/// The value that comes so many places after `one` in `all`, and from the last one the first again.
fn turned<T: Copy + PartialEq>(all: &[T], one: T, by: isize) -> T {
    let place = all.iter().position(|other| *other == one).unwrap_or(0);
    let count = isize::try_from(all.len()).unwrap_or(1).max(1);
    let next = (isize::try_from(place).unwrap_or(0) + by).rem_euclid(count);
    let next = usize::try_from(next).unwrap_or(0);
    all.get(next).copied().unwrap_or(one)
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows / 2).max(1);
    let width = usize::from(model.size.cols);
    let Some(Page::Export(page)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let sideways = matches!(action, Action::Left | Action::Right);
    let by = if action == Action::Left { -1 } else { 1 };
    match (action, page.field) {
        (Action::Down, _) => page.move_field(1),
        (Action::Up, _) => page.move_field(-1),
        (Action::PageDown, _) => {
            let last = page.rows(width).len().saturating_sub(1);
            page.top = (page.top + height).min(last);
        }
        (Action::PageUp, _) => page.top = page.top.saturating_sub(height),
        (Action::Left | Action::Right | Action::Open, Field::Piece) => {
            page.next_extent(by);
            return page.changed();
        }
        (Action::Left | Action::Right, Field::From | Field::To) => {
            page.move_time(page.field, by);
            return page.changed();
        }
        (Action::Open, Field::From | Field::To) => {
            let mut prompt = Prompt::new(match page.field {
                Field::From => Wanted::From,
                _ => Wanted::To,
            });
            let (from, to) = page.times;
            let shown = match page.field {
                Field::From => Some(from),
                _ => to,
            };
            let shown = shown.map(when::position).unwrap_or_default();
            shown.chars().for_each(|c| prompt.line.push(c));
            model.prompt = Some(prompt);
        }
        (_, Field::Format) if sideways || action == Action::Open => {
            page.next_format(by);
            return page.changed();
        }
        (_, Field::Strict) if sideways || action == Action::Open => page.strict = !page.strict,
        (Action::Left, Field::Mask) => {
            page.patterns.pop();
            return page.changed();
        }
        (Action::Mark, _) | (Action::Open | Action::Right, Field::Mask) => {
            model.prompt = Some(Prompt::new(Wanted::Pattern));
        }
        (Action::Open | Action::Right, Field::File) => {
            let mut prompt = Prompt::new(Wanted::File);
            let path = page.path().display().to_string();
            path.chars().for_each(|c| prompt.line.push(c));
            model.prompt = Some(prompt);
        }
        (Action::Write, _) => return write(model),
        _ => {}
    }
    Vec::new()
}

fn write(model: &mut Model) -> Vec<Effect> {
    let Some(Page::Export(page)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let preview = page.shown();
    let why = match preview {
        None => Some("it is still being masked".to_owned()),
        Some(preview) => preview.lack.clone().or_else(|| {
            let stops = page.strict && !preview.clean;
            stops.then(|| format!("not written, as strict asks: {}", preview.report))
        }),
    };
    if why.is_some() {
        model.notice = why;
        return Vec::new();
    }
    vec![Effect::Ask(Request::Write {
        piece: page.piece(),
        path: page.path(),
        replace: page.replaces,
    })]
}

/// A time was typed; nothing is the start, or the end.
fn timed(page: &mut Export, wanted: &Wanted, text: &str) -> Result<Vec<Effect>, String> {
    let typed = match text {
        "" => None,
        text => match position(text) {
            Some(at) => Some(at),
            None => return Err(format!("{text} is no time (1:50, 1:02:03, 1m10s, 12.5)")),
        },
    };
    let times = match wanted {
        Wanted::From => (typed.unwrap_or_default(), page.times.1),
        _ => (page.times.0, typed),
    };
    if times.1.is_some_and(|to| to < times.0) {
        return Err("it would end before it begins".to_owned());
    }
    page.times = times;
    Ok(page.changed())
}

/// A pattern or a file's name was typed, or a time.
///
/// # Errors
/// What was typed is not what was asked for.
pub fn typed(model: &mut Model, wanted: &Wanted, text: &str) -> Result<Vec<Effect>, String> {
    let Some(Page::Export(page)) = model.pages.last_mut() else {
        return Ok(Vec::new());
    };
    Ok(match wanted {
        Wanted::From | Wanted::To => return timed(page, wanted, text),
        Wanted::Pattern if text.is_empty() => Vec::new(),
        Wanted::Pattern => match Regex::new(text) {
            Ok(pattern) if pattern.is_match(b"") => {
                return Err("this pattern matches everywhere".to_owned());
            }
            Ok(pattern) => {
                page.patterns.push(pattern);
                page.changed()
            }
            Err(error) => {
                let said = error.to_string();
                let last = said.lines().next_back().unwrap_or_default();
                let why = last.strip_prefix("error: ").unwrap_or(last);
                return Err(format!("no regular expression, {why}"));
            }
        },
        _ => {
            page.file.clear();
            text.chars().for_each(|c| page.file.push(c));
            page.replaces = false;
            // The name may say what it is.
            let extension = page.path();
            let named = extension
                .extension()
                .and_then(|e| Format::of_extension(e.to_str()?));
            match named.filter(|format| format.extension() != page.format.extension()) {
                Some(format) => {
                    page.format = format;
                    page.changed()
                }
                None => Vec::new(),
            }
        }
    })
}
