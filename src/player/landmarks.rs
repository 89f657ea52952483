//! What stands out in a recording and can be jumped to: commands, markers, gaps.

use super::Spot;
use super::sent::Sent;
use crate::model::{Body, Event, Micros, Size};
use crate::timeline::failed;
use std::time::Duration;

/// Commands and marks that are kept. A session has hundreds; a script that is pasted line by line
/// has thousands; beyond this the rest is still played, only not listed.
const KEPT_MAX: usize = 100_000;
/// Characters of a command that are kept: any that a person typed or pasted is whole.
const TEXT_MAX: usize = 64 << 10;
/// Bytes of all commands together, beyond which only their beginnings are kept.
const TEXTS_MAX: usize = 16 << 20;
/// What such a beginning is: enough to recognise it in a list.
const TEXT_SHORT: usize = 80;

/// A command, as the replay needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Counts from 1 in each session.
    pub number: u32,
    /// The command line; in a session with megabytes of them the later ones are cut off.
    pub text: String,
    /// Its event.
    pub spot: Spot,
    /// When it was submitted, on the replay's clock.
    pub at: Micros,
    /// The terminal's size then.
    pub size: Size,
    /// The event that ended it, and when; `None` while it runs.
    pub end: Option<(Spot, Micros)>,
    /// How it ended, where that is known.
    pub outcome: Option<String>,
    /// How long what it sent over connections took, where that was seen.
    pub sent: Option<Duration>,
}

impl Moment {
    /// How long it took: what it sent over connections, for drawing that and paging through it is
    /// left out; else as long as it had the terminal. `None` while it runs.
    pub fn took(&self) -> Option<Duration> {
        let (_, end) = self.end?;
        Some(self.sent.unwrap_or_else(|| end.since(self.at)))
    }

    /// Whether it ended in what its client calls a failure.
    pub fn failed(&self) -> bool {
        self.outcome.as_deref().is_some_and(failed)
    }
}

/// Something else that stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its event.
    pub spot: Spot,
    /// When, on the replay's clock.
    pub at: Micros,
    /// What it is.
    pub kind: MarkKind,
}

/// What a [`Mark`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Set by the engineer, with a label that is often empty.
    Marker(String),
    /// Something is missing here; one sentence says what.
    Gap(String),
    /// Off the record from here.
    Pause,
    /// On the record again.
    Resume,
}

/// Everything that stands out, in stream order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landmarks {
    /// The commands.
    pub commands: Vec<Moment>,
    /// Markers, gaps and pauses.
    pub marks: Vec<Mark>,
    /// The replay's clock after the last event seen.
    pub until: Micros,
    /// Whether the whole recording was seen.
    pub complete: bool,
    /// What the commands' texts take.
    text_bytes: usize,
    /// What the command that runs has sent.
    sent: Sent,
}

impl Landmarks {
    /// Takes note of the event at `spot`, which happens at `at` on the replay's clock, on a
    /// terminal of this size.
    pub(super) fn note(&mut self, spot: Spot, at: Micros, size: Size, event: &Event) {
        self.until = at;
        match &event.body {
            Body::Command(command) if self.commands.len() < KEPT_MAX => {
                let max = if self.text_bytes < TEXTS_MAX {
                    TEXT_MAX
                } else {
                    TEXT_SHORT
                };
                let text: String = command.text.chars().take(max).collect();
                self.text_bytes += text.len();
                self.commands.push(Moment {
                    number: command.number,
                    text,
                    spot,
                    at,
                    size,
                    end: None,
                    outcome: None,
                    sent: None,
                });
                self.sent.submit(event, command);
            }
            Body::CommandEnd { number, outcome } => {
                let sent = self.sent.end();
                let open = self.commands.iter_mut().rev();
                // Commands end in the order they began, but for a client that nests them; the
                // one that ends is among the last few.
                let mut open = open.take(8).filter(|command| command.end.is_none());
                if let Some(command) = open.find(|command| command.number == *number) {
                    command.end = Some((spot, at));
                    command.outcome.clone_from(outcome);
                    command.sent = sent;
                }
            }
            Body::Marker { label } => self.mark(spot, at, MarkKind::Marker(label.clone())),
            Body::Gap(gap) => {
                let mut what = format!("{:?}", gap.kind).to_lowercase();
                if !gap.detail.is_empty() {
                    what = format!("{what}: {}", gap.detail);
                }
                self.mark(spot, at, MarkKind::Gap(what));
            }
            Body::Pause => self.mark(spot, at, MarkKind::Pause),
            Body::Resume => self.mark(spot, at, MarkKind::Resume),
            Body::Wire(wire) => self.sent.note(event, wire, at),
            Body::Command(_)
            | Body::Output(_)
            | Body::Stream { .. }
            | Body::Resize(_)
            | Body::Masked { .. }
            | Body::Exit(_)
            | Body::Other { .. } => {}
        }
    }

    fn mark(&mut self, spot: Spot, at: Micros, kind: MarkKind) {
        if self.marks.len() < KEPT_MAX {
            self.marks.push(Mark { spot, at, kind });
        }
    }

    /// The index of the command that was submitted last before `spot`.
    pub fn command_before(&self, spot: Spot) -> Option<usize> {
        self.commands
            .partition_point(|command| command.spot < spot)
            .checked_sub(1)
    }

    /// The index of the last mark before `spot`.
    pub fn mark_before(&self, spot: Spot) -> Option<usize> {
        self.marks
            .partition_point(|mark| mark.spot < spot)
            .checked_sub(1)
    }

    /// Whether `spot` is in a stretch that is off the record.
    pub fn off_the_record(&self, spot: Spot) -> bool {
        let before = self.marks.iter().take_while(|mark| mark.spot < spot);
        before.fold(false, |off, mark| match mark.kind {
            MarkKind::Pause => true,
            MarkKind::Resume => false,
            MarkKind::Marker(_) | MarkKind::Gap(_) => off,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Command, Gap, GapKind};

    fn events() -> Vec<Event> {
        let command = |number, text: &str| {
            Body::Command(Command {
                number,
                text: text.into(),
                prompt: "$ ".into(),
                prompt_at: Micros(0),
            })
        };
        let end = |number, outcome: Option<&str>| Body::CommandEnd {
            number,
            outcome: outcome.map(str::to_owned),
        };
        [
            (1, command(1, "ls")),
            (2, end(1, Some("exit 2"))),
            (3, Body::Pause),
            (4, Body::Resume),
            (5, command(2, "top")),
            (
                6,
                Body::Gap(Gap {
                    kind: GapKind::Dropped,
                    bytes: 3,
                    detail: "queue full".into(),
                }),
            ),
        ]
        .map(|(at, body)| Event {
            at: Micros(at),
            body,
        })
        .to_vec()
    }

    #[test]
    fn commands_end_and_marks_stand_in_order() {
        let mut seen = Landmarks::default();
        for (event, at) in events().iter().zip(0..) {
            let spot = Spot {
                piece: 0,
                event: at,
            };
            seen.note(spot, event.at, Size { cols: 80, rows: 24 }, event);
        }
        let [ls, top] = &seen.commands[..] else {
            panic!("two commands, not {:?}", seen.commands)
        };
        assert_eq!(ls.outcome.as_deref(), Some("exit 2"));
        assert_eq!(ls.end, Some((Spot { piece: 0, event: 1 }, Micros(2))));
        assert_eq!(top.end, None);
        let kinds: Vec<_> = seen.marks.iter().map(|m| m.kind.clone()).collect();
        let gap = MarkKind::Gap("dropped: queue full".into());
        assert_eq!(kinds, [MarkKind::Pause, MarkKind::Resume, gap]);
        let at = |event| Spot { piece: 0, event };
        assert_eq!(seen.command_before(at(0)), None);
        assert_eq!(seen.command_before(at(1)), Some(0));
        assert_eq!(seen.command_before(at(5)), Some(1));
        assert!(!seen.off_the_record(at(2)));
        assert!(seen.off_the_record(at(3)));
        assert!(!seen.off_the_record(at(4)));
    }
}
