//! A private session bus with a login keyring on it.

use super::home::Home;
use super::server::{Plan, Server, directory, write};
use super::tools::tool;
use std::process::Command;
use std::time::{Duration, Instant};

/// Only this configuration's services exist on the bus: nothing is started on demand, so that a
/// keyring is there because the test started it.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Starts the bus and, with a password on its stdin, the keyring. `$1` directory, `$2` bus
/// daemon, `$3` keyring daemon or nothing.
const START: &str = r#"
export XDG_RUNTIME_DIR="$1" XDG_DATA_HOME="$1/data" XDG_CONFIG_HOME="$1/config"
export XDG_CACHE_HOME="$1/cache" HOME="$1" DBUS_SESSION_BUS_ADDRESS="unix:path=$1/bus"
"$2" --config-file="$1/bus.conf" --nofork --nopidfile --print-address=1 >"$1/address" &
while ! [ -s "$1/address" ]; do sleep 0.01; done
if [ -n "$3" ]; then
    printf 'login-password' | "$3" --foreground --unlock --components=secrets >/dev/null &
fi
wait
"#;

/// A session bus; the keyring on it is unlocked.
pub struct Keyring {
    server: Server,
}

impl Keyring {
    /// A bus with an unlocked login keyring.
    pub fn start() -> Keyring {
        let daemon = tool("gnome-keyring-daemon", "gnome-keyring");
        let keyring = Self::start_with(daemon.to_str().unwrap());
        keyring.await_service();
        keyring
    }

    /// A bus on which nobody keeps secrets.
    pub fn bus_only() -> Keyring {
        Self::start_with("")
    }

    fn start_with(daemon: &str) -> Keyring {
        let dir = directory("bus");
        let at = dir.to_str().unwrap();
        write(
            &dir.join("bus.conf"),
            &BUS.replace("SOCKET", &format!("{at}/bus")),
            0o600,
        );
        let bus = tool("dbus-daemon", "dbus");
        let address = dir.join("address");
        let words = [
            "sh",
            "-c",
            &format!("{START}: >&2"),
            "bus",
            at,
            bus.to_str().unwrap(),
            daemon,
        ];
        let server = Server::start(Plan {
            name: "session bus",
            dir: &dir,
            signal: "KILL",
            words: words.map(str::to_owned).to_vec(),
            env: Vec::new(),
            ready: &|_| true,
        })
        .unwrap();
        let keyring = Keyring { server };
        wait_until("the session bus", || {
            std::fs::metadata(&address).is_ok_and(|m| m.len() > 0)
        });
        keyring
    }

    /// Puts `home` on this bus.
    pub fn join(&self, home: &mut Home) {
        home.set("DBUS_SESSION_BUS_ADDRESS", self.address());
    }

    fn address(&self) -> String {
        format!("unix:path={}/bus", self.server.dir().display())
    }

    fn await_service(&self) {
        wait_until("the keyring", || {
            let mut ask = Command::new(tool("dbus-send", "dbus"));
            ask.env("DBUS_SESSION_BUS_ADDRESS", self.address())
                .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus"])
                .args(["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner"])
                .arg("string:org.freedesktop.secrets");
            let answer = ask.output().unwrap();
            String::from_utf8_lossy(&answer.stdout).contains("boolean true")
        });
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < until, "{what} did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
}
