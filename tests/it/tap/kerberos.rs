//! Kerberos: with the tap in the way nothing is encrypted less than without it, and a login that
//! needs the server's name is left to the client.

use super::{bypassed, direct, psql, said, statements, tapped};
use crate::support::{Home, Kerberos, Postgres};

const SQL: &str = "select gss_authenticated, encrypted from pg_stat_gssapi \
                   where pid = pg_backend_pid()";

struct Case {
    home: Home,
    server: Postgres,
    kerberos: Kerberos,
}

impl Case {
    /// A person with a ticket, and a server whose lines of `pg_hba.conf` are these.
    fn new(hba: &str) -> Case {
        let kerberos = Kerberos::start();
        let server = Postgres::start_with(&[&kerberos.setting()]);
        server.sql("postgres", "create role ada login");
        server.hba(hba);
        let mut home = Home::with_vault();
        home.set("KRB5_CONFIG", kerberos.config());
        home.set("KRB5CCNAME", kerberos.ticket());
        Case {
            home,
            server,
            kerberos,
        }
    }

    /// What psql says through the tap, which is what it says alone; how many statements the
    /// recording holds, and how often it says that something went past the tap.
    #[track_caller]
    fn same(&self, more: &str) -> (String, usize, u64) {
        let conninfo = format!(
            "host=localhost port={} user={} dbname=postgres {more}",
            self.server.port,
            Kerberos::PERSON
        );
        let words = psql(&[&conninfo], SQL);
        let alone = said(&direct(&self.home, &words).output().unwrap());
        let tapped = said(&tapped(&self.home, &words).output().unwrap());
        assert_eq!(tapped, alone, "{more}");
        let seen = statements(&self.home).len();
        (tapped.1, seen, bypassed(&self.home))
    }
}

#[test]
fn a_connection_that_kerberos_would_encrypt_is_left_to_the_client() {
    let mut case = Case::new("host all all all trust");
    let encrypted = ("f|t\n".to_owned(), 0, 1);
    assert_eq!(case.same(""), encrypted);
    assert_eq!(case.same("gssencmode=prefer sslmode=disable"), encrypted);
    assert_eq!(case.same("gssencmode=require"), encrypted);
    let shown = case.home.read(&["show", "@last"]);
    assert!(shown.contains("gssencmode=require"), "{shown}");
    // Whoever does without has the tap, and so has whoever has no ticket.
    let plain = ("f|f\n".to_owned(), 1, 0);
    assert_eq!(case.same("gssencmode=disable"), plain);
    let none = case.home.path().join("no-ticket");
    case.home.set("KRB5CCNAME", none);
    assert_eq!(case.same(""), plain);
}

#[test]
fn a_login_by_kerberos_is_left_to_the_client_or_tapped_on_the_loopback() {
    let case = Case::new("host all all all gss include_realm=0");
    let alone = ("t|f\n".to_owned(), 0, 1);
    assert_eq!(case.same("gssencmode=disable"), alone);
    let shown = case.home.read(&["show", "@last"]);
    assert!(shown.contains("login by Kerberos"), "{shown}");
    case.home.configure("[tap]\nlisten = \"loopback\"\n");
    assert_eq!(case.same("gssencmode=disable"), ("t|f\n".to_owned(), 1, 0));
    // Encryption by Kerberos stays the client's own there, too.
    assert_eq!(case.same(""), ("t|t\n".to_owned(), 0, 1));
}

#[test]
fn a_listener_is_not_held_where_kerberos_would_encrypt() {
    let case = Case::new("host all all all trust");
    let target = format!("postgres://ada@localhost:{}/postgres", case.server.port);
    let output = case.home.rec(&["tap", &target]).output().unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_eq!((status, stdout.as_str()), (Some(125), ""), "{stderr}");
    assert!(stderr.contains("gssencmode=disable"), "{stderr}");
    drop(case.kerberos);
}
