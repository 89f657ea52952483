//! What newer versions of libpq than the system's own can ask for, through a held listener: there
//! rec reads it, and the client need not know it.

use super::hold::Held;
use super::{said, statements};
use crate::support::{Authority, Home, Postgres, Subject};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const LOCALHOST: Subject<'_> = Subject {
    name: "localhost",
    others: &["DNS:localhost"],
    days: (-1, 10),
};

/// A server that speaks TLS from the first byte on, with the protocol's name in its handshake, as
/// PostgreSQL 17 does; in front of one that does not. It runs as long as the test process.
fn speaks_tls_at_once(certificate: &Path, key: &Path, to: u16) -> u16 {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        for near in listener.incoming() {
            let near = near.unwrap();
            near.set_nonblocking(true).unwrap();
            runtime.block_on(async {
                let near = TcpStream::from_std(near).unwrap();
                // Who begins in another way, or names no protocol, is not served.
                let Ok(mut near) = acceptor.accept(near).await else {
                    return;
                };
                if near.get_ref().1.alpn_protocol() != Some(b"postgresql") {
                    return;
                }
                let mut far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    port
}

/// What psql says at a listener that is held in the place of `target`.
fn through(home: &Home, target: &str, sql: &str) -> (Option<i32>, String, String) {
    let held = Held::start(home, target);
    let mut psql = home.command("psql");
    psql.args(["-XAtq", &held.addresses[0], "-c", sql]);
    let output = said(&psql.output().unwrap());
    held.end();
    output
}

#[test]
fn a_server_is_spoken_to_in_tls_from_the_first_byte_on() {
    let authority = Authority::new("Root");
    let signed = authority.sign("server", &LOCALHOST);
    let mut home = Home::with_vault();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let server = Postgres::start();
    let port = speaks_tls_at_once(&signed.certificate, &signed.key, server.port);
    let target = |mode: &str, negotiation: &str| {
        let root = authority.root();
        format!(
            "postgres://postgres@localhost:{port}/postgres?sslmode={mode}&sslrootcert={root}\
             &sslnegotiation={negotiation}"
        )
    };
    for mode in ["require", "verify-ca", "verify-full"] {
        let (status, stdout, stderr) = through(&home, &target(mode, "direct"), "select 6*7");
        assert_eq!((status, stdout.as_str()), (Some(0), "42\n"), "{stderr}");
        assert_eq!(statements(&home).len(), 1);
    }
    // Asked first, this one does not answer; and a weaker mode is not to be had with it.
    let (status, _, stderr) = through(&home, &target("require", "postgres"), "select 1");
    assert_eq!(status, Some(2), "{stderr}");
    let output = home.rec(&["tap", &target("prefer", "direct")]).output();
    let (status, _, stderr) = said(&output.unwrap());
    assert_eq!(status, Some(125), "{stderr}");
    assert!(stderr.contains("libpq would refuse it"), "{stderr}");
}

#[test]
fn the_system_s_own_authorities_are_trusted_where_that_is_asked_for() {
    let authority = Authority::new("Root");
    let mut home = Home::with_vault();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let server = Postgres::start_with(&["ssl=on"]);
    server.show(&authority.sign("server", &LOCALHOST));
    let target = |more: &str| {
        let port = server.port;
        format!("postgres://postgres@localhost:{port}/postgres?sslrootcert=system{more}")
    };
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let (status, _, stderr) = through(&home, &target(""), sql);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("certificate verify failed"), "{stderr}");
    home.set("SSL_CERT_FILE", authority.root());
    for more in ["", "&sslmode=verify-full"] {
        let (status, stdout, stderr) = through(&home, &target(more), sql);
        assert_eq!((status, stdout.as_str()), (Some(0), "t\n"), "{stderr}");
    }
    // Nothing less than the name is enough with it.
    let other = server_named(&authority, "db.example.com");
    server.show(&other);
    let (status, _, stderr) = through(&home, &target(""), sql);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("does not match host name"), "{stderr}");
    let output = home.rec(&["tap", &target("&sslmode=require")]).output();
    assert_eq!(said(&output.unwrap()).0, Some(125));
}

fn server_named(authority: &Authority, name: &str) -> crate::support::Signed {
    let others = [format!("DNS:{name}")];
    let subject = Subject {
        name,
        others: &[&others[0]],
        days: (-1, 10),
    };
    authority.sign("other", &subject)
}

#[test]
fn a_certificate_is_shown_or_not_as_sslcertmode_says() {
    let authority = Authority::new("Root");
    let home = Home::with_vault();
    let server = Postgres::start_with(&["ssl=on"]);
    server.show(&authority.sign("server", &LOCALHOST));
    server.trust(&authority);
    server.sql("postgres", "create role ada login");
    server.hba("hostssl all all all cert");
    let subject = Subject {
        name: "ada",
        others: &[],
        days: (-1, 10),
    };
    let ada = authority.sign("ada", &subject);
    let target = |mode: &str| {
        let (crt, key) = (ada.certificate.display(), ada.key.display());
        format!(
            "postgres://ada@localhost:{}/postgres?sslmode=require&sslcert={crt}&sslkey={key}\
             &sslcertmode={mode}",
            server.port
        )
    };
    for mode in ["allow", "require"] {
        let (status, stdout, stderr) = through(&home, &target(mode), "select current_user");
        assert_eq!((status, stdout.as_str()), (Some(0), "ada\n"), "{stderr}");
    }
    let (status, _, stderr) = through(&home, &target("disable"), "select 1");
    assert_eq!(status, Some(2));
    let wanted = "connection requires a valid client certificate";
    assert!(stderr.contains(wanted), "{stderr}");
}
