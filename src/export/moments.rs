//! The moments of a piece, whole: what the formats for reading are made of.

use crate::model::{Event, Micros, Size};
use crate::timeline::{Builder, Command, GapAt, Part, PartOf, Statement, Text, Timeline};

/// Output of one command that is kept (1 MiB): the formats for reading are for people.
const KEEP: usize = 1 << 20;
/// Rows of one statement that are kept: somewhat more than a recording keeps of them.
pub const ROWS_KEEP: usize = 64 << 20;

/// Something that happened.
pub enum Moment<'a> {
    /// A command is over; its output is here, not in the command, and so are its statements.
    Command(&'a Command, Text, &'a [Statement]),
    /// A statement that no command sent.
    Statement(&'a Statement),
    /// Text outside every command.
    Aside(String),
    /// The engineer marked this moment.
    Marker(Micros, String),
    /// Something is missing.
    Gap(&'a GapAt),
}

/// Gathers events to moments.
pub struct Moments {
    builder: Option<Builder>,
    text: Text,
    gaps: usize,
}

impl Moments {
    /// On a terminal of this size.
    pub fn new(size: Size) -> Moments {
        Moments {
            builder: Some(Builder::new(size, 0).keeping_results(ROWS_KEEP)),
            text: Text::default(),
            gaps: 0,
        }
    }

    /// The next event; `each` gets what it completed.
    pub fn push(&mut self, event: &Event, each: &mut dyn FnMut(Moment<'_>)) {
        let Some(mut builder) = self.builder.take() else {
            return;
        };
        builder.push(event);
        let parts: Vec<Part> = builder.parts().collect();
        let timeline = builder.timeline();
        let over = parts.iter().any(|part| part.last);
        parts
            .into_iter()
            .for_each(|part| self.part(timeline, part, each));
        let gaps = &builder.timeline().gaps;
        gaps.iter()
            .skip(self.gaps)
            .for_each(|gap| each(Moment::Gap(gap)));
        self.gaps = gaps.len();
        if over {
            builder.forget_results();
        }
        self.builder = Some(builder);
    }

    /// What the end of the piece completes.
    pub fn finish(&mut self, each: &mut dyn FnMut(Moment<'_>)) {
        let Some(builder) = self.builder.take() else {
            return;
        };
        let (timeline, parts) = builder.finish();
        for part in parts {
            self.part(&timeline, part, each);
        }
    }

    fn part(&mut self, timeline: &Timeline, part: Part, each: &mut dyn FnMut(Moment<'_>)) {
        match part.of {
            PartOf::Command(place) => {
                self.gather(&part.text);
                let command = timeline.commands.get(place).filter(|_| part.last);
                if let Some(command) = command {
                    let text = std::mem::take(&mut self.text);
                    let statements = timeline.statements_of(command);
                    each(Moment::Command(command, text, statements));
                }
            }
            PartOf::Statement(place) => {
                if let Some(statement) = timeline.statements.get(place) {
                    each(Moment::Statement(statement));
                }
            }
            PartOf::Aside(_) => each(Moment::Aside(part.text)),
            PartOf::Marker(_) => each(Moment::Marker(part.at, part.text)),
        }
    }

    fn gather(&mut self, text: &str) {
        let Text { text: kept, cut } = &mut self.text;
        let fits = *cut == 0 && kept.len() + text.len() < KEEP;
        let whole = if fits {
            text
        } else {
            // Whole lines, as far as there is room.
            let free = if *cut == 0 {
                KEEP.saturating_sub(kept.len())
            } else {
                0
            };
            let mut room = free.min(text.len());
            while !text.is_char_boundary(room) {
                room -= 1;
            }
            let end = text
                .get(..room)
                .and_then(|head| head.rfind('\n'))
                .unwrap_or(0);
            text.get(..end).unwrap_or_default()
        };
        if !kept.is_empty() && !whole.is_empty() {
            kept.push('\n');
        }
        kept.push_str(whole);
        let left = text.len() - whole.len();
        *cut = cut.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
    }
}
