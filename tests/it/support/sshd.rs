//! A private sshd that lets the user who runs the tests in, by a key made for it.

use super::server::{Plan, Server, directory, write};
use super::tools::{run, tool};
use std::path::Path;
use std::process::Command;

/// What a session on the far side runs: a shell with a fixed prompt, in a home of its own, that
/// reads nobody's start-up files.
const SESSION: &str = r#"#!/bin/sh
export HOME="$1" PS1='far$ ' HISTFILE=/dev/null
cd "$HOME" || exit 1
if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec bash -c "$SSH_ORIGINAL_COMMAND"; fi
exec bash --norc --noprofile -i
"#;

/// A running sshd.
pub struct Sshd {
    server: Server,
    /// Its TCP port on the loopback.
    pub port: u16,
}

impl Sshd {
    /// Starts one.
    pub fn start() -> Sshd {
        Server::on_free_port(Self::start_on)
    }

    fn start_on(port: u16) -> Result<Sshd, String> {
        let dir = directory("sshd");
        for key in ["host_key", "client_key"] {
            let mut keygen = Command::new(tool("ssh-keygen", "openssh-client"));
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-C", key, "-f"])
                .arg(dir.join(key));
            run(&mut keygen);
        }
        std::fs::copy(dir.join("client_key.pub"), dir.join("authorized_keys")).unwrap();
        std::fs::create_dir(dir.join("home")).unwrap();
        write(&dir.join("session"), SESSION, 0o755);
        write(&dir.join("config"), &config(&dir, port), 0o600);
        if rustix::process::geteuid().is_root() {
            // Where sshd drops its privileges; it refuses to start without.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let sshd = tool("sshd", "openssh-server");
        let words = vec![
            sshd.to_str().unwrap().to_owned(),
            "-D".to_owned(),
            "-e".to_owned(),
            "-f".to_owned(),
            dir.join("config").to_str().unwrap().to_owned(),
        ];
        let server = Server::start(Plan {
            name: "sshd",
            dir: &dir,
            signal: "TERM",
            words,
            env: Vec::new(),
            ready: &|said| said.contains("Server listening"),
        })?;
        let host_key = std::fs::read_to_string(dir.join("host_key.pub")).unwrap();
        write(&dir.join("known_hosts"), &format!("* {host_key}"), 0o600);
        Ok(Sshd { server, port })
    }

    /// The home directory on the far side.
    pub fn home(&self) -> std::path::PathBuf {
        self.server.dir().join("home")
    }

    /// Words that lead an `ssh` in, through `port` (its own, or that of a relay before it), as
    /// far as the host, which is `127.0.0.1`.
    pub fn words(&self, port: u16) -> Vec<String> {
        let dir = self.server.dir().display();
        let options = [
            "IdentitiesOnly=yes".to_owned(),
            "BatchMode=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            format!("UserKnownHostsFile={dir}/known_hosts"),
        ];
        let mut words = vec!["-F".to_owned(), "none".to_owned()];
        words.extend(["-i".to_owned(), format!("{dir}/client_key")]);
        words.extend(["-p".to_owned(), port.to_string()]);
        words.extend(["-l".to_owned(), login()]);
        for option in options {
            words.extend(["-o".to_owned(), option]);
        }
        words
    }
}

/// Who the tests run as: only that user can log in to an sshd without privileges.
fn login() -> String {
    run(Command::new("id").arg("-un")).trim().to_owned()
}

fn config(dir: &Path, port: u16) -> String {
    let dir = dir.display();
    format!(
        "ListenAddress 127.0.0.1\n\
         Port {port}\n\
         HostKey {dir}/host_key\n\
         AuthorizedKeysFile {dir}/authorized_keys\n\
         PidFile {dir}/pid\n\
         ForceCommand {dir}/session {dir}/home\n\
         PermitRootLogin yes\n\
         StrictModes no\n\
         UsePAM no\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         PrintMotd no\n\
         PrintLastLog no\n\
         UseDNS no\n\
         LogLevel INFO\n"
    )
}
