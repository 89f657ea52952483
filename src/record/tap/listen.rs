//! What the client connects to in the server's place.

use super::Stream;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;

/// A socket that is bound, and not yet served.
pub enum Listener {
    /// In the private directory.
    Unix(UnixListener),
}

impl Listener {
    /// Binds a socket at `path`.
    ///
    /// # Errors
    /// The path is too long or taken.
    pub fn socket(path: &Path) -> io::Result<Listener> {
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Listener::Unix(listener))
    }

    /// Hands it to the runtime of this thread.
    pub(super) fn listen(self) -> io::Result<Listening> {
        match self {
            Listener::Unix(listener) => {
                let listener = tokio::net::UnixListener::from_std(listener)?;
                Ok(Listening::Unix(listener))
            }
        }
    }
}

/// A socket that is served.
pub(super) enum Listening {
    Unix(tokio::net::UnixListener),
}

impl Listening {
    /// The next connection; `None` for one that another user made.
    pub async fn accept(&mut self) -> io::Result<Option<Stream>> {
        let own = rustix::process::geteuid().as_raw();
        match self {
            Listening::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                // The directory keeps others out already.
                let ours = stream.peer_cred()?.uid() == own;
                Ok(ours.then_some(Stream::Unix(stream)))
            }
        }
    }
}
