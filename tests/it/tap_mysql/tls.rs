//! TLS to the server: what the user asked for, and never less.

use super::*;
use crate::support::{Authority, Subject};
use std::path::Path;

struct Case {
    home: Home,
    server: Mariadb,
    authority: Authority,
}

impl Case {
    fn new() -> Case {
        let authority = Authority::new("Own root");
        let subject = Subject {
            name: "localhost",
            others: &["DNS:localhost", "IP:127.0.0.1"],
            days: (-1, 10),
        };
        let signed = authority.sign("server", &subject);
        let server = Mariadb::start_showing(&signed, &authority);
        Case {
            home: Home::with_vault(),
            server,
            authority,
        }
    }

    fn words(&self, host: &str, more: &[&str]) -> Vec<String> {
        let mut words = vec!["mariadb".to_owned(), "--no-defaults".into()];
        words.extend([format!("-h{host}"), format!("-P{}", self.server.port)]);
        words.extend(["--protocol=tcp".into(), "-uapp".into()]);
        words.push(format!("-p{}", Mariadb::PASSWORD));
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.extend(["-NBe".into(), "show status like 'Ssl_version'".into()]);
        words
    }

    /// The client takes it alone and through the tap, and the server says how it is encrypted.
    #[track_caller]
    fn good(&self, host: &str, more: &[&str], version: &str) {
        let seen = same(&self.home, &self.words(host, more), 1);
        assert_eq!(seen[0]["results"][0]["rows"][0][1], version, "{more:?}");
    }

    /// The client refuses it alone, and the tap for the same reason.
    #[track_caller]
    fn bad(&self, host: &str, more: &[&str], wanted: &str) {
        let words = self.words(host, more);
        let alone = direct(&self.home, &words).output().unwrap();
        assert!(!alone.status.success(), "{words:?}: {alone:?}");
        assert!(said(&alone).2.contains(wanted), "{words:?}: {alone:?}");
        refused(&self.home, &words, wanted);
    }
}

#[test]
fn encryption_is_the_client_s_wish() {
    let case = Case::new();
    case.good("127.0.0.1", &[], "TLSv1.3");
    case.good("127.0.0.1", &["--tls-version=TLSv1.2"], "TLSv1.2");
    case.good("127.0.0.1", &["--skip-ssl"], "");
}

#[test]
fn an_own_ca_is_trusted_and_a_wrong_one_is_not() {
    let case = Case::new();
    let ca = format!("--ssl-ca={}", case.authority.root());
    let verify = "--ssl-verify-server-cert";
    case.good("127.0.0.1", &[&ca], "TLSv1.3");
    case.good("localhost", &[&ca, verify], "TLSv1.3");
    case.good("127.0.0.1", &[&ca, verify], "TLSv1.3");
    let other = Authority::new("Another root");
    let wrong = format!("--ssl-ca={}", other.root());
    for more in [&[wrong.as_str()][..], &[wrong.as_str(), verify], &[verify]] {
        case.bad("127.0.0.1", more, "TLS/SSL error: ");
    }
}

#[test]
fn a_certificate_of_another_host_is_refused_where_the_name_counts() {
    let authority = Authority::new("Own root");
    let subject = Subject {
        name: "elsewhere",
        others: &["DNS:elsewhere"],
        days: (-1, 10),
    };
    let server = Mariadb::start_showing(&authority.sign("server", &subject), &authority);
    let case = Case {
        home: Home::with_vault(),
        server,
        authority,
    };
    let ca = format!("--ssl-ca={}", case.authority.root());
    case.good("127.0.0.1", &[&ca], "TLSv1.3");
    case.bad(
        "127.0.0.1",
        &[&ca, "--ssl-verify-server-cert"],
        "TLS/SSL error: ",
    );
}

#[test]
fn a_client_certificate_and_a_revocation_list_are_used() {
    let case = Case::new();
    case.server.sql("mysql", "alter user app require x509");
    let subject = Subject {
        name: "ada",
        others: &["DNS:ada"],
        days: (-1, 10),
    };
    let client = case.authority.sign("client", &subject);
    let path = |option: &str, path: &Path| format!("--ssl-{option}={}", path.display());
    let own = [path("cert", &client.certificate), path("key", &client.key)];
    let own = own.each_ref().map(String::as_str);
    case.good("127.0.0.1", &own, "TLSv1.3");
    same(&case.home, &case.words("127.0.0.1", &[]), 0);

    let ca = format!("--ssl-ca={}", case.authority.root());
    let server = Path::new(&case.authority.root()).with_file_name("server.crt");
    let list = case.authority.revoke(&[&server]);
    // A directory holds lists under names that are hashes.
    let lists = case.home.path().join("lists");
    std::fs::create_dir(&lists).unwrap();
    std::fs::copy(&list, lists.join("root.crl")).unwrap();
    let mut rehash = Command::new("openssl");
    let hashed = rehash.arg("rehash").arg(&lists).output().unwrap();
    assert!(hashed.status.success(), "{hashed:?}");
    for list in [format!("--ssl-crl={list}"), path("crlpath", &lists)] {
        case.bad(
            "127.0.0.1",
            &[own[0], own[1], &ca, &list],
            "TLS/SSL error: ",
        );
    }
    let encrypted = client.encrypted("of the key");
    let locked = path("key", &encrypted);
    let words = case.words("127.0.0.1", &[own[0], &locked]);
    tapped(&case.home, &words).output().unwrap();
    assert_eq!(
        gaps(&case.home)["bypassed"],
        1,
        "the client asks for the password itself"
    );
}

/// What cannot be used the client complains of itself, whatever is not there or named for nothing.
#[test]
fn files_that_cannot_be_used_are_left_to_the_client() {
    let case = Case::new();
    let ca = format!("--ssl-ca={}", case.authority.root());
    let key = format!("--ssl-key={}", case.authority.root());
    for more in [
        &["--ssl-ca="][..],
        &["--ssl-capath="],
        &["--ssl-crl="],
        &["--ssl-crlpath="],
        &["--ssl-cert="],
        &["--ssl-key="],
        &["--ssl-ca=no-file.pem"],
        &["--ssl-crl=no-file.pem"],
        &[&ca, "--ssl-crlpath=no-directory"],
        &[&key],
    ] {
        let words = case.words("127.0.0.1", more);
        let alone = direct(&case.home, &words).output().unwrap();
        assert!(said(&alone).2.contains("ERROR 2026"), "{alone:?}");
        let tapped = tapped(&case.home, &words).output().unwrap();
        assert_eq!(said(&tapped), said(&alone), "{more:?}");
        assert_eq!(gaps(&case.home)["bypassed"], 1, "{more:?}");
    }
    // What is not wanted is not looked at.
    case.good("127.0.0.1", &["--ssl-ca=", "--skip-ssl"], "");
    case.good("127.0.0.1", &["--ssl-crlpath=no-directory"], "TLSv1.3");
    let files = case.home.path().join("files.cnf");
    std::fs::write(&files, "[client]\nssl-ca=\n").unwrap();
    let mut words = case.words("127.0.0.1", &[]);
    words[1] = format!("--defaults-file={}", files.display());
    let alone = direct(&case.home, &words).output().unwrap();
    let tapped = tapped(&case.home, &words).output().unwrap();
    assert!(said(&alone).2.contains("ERROR 2026"), "{alone:?}");
    assert_eq!(said(&tapped), said(&alone));
}

/// A script's own wish for one of its connections reaches the server, with all that the client checks
/// and chooses; that connection is not recorded, and its others are.
#[test]
fn a_connection_that_the_client_encrypts_by_itself_stays_so() {
    let case = Case::new();
    let script = case.home.path().join("own.test");
    let show = "select variable_value from information_schema.session_status \
                where variable_name in ('Ssl_version', 'Ssl_cipher') order by variable_name;\n";
    let text = format!(
        "{show}connect (own,localhost,app,{},,,,SSL);\n{show}select 'of its own';\n\
         connect (cipher,localhost,app,{},,,,SSL-CIPHER=AES256-SHA);\n{show}\
         disconnect own;\ndisconnect cipher;\nconnection default;\nselect 'in the clear';\n",
        Mariadb::PASSWORD,
        Mariadb::PASSWORD
    );
    std::fs::write(&script, text).unwrap();
    let ca = case.authority.root();
    let wrong = Authority::new("Another root").root();
    let socket = case.server.socket();
    let words = |ca: &str, place: &[&str]| {
        let file = format!("--test-file={}", script.display());
        let ca = format!("--ssl-ca={ca}");
        let mut words = vec!["mariadb-test".to_owned(), "--no-defaults".into()];
        words.extend([file, ca, "--skip-ssl".into(), "-uapp".into()]);
        words.push(format!("-p{}", Mariadb::PASSWORD));
        words.extend(place.iter().map(|word| (*word).to_owned()));
        words
    };
    // Its `localhost` is the socket that was named, the server's or rec's.
    let local = format!("-S{socket}");
    let network = [
        "-h127.0.0.1",
        &format!("-P{}", case.server.port),
        &local.clone(),
    ];
    for place in [&[local.as_str()][..], &network] {
        let words = words(&ca, place);
        let alone = direct(&case.home, &words).output().unwrap();
        let tapped = tapped(&case.home, &words).output().unwrap();
        assert!(alone.status.success(), "{alone:?}");
        assert_eq!(said(&tapped), said(&alone), "{place:?}");
        let (_, stdout, _) = said(&tapped);
        assert!(stdout.contains("TLSv1.3") && stdout.contains("AES256-SHA"));
        let seen = statements(&case.home);
        let has = |text: &str| seen.iter().any(|s| s["text"].as_str() == Some(text));
        assert!(has("select 'in the clear'"), "{seen:#?}");
        assert!(!has("select 'of its own'"), "{seen:#?}");
        assert_eq!(gaps(&case.home)["bypassed"], 2, "{place:?}");
    }
    // The client judges the certificate, and says so with its own number.
    let words = words(&wrong, &[&local]);
    let alone = direct(&case.home, &words).output().unwrap();
    let tapped = tapped(&case.home, &words).output().unwrap();
    let (status, _, stderr) = said(&tapped);
    assert_eq!(status, alone.status.code());
    assert!(stderr.contains("(2026): TLS/SSL error: "), "{stderr}");
}

/// What this machine's client has no option for, the addresses of `rec tap` have.
#[test]
fn each_option_of_tls_counts() {
    use super::hold::{Held, python};
    let case = Case::new();
    let authority = Path::new(&case.authority.root()).to_owned();
    let certificate = authority.with_file_name("server.crt");
    let pem = std::fs::read(&certificate).unwrap();
    let certificate = openssl::x509::X509::from_pem(&pem).unwrap();
    let digest = |how| {
        let digest = certificate.digest(how).unwrap();
        let digits = digest.iter().map(|byte| format!("{byte:02X}"));
        digits.collect::<Vec<_>>().join(":")
    };
    let sha1 = digest(openssl::hash::MessageDigest::sha1());
    let sha256 = digest(openssl::hash::MessageDigest::sha256());
    let list = case.home.path().join("fingerprints");
    std::fs::write(&list, format!("00:11\n{sha256}\n")).unwrap();
    let list = list.display();
    let empty = case.home.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let ca = case.authority.root();
    let wrong = sha1.replace(char::is_numeric, "0");
    for (query, version) in [
        ("ssl-mode=DISABLED".to_owned(), Some("")),
        ("ssl-mode=REQUIRED".to_owned(), Some("TLSv1.3")),
        ("tls-version=TLSv1.2".to_owned(), Some("TLSv1.2")),
        (format!("ssl-fp={sha1}"), Some("TLSv1.3")),
        (
            format!("ssl-fp={}", sha256.replace(':', "")),
            Some("TLSv1.3"),
        ),
        (format!("ssl-fp={wrong}"), None),
        (format!("ssl-fplist={list}"), Some("TLSv1.3")),
        (
            format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"),
            Some("TLSv1.3"),
        ),
        (
            format!("ssl-mode=VERIFY_CA&ssl-capath={}", empty.display()),
            None,
        ),
    ] {
        let port = case.server.port;
        let held = Held::start(&case.home, &format!("mysql://127.0.0.1:{port}/?{query}"));
        let script = format!(
            "import pymysql\ntry:\n c = pymysql.connect(unix_socket='{}', user='app', \
             password='{}').cursor()\n c.execute(\"show status like 'Ssl_version'\")\n \
             print(c.fetchone()[1])\nexcept pymysql.Error as e:\n print(e)",
            held.socket,
            Mariadb::PASSWORD
        );
        let found = python(&case.home, &script);
        held.end();
        match version {
            Some(version) => assert_eq!(found.trim_end(), version, "{query}"),
            None => assert!(found.contains("TLS/SSL error"), "{query}: {found}"),
        }
    }
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    let (home, server) = start();
    let more = ["--ssl-verify-server-cert", "-e", "select 1"];
    let words = over_tcp(&server, "mariadb", &more);
    let alone = direct(&home, &words).output().unwrap();
    let wanted = "SSL is required, but the server does not support it";
    assert!(said(&alone).2.contains(wanted), "{alone:?}");
    refused(&home, &words, wanted);
}
