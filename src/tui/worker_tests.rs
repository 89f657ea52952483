//! The worker on its thread, asked and listened to as the views do.

use super::super::fixture::{Extent, Memory, id, sessions};
use super::*;
use crate::model::Meta;
use crate::player::Way;
use crate::tui::library::Session;
use crate::tui::msg::{Frame, Order, Pace};
use crate::tui::pages::compare::Comparison;
use crate::tui::pages::insights::Period;
use std::sync::mpsc::{self, Sender};
use std::thread;

/// Longer than any answer takes on a machine that does much else.
const ANSWER_MAX: Duration = Duration::from_secs(20);

struct Desk {
    requests: Sender<Request>,
    halt: Halt,
    messages: Receiver<Msg>,
}

impl Desk {
    fn open() -> Desk {
        Desk::over(|| Box::new(Memory::short()))
    }

    fn over(library: impl FnOnce() -> Box<dyn Library> + Send + 'static) -> Desk {
        let (out, messages) = mpsc::sync_channel(64);
        let (requests, wanted) = mpsc::channel();
        let halt = Halt::default();
        let heeded = halt.clone();
        thread::spawn(move || Worker::new(library(), heeded, out).run(&wanted));
        Desk {
            requests,
            halt,
            messages,
        }
    }

    fn ask(&self, request: Request) {
        self.halt.ask();
        self.requests.send(request).unwrap();
    }

    /// The first message that `pick` takes something of.
    fn wait<T>(&self, what: &str, mut pick: impl FnMut(Msg) -> Option<T>) -> T {
        loop {
            match self.messages.recv_timeout(ANSWER_MAX) {
                Ok(msg) => {
                    if let Some(found) = pick(msg) {
                        return found;
                    }
                }
                Err(_) => panic!("the worker did not say {what}"),
            }
        }
    }

    fn frame(&self, what: &str, mut is: impl FnMut(&Frame) -> bool) -> Frame {
        self.wait(what, |msg| match msg {
            Msg::Frame(frame) if is(&frame) => Some(*frame),
            _ => None,
        })
    }
}

fn look(command: Option<u32>) -> Look {
    Look {
        id: id(0x7f),
        command,
    }
}

fn replay(jump: Jump, play: bool) -> Request {
    Request::Replay {
        id: id(0x7f),
        jump,
        about: None,
        play,
        pace: Pace::default(),
    }
}

fn text(frame: &Frame) -> String {
    let lines = frame.grid.lines.iter();
    lines
        .map(|l| l.text().trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn the_list_comes_in_parts_and_whole() {
    let desk = Desk::over(|| {
        let one = sessions().remove(0);
        let many = (0..=250u32).map(|n| Session {
            meta: Meta {
                directory: n.to_string(),
                ..one.meta.clone()
            },
            ..one.clone()
        });
        Box::new(Memory(many.collect(), Extent::Short))
    });
    desk.ask(Request::Sessions);
    let mut all = Vec::new();
    desk.wait("the whole list", |msg| match msg {
        Msg::Sessions {
            from,
            sessions,
            more,
        } => {
            assert_eq!(from, all.len());
            all.extend(sessions);
            (!more).then_some(())
        }
        _ => None,
    });
    assert_eq!(all.len(), 251);
    assert_eq!(all[250].meta.directory, "250");
}

#[test]
fn landmarks_output_and_still_are_told() {
    let desk = Desk::open();
    desk.ask(Request::Landmarks(id(0x7f)));
    let landmarks = desk.wait("the landmarks", |msg| match msg {
        Msg::Landmarks(_, landmarks) if landmarks.complete => Some(landmarks),
        _ => None,
    });
    assert_eq!(landmarks.commands.len(), 3);
    desk.ask(Request::Output(look(Some(1))));
    let output = desk.wait("what it printed", |msg| match msg {
        Msg::Output(_, output) => Some(output),
        _ => None,
    });
    let expected = [
        "  id  | status",
        "------+--------",
        " 8831 | stuck",
        " 8832 | 界 ok",
        "(2 rows)",
    ];
    assert_eq!(output.lines, expected);
    desk.ask(Request::Still(look(Some(2))));
    let still = desk.wait("the screen", |msg| match msg {
        Msg::Still(at, grid) if at == look(Some(2)) => Some(grid),
        _ => None,
    });
    let shown: Vec<String> = still.lines.iter().map(|l| l.text()).collect();
    assert!(
        shown.iter().any(|line| line.starts_with("ERROR:  column")),
        "{shown:?}"
    );
}

#[test]
fn the_player_obeys() {
    let desk = Desk::open();
    desk.ask(replay(Jump::Command(1), false));
    let frame = desk.frame("the first frame", |frame| !frame.waiting);
    assert_eq!((frame.now.millis(), frame.playing), (29_000, false));
    desk.ask(Request::Order(Order::Step));
    let frame = desk.frame("the step", |frame| frame.now.millis() == 29_041);
    assert!(text(&frame).contains("8831 | stuck"));
    desk.ask(Request::Order(Order::Jump(Jump::NextFailed(Way::Forward))));
    desk.frame("the failed command", |frame| frame.now.millis() == 118_000);
    desk.ask(Request::Order(Order::By(5)));
    desk.frame("five seconds on", |frame| frame.now.millis() == 123_000);
    desk.ask(Request::Order(Order::By(-60)));
    desk.frame("a minute back", |frame| frame.now.millis() == 63_000);
    desk.ask(Request::Order(Order::Part(500)));
    desk.frame("the middle", |frame| frame.now.millis() == 126_000);
    desk.ask(Request::Order(Order::Speed(Way::Forward)));
    desk.frame("more speed", |frame| frame.speed > 1.4);
    desk.ask(Request::Order(Order::ToggleIdle));
    desk.frame("no idle limit", |frame| frame.idle.is_none());
    // Paused, nothing more is said.
    desk.ask(Request::EndReplay);
    desk.ask(Request::Still(look(Some(1))));
    desk.wait("the still", |msg| match msg {
        Msg::Still(..) => Some(()),
        Msg::Frame(frame) => panic!("a frame at {:?} after the end", frame.now),
        _ => None,
    });
}

#[test]
fn a_replay_plays_to_its_end_and_stops() {
    let desk = Desk::open();
    desk.ask(Request::Replay {
        id: id(0x7f),
        jump: Jump::Start,
        about: None,
        play: true,
        pace: Pace {
            speed: 32.0,
            idle: Some(Duration::from_secs(5)),
        },
    });
    desk.frame("that it plays", |frame| frame.playing);
    let last = desk.frame("the end", |frame| {
        !frame.playing && frame.now.millis() == 252_000
    });
    assert!(text(&last).contains("UPDATE 1"));
    desk.ask(Request::Order(Order::Toggle));
    desk.frame("that it starts over", |frame| {
        frame.playing && frame.now.millis() < 200_000
    });
}

#[test]
fn what_cannot_be_read_is_said() {
    let desk = Desk::open();
    desk.ask(Request::Landmarks(id(0x4a)));
    let why = desk.wait("why", |msg| match msg {
        Msg::Unreadable(_, why) => Some(why),
        _ => None,
    });
    assert_eq!(why, "it is sealed to another key");
    desk.ask(Request::Landmarks(id(0x7f)));
    desk.wait("another session", |msg| match msg {
        Msg::Landmarks(at, _) if at == id(0x7f) => Some(()),
        _ => None,
    });
}

#[test]
fn only_the_last_look_is_answered() {
    let mut queue = VecDeque::from([
        Request::Landmarks(id(1)),
        Request::Output(look(Some(1))),
        Request::Landmarks(id(2)),
        Request::Order(Order::By(5)),
        Request::Order(Order::By(5)),
        Request::Output(look(Some(2))),
    ]);
    let mut asked = Vec::new();
    while let Some(request) = next(&mut queue) {
        asked.push(request);
    }
    let five = Request::Order(Order::By(5));
    let expected = [
        Request::Landmarks(id(2)),
        five.clone(),
        five,
        Request::Output(look(Some(2))),
    ];
    assert_eq!(asked, expected);
}

/// A session of many pieces: it can be jumped into before it is read, and keys are answered
/// while it is being read.
#[test]
fn a_long_session_is_played_while_it_is_indexed() {
    let desk = Desk::over(|| Box::new(Memory::long()));
    desk.ask(replay(Jump::Start, true));
    desk.frame("the start", |frame| {
        frame.playing && text(frame).contains("piece 0 ")
    });
    desk.ask(Request::Order(Order::Jump(Jump::End)));
    let frame = desk.frame("the end", |frame| {
        !frame.waiting && frame.now.millis() == 399_000
    });
    assert!(text(&frame).contains("piece 399 "));
    assert_eq!(frame.indexed, 1000);
}

#[test]
fn a_place_that_is_not_there_is_said() {
    let desk = Desk::open();
    desk.ask(replay(Jump::Command(9), false));
    let said = |desk: &Desk| {
        desk.wait("why it goes nowhere", |msg| match msg {
            Msg::Notice(said) => Some(said),
            _ => None,
        })
    };
    assert_eq!(said(&desk), "there is no command 9 in this session");
    desk.ask(Request::Order(Order::Jump(Jump::NextMark(Way::Back))));
    assert_eq!(said(&desk), "no marker, gap or pause comes earlier");
    desk.ask(Request::Order(Order::Jump(Jump::End)));
    desk.ask(Request::Order(Order::Jump(Jump::NextCommand(Way::Forward))));
    assert_eq!(said(&desk), "there is no later command");
}

#[test]
fn how_far_the_index_is_is_told_until_it_is_whole() {
    let desk = Desk::open();
    desk.ask(Request::Search("update".to_owned()));
    let mut told = Vec::new();
    desk.wait("that the index is whole", |msg| match msg {
        Msg::Indexing(hundredths) => {
            told.push(hundredths);
            hundredths.is_none().then_some(())
        }
        _ => None,
    });
    assert_eq!(told, [Some(40), None]);
}

#[test]
fn what_failed_is_counted_once_the_list_is_told() {
    let desk = Desk::open();
    desk.ask(Request::Sessions);
    let counted = desk.wait("how many commands failed", |msg| match msg {
        Msg::Failed(counts) => Some(counts),
        _ => None,
    });
    // All but the one that is being recorded.
    assert_eq!(counted.len(), sessions().len() - 1);
    assert!(counted.contains(&(id(0x7f), 1)), "{counted:?}");
}

#[test]
fn a_search_is_given_up_for_the_next_one() {
    let desk = Desk::open();
    // It goes on until something else is asked, and tells what it finds on the way.
    desk.ask(Request::Search("endless".into()));
    desk.wait("what is found so far", |msg| match msg {
        Msg::Found(text, 0, Ok(found), true) => {
            assert_eq!((text.as_str(), found.is_empty()), ("endless", false));
            Some(())
        }
        _ => None,
    });
    desk.ask(Request::Search("statsu".into()));
    desk.wait("what the next one finds", |msg| match msg {
        Msg::Found(text, 0, Ok(found), false) => {
            assert_eq!((text.as_str(), found.len()), ("statsu", 4));
            Some(())
        }
        Msg::Found(text, _, _, more) => {
            assert!(text == "endless" && more, "a given up search is not over");
            None
        }
        _ => None,
    });
}

#[test]
fn a_search_that_something_else_interrupts_is_done_afterwards() {
    let desk = Desk::open();
    desk.ask(Request::Search("endless".into()));
    let told = |what: &str| {
        desk.wait(what, |msg| match msg {
            Msg::Found(text, 0, Ok(_), true) if text == "endless" => Some(()),
            _ => None,
        });
    };
    told("what is found so far");
    desk.ask(Request::Output(look(Some(1))));
    desk.wait("what a command printed", |msg| match msg {
        Msg::Output(at, _) => (at == look(Some(1))).then_some(()),
        _ => None,
    });
    told("the same search again");
}

#[test]
fn what_is_counted_so_far_is_told_on_the_way() {
    let desk = Desk::open();
    let period = Period::Week;
    desk.ask(Request::Stats(period));
    let mut told = 0;
    desk.wait("all that is counted", |msg| match msg {
        Msg::Stats(of, Ok(stats), more) => {
            assert_eq!((of, stats.commands > 0), (period, true));
            told += usize::from(more);
            (!more).then_some(())
        }
        _ => None,
    });
    assert!(told > 0, "nothing came before the end");
}

#[test]
fn the_runs_of_a_statement_are_found_and_two_of_them_compared() {
    let desk = Desk::open();
    let text = "update orders set status = 'done' where id = 1;";
    desk.ask(Request::Runs(look(Some(3)), text.to_owned()));
    let runs = desk.wait("the runs", |msg| match msg {
        Msg::Runs(of, Ok(runs), false) => {
            assert_eq!(of, look(Some(3)));
            Some(runs)
        }
        _ => None,
    });
    let numbers: Vec<_> = runs.iter().map(|run| run.at.number).collect();
    assert_eq!(
        numbers,
        [Some(3); 4],
        "once in each session that can be read"
    );
    let other = Look {
        id: runs[1].at.session,
        command: Some(3),
    };
    desk.ask(Request::Compare(other, look(Some(3))));
    let (one, two) = desk.wait("both", |msg| match msg {
        Msg::Compared(_, Ok(Comparison::Runs(sides))) => Some(*sides),
        _ => None,
    });
    assert_eq!((one.number, two.number), (3, 3));
    assert!(one.at > crate::model::Micros(0));
}
