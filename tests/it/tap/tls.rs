//! TLS to the server: what the user asked for, and never less.
//!
//! Each case runs with libpq alone, too: what that takes the tap takes, what it refuses the tap
//! refuses for the same reason.

use super::{direct, psql, refused, same, statements, tapped, works};
use crate::support::{Authority, Home, Postgres, Subject, check, tool};
use std::fs;
use std::process::Command;

const SSL: &str = "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()";
const HOSTS: (&str, &[&str]) = ("localhost", &["DNS:localhost", "IP:127.0.0.1"]);

struct Case {
    home: Home,
    server: Postgres,
    authority: Authority,
}

impl Case {
    /// A server with a certificate that an own authority signed for `localhost`.
    fn new() -> Case {
        let mut home = Home::with_vault();
        home.set("PGPASSWORD", Postgres::PASSWORD);
        let case = Case {
            home,
            server: Postgres::start_with(&["ssl=on"]),
            authority: Authority::new("Own root"),
        };
        case.show(HOSTS.0, HOSTS.1, (-1, 10));
        case
    }

    fn show(&self, name: &str, others: &[&str], days: (i64, i64)) {
        let subject = Subject { name, others, days };
        self.server.show(&self.authority.sign("server", &subject));
    }

    fn conninfo(&self, host: &str, more: &str) -> String {
        let port = self.server.port;
        format!("host={host} port={port} user=postgres {more}")
    }

    /// libpq and the tap take it, and the server says that it is encrypted.
    #[track_caller]
    fn good(&self, host: &str, more: &str) {
        let conninfo = self.conninfo(host, more);
        let words = psql(
            &[&conninfo],
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
        );
        let alone = direct(&self.home, &words).output().unwrap();
        assert_eq!(alone.stdout, b"t\n", "{more}: {alone:?}");
        assert_eq!(works(&self.home, &words, 1), "t\n", "{more}");
    }

    /// libpq and the tap refuse it with `wanted` among their words.
    #[track_caller]
    fn bad(&self, host: &str, more: &str, wanted: &str) {
        let conninfo = self.conninfo(host, more);
        let words = psql(&[&conninfo], SSL);
        let alone = direct(&self.home, &words).output().unwrap();
        let said = String::from_utf8_lossy(&alone.stderr);
        assert!(said.contains(wanted), "{more}: libpq alone: {said}");
        refused(&self.home, &words, wanted);
    }
}

#[test]
fn the_own_authority_is_verified() {
    let case = Case::new();
    let root = case.authority.root();
    for mode in ["require", "verify-ca", "verify-full"] {
        for host in ["localhost", "127.0.0.1"] {
            case.good(host, &format!("sslmode={mode} sslrootcert={root}"));
        }
    }
    case.good("localhost", "sslmode=require");
    let missing = "does not exist\nEither provide the file";
    case.bad(
        "localhost",
        "sslmode=verify-ca sslrootcert=/no/root.crt",
        missing,
    );
    case.bad("localhost", "sslmode=verify-full", missing);
}

#[test]
fn a_wrong_authority_is_refused() {
    let case = Case::new();
    let another = Authority::new("Another root");
    let other = another.root();
    let wanted = "SSL error: certificate verify failed";
    for mode in ["require", "verify-ca", "verify-full"] {
        case.bad(
            "localhost",
            &format!("sslmode={mode} sslrootcert={other}"),
            wanted,
        );
    }
    // As documented, a root.crt that is there is used in any mode.
    let dir = case.home.path().join(".postgresql");
    fs::create_dir(&dir).unwrap();
    fs::copy(&other, dir.join("root.crt")).unwrap();
    case.bad("localhost", "sslmode=require", wanted);
    fs::copy(case.authority.root(), dir.join("root.crt")).unwrap();
    case.good("localhost", "sslmode=verify-full");
    // With prefer, what fails encrypted is tried in the clear.
    fs::copy(&other, dir.join("root.crt")).unwrap();
    let conninfo = case.conninfo("localhost", "sslmode=prefer");
    let output = same(&case.home, &psql(&[&conninfo], SSL), 1);
    assert_eq!(output.stdout, b"f|\n");
}

#[test]
fn a_wrong_name_is_refused() {
    let case = Case::new();
    case.show(
        "db.example.com",
        &["DNS:db.example.com", "DNS:x.org"],
        (-1, 10),
    );
    let root = case.authority.root();
    let full = format!("sslmode=verify-full sslrootcert={root}");
    let wanted = "server certificate for \"db.example.com\" (and 1 other name) does not match host name \"localhost\"";
    case.bad("localhost", &full, wanted);
    case.good(
        "localhost",
        &format!("sslmode=verify-ca sslrootcert={root}"),
    );
    case.good("db.example.com", &format!("{full} hostaddr=127.0.0.1"));
    case.show("*.example.com", &["DNS:*.example.com"], (-1, 10));
    case.good("db.example.com", &format!("{full} hostaddr=127.0.0.1"));
    case.bad(
        "a.db.example.com",
        &format!("{full} hostaddr=127.0.0.1"),
        "does not match host name",
    );
}

#[test]
fn an_old_certificate_without_alternative_names_is_taken_by_its_common_name() {
    let case = Case::new();
    case.show("localhost", &[], (-1, 10));
    let full = format!("sslmode=verify-full sslrootcert={}", case.authority.root());
    case.good("localhost", &full);
    case.bad("127.0.0.1", &full, "does not match host name \"127.0.0.1\"");
    // An alternative name of a host makes the common name void.
    case.show("localhost", &["DNS:other"], (-1, 10));
    case.bad(
        "localhost",
        &full,
        "server certificate for \"other\" does not match",
    );
}

#[test]
fn expired_and_not_yet_valid_are_refused() {
    let case = Case::new();
    let wanted = "SSL error: certificate verify failed";
    for days in [(-10, -1), (1, 10)] {
        case.show(HOSTS.0, HOSTS.1, days);
        let root = case.authority.root();
        case.bad(
            "localhost",
            &format!("sslmode=verify-ca sslrootcert={root}"),
            wanted,
        );
        // Nobody asked.
        case.good("localhost", "sslmode=require");
    }
}

#[test]
fn revoked_is_refused() {
    let case = Case::new();
    let subject = Subject {
        name: HOSTS.0,
        others: HOSTS.1,
        days: (-1, 10),
    };
    let gone = case.authority.sign("gone", &subject);
    let kept = case.authority.sign("kept", &subject);
    let crl = case.authority.revoke(&[&gone.certificate]);
    let full = format!(
        "sslmode=verify-full sslrootcert={} sslcrl={crl}",
        case.authority.root()
    );
    case.server.show(&gone);
    case.bad("localhost", &full, "SSL error: certificate verify failed");
    case.server.show(&kept);
    case.good("localhost", &full);
    // One in a directory has the name by which OpenSSL looks for it.
    let hashed = case.home.path().join("hashed");
    fs::create_dir(&hashed).unwrap();
    let mut hash = Command::new(tool("openssl", "openssl"));
    let hash = check(
        &hash
            .args(["crl", "-hash", "-noout", "-in", &crl])
            .output()
            .unwrap(),
    );
    fs::copy(&crl, hashed.join(format!("{}.r0", hash.trim()))).unwrap();
    let in_dir = format!(
        "sslmode=verify-full sslrootcert={} sslcrldir={}",
        case.authority.root(),
        hashed.display()
    );
    case.good("localhost", &in_dir);
    case.server.show(&gone);
    case.bad("localhost", &in_dir, "SSL error: certificate verify failed");
    // In its usual place it is found without a word.
    case.server.show(&gone);
    let dir = case.home.path().join(".postgresql");
    fs::create_dir(&dir).unwrap();
    fs::copy(&crl, dir.join("root.crl")).unwrap();
    fs::copy(case.authority.root(), dir.join("root.crt")).unwrap();
    case.bad(
        "localhost",
        "sslmode=verify-full",
        "SSL error: certificate verify failed",
    );
}

#[test]
fn a_certificate_that_signed_itself_is_its_own_root() {
    let mut home = Home::with_vault();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let server = Postgres::start_with(&["ssl=on"]);
    let conninfo = format!(
        "host=localhost port={} user=postgres sslmode=verify-full sslrootcert={}",
        server.port,
        server.certificate()
    );
    assert!(works(&home, &psql(&[&conninfo], SSL), 1).starts_with("t|TLSv1.3"));
}

#[test]
fn the_client_shows_its_certificate() {
    let case = Case::new();
    case.server.sql("postgres", "create role ada login");
    case.server.trust(&case.authority);
    case.server.hba("hostssl all all all cert");
    let subject = Subject {
        name: "ada",
        others: &[],
        days: (-1, 10),
    };
    let ada = case.authority.sign("ada", &subject);
    let (crt, key) = (ada.certificate.display(), ada.key.display());
    let other = case.authority.sign("other", &subject);
    let who = "select current_user";
    let run = |more: &str| {
        let conninfo = format!(
            "host=localhost port={} user=ada dbname=postgres sslmode=require {more}",
            case.server.port
        );
        let words = psql(&[&conninfo], who);
        (
            tapped(&case.home, &words).output().unwrap(),
            direct(&case.home, &words).output().unwrap(),
        )
    };
    let (tap, alone) = run(&format!("sslcert={crt} sslkey={key}"));
    assert_eq!(
        (&*tap.stdout, &*alone.stdout),
        (&b"ada\n"[..], &b"ada\n"[..]),
        "{tap:?}"
    );
    assert_eq!(statements(&case.home).len(), 1);
    let encrypted = ada.encrypted("open-sesame");
    let encrypted = encrypted.display();
    let (tap, _) = run(&format!(
        "sslcert={crt} sslkey={encrypted} sslpassword=open-sesame"
    ));
    assert_eq!(tap.stdout, b"ada\n", "{tap:?}");
    for (more, wanted) in [
        (
            String::new(),
            "connection requires a valid client certificate",
        ),
        (
            format!("sslcert={crt} sslkey={encrypted} sslpassword=wrong"),
            // "bad decrypt", or in one of 256 keys rubbish that is "unsupported".
            "could not load private key file",
        ),
        (
            format!("sslcert={crt} sslkey=/no/key"),
            "certificate present, but not private key file \"/no/key\"",
        ),
        (
            format!("sslcert={crt} sslkey={}", other.key.display()),
            "key values mismatch",
        ),
        (
            format!("sslcert={crt} sslkey={crt}"),
            "has group or world access",
        ),
    ] {
        let (tap, alone) = run(&more);
        let [tap, alone] = [tap, alone].map(|output| {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(stderr.contains(wanted), "{more}: {stderr}");
            let reason = stderr.rsplit(" failed: ").next().unwrap_or_default();
            reason.trim_end().to_owned()
        });
        assert_eq!(tap, alone, "{more}");
    }
}

#[test]
fn each_mode_encrypts_as_libpq_does() {
    let case = Case::new();
    for (mode, hba, wanted) in [
        ("disable", "host", "f|\n"),
        ("allow", "host", "f|\n"),
        ("allow", "hostssl", "t|TLSv1.3\n"),
        ("prefer", "host", "t|TLSv1.3\n"),
        ("prefer", "hostnossl", "f|\n"),
        ("require", "host", "t|TLSv1.3\n"),
    ] {
        case.server.hba(&format!("{hba} all all all scram-sha-256"));
        let conninfo = case.conninfo("localhost", &format!("sslmode={mode}"));
        let output = same(&case.home, &psql(&[&conninfo], SSL), 1);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            wanted,
            "{mode} {hba}"
        );
    }
    case.server.hba("host all all all scram-sha-256");
    let conninfo = case.conninfo(
        "localhost",
        "sslmode=require ssl_max_protocol_version=TLSv1.2",
    );
    let output = same(&case.home, &psql(&[&conninfo], SSL), 1);
    assert_eq!(output.stdout, b"t|TLSv1.2\n");
    for (mode, hba) in [
        ("disable", "hostssl"),
        ("require", "hostnossl"),
        ("prefer", "hostgssenc"),
    ] {
        case.server.hba(&format!("{hba} all all all scram-sha-256"));
        case.bad(
            "localhost",
            &format!("sslmode={mode}"),
            "no pg_hba.conf entry for host",
        );
    }
}

#[test]
fn a_server_without_tls_is_spoken_to_in_the_clear_only_where_that_is_allowed() {
    let mut home = Home::with_vault();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let server = Postgres::start();
    let conninfo = |mode: &str| {
        format!(
            "host=localhost port={} user=postgres sslmode={mode}",
            server.port
        )
    };
    for mode in ["disable", "allow", "prefer"] {
        same(&home, &psql(&[&conninfo(mode)], "select 1"), 1);
    }
    let wanted = "server does not support SSL, but SSL was required";
    refused(&home, &psql(&[&conninfo("require")], "select 1"), wanted);
}
