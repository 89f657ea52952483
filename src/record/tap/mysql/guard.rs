//! What the client of a server that is reached in the clear sends, watched for one command:
//! COM_CHANGE_USER, in whose course a client that takes the local leg for safe may send a password as
//! it is. It is stopped before it goes on, for [`exchange`](super::exchange) to see it through.
//!
//! Of packets the headers are followed, and nothing is copied. A compressed connection is inflated to
//! be followed; its frames go on as they came.

use crate::record::tap::relay::{Verdict, Watch};
use crate::wire::mysql::{Broken, Frames};

/// The command's number.
pub const CHANGE_USER: u8 = 0x11;

/// A packet of this length is continued by the next one.
const FULL: usize = 0xFF_FFFF;

/// Frames without contents, one after the other, are not kept for longer than this.
const KEPT_MAX: usize = 64 << 10;

/// Watches one connection.
#[derive(Default)]
pub struct Guard {
    packets: Packets,
    framed: Option<Framed>,
    why: Option<&'static str>,
}

impl Guard {
    /// Of a connection that is compressed, or is not.
    pub fn new(compressed: bool) -> Guard {
        Guard {
            framed: compressed.then(Framed::default),
            ..Guard::default()
        }
    }

    /// Why what was stopped cannot be seen through.
    pub fn why(&self) -> Option<&'static str> {
        self.why
    }
}

impl Watch for Guard {
    fn look(&mut self, fresh: &[u8]) -> Verdict {
        let Some(framed) = &mut self.framed else {
            return match self.packets.find(fresh) {
                Some(rest) => Verdict {
                    keep: Packets::BEGINNING + rest.len(),
                    stop: true,
                },
                None => Verdict {
                    keep: self.packets.pending(),
                    stop: false,
                },
            };
        };
        let found = framed.look(&mut self.packets, fresh);
        let stop = match found {
            Found::Nothing => false,
            Found::First => true,
            Found::Within => {
                self.why = Some("the command stands behind others in one compressed frame");
                true
            }
            Found::Broken => {
                self.why = Some("what the client compressed cannot be read");
                true
            }
        };
        Verdict {
            keep: framed.kept,
            stop,
        }
    }
}

/// The headers of packets, in any pieces.
#[derive(Default)]
struct Packets {
    /// The beginning of a packet that has not come as far as to be judged.
    beginning: [u8; Packets::BEGINNING],
    come: usize,
    /// Bytes of a packet still to come.
    left: usize,
    /// It is continued by the next one.
    continued: bool,
    /// The last packet's sequence id and length.
    last: (u8, usize),
}

impl Packets {
    /// A header and the number of a command.
    const BEGINNING: usize = 5;

    /// How many bytes at the end of what was read are not judged yet.
    fn pending(&self) -> usize {
        self.come
    }

    /// Reads on, until the command begins: gives what is behind its number.
    fn find<'a>(&mut self, mut bytes: &'a [u8]) -> Option<&'a [u8]> {
        loop {
            let now = self.left.min(bytes.len());
            (_, bytes) = bytes.split_at(now);
            self.left -= now;
            if bytes.is_empty() {
                return None;
            }
            // Mostly all of it is at hand.
            while let Some(slot) = self.beginning.get_mut(self.come) {
                let Some((byte, rest)) = bytes.split_first() else {
                    break;
                };
                *slot = *byte;
                bytes = rest;
                self.come += 1;
                // An empty packet has no more.
                if self.come == 4 && self.length() == 0 {
                    break;
                }
            }
            if self.come < 4 || (self.come == 4 && self.length() > 0) {
                return None;
            }
            if self.is_it() {
                return Some(bytes);
            }
            let [.., sequence, _] = self.beginning;
            let length = self.length();
            self.last = (sequence, length);
            self.continued = length == FULL;
            self.left = (4 + length).saturating_sub(self.come);
            self.come = 0;
        }
    }

    fn length(&self) -> usize {
        let [a, b, c, ..] = self.beginning;
        u32::from_le_bytes([a, b, c, 0]) as usize
    }

    /// Whether the packet that begins here is the command. The sequence ids of a file that is sent
    /// for LOAD DATA LOCAL come round to 0 as well; an empty packet ends it.
    fn is_it(&self) -> bool {
        let [.., sequence, command] = self.beginning;
        let goes_on = self.continued || matches!(self.last, (u8::MAX, 1..));
        self.come == Self::BEGINNING && sequence == 0 && command == CHANGE_USER && !goes_on
    }
}

/// A compressed connection.
#[derive(Default)]
struct Framed {
    frames: Frames,
    /// Bytes of frames that were shown and not let go.
    kept: usize,
    /// So much came out of them.
    contents: usize,
    /// The beginning of the current frame was let go.
    begun: bool,
}

enum Found {
    Nothing,
    /// The command is the first thing in a frame that was not let go.
    First,
    /// It is not.
    Within,
    Broken,
}

impl Framed {
    fn look(&mut self, packets: &mut Packets, fresh: &[u8]) -> Found {
        let mut rest = fresh;
        loop {
            let before = rest.len();
            let next = self.frames.next(&mut rest);
            self.kept += before - rest.len();
            let all = next.is_none();
            let (length, at) = match next {
                None => (0, None),
                Some(Ok(piece)) => {
                    let behind = packets.find(piece);
                    (piece.len(), behind.map(|behind| piece.len() - behind.len()))
                }
                Some(Err(Broken)) => {
                    self.kept += rest.len();
                    return Found::Broken;
                }
            };
            if let Some(at) = at {
                self.kept += rest.len();
                let first = !self.begun && self.contents + at == Packets::BEGINNING;
                return if first { Found::First } else { Found::Within };
            }
            self.contents += length;
            let between = self.frames.is_between();
            if packets.pending() == 0 && (length > 0 || between) {
                (self.kept, self.contents, self.begun) = (0, 0, !between);
            }
            if self.kept > KEPT_MAX {
                self.kept += rest.len();
                return Found::Broken;
            }
            if all {
                return Found::Nothing;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = (payload.len() as u32).to_le_bytes()[..3].to_vec();
        packet.push(sequence);
        packet.extend(payload);
        packet
    }

    fn frame(contents: &[u8], compress: bool) -> Vec<u8> {
        let (body, length) = match compress {
            false => (contents.to_vec(), 0),
            true => {
                let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
                zlib.write_all(contents).unwrap();
                (zlib.finish().unwrap(), contents.len() as u32)
            }
        };
        let mut frame = (body.len() as u32).to_le_bytes()[..3].to_vec();
        frame.push(0);
        frame.extend(&length.to_le_bytes()[..3]);
        frame.extend(body);
        frame
    }

    /// What went on of `stream` in steps of `step`, until the guard stopped it, where it did.
    fn passed(guard: &mut Guard, stream: &[u8], step: usize) -> (usize, bool) {
        let (mut shown, mut gone) = (0, 0);
        for chunk in stream.chunks(step) {
            shown += chunk.len();
            let verdict = guard.look(chunk);
            assert!(
                shown - verdict.keep >= gone,
                "what went on does not come back"
            );
            gone = shown - verdict.keep;
            if verdict.stop {
                return (gone, true);
            }
        }
        (gone, false)
    }

    const STEPS: &[usize] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 64, usize::MAX];

    #[test]
    fn the_command_is_stopped_wherever_it_stands() {
        let query = packet(0, b"\x03select '\x11'");
        let change = packet(0, b"\x11eve\0\0shop\0");
        let long = packet(0, &[b'x'; FULL]);
        let rest = packet(1, b"\x11 is not the command here");
        let zero = packet(0, b"\x11 nor here");
        for before in [
            vec![],
            query.clone(),
            [query.clone(), query].concat(),
            [packet(0, b""), packet(0, b"\x0e")].concat(),
            [long.clone(), rest, packet(0, b"\x0e")].concat(),
            // However a client counts: the next packet goes on.
            [long, zero].concat(),
        ] {
            let stream = [before.as_slice(), &change, &packet(0, b"\x0e")].concat();
            let large = before.len() > 1 << 20;
            for step in STEPS.iter().filter(|step| !large || **step > 9) {
                let (gone, stopped) = passed(&mut Guard::default(), &stream, *step);
                assert_eq!((gone, stopped), (before.len(), true), "in steps of {step}");
            }
        }
    }

    #[test]
    fn nothing_else_is_stopped() {
        // A file's packets, counted from 2 on and round.
        let mut stream = packet(0, b"\x03load data local infile 'x' into table t");
        for sequence in (2..=255).chain(0..=255) {
            stream.extend(packet(sequence, b"\x11\x11\x11\x11\x11"));
        }
        stream.extend(packet(0, b""));
        stream.extend(packet(0, b"\x0e"));
        for step in STEPS {
            let (gone, stopped) = passed(&mut Guard::default(), &stream, *step);
            assert_eq!((gone, stopped), (stream.len(), false), "in steps of {step}");
        }
        // Behind the file's end there are commands again.
        let mut stream = packet(255, b"");
        stream.extend(packet(0, b"\x11eve\0"));
        assert_eq!(passed(&mut Guard::default(), &stream, 100), (4, true));
    }

    #[test]
    fn frames_go_on_as_they_came_until_one_begins_with_the_command() {
        let query = packet(
            0,
            &[b"\x03select '".as_slice(), &[b'y'; 3000], b"'"].concat(),
        );
        let change = packet(0, b"\x11eve\0\0shop\0");
        for (first, second) in [(false, false), (true, false), (false, true), (true, true)] {
            let begins = frame(&change, second);
            // A query in one frame, or the packet in two.
            let (head, tail) = query.split_at(2);
            for before in [
                vec![],
                frame(&query, first),
                [frame(head, first), frame(tail, second)].concat(),
                [frame(b"", false), frame(&query, first), frame(b"", false)].concat(),
            ] {
                let stream = [before.as_slice(), &begins, &frame(&query, true)].concat();
                for step in STEPS {
                    let mut guard = Guard::new(true);
                    let (gone, stopped) = passed(&mut guard, &stream, *step);
                    assert_eq!((gone, stopped), (before.len(), true), "in steps of {step}");
                    assert_eq!(guard.why(), None);
                }
            }
            let all = [frame(&query, first), frame(&query, second)].concat();
            for step in STEPS {
                let (gone, stopped) = passed(&mut Guard::new(true), &all, *step);
                assert_eq!((gone, stopped), (all.len(), false), "in steps of {step}");
            }
            // Over two frames.
            let (head, tail) = change.split_at(3);
            let stream = [frame(&query, true), frame(head, first), frame(tail, second)].concat();
            for step in STEPS {
                let mut guard = Guard::new(true);
                let (gone, stopped) = passed(&mut guard, &stream, *step);
                assert_eq!((gone, stopped), (frame(&query, true).len(), true));
                assert_eq!(guard.why(), None);
            }
        }
    }

    #[test]
    fn what_cannot_be_seen_through_is_stopped_with_a_reason() {
        let query = packet(0, b"\x03select 1");
        let change = packet(0, b"\x11eve\0\0shop\0");
        let within = frame(&[query, change].concat(), true);
        let mut broken = frame(&[b'z'; 300], true);
        broken[9] = 0xFF;
        for (stream, why) in [(within, "behind others"), (broken, "cannot be read")] {
            for step in STEPS {
                let mut guard = Guard::new(true);
                let (gone, stopped) = passed(&mut guard, &stream, *step);
                // What went on is no whole frame: the server does nothing with it.
                assert!(stopped && gone < stream.len(), "in steps of {step}");
                assert!(guard.why().is_some_and(|said| said.contains(why)));
            }
        }
    }
}
