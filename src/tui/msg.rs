//! What the views are told, what they ask for, and what the runtime does for them.

use super::library::{Change, Found, Piece, Ran, Session};
use super::pages::compare::Comparison;
use super::pages::export::Preview;
use super::pages::insights::Period;
use crate::insight::Stats;
use crate::model::{Micros, SessionId};
use crate::player::{Grid, Jump, Landmarks, Spot, Way};
use crate::timeline::{Statement, Table};
use crossterm::event::{KeyEvent, MouseEvent};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Something happened. Not `Debug`: what is typed and pasted is in no log.
pub enum Msg {
    /// A key.
    Key(KeyEvent),
    /// Pasted text.
    Paste(String),
    /// The mouse.
    Mouse(MouseEvent),
    /// The terminal has this size.
    Resize(u16, u16),
    /// Sessions, newest first.
    Sessions {
        /// How many came before these; 0 starts the list anew.
        from: usize,
        /// The next ones.
        sessions: Vec<Session>,
        /// Whether more will come.
        more: bool,
    },
    /// The list of sessions cannot be read.
    NoSessions(String),
    /// What stands out in a session, as far as it was read.
    Landmarks(SessionId, Arc<Landmarks>),
    /// What a command printed.
    Output(Look, Arc<Output>),
    /// The screen when a command was over.
    Still(Look, Arc<Grid>),
    /// What the player shows now.
    Frame(Box<Frame>),
    /// What was found for a text, from which place on, and whether more is being looked for.
    Found(String, usize, Result<Vec<Found>, String>, bool),
    /// Why some of what was found for a text was found, by their places.
    Lines(String, Vec<(usize, String)>),
    /// How many hundredths of the index are filled, while it is being filled.
    Indexing(Option<u8>),
    /// How many commands failed in these sessions, where the list did not know it yet.
    Failed(Vec<(SessionId, u32)>),
    /// The sessions in which something is found for a text.
    Matching(String, HashSet<SessionId>),
    /// What the recordings say of a stretch of time, and whether there is more to count.
    Stats(Period, Result<Arc<Stats>, String>, bool),
    /// Runs of the statement that this command is a run of, as far as they were found, and whether more
    /// are looked for.
    Runs(Look, Result<Vec<Ran>, String>, bool),
    /// What came of comparing these two.
    Compared((Look, Look), Result<Comparison, String>),
    /// What a piece looks like before it leaves.
    Preview(Piece, Arc<Preview>),
    /// What came of writing a file: what to say, and whether it was there already.
    Written(Result<String, String>, bool),
    /// What came of a change.
    Changed(Result<String, String>),
    /// A session cannot be read.
    Unreadable(SessionId, String),
    /// The vault asks its owner a question. What is typed then comes as no key.
    Question(String),
    /// Something was typed, or nothing is any more.
    Typed(bool),
    /// The question is answered, or declined.
    Answered,
    /// The vault has something to say while it is being opened.
    Told(String),
    /// The vault is open; what is read next is the list of sessions.
    Opened,
    /// The runtime must end, because the vault could not be opened or a signal came.
    Leave,
    /// A signal asks to stop.
    Stop,
    /// The program was stopped and goes on; others may have drawn meanwhile.
    Continued,
    /// The runtime has something to say, such as that text was copied.
    Notice(String),
}

/// A place in a session that the browser looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The session.
    pub id: SessionId,
    /// The command; `None` for the whole session.
    pub command: Option<u32>,
}

/// What a command printed, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Its lines.
    pub lines: Vec<String>,
    /// Whether there is more than was read.
    pub cut: bool,
    /// What it sent over database connections.
    pub statements: Vec<Statement>,
    /// Its results, with how many rows there were.
    pub tables: Vec<(Table, u64)>,
}

impl Output {
    /// What is copied or paged: the text. Where there is none, because a pager had it on a screen
    /// of its own, the results.
    pub fn text(&self) -> String {
        if self.lines.iter().any(|line| !line.is_empty()) {
            return self.lines.join("\n");
        }
        let result = |(table, all): &(Table, u64)| {
            let here = table.rows.len();
            let rows = match *all {
                1 => "1 row".to_owned(),
                all if u64::try_from(here).is_ok_and(|here| here < all) => {
                    format!("{here} of {all} rows were recorded")
                }
                all => format!("{all} rows"),
            };
            format!("{table}({rows})")
        };
        let results: Vec<String> = self.tables.iter().map(result).collect();
        results.join("\n\n")
    }
}

/// What the player shows at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The session.
    pub id: SessionId,
    /// The screen.
    pub grid: Grid,
    /// The playhead.
    pub now: Micros,
    /// When the recording ends.
    pub until: Micros,
    /// Its place among the events.
    pub spot: Spot,
    /// Whether time moves it.
    pub playing: bool,
    /// Recorded seconds for each second of the viewer.
    pub speed: f64,
    /// How much of an idle stretch is played.
    pub idle: Option<Duration>,
    /// The idle stretch that is being cut short.
    pub skipping: Option<Duration>,
    /// Thousandths of the recording that are indexed.
    pub indexed: u16,
    /// Whether a jump waits for the index.
    pub waiting: bool,
    /// The screen is about what is shown there: the recording is not read so far yet.
    pub glimpse: bool,
}

/// What the runtime does after an update.
#[derive(Debug)]
pub enum Effect {
    /// Reads something in the background.
    Ask(Request),
    /// Puts text on the clipboard.
    Copy(String),
    /// Shows text in the user's pager.
    Page(String),
    /// Lets the user write a note about a moment in an editor.
    Edit(SessionId, Micros),
    /// Ends the views, as the user wished.
    Quit,
    /// Ends the views, for the reason that the runtime knows.
    Leave,
    /// Stops the job that the program runs in, as Ctrl-Z does elsewhere.
    Suspend,
    /// Stops the program alone until it is continued.
    Stop,
    /// Takes the terminal again from whoever had it while the program was stopped.
    Continue,
    /// Forgets what is on the terminal and draws all of it.
    Redraw,
}

/// What is read in the background.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// The list of sessions.
    Sessions,
    /// A session's landmarks.
    Landmarks(SessionId),
    /// What a command printed.
    Output(Look),
    /// The screen when a command was over.
    Still(Look),
    /// Moments in all sessions.
    Search(String),
    /// Moments in one session, which the query names; why they were found is not asked.
    Find(String),
    /// The sessions in which something is found.
    Matching(String),
    /// What the recordings say of a stretch of time.
    Stats(Period),
    /// Other runs of the statement that this command is, with its text.
    Runs(Look, String),
    /// Two sessions, or two commands.
    Compare(Look, Look),
    /// What a piece looks like before it leaves.
    Preview(Piece),
    /// Writes a piece.
    Write {
        /// What.
        piece: Piece,
        /// Where.
        path: PathBuf,
        /// Also where a file is.
        replace: bool,
    },
    /// Changes sessions.
    Change(Change),
    /// The player on a session; it goes to `jump`, and plays from there.
    Replay {
        /// The session.
        id: SessionId,
        /// Where to begin.
        jump: Jump,
        /// When that is, where it is known: what is shown until the recording is read so far.
        about: Option<Micros>,
        /// Whether it plays at once.
        play: bool,
        /// Speed and idle limit, where they differ from the player's own.
        pace: Pace,
    },
    /// Something for the player that is open.
    Order(Order),
    /// The player is left.
    EndReplay,
}

/// How a replay runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Recorded seconds for each second of the viewer.
    pub speed: f64,
    /// How much of an idle stretch is played; `None` plays all of it.
    pub idle: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            speed: 1.0,
            idle: Some(crate::player::IDLE_DEFAULT),
        }
    }
}

/// What a viewer tells the player.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Plays or pauses.
    Toggle,
    /// Goes somewhere.
    Jump(Jump),
    /// Goes by so many seconds.
    By(i64),
    /// Goes to so many thousandths of what is known of the recording.
    Part(u16),
    /// Shows the next thing that was drawn.
    Step,
    /// Changes the speed.
    Speed(Way),
    /// Skips idle stretches, or plays them.
    ToggleIdle,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_for_text_that_only_a_pager_showed() {
        let table = Table {
            columns: vec!["id".into(), "note".into()],
            rows: vec![vec![Some("1".into()), None]],
        };
        let mut output = Output {
            tables: vec![(table.clone(), 3), (table, 1)],
            ..Output::default()
        };
        let drawn = " id | note\n----+------\n 1  | NULL\n";
        let both = format!("{drawn}(1 of 3 rows were recorded)\n\n{drawn}(1 row)");
        assert_eq!(output.text(), both);
        output.lines = vec!["as".into(), "printed".into()];
        assert_eq!(output.text(), "as\nprinted");
        assert_eq!(Output::default().text(), "");
    }
}
