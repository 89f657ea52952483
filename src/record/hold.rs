//! Listeners held open in a server's place, for clients that rec does not start: programs with a
//! window, drivers of a program under test.

use super::relay::{Ended, status};
use super::session::{self, Holding, Person, Session};
use super::signals::Signals;
use super::sys::Inherited;
use super::{Error, Request};
use crate::model::Exit;
use rustix::event::{PollFd, PollFlags, poll};

/// Holds them until a signal ends it; the person learns the addresses once they are served.
///
/// # Errors
/// Nothing can listen, or nothing would be recorded.
pub fn hold(request: &Request, person: &mut dyn Person) -> Result<u8, Error> {
    let inherited = Inherited::read();
    let Holding { terms, addresses } = session::plan_hold(request, person)?;
    let signals = Signals::catch(&inherited)?;
    let Some(place) = terms.place(person)? else {
        return Err(Error::NotHeld("nothing would be recorded".to_owned()));
    };
    let session = Session::begin(terms, place, signals.waker()?, None);
    if !session.is_tapped() {
        session.forget();
        return Err(Error::NotHeld("no thread or descriptor is left".to_owned()));
    }
    person.listening(&addresses);
    let signal = wait(&signals, &session);
    session.end(
        Exit {
            code: 0,
            signal: None,
        },
        person,
    );
    // Ctrl-C and kill are how it is meant to end.
    Ok(match signal {
        libc::SIGINT | libc::SIGTERM | libc::SIGHUP => 0,
        signal => status(Ended::Killed(signal)),
    })
}

/// The signal that ends it; a recording that must not fail ends it, too.
fn wait(signals: &Signals, session: &Session) -> i32 {
    loop {
        let mut fds = [PollFd::from_borrowed_fd(signals.fd(), PollFlags::IN)];
        // An interrupted call is a signal, which its pipe reports.
        let _ = poll(&mut fds, None);
        for (signal, _) in signals.take() {
            match signal {
                libc::SIGINT | libc::SIGTERM | libc::SIGHUP | libc::SIGQUIT => return signal,
                _ => {}
            }
        }
        if session.shared.must_end() {
            return libc::SIGTERM;
        }
    }
}
