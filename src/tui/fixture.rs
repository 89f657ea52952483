//! Sessions in memory, for the tests of the views.

use super::library::{Change, Found, Library, Piece, Ran, Session};
use super::model::Model;
use super::msg::Msg;
use super::theme::{Depth, Theme};
use super::update::update;
use crate::export::{Done, Job};
use crate::insight::{Alike, Collector, Occurrence, Run, Side, Stats, sides};
use crate::mask::Rules;
use crate::model::{
    Body, Command, Event, Exit, Gap, GapKind, Meta, Micros, SessionId, Size, Stamp, Status,
    Summary, Target,
};
use crate::player::{Landmarks, Player};
use crate::timeline::Timeline;
use crate::vault::index::Halt;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// 20 November 2025, 15:00 in a zone one hour east.
pub const NOW: Stamp = Stamp(1_763_647_200_000_000);

pub fn id(first: u8) -> SessionId {
    let mut bytes = [0xa5; 16];
    bytes[0] = first;
    SessionId(bytes)
}

pub fn session(first: u8, client: &str, host: &str, minutes_ago: i64) -> Session {
    let id = id(first);
    Session {
        id,
        meta: Meta {
            id,
            client: client.into(),
            command: format!("{client} -h {host}"),
            target: Target {
                host: Some(host.into()),
                database: (client == "psql").then(|| "app".into()),
                user: Some("ada".into()),
                port: None,
            },
            started: Stamp(NOW.0 - minutes_ago * 60_000_000),
            utc_offset: 3600,
            size: Size { cols: 60, rows: 10 },
            term: "xterm-256color".into(),
            machine: "laptop".into(),
            login: "ada".into(),
            directory: "/home/ada".into(),
            version: "0.1.0".into(),
        },
        status: Status::Closed,
        summary: Some(Summary {
            duration: Micros(252_000_000),
            exit: Some(Exit {
                code: 0,
                signal: None,
            }),
            commands: 3,
            bytes: 2048,
            ..Summary::default()
        }),
        labels: crate::model::Labels::default(),
        pinned: false,
        failed: None,
        damage: None,
    }
}

/// Five sessions, each out of the ordinary in its own way.
pub fn sessions() -> Vec<Session> {
    let mut all = vec![
        session(0x7f, "psql", "prod-db", 58),
        session(0x71, "ssh", "web-03", 200),
        session(0x6e, "mysql", "billing-db-replica.example.com", 1_300),
        session(0x5d, "psql", "staging", 12_000),
        session(0x4a, "psql", "prod-db", 900_000),
    ];
    if let Some(summary) = &mut all[0].summary {
        summary.masked = BTreeMap::from([("column-email".into(), 2)]);
    }
    all[1].status = Status::Recording;
    all[1].summary = None;
    all[2].status = Status::Interrupted;
    if let Some(summary) = &mut all[3].summary {
        summary.exit = Some(Exit {
            code: 1,
            signal: None,
        });
        summary.gaps = BTreeMap::from([(GapKind::Dropped, 1)]);
        summary.markers = 2;
    }
    all
}

fn at(millis: u64, body: Body) -> Event {
    Event {
        at: Micros(millis * 1000),
        body,
    }
}

fn output(millis: u64, text: &str) -> Event {
    at(millis, Body::Output(text.as_bytes().to_vec()))
}

fn command(millis: u64, number: u32, text: &str) -> Event {
    let command = Command {
        number,
        text: text.into(),
        prompt: "app=> ".into(),
        prompt_at: Micros(0),
    };
    at(millis, Body::Command(command))
}

fn end(millis: u64, number: u32, outcome: Option<&str>) -> Event {
    let outcome = outcome.map(str::to_owned);
    at(millis, Body::CommandEnd { number, outcome })
}

/// A session with three commands, one of them failed, a marker and a gap, in two pieces.
pub fn events() -> Vec<Vec<Event>> {
    vec![
        vec![
            output(500, "psql (15.18)\r\n\r\napp=> "),
            output(29_000, "select id, status from orders;\r\n"),
            command(29_000, 1, "select id, status from orders;"),
            output(
                29_041,
                "  id  | status\r\n------+--------\r\n 8831 | \x1b[1;31mstuck\x1b[0m\r\n 8832 | 界 ok\r\n(2 rows)\r\n\r\n",
            ),
            end(29_041, 1, Some("2 rows")),
            output(29_041, "app=> "),
            output(
                118_000,
                "update orders set statsu = 'new' where id = 8831;\r\n",
            ),
            command(
                118_000,
                2,
                "update orders set statsu = 'new' where id = 8831;",
            ),
            output(118_001, "ERROR:  column \"statsu\" does not exist\r\n"),
            end(118_001, 2, Some("ERROR:  column \"statsu\" does not exist")),
            output(118_001, "app=> "),
        ],
        vec![
            at(
                120_000,
                Body::Marker {
                    label: "here it broke".into(),
                },
            ),
            at(
                121_000,
                Body::Gap(Gap {
                    kind: GapKind::Dropped,
                    bytes: 10,
                    detail: "the recorder could not keep up".into(),
                }),
            ),
            output(
                126_000,
                "update orders set status = 'new' where id = 8831;\r\n",
            ),
            command(
                126_000,
                3,
                "update orders set status = 'new' where id = 8831;",
            ),
            output(126_003, "UPDATE 1\r\n"),
            end(126_003, 3, Some("UPDATE 1")),
            output(126_003, "app=> "),
            output(252_000, "\\q\r\n"),
        ],
    ]
}

/// The five sessions; each holds [`events`], but for the last one, which cannot be read.
pub struct Memory(pub Vec<Session>, pub Extent);

/// How much a session of [`Memory`] holds.
pub enum Extent {
    /// [`events`].
    Short,
    /// A screenful a second, in four hundred pieces.
    Long,
}

impl Memory {
    pub fn short() -> Memory {
        Memory(sessions(), Extent::Short)
    }

    pub fn long() -> Memory {
        Memory(Vec::new(), Extent::Long)
    }

    /// The commands in which, or in whose output, the words stand.
    fn hits(&self, query: &str) -> Result<Vec<Found>, String> {
        let query = query.trim_end_matches('*');
        if query.contains('(') {
            return Err("a bracket is open".into());
        }
        let mut found = Vec::new();
        for session in self.0.iter().filter(|s| s.id != id(0x4a)) {
            let timeline = Timeline::from_events(&session.meta, events().concat());
            for command in timeline.commands.iter().rev() {
                let printed = command
                    .output
                    .text
                    .lines()
                    .find(|line| line.contains(query));
                if command.text.contains(query) || printed.is_some() {
                    found.push(Found {
                        session: session.id,
                        title: format!("{} {}", session.meta.client, session.meta.target.label()),
                        started: session.meta.started,
                        utc_offset: session.meta.utc_offset,
                        at: command.at,
                        number: Some(command.number),
                        command: command.text.clone(),
                        failed: command.failed(),
                        line: printed.unwrap_or_default().to_owned(),
                        printed: printed.is_some(),
                    });
                }
            }
        }
        Ok(found)
    }
}

impl Library for Memory {
    fn sessions(&mut self, from: usize, max: usize) -> Result<Vec<Session>, String> {
        Ok(self.0.iter().skip(from).take(max).cloned().collect())
    }

    fn open(&mut self, wanted: SessionId) -> Result<(usize, Size), String> {
        if wanted == id(0x4a) {
            return Err("it is sealed to another key".into());
        }
        Ok(match self.1 {
            Extent::Short => (events().len(), Size { cols: 60, rows: 10 }),
            Extent::Long => (400, Size { cols: 80, rows: 24 }),
        })
    }

    fn piece(&mut self, _: SessionId, number: usize) -> Result<Vec<Event>, String> {
        if let Extent::Long = self.1 {
            let line = format!("piece {number} {}\r\n", "x".repeat(60));
            let millis = u64::try_from(number).unwrap() * 1000;
            return Ok(vec![output(millis, &line.repeat(100))]);
        }
        Ok(events().get(number).cloned().unwrap_or_default())
    }

    fn search(
        &mut self,
        query: &str,
        max: usize,
        halt: &Halt,
        each: &mut dyn FnMut(Found),
    ) -> Result<(), String> {
        if query.starts_with("endless") {
            let one = self.hits("select")?.remove(0);
            while !halt.asked() {
                each(one.clone());
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            return Ok(());
        }
        self.hits(query)?.into_iter().take(max).for_each(each);
        Ok(())
    }

    fn catch_up(&mut self, _: &Halt, progress: &mut dyn FnMut(u8)) -> bool {
        [0, 40, 100].into_iter().for_each(progress);
        false
    }

    fn failed(&mut self, ids: &mut HashSet<SessionId>, _: &Halt) -> Vec<(SessionId, u32)> {
        ids.drain().map(|id| (id, 1)).collect()
    }

    fn lines(&mut self, _: &Halt) -> Result<Option<Vec<(usize, String)>>, String> {
        Ok(None)
    }

    fn matching(&mut self, query: &str, _: &Halt) -> Result<HashSet<SessionId>, String> {
        let found = self.hits(query)?;
        Ok(found.into_iter().map(|found| found.session).collect())
    }

    fn stats(
        &mut self,
        text: &str,
        _: &Halt,
        each: &mut dyn FnMut(&Collector),
    ) -> Result<Stats, String> {
        let counted = counted(&self.0);
        // A week is so long that what is counted so far is told meanwhile.
        let begun = std::time::Instant::now();
        while text == "since:7d" && begun.elapsed().as_millis() < 600 {
            each(&counted);
        }
        Ok(counted.finish())
    }

    fn runs(
        &mut self,
        wanted: SessionId,
        text: &str,
        _: &Halt,
        each: &mut dyn FnMut(Ran) -> bool,
    ) -> Result<(), String> {
        let session = self.0.iter().find(|s| s.id == wanted);
        let client = &session.ok_or("there is no such session")?.meta.client;
        let alike = Alike::to(client, text);
        for session in self.0.iter().filter(|s| s.id != id(0x4a)) {
            let timeline = Timeline::from_events(&session.meta, events().concat());
            for command in timeline.commands.iter().rev() {
                let run = Ran {
                    at: Occurrence {
                        session: session.id,
                        number: Some(command.number),
                        at: command.at,
                        stamp: session.meta.started.plus(command.at),
                        took: command.duration(),
                        failed: command.failed(),
                    },
                    text: command.text.clone(),
                };
                if alike.has(&session.meta.client, &command.text) && !each(run) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn sides(&mut self, wanted: SessionId, _: &Halt) -> Result<Vec<Side>, String> {
        let session = self.0.iter().find(|s| s.id == wanted);
        let session = session.ok_or("there is no such session")?;
        let timeline = Timeline::from_events(&session.meta, events().concat());
        Ok(sides(&session.meta.client, &timeline))
    }

    fn export(&mut self, piece: &Piece, _: &Halt) -> Result<Done, String> {
        let session = self.0.iter().find(|s| s.id == piece.id);
        let session = session.ok_or("there is no such session")?;
        let none = Summary::default();
        let about = (&session.meta, &none, session.status);
        let mut job = Job::new(
            &Rules::builtin(),
            about,
            piece.cut,
            piece.format,
            &piece.also,
        );
        events().concat().iter().for_each(|event| job.push(event));
        Ok(job.finish())
    }

    fn handed_on(&mut self, _: SessionId) {}

    fn change(&mut self, change: &Change) -> Result<String, String> {
        match change {
            Change::Pin(ids, pinned) => {
                let chosen = self.0.iter_mut().filter(|s| ids.contains(&s.id));
                chosen.for_each(|session| session.pinned = *pinned);
            }
            Change::Tag(ids, add, remove) => {
                for session in self.0.iter_mut().filter(|s| ids.contains(&s.id)) {
                    session.labels.tags.extend(add.iter().cloned());
                    session.labels.tags.retain(|tag| !remove.contains(tag));
                }
            }
            Change::Note(wanted, at, text) => {
                for session in self.0.iter_mut().filter(|s| s.id == *wanted) {
                    session.labels.add(crate::model::Note {
                        at: *at,
                        text: text.clone(),
                    });
                }
            }
            Change::Forget(ids) => self.0.retain(|session| !ids.contains(&session.id)),
        }
        Ok("done".into())
    }
}

/// The commands of all sessions, counted.
pub fn stats(sessions: &[Session]) -> Stats {
    counted(sessions).finish()
}

fn counted(sessions: &[Session]) -> Collector {
    let mut collector = Collector::new();
    for session in sessions.iter().filter(|s| s.id != id(0x4a)) {
        let timeline = Timeline::from_events(&session.meta, events().concat());
        let run = |command: &crate::timeline::Command| Run {
            number: Some(command.number),
            at: command.at,
            took: command.duration(),
            failed: command.failed(),
            outcome: command.outcome.clone(),
            text: command.text.clone(),
        };
        let runs: Vec<Run> = timeline.commands.iter().map(run).collect();
        collector.session(&session.meta, &runs);
    }
    collector
}

/// A player that has read all of [`events`].
pub fn player() -> Player<Vec<Vec<Event>>> {
    let mut player = Player::new(events(), Size { cols: 60, rows: 10 });
    while player.index_more() {}
    player
}

pub fn landmarks() -> Arc<Landmarks> {
    Arc::new(player().landmarks().clone())
}

/// A model of this size that has seen nothing.
pub fn blank(cols: u16, rows: u16) -> Model {
    let theme = Theme::new(Depth::True);
    Model::new(Size { cols, rows }, theme, NOW)
}

/// A model that has the five sessions, and the landmarks of the first.
pub fn browsing(cols: u16, rows: u16) -> Model {
    let mut model = blank(cols, rows);
    update(&mut model, Msg::Opened);
    let list = Msg::Sessions {
        from: 0,
        sessions: sessions(),
        more: false,
    };
    update(&mut model, list);
    update(&mut model, Msg::Landmarks(id(0x7f), landmarks()));
    model
}
