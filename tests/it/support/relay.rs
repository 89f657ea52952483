//! A slow network: a TCP relay that holds every byte for a fixed time, in both directions.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::{Duration, Instant};

/// A relay to a port on the loopback. It runs as long as the test process.
pub struct Relay {
    /// Connect here instead.
    pub port: u16,
}

impl Relay {
    /// Starts one that adds `delay` to each direction.
    pub fn start(to: u16, delay: Duration) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        spawn(move || {
            for near in listener.incoming() {
                let near = near.unwrap();
                let far = TcpStream::connect(("127.0.0.1", to)).unwrap();
                let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
                spawn(move || carry(near, far, delay));
                spawn(move || carry(back.0, back.1, delay));
            }
        });
        Relay { port }
    }
}

/// Carries bytes from one to the other, each `delay` after it came: a long line, not a thin one.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (sender, receiver) = channel::<(Instant, Vec<u8>)>();
    spawn(move || {
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 16 << 10];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0
            || sender
                .send((Instant::now() + delay, buffer[..n].to_vec()))
                .is_err()
        {
            break;
        }
    }
}
