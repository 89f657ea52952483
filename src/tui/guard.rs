//! The terminal, taken and given back.
//!
//! Whatever ends the program (return, error, panic, signal), the terminal is as it was: cooked,
//! on its own screen, cursor shown, bracketed paste off.

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// How much of the terminal is ours now. A panic hook cannot reach the guard.
static TAKEN: AtomicU8 = AtomicU8::new(NOTHING);
const NOTHING: u8 = 0;
/// Raw mode only.
const KEYS: u8 = 1;
/// Raw mode and the alternate screen.
const ALL: u8 = 2;
/// Whether the mouse is ours too.
static MOUSE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Holds the terminal until it is dropped.
pub struct Guard(());

impl Guard {
    /// Raw mode, the alternate screen, pasted text told apart from keys; the `mouse` too, or not.
    ///
    /// # Errors
    /// The terminal refused; it is as it was.
    pub fn take(mouse: bool) -> io::Result<Guard> {
        let guard = Guard::take_keys()?;
        TAKEN.store(ALL, Ordering::SeqCst);
        MOUSE.store(mouse, Ordering::SeqCst);
        enter()?;
        Ok(guard)
    }

    /// Raw mode on the screen as it is.
    ///
    /// # Errors
    /// The terminal refused; it is as it was.
    pub fn take_keys() -> io::Result<Guard> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        enable_raw_mode()?;
        TAKEN.store(KEYS, Ordering::SeqCst);
        Ok(Guard(()))
    }

    /// Takes it again, where others may have had it while the process was stopped.
    ///
    /// # Errors
    /// The terminal refused.
    pub fn again(&self) -> io::Result<()> {
        // By way of the ordinary mode: raw mode is only set where it is not thought to be on.
        disable_raw_mode()?;
        enable_raw_mode()?;
        if TAKEN.load(Ordering::SeqCst) == ALL {
            enter()?;
        }
        Ok(())
    }
}

fn enter() -> io::Result<()> {
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if MOUSE.load(Ordering::SeqCst) {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Once for each time it was taken. Nothing can be done about a terminal that is gone. The mode
/// comes first: who sees the screen again may type at once, and an Enter typed into raw mode would
/// be none.
fn give_back() {
    let taken = TAKEN.swap(NOTHING, Ordering::SeqCst);
    if taken != NOTHING {
        let _ = disable_raw_mode();
    }
    if taken == ALL {
        let mut out = io::stdout();
        // Attributes are reset by hand: what was being drawn may have been cut off in the middle.
        let _ = out.write_all(b"\x1b[0m");
        if MOUSE.swap(false, Ordering::SeqCst) {
            let _ = queue!(out, DisableMouseCapture);
        }
        let _ = queue!(out, DisableBracketedPaste, Show, LeaveAlternateScreen);
        let _ = out.flush();
    }
}
