//! The file that a client sends on LOAD DATA LOCAL.

use super::charset::{Charset, whole};
use crate::model::wire::BATCH_MAX;

/// The data under way.
pub struct Local {
    /// The statement that loads it; `None` once that is over.
    pub statement: Option<u32>,
    /// Bytes that were sent.
    pub bytes: u64,
    /// Bytes of them that were not kept.
    pub cut: u64,
    room: u64,
    held: Vec<u8>,
}

impl Local {
    /// For this statement, of which at most `room` bytes are kept.
    pub fn new(statement: Option<u32>, room: u64) -> Local {
        Local {
            statement,
            bytes: 0,
            cut: 0,
            room,
            held: Vec::new(),
        }
    }

    /// The next part of the data.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.cut += (bytes.len() - kept.len()) as u64;
        self.room -= kept.len() as u64;
        self.held.extend_from_slice(kept);
    }

    /// Whether enough has gathered to tell of it.
    pub fn full(&self) -> bool {
        self.held.len() >= BATCH_MAX
    }

    /// What has gathered: whole lines, or as much as makes a batch where a line is longer, or at
    /// the `end` all there is.
    pub fn take(&mut self, charset: Charset, end: bool) -> Option<String> {
        let lines = memchr::memrchr(b'\n', &self.held).map(|at| at + 1);
        let upto = match lines {
            _ if end => self.held.len(),
            Some(lines) => lines,
            None if self.full() => whole(&self.held).len(),
            None => 0,
        };
        if upto == 0 {
            return None;
        }
        let rest = self.held.split_off(upto);
        let taken = std::mem::replace(&mut self.held, rest);
        Some(charset.text(&taken, false).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_told_and_the_rest_at_the_end() {
        let mut local = Local::new(Some(1), 20);
        local.push(b"one\ntwo\nth");
        assert_eq!(local.take(Charset::Utf8, false).unwrap(), "one\ntwo\n");
        assert_eq!(local.take(Charset::Utf8, false), None);
        local.push(b"ree, and what is beyond the limit");
        assert_eq!(local.take(Charset::Utf8, true).unwrap(), "three, and w");
        assert_eq!((local.bytes, local.cut), (43, 23));
    }

    #[test]
    fn a_line_longer_than_a_batch_is_told_in_parts() {
        let mut local = Local::new(Some(1), u64::MAX);
        local.push("ü".repeat(BATCH_MAX / 2).as_bytes());
        local.push(b"\xc3");
        let text = local.take(Charset::Utf8, false).unwrap();
        assert_eq!(text.len(), BATCH_MAX);
        local.push(b"\xbc\n");
        assert_eq!(local.take(Charset::Utf8, false).unwrap(), "ü\n");
    }
}
