//! A private Kerberos realm: one person with a ticket, and one service.

use super::server::{Plan, Server, directory, write};
use super::tools::{give_to, run, tool};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REALM: &str = "REC.TEST";
const PASSWORD: &str = "Krb-person-4711";

/// A running KDC.
pub struct Kerberos {
    server: Server,
}

impl Kerberos {
    /// The person's name.
    pub const PERSON: &'static str = "ada";

    /// Starts one with the service `postgres/localhost`.
    pub fn start() -> Kerberos {
        Server::on_free_port(Self::start_on)
    }

    fn start_on(port: u16) -> Result<Kerberos, String> {
        let dir = directory("kdc");
        let at = dir.display();
        write(
            &dir.join("krb5.conf"),
            &format!(
                "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n \
                 dns_lookup_realm = false\n dns_canonicalize_hostname = false\n rdns = false\n \
                 udp_preference_limit = 1\n[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n \
                 }}\n[domain_realm]\n localhost = {REALM}\n"
            ),
            0o644,
        );
        write(
            &dir.join("kdc.conf"),
            &format!(
                "[kdcdefaults]\n kdc_listen = \"\"\n kdc_tcp_listen = 127.0.0.1:{port}\n\
                 [realms]\n {REALM} = {{\n  database_name = {at}/principal\n  \
                 key_stash_file = {at}/stash\n  acl_file = {at}/acl\n }}\n\
                 [logging]\n kdc = STDERR\n"
            ),
            0o600,
        );
        let env = [
            ("KRB5_CONFIG", dir.join("krb5.conf")),
            ("KRB5_KDC_PROFILE", dir.join("kdc.conf")),
        ];
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let admin = |program: &str, package: &str, words: &[&str]| {
            let mut command = Command::new(tool(program, package));
            run(command.args(words).envs(env.clone()));
        };
        admin(
            "kdb5_util",
            "krb5-kdc",
            &["-P", "master", "create", "-s", "-r", REALM],
        );
        let keytab = text(&dir.join("keytab"));
        for query in [
            format!("addprinc -pw {PASSWORD} {}", Self::PERSON),
            "addprinc -randkey postgres/localhost".to_owned(),
            format!("ktadd -k {keytab} postgres/localhost"),
        ] {
            admin("kadmin.local", "krb5-admin-server", &["-q", &query]);
        }
        give_to("postgres", Path::new(&keytab));
        let server = Server::start(Plan {
            name: "krb5kdc",
            dir: &dir,
            signal: "TERM",
            words: vec![text(&tool("krb5kdc", "krb5-kdc")), "-n".to_owned()],
            env: env.iter().map(|(name, file)| (*name, text(file))).collect(),
            ready: &|said| said.contains("commencing operation"),
        })?;
        let kerberos = Kerberos { server };
        kerberos.fetch_ticket();
        Ok(kerberos)
    }

    fn fetch_ticket(&self) {
        let mut kinit = Command::new(tool("kinit", "krb5-user"));
        let mut kinit = kinit
            .arg(Self::PERSON)
            .env("KRB5_CONFIG", self.config())
            .env("KRB5CCNAME", self.ticket())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(kinit.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(kinit.wait().unwrap().success());
    }

    /// What `KRB5_CONFIG` is to be.
    pub fn config(&self) -> PathBuf {
        self.server.dir().join("krb5.conf")
    }

    /// What `KRB5CCNAME` is to be.
    pub fn ticket(&self) -> PathBuf {
        self.server.dir().join("ticket")
    }

    /// The setting by which PostgreSQL knows the service's key.
    pub fn setting(&self) -> String {
        let keytab = self.server.dir().join("keytab");
        format!("krb_server_keyfile={}", keytab.display())
    }
}
