//! A glance at a session's bytes that tells, for most sessions, that reading them finds nothing.
//!
//! Reading a session takes parsing its events, rendering its terminal and joining its statements;
//! a glance takes little more than unpacking it. It looks for the query's [`Needles`] in
//!
//! * what the terminal was given, as it stands, as long as that is text in lines: then what is on
//!   the screen stood in the bytes. From the first sign on that may move the cursor up to the end
//!   of the moment, what was given is rendered, as a reader would;
//! * the JSON of commands, outcomes, statements, errors and markers, as it stands: what JSON escapes
//!   is in no needle.
//!
//! It may say that something may be found where nothing is, never the other way round.

use super::needle::{Needles, Seen, Text};
use crate::model::Size;
use crate::model::raw::{self, Raw};
use crate::timeline::Renderer;

/// More of one moment than this is rendered, so that it need not be held.
const HELD_MAX: usize = 1 << 20;
/// More of what one moment was rendered to than this is looked at in parts.
const RENDERED_MAX: usize = 64 << 10;

/// What a glance tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance {
    /// Nothing of what was looked at can match.
    Nothing,
    /// Something may match; it has to be read.
    Perhaps,
}

/// The state of a glance through one session.
pub struct Skim<'a> {
    needles: &'a Needles,
    seen: Seen,
    /// Asks for the terminal's size at the session's start.
    first_size: &'a dyn Fn() -> Size,
    size: Option<Size>,
    /// The number of the running command.
    open: Option<u64>,
    /// What the terminal was given, from `moment` on since the running moment began.
    printed: Vec<u8>,
    moment: usize,
    /// Commands, outcomes, statements and markers.
    told: Vec<u8>,
    /// What the server said: a reader puts its fields together.
    fields: Vec<u8>,
    /// Takes the rest of a moment in which the cursor moved.
    renderer: Option<Renderer>,
    /// Whole lines of the running moment.
    rendered: String,
    /// There were lines before these, which are gone.
    in_parts: bool,
}

impl<'a> Skim<'a> {
    /// For one session, whose terminal's size is asked for where it matters.
    pub fn new(needles: &'a Needles, first_size: &'a dyn Fn() -> Size) -> Skim<'a> {
        Skim {
            seen: needles.none_seen(),
            needles,
            first_size,
            size: None,
            open: None,
            printed: Vec::new(),
            moment: 0,
            told: Vec::new(),
            fields: Vec::new(),
            renderer: None,
            rendered: String::new(),
            in_parts: false,
        }
    }

    /// The next piece, opened and unpacked. After [`Glance::Perhaps`] there is no need for another.
    pub fn piece(&mut self, mut plain: &[u8]) -> Glance {
        while !plain.is_empty() {
            let Some((event, rest)) = raw::split(plain) else {
                return Glance::Perhaps;
            };
            if self.event(event).is_none() {
                return Glance::Perhaps;
            }
            plain = rest;
        }
        self.look()
    }

    /// A note of the owner's.
    pub fn note(&mut self, text: &str) -> Glance {
        let text = text.as_bytes();
        self.needles.look(text, Text::Told, &mut self.seen);
        self.verdict()
    }

    /// What the whole session comes to.
    pub fn finish(mut self) -> Glance {
        self.end_moment();
        self.look()
    }

    fn verdict(&self) -> Glance {
        match self.needles.decided(&self.seen) {
            true => Glance::Nothing,
            false => Glance::Perhaps,
        }
    }

    /// Looks at what was gathered, and keeps what is still needed of it.
    fn look(&mut self) -> Glance {
        for (bytes, text) in [
            (&self.printed, Text::Printed),
            (&self.told, Text::Told),
            (&self.fields, Text::Fields),
        ] {
            self.needles.look(bytes, text, &mut self.seen);
        }
        self.told.clear();
        self.fields.clear();
        self.printed.drain(..self.moment);
        self.moment = 0;
        self.verdict()
    }

    /// `None` where it must be read to be understood.
    fn event(&mut self, event: Raw<'_>) -> Option<()> {
        match event.kind {
            b"o" => self.output(event.data),
            b"s" => {
                // As a terminal is given it.
                let lines: Vec<&[u8]> = event.data.split(|b| *b == b'\n').collect();
                self.output(&lines.join(&b"\r\n"[..]));
            }
            b"c" => {
                let number = numbered(event)?;
                self.end_moment();
                self.open = Some(number);
                self.tell(event.fields)?;
            }
            b"e" => {
                // Another's end is no end.
                if self.open == Some(numbered(event)?) {
                    self.end_moment();
                    self.open = None;
                }
                self.tell(event.fields)?;
            }
            b"m" => self.tell(event.fields)?,
            b"w" if is_statement(event.data) => self.tell(event.data)?,
            b"w" if speaks(event.data) => put(event.data, &mut self.fields)?,
            b"r" => self.resize(serde_json::from_slice(event.header).ok()?),
            // Nothing of these is searched.
            _ => {}
        }
        Some(())
    }

    fn output(&mut self, data: &[u8]) {
        if self.renderer.is_none() {
            if is_plain(data) && self.held() + data.len() <= HELD_MAX {
                self.printed.extend_from_slice(data);
                return;
            }
            self.render();
        }
        if let Some(renderer) = &mut self.renderer {
            renderer.feed(data);
            renderer.take(&mut self.rendered);
            self.look_at_rendered(false);
        }
    }

    fn held(&self) -> usize {
        self.printed.len() - self.moment.min(self.printed.len())
    }

    /// Goes on with the running moment by rendering it.
    fn render(&mut self) {
        let size = *self.size.get_or_insert_with(self.first_size);
        let mut renderer = Renderer::new(size);
        renderer.feed(self.printed.get(self.moment..).unwrap_or_default());
        renderer.take(&mut self.rendered);
        self.renderer = Some(renderer);
        self.look_at_rendered(false);
    }

    /// Looks at the lines of the running moment when it is `over`, or when they are many: then a
    /// phrase may reach from these into the next.
    fn look_at_rendered(&mut self, over: bool) {
        if !over && self.rendered.len() < RENDERED_MAX {
            return;
        }
        let text = match over && !self.in_parts {
            true => Text::Printed,
            false => Text::Lines,
        };
        let rendered = self.rendered.as_bytes();
        self.needles.look(rendered, text, &mut self.seen);
        self.rendered.clear();
        self.in_parts = !over;
    }

    fn resize(&mut self, size: Size) {
        // What stands on the screen already is laid out for the size before.
        if self.renderer.is_none() && self.held() > 0 {
            self.render();
        }
        if let Some(renderer) = &mut self.renderer {
            renderer.resize(size);
        }
        self.size = Some(size);
    }

    /// A moment is over where the reader begins with a blank screen.
    fn end_moment(&mut self) {
        if let Some(renderer) = self.renderer.take() {
            renderer.finish(&mut self.rendered);
            self.look_at_rendered(true);
        }
        // No needle reaches over this.
        self.printed.push(b'\n');
        self.moment = self.printed.len();
    }

    fn tell(&mut self, json: &[u8]) -> Option<()> {
        put(json, &mut self.told)
    }
}

fn put(json: &[u8], to: &mut Vec<u8>) -> Option<()> {
    if !is_unescaped(json) {
        return None;
    }
    to.extend_from_slice(json);
    to.push(b'\n');
    Some(())
}

/// Whether a database connection's event is a statement, whose text is one field.
fn is_statement(exchange: &[u8]) -> bool {
    exchange.starts_with(br#"{"what":"statement","#)
}

/// The number of a command's event.
fn numbered(event: Raw<'_>) -> Option<u64> {
    let digits = event.fields.strip_prefix(br#","number":"#)?;
    Some(raw::number(digits)?.0)
}

/// Whether a database connection's event may say what is searched: statements and errors. Others are
/// passed over where they stand as they are usually written.
fn speaks(exchange: &[u8]) -> bool {
    const SILENT: &[&str] = &["rows", "columns", "complete", "copied", "opened", "setting"];
    let what = exchange.strip_prefix(br#"{"what":""#).and_then(|rest| {
        let end = memchr::memchr(b'"', rest)?;
        rest.get(..end)
    });
    let silent = |what: &[u8]| SILENT.iter().any(|silent| silent.as_bytes() == what);
    !what.is_some_and(silent)
}

/// Whether what JSON escapes here are only signs that it must escape.
fn is_unescaped(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (escape, length) = match rest.get(at + 1..) {
            Some([b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..]) => (true, 2),
            Some([b'u', b'0', b'0', b'0' | b'1', _, ..]) => (true, 6),
            _ => (false, 0),
        };
        if !escape {
            return false;
        }
        rest = rest.get(at + length..).unwrap_or_default();
    }
    true
}

/// Whether these bytes are text in lines that end in CR LF: the screen shows the signs of each side by
/// side as they stand here.
fn is_plain(data: &[u8]) -> bool {
    // Counted in blocks, so that a count fits a byte and the compiler counts many at once.
    const BLOCK: usize = 128;
    let (mut controls, mut lines, mut others) = (0_usize, 0_usize, 0_usize);
    let after = data.get(1..).unwrap_or_default();
    for (block, next) in data.chunks(BLOCK).zip(after.chunks(BLOCK)) {
        let (mut control, mut line, mut other) = (0_u8, 0_u8, 0_u8);
        for (byte, next) in block.iter().zip(next) {
            control += u8::from(*byte < 0x20);
            other += u8::from(*byte == 0x7f) | u8::from(*byte == 0xc2);
            line += u8::from(*byte == b'\r') & u8::from(*next == b'\n');
        }
        controls += usize::from(control);
        others += usize::from(other);
        lines += usize::from(line);
    }
    if let Some(last) = data.last() {
        controls += usize::from(*last < 0x20);
        others += usize::from(matches!(last, 0x7f | 0xc2));
    }
    others == 0 && controls == 2 * lines
}

#[cfg(test)]
mod tests;
