//! A private MariaDB.

use super::authority::{Authority, Signed};
use super::server::{Plan, Server, directory};
use super::tools::{as_user, from_template, give_to, run, tool};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "mariadb-server";
const USER: &str = "mysql";

/// A running server. `root` has no password over the socket; `app` has one, over TCP too.
pub struct Mariadb {
    server: Server,
    /// The TCP port.
    pub port: u16,
}

impl Mariadb {
    /// The password of the user `app`.
    pub const PASSWORD: &'static str = "Maria7-app-4711";

    /// Starts one.
    pub fn start() -> Mariadb {
        Self::start_with(&[])
    }

    /// Starts one with these options.
    pub fn start_with(options: &[&str]) -> Mariadb {
        let mariadb = Server::on_free_port(|port| Self::start_on(port, options, None));
        mariadb.greet()
    }

    /// Starts one that shows this certificate, and asks clients for one of the same authority.
    pub fn start_showing(signed: &Signed, authority: &Authority) -> Mariadb {
        let shown = Some((signed, authority));
        let mariadb = Server::on_free_port(|port| Self::start_on(port, &[], shown));
        mariadb.greet()
    }

    fn greet(self) -> Mariadb {
        let mariadb = self;
        mariadb.sql(
            "mysql",
            &format!(
                "create user app@'%' identified by '{}'; grant all on *.* to app@'%'",
                Self::PASSWORD
            ),
        );
        mariadb
    }

    fn start_on(
        port: u16,
        options: &[&str],
        shown: Option<(&Signed, &Authority)>,
    ) -> Result<Mariadb, String> {
        let dir = directory("maria");
        give_to(USER, &dir);
        let data = dir.join("data");
        from_template("mariadb", &data, install);
        let mut words = as_user(USER);
        words.push(tool("mariadbd", PACKAGE).to_str().unwrap().to_owned());
        words.extend(
            [
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--innodb-buffer-pool-size=8M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-use-native-aio=0",
                "--performance-schema=off",
            ]
            .map(str::to_owned),
        );
        words.push(format!("--datadir={}", data.display()));
        words.push(format!("--tmpdir={}", dir.display()));
        words.push(format!("--socket={}/s", dir.display()));
        words.push(format!("--pid-file={}/pid", dir.display()));
        words.push(format!("--port={port}"));
        words.extend(options.iter().map(|option| (*option).to_owned()));
        if let Some((signed, authority)) = shown {
            for (option, from) in [
                ("ssl-ca", &PathBuf::from(authority.root())),
                ("ssl-cert", &signed.certificate),
                ("ssl-key", &signed.key),
            ] {
                let to = dir.join(option);
                std::fs::copy(from, &to).unwrap();
                give_to(USER, &to);
                words.push(format!("--{option}={}", to.display()));
            }
        }
        let server = Server::start(Plan {
            name: "mariadbd",
            dir: &dir,
            signal: "KILL",
            words,
            env: Vec::new(),
            ready: &|said| said.contains("ready for connections"),
        })?;
        Ok(Mariadb { server, port })
    }

    /// What `mysql --socket` takes.
    pub fn socket(&self) -> String {
        format!("{}/s", self.server.dir().display())
    }

    /// Runs SQL as `root` and gives tab-separated rows.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut mysql = Command::new(tool("mariadb", "mariadb-client"));
        mysql
            .args(["--no-defaults", "-NB", "-uroot", "-S", &self.socket()])
            .args(["-e", sql, database]);
        run(&mut mysql)
    }
}

fn install(data: &Path) {
    std::fs::create_dir(data).unwrap();
    give_to(USER, data);
    let mut words = as_user(USER);
    words.push(
        tool("mariadb-install-db", PACKAGE)
            .to_str()
            .unwrap()
            .to_owned(),
    );
    let mut install = Command::new(&words[0]);
    install
        .args(&words[1..])
        .current_dir("/")
        .args(["--no-defaults", "--auth-root-authentication-method=normal"])
        .args([
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-log-file-size=4M",
        ])
        .arg(format!("--datadir={}", data.display()));
    run(&mut install);
}
