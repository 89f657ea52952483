//! rec's own keys in what is typed: the prefix (Ctrl-] unless configured), then `p` or `m`.
//!
//! Prefix and any other key are both handed on. There is no timer: a prefix waits for the next
//! key, however long. Within a bracketed paste nothing is ours. Pure: bytes in, bytes out.

/// What the user asked of rec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Off the record, or on it again.
    TogglePause,
    /// A marker here.
    Mark,
}

/// Watches the keys of one session.
#[derive(Debug)]
pub struct Keys {
    prefix: Option<u8>,
    held: bool,
    pasting: bool,
    /// How many bytes of [`PASTE_BEGIN`] or [`PASTE_END`] have just passed.
    matched: usize,
}

/// xterm's bracketed paste mode (ctlseqs, "Bracketed Paste Mode").
const PASTE_BEGIN: &[u8; 6] = b"\x1b[200~";
const PASTE_END: &[u8; 6] = b"\x1b[201~";

impl Keys {
    /// Watches for `prefix`; `None` leaves every key to the client.
    pub fn new(prefix: Option<u8>) -> Keys {
        Keys {
            prefix,
            held: false,
            pasting: false,
            matched: 0,
        }
    }

    /// Appends to `out` what the client gets of `typed`, and to `actions` what rec is to do, each behind
    /// so many bytes of `out`.
    /// While `full_screen` (the alternate screen) all keys are the client's.
    pub fn push(
        &mut self,
        typed: &[u8],
        full_screen: bool,
        out: &mut Vec<u8>,
        actions: &mut Vec<(usize, Action)>,
    ) {
        let Some(prefix) = self.prefix else {
            out.extend_from_slice(typed);
            return;
        };
        for byte in typed.iter().copied() {
            self.follow_paste(byte);
            let ours = !self.pasting && !full_screen;
            if std::mem::take(&mut self.held) {
                match byte {
                    b'p' if ours => actions.push((out.len(), Action::TogglePause)),
                    b'm' if ours => actions.push((out.len(), Action::Mark)),
                    _ => out.extend([prefix, byte]),
                }
            } else if byte == prefix && ours {
                self.held = true;
            } else {
                out.push(byte);
            }
        }
    }

    fn follow_paste(&mut self, byte: u8) {
        let sequence = if self.pasting { PASTE_END } else { PASTE_BEGIN };
        if sequence.get(self.matched) == Some(&byte) {
            self.matched += 1;
        } else {
            self.matched = usize::from(byte == 0x1b);
        }
        if self.matched == sequence.len() {
            self.pasting = !self.pasting;
            self.matched = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: Option<u8> = Some(0x1d);

    /// What the client gets, and what rec is to do behind so many bytes of it.
    type Typed = (Vec<u8>, Vec<(usize, Action)>);

    /// What comes of `typed` when it is cut at every place.
    fn typed(prefix: Option<u8>, full_screen: bool, typed: &[u8]) -> Typed {
        let whole = at(prefix, full_screen, typed, 0);
        for cut in 1..typed.len() {
            assert_eq!(at(prefix, full_screen, typed, cut), whole, "cut at {cut}");
        }
        whole
    }

    fn at(prefix: Option<u8>, full: bool, typed: &[u8], cut: usize) -> Typed {
        let (mut keys, mut out, mut actions) = (Keys::new(prefix), Vec::new(), Vec::new());
        let (a, b) = typed.split_at(cut);
        keys.push(a, full, &mut out, &mut actions);
        keys.push(b, full, &mut out, &mut actions);
        (out, actions)
    }

    #[test]
    fn prefix_p_and_m_are_ours_and_any_other_key_gets_both() {
        type Case = (&'static [u8], &'static [u8], &'static [(usize, Action)]);
        let cases: &[Case] = &[
            (b"a\x1dpb", b"ab", &[(1, Action::TogglePause)]),
            (b"\x1dm", b"", &[(0, Action::Mark)]),
            (b"\x1dq", b"\x1dq", &[]),
            (b"\x1d\x1d", b"\x1d\x1d", &[]),
            (b"\x1d\x1dp", b"\x1d\x1dp", &[]),
            (b"x\x1d", b"x", &[]),
            (b"select 1;\r", b"select 1;\r", &[]),
        ];
        for (input, out, actions) in cases {
            assert_eq!(
                typed(PREFIX, false, input),
                (out.to_vec(), actions.to_vec())
            );
        }
    }

    #[test]
    fn nothing_is_ours_in_a_paste_on_the_alternate_screen_or_without_a_prefix() {
        let paste = b"\x1b[200~a\x1dpb\x1b[201~";
        assert_eq!(typed(PREFIX, false, paste), (paste.to_vec(), vec![]));
        let after = b"\x1b[200~x\x1b[201~\x1dp";
        let behind = (after.len() - 2, Action::TogglePause);
        assert_eq!(typed(PREFIX, false, after).1, [behind]);
        assert_eq!(typed(PREFIX, true, b"\x1dp"), (b"\x1dp".to_vec(), vec![]));
        assert_eq!(typed(None, false, b"\x1dp"), (b"\x1dp".to_vec(), vec![]));
    }

    #[test]
    fn every_byte_reaches_the_client() {
        let all: Vec<u8> = (0..=255).filter(|b| *b != 0x1d).collect();
        assert_eq!(typed(PREFIX, false, &all), (all.clone(), vec![]));
    }
}
