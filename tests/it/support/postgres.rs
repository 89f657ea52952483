//! A private PostgreSQL.

use super::authority::{Authority, Signed};
use super::server::{Plan, Server, directory, write};
use super::tools::{as_user, from_template, give_to, run, tool};
use std::path::Path;
use std::process::Command;

const PACKAGE: &str = "postgresql";
const USER: &str = "postgres";

/// A running server with the superuser `postgres`. Its socket lets everyone in, TCP wants the
/// password.
pub struct Postgres {
    server: Server,
    /// The TCP port, and the number in the socket's name.
    pub port: u16,
}

impl Postgres {
    /// The superuser's password over TCP.
    pub const PASSWORD: &'static str = "Pg9-superuser-4711";

    /// Starts one.
    pub fn start() -> Postgres {
        Self::start_with(&[])
    }

    /// Starts one with settings (`ssl=on`) of the configuration file.
    pub fn start_with(settings: &[&str]) -> Postgres {
        Server::on_free_port(|port| Self::start_on(port, settings))
    }

    fn start_on(port: u16, settings: &[&str]) -> Result<Postgres, String> {
        let dir = directory("pg");
        give_to(USER, &dir);
        let data = dir.join("data");
        from_template("postgres", &data, |data| initdb(&dir, data));
        if settings.contains(&"ssl=on") {
            certificate(&data);
        }
        let socket = dir.to_str().unwrap();
        let mut words = as_user(USER);
        words.push(tool("postgres", PACKAGE).to_str().unwrap().to_owned());
        words.extend(["-D".to_owned(), data.to_str().unwrap().to_owned()]);
        let fixed = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "shared_buffers=4MB",
            "max_connections=20",
            "autovacuum=off",
            "max_wal_senders=0",
            "wal_level=minimal",
        ];
        let own = [
            format!("port={port}"),
            format!("unix_socket_directories={socket}"),
        ];
        for setting in fixed
            .iter()
            .chain(settings)
            .copied()
            .chain(own.iter().map(String::as_str))
        {
            words.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let server = Server::start(Plan {
            name: "postgres",
            dir: &dir,
            signal: "QUIT",
            words,
            env: vec![("LC_ALL", "C".to_owned())],
            ready: &|said| said.contains("ready to accept connections"),
        })?;
        Ok(Postgres { server, port })
    }

    /// The socket's directory: what `psql -h` takes.
    pub fn socket(&self) -> &str {
        self.server.dir().to_str().unwrap()
    }

    /// The certificate that a client verifies a server with `ssl=on` by.
    pub fn certificate(&self) -> String {
        format!("{}/data/server.crt", self.socket())
    }

    /// Lets people in as these lines of `pg_hba.conf` say, from now on.
    pub fn hba(&self, lines: &str) {
        let file = format!("{}/data/pg_hba.conf", self.socket());
        std::fs::write(file, format!("{lines}\nlocal all all trust\n")).unwrap();
        self.reload();
    }

    /// Shows this certificate from now on; wants `ssl=on`.
    pub fn show(&self, signed: &Signed) {
        let data = format!("{}/data", self.socket());
        for (from, name) in [
            (&signed.certificate, "server.crt"),
            (&signed.key, "server.key"),
        ] {
            let to = Path::new(&data).join(name);
            std::fs::copy(from, &to).unwrap();
            give_to(USER, &to);
        }
        self.reload();
    }

    /// Trusts clients whose certificates this authority signed, from now on.
    pub fn trust(&self, authority: &Authority) {
        let to = format!("{}/data/clients.crt", self.socket());
        std::fs::copy(authority.root(), &to).unwrap();
        give_to(USER, Path::new(&to));
        self.sql("postgres", "alter system set ssl_ca_file = 'clients.crt'");
        self.reload();
    }

    /// New connections are served by what the files say now: each gets a process of its own, and
    /// the postmaster has read them once it has told one of them.
    fn reload(&self) {
        let loaded = self.sql("postgres", "select pg_conf_load_time()");
        self.sql("postgres", "select pg_reload_conf()");
        while self.sql("postgres", "select pg_conf_load_time()") == loaded {
            std::thread::yield_now();
        }
    }

    /// Words that lead a `psql` in over the socket.
    pub fn words(&self) -> Vec<String> {
        let port = self.port.to_string();
        ["-h", self.socket(), "-p", &port, "-U", USER]
            .map(str::to_owned)
            .to_vec()
    }

    /// Runs SQL and gives unaligned rows.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(tool("psql", "postgresql-client"));
        psql.args(self.words())
            .args(["-d", database, "-XqAtc", sql]);
        run(&mut psql)
    }
}

fn initdb(dir: &Path, data: &Path) {
    let password = dir.join("password");
    write(&password, Postgres::PASSWORD, 0o600);
    give_to(USER, &password);
    let mut words = as_user(USER);
    words.push(tool("initdb", PACKAGE).to_str().unwrap().to_owned());
    let mut initdb = Command::new(&words[0]);
    initdb
        .args(&words[1..])
        .current_dir("/")
        .arg("-D")
        .arg(data)
        .args([
            "--username=postgres",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ])
        .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
        .arg(format!("--pwfile={}", password.display()));
    run(&mut initdb);
}

/// A certificate for localhost, signed by itself.
fn certificate(data: &Path) {
    let (key, crt) = (data.join("server.key"), data.join("server.crt"));
    let mut openssl = Command::new(tool("openssl", "openssl"));
    openssl
        .args(["req", "-x509", "-nodes", "-days", "3650", "-newkey", "ec"])
        .args([
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&crt);
    run(&mut openssl);
    run(Command::new("chmod").arg("600").arg(&key));
    give_to(USER, &key);
    give_to(USER, &crt);
}
