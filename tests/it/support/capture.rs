//! A relay in front of a server's socket that keeps what passes, in the order in which it passed.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use tempfile::TempDir;

/// Who sent bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    Client,
    Server,
}

/// What passed over one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// In order.
    pub said: Vec<(Speaker, Vec<u8>)>,
    /// Both sides have hung up.
    pub over: bool,
}

/// A relay to a unix socket. It runs as long as the test process.
pub struct Capture {
    dir: TempDir,
    conversations: Arc<Mutex<Vec<Conversation>>>,
}

impl Capture {
    /// Starts one for the socket `name` in the directory `to`.
    pub fn start(to: &Path, name: &str) -> Capture {
        let dir = tempfile::Builder::new().prefix("cap").tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join(name)).unwrap();
        let conversations = Arc::new(Mutex::new(Vec::new()));
        let (to, all) = (to.join(name), conversations.clone());
        spawn(move || {
            for near in listener.incoming() {
                let near = near.unwrap();
                let Ok(far) = UnixStream::connect(&to) else {
                    continue;
                };
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(Conversation::default());
                    all.len() - 1
                };
                let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
                let (one, other) = (all.clone(), all.clone());
                let hung_up = Arc::new(Mutex::new(0));
                let also = hung_up.clone();
                spawn(move || carry(near, far, (&one, number, Speaker::Client), &hung_up));
                spawn(move || carry(back.0, back.1, (&other, number, Speaker::Server), &also));
            }
        });
        Capture { dir, conversations }
    }

    /// The directory of the socket to connect to.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// What passed so far.
    pub fn now(&self) -> Vec<Conversation> {
        self.conversations.lock().unwrap().clone()
    }

    /// What passed so far, once every connection is over.
    pub fn conversations(&self) -> Vec<Conversation> {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        loop {
            let all = self.now();
            if all.iter().all(|conversation| conversation.over) {
                return all;
            }
            assert!(std::time::Instant::now() < end, "a connection stays open");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// Carries bytes from one to the other, and notes them before anybody can answer them.
fn carry(
    mut from: UnixStream,
    mut to: UnixStream,
    (all, number, who): (&Mutex<Vec<Conversation>>, usize, Speaker),
    hung_up: &Mutex<u8>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        all.lock().unwrap()[number]
            .said
            .push((who, buffer[..n].to_vec()));
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let mut hung_up = hung_up.lock().unwrap();
    *hung_up += 1;
    all.lock().unwrap()[number].over = *hung_up == 2;
}
