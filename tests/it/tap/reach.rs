//! Finding the target as libpq does, and never another one.

use super::{bypassed, direct, psql, same, start, statements, tapped, works};
use crate::support::{Home, Postgres};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const WHO: &str = "select current_database(), current_user, inet_server_port()";

fn private(home: &Home, name: &str, text: &str) -> String {
    let path = home.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn words_in_every_spelling_lead_to_the_same_server() {
    let (mut home, server) = start(&[]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port.to_string();
    let attached = [
        format!("-p{port}"),
        format!("--po={port}"),
        format!("postgresql://postgres@127.0.0.1:{port}/postgres"),
        format!("host=127.0.0.1 port={port} user=postgres dbname=postgres"),
        format!("host=nowhere.invalid hostaddr=127.0.0.1 port={port} user=postgres"),
        format!("postgres://postgres@localhost:{port}/?hostaddr=127.0.0.1"),
        format!("user=postgres port={port}"),
    ];
    let [p, long, uri, pairs, address, uri_address, rest] = attached.each_ref().map(|s| s.as_str());
    for how in [
        &["-h", "127.0.0.1", "-p", &port, "-U", "postgres"][..],
        &["-h127.0.0.1", p, "-Upostgres", "postgres"],
        &["--ho", "127.0.0.1", long, "--us=postgres", "-d", "postgres"],
        &[
            "-h",
            "nowhere.invalid",
            "-h",
            "127.0.0.1",
            p,
            "postgres",
            "postgres",
        ],
        &[uri],
        &["-d", pairs],
        &["-h", "/nonexistent", pairs],
        &[address],
        &[uri_address],
        &["-h", "127.0.0.1", rest],
        &["-h", server.socket(), p, "-U", "postgres"],
    ] {
        same(&home, &psql(how, WHO), 1);
    }
}

#[test]
fn the_environment_leads_to_the_same_server_and_pghostaddr_does_not_lead_past_the_tap() {
    let (mut home, server) = start(&[]);
    let port = server.port.to_string();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    home.set("PGHOST", "nowhere.invalid");
    home.set("PGHOSTADDR", "127.0.0.1");
    home.set("PGPORT", &port);
    home.set("PGUSER", "postgres");
    home.set("PGDATABASE", "template1");
    same(&home, &psql(&[], WHO), 1);
    same(&home, &psql(&["-d", "postgres"], WHO), 1);
    same(&home, &psql(&["user=postgres"], WHO), 1);
}

#[test]
fn another_port_of_the_same_host_is_another_server_of_the_tap_s() {
    let (mut home, server) = start(&[]);
    let other = Postgres::start();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port.to_string();
    private(
        &home,
        ".pgpass",
        &format!("localhost:{}:*:*:unused\n", other.port),
    );
    let to = |port: u16| format!("\\c - - - {port}");
    let (there, nowhere, back) = (to(other.port), to(1), to(server.port));
    let words = [
        &[
            "psql",
            "-XAt",
            "-h",
            "localhost",
            "-p",
            &port,
            "-U",
            "postgres",
        ][..],
        &["-c", &there, "-c", WHO, "-c", &back, "-c", WHO],
    ]
    .concat();
    // What it says of the new connection names the host, which is a directory here.
    let output = tapped(&home, &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    for port in [&other.port, &server.port] {
        let answer = format!("\npostgres|postgres|{port}\n");
        assert!(stdout.contains(&answer), "{stdout}");
    }
    assert_eq!((statements(&home).len(), bypassed(&home)), (2, 0));
    // Where nobody listens the old connection stays.
    let words = [&words[..8], &["-c", &nowhere, "-c", WHO]].concat();
    let output = tapped(&home, &words).output().unwrap();
    assert_eq!(
        output.status,
        direct(&home, &words).output().unwrap().status
    );
    home.configure("[tap]\nlisten = \"loopback\"\n");
    let words = [&words[..8], &["-q", "-c", &there, "-c", WHO]].concat();
    same(&home, &words, 1);
}

#[test]
fn a_service_file_says_where_to_go_and_wins_over_the_environment() {
    let (mut home, server) = start(&[]);
    let port = server.port;
    let file = format!(
        "[prod]\nhost=127.0.0.1\nport={port}\nuser=postgres\ndbname=postgres\n\
         [address]\nhost=nowhere.invalid\nhostaddr=127.0.0.1\nport={port}\nuser=postgres\n"
    );
    private(&home, ".pg_service.conf", &file);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    home.set("PGHOST", "nowhere.invalid");
    same(&home, &psql(&["service=prod"], WHO), 1);
    same(&home, &psql(&["service=address"], WHO), 1);
    same(&home, &psql(&["service=address", "-U", "postgres"], WHO), 1);
    home.set("PGSERVICE", "prod");
    same(&home, &psql(&[], WHO), 1);
    same(&home, &psql(&["template1"], WHO), 1);
    home.set("PGSERVICE", "address");
    same(&home, &psql(&["template1"], WHO), 1);
    same(&home, &psql(&[], WHO), 1);
    assert_eq!(home.json(&["ls"])[0]["host"], "nowhere.invalid");
    // What libpq refuses it refuses itself, in its own words.
    home.set("PGSERVICE", "no-such-service");
    let words = psql(&[], WHO);
    let (tapped, direct) = (
        tapped(&home, &words).output(),
        direct(&home, &words).output(),
    );
    assert_eq!(tapped.unwrap().stderr, direct.unwrap().stderr);
}

#[test]
fn pgpass_is_matched_on_the_original_host() {
    let (mut home, server) = start(&[]);
    let port = server.port.to_string();
    let secret = Postgres::PASSWORD;
    let how = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-w"];
    for line in [
        format!("127.0.0.1:{port}:*:postgres:{secret}"),
        format!("other:*:*:*:wrong\n*:{port}:postgres:*:{secret}"),
        format!("127.0.0.1:{port}:other:*:wrong\n127.0.0.1:*:*:*:{secret}\n*:*:*:*:wrong"),
    ] {
        private(&home, ".pgpass", &format!("{line}\n"));
        same(&home, &psql(&how, WHO), 1);
    }
    // None fits: the same error.
    private(&home, ".pgpass", &format!("localhost:*:*:*:{secret}\n"));
    let output = tapped(&home, &psql(&how, WHO)).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no password supplied"), "{stderr}");
    let named = private(&home, "passwords", &format!("127.0.0.1:*:*:*:{secret}\n"));
    home.set("PGPASSFILE", &named);
    same(&home, &psql(&how, WHO), 1);
    // One that others may read is ignored, with libpq's warning.
    fs::set_permissions(&named, fs::Permissions::from_mode(0o644)).unwrap();
    let output = tapped(&home, &psql(&how, WHO)).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("has group or world access"), "{stderr}");
}

#[test]
fn of_two_hosts_the_one_that_is_up_is_used() {
    let (mut home, server) = start(&[]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port;
    let down = crate::support::free_port();
    for hosts in [
        format!("host=127.0.0.1,127.0.0.1 port={down},{port} user=postgres"),
        format!("host=127.0.0.1,127.0.0.1 port={port},{down} user=postgres"),
        format!("host=nowhere.invalid,127.0.0.1 port={port} user=postgres"),
        format!("host=/nonexistent,127.0.0.1 port={port} user=postgres"),
        format!(
            "host=127.0.0.1,localhost port={down},{port} user=postgres target_session_attrs=read-write"
        ),
        format!("postgresql://postgres@127.0.0.1:{down},127.0.0.1:{port}/postgres"),
        format!(
            "host=a.invalid,a.invalid hostaddr=127.0.0.1,127.0.0.1 port={down},{port} user=postgres"
        ),
    ] {
        same(&home, &psql(&[&hosts], WHO), 1);
    }
    let both = format!(
        "host=127.0.0.1,127.0.0.1 port={down},{port} user=postgres target_session_attrs=standby"
    );
    let output = tapped(&home, &psql(&[&both], WHO)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("Connection refused"), "{stderr}");
    assert!(
        stderr.contains("server is not in hot standby mode"),
        "{stderr}"
    );
}

#[test]
fn ipv6_and_names_lead_to_the_same_server() {
    let mut home = Home::with_vault();
    let server = Postgres::start_with(&["listen_addresses=127.0.0.1,::1"]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port.to_string();
    for host in ["::1", "localhost"] {
        same(
            &home,
            &psql(&["-h", host, "-p", &port, "-U", "postgres"], WHO),
            1,
        );
    }
    let uri = format!("postgresql://postgres@[::1]:{port}/postgres");
    same(&home, &psql(&[&uri], WHO), 1);
}

#[test]
fn a_prompt_still_names_the_host() {
    let (mut home, server) = start(&[]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port.to_string();
    let mut t = home.terminal(&[
        "psql",
        "-X",
        "-h",
        "localhost",
        "-p",
        &port,
        "-U",
        "postgres",
        "-v",
        "PROMPT1=%M:%> ok ",
    ]);
    t.wait_for(&format!("/localhost]:{port} ok"));
    t.keys("\\q\r");
    assert!(t.wait().success());
}

#[test]
fn where_rec_cannot_be_the_tap_it_says_so_and_the_client_runs_without() {
    let (mut home, server) = start(&["ssl=on"]);
    home.set("PGPASSWORD", Postgres::PASSWORD);
    let port = server.port;
    let base = format!("host=127.0.0.1 port={port} user=postgres");
    for (more, works, told) in [
        (
            "channel_binding=require",
            true,
            "with channel_binding=prefer",
        ),
        ("gssencmode=require", false, "with gssencmode=disable"),
        ("requirepeer=postgres", true, "without it"),
        ("sslkeylogfile=/dev/null", false, "without it"),
        (
            "sslmode=require ssl_max_protocol_version=TLSv1.1 ssl_min_protocol_version=TLSv1",
            false,
            "before 1.2",
        ),
    ] {
        let conninfo = format!("{base} {more}");
        let words = psql(&[&conninfo], WHO);
        let without = direct(&home, &words).output().unwrap();
        let with = tapped(&home, &words).output().unwrap();
        assert_eq!(with.status, without.status, "{more}");
        // Newer clients know more parameters.
        if more != "sslkeylogfile=/dev/null" {
            assert_eq!(with.status.success(), works, "{more}");
        }
        assert_eq!((with.stdout, with.stderr), (without.stdout, without.stderr));
        assert_eq!(bypassed(&home), 1, "{more}");
        // What to do is said with it.
        let shown = home.json(&["show", "@last"]);
        let detail = shown[0]["unseen"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{more}: {detail}");
        assert_eq!(statements(&home).len(), 0);
    }
    // A client that connects to nothing has nothing to be told of.
    same(&home, &["psql", "--version"], 0);
    same(&home, &["psql", "-h"], 0);
}

#[test]
fn a_program_of_the_configuration_is_led_by_its_environment() {
    let (mut home, server) = start(&[]);
    home.configure("[clients]\nreport = \"psql\"\n");
    let script = home.path().join("report");
    fs::write(
        &script,
        "#!/bin/sh\nexec psql -XAtq -c 'select 6 * 7' \"$@\"\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    home.set("PGPASSWORD", Postgres::PASSWORD);
    home.set("PGHOST", "127.0.0.1");
    home.set("PGPORT", server.port.to_string());
    home.set("PGUSER", "postgres");
    let script = script.to_str().unwrap();
    assert_eq!(works(&home, &[script], 1), "42\n");
    // Its own options rec does not know.
    let output = tapped(&home, &[script, "-h", "127.0.0.1"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!((statements(&home).len(), bypassed(&home)), (0, 1));
}

/// The wrapper's own choice, by each of its means, and nothing where it chooses nothing.
#[test]
fn a_cluster_of_debian_s_wrapper_is_the_one_it_chooses() {
    let (mut home, server) = start(&[]);
    let conf = home.path().join("clusters");
    let cluster = |name: &str, port: u16, dir: &str| {
        let dir_of_conf = conf.join("15").join(name);
        fs::create_dir_all(&dir_of_conf).unwrap();
        let text = format!("port = {port}\nunix_socket_directories = '{dir}'\n");
        fs::write(dir_of_conf.join("postgresql.conf"), text).unwrap();
    };
    cluster("main", server.port, server.socket());
    cluster("other", crate::support::free_port(), "/nonexistent");
    home.set("PG_CLUSTER_CONF_ROOT", &conf);
    let port = server.port.to_string();
    let network = format!("15/127.0.0.1:{port}");
    home.set("PGPASSWORD", Postgres::PASSWORD);
    home.set("PGUSER", "postgres");
    for how in [
        &["--cluster", "15/main"][..],
        &["--cluster=15/main", "template1"],
        &["--cluster", &network],
    ] {
        same(&home, &psql(how, WHO), 1);
    }
    // A port finds its cluster's version, and not its socket; so no server is there.
    let words = psql(&["-p", &port], WHO);
    assert_eq!(same(&home, &words, 0).status.code(), Some(2));
    let rc = home.path().join(".postgresqlrc");
    fs::write(&rc, "15 main template1\n").unwrap();
    same(&home, &psql(&[], WHO), 1);
    let dump = same_output(&home, &["pg_dump", "--schema-only"]);
    assert!(dump.contains("PostgreSQL database dump"), "{dump}");
    home.set("PGCLUSTER", "15/main");
    fs::remove_file(&rc).unwrap();
    same(&home, &psql(&[], WHO), 1);
    same(&home, &psql(&["template1"], "select current_database()"), 1);
    // One that is not there is refused by the wrapper itself.
    let words = psql(&["--cluster", "15/nosuch"], WHO);
    let (with, without) = (tapped(&home, &words), direct(&home, &words));
    let [with, without] = [with, without].map(|mut command| command.output().unwrap());
    assert_eq!((with.status, with.stderr), (without.status, without.stderr));
}

/// What a client prints with and without the tap, lines with random keys aside.
fn same_output(home: &Home, words: &[&str]) -> String {
    let [with, without] = [tapped(home, words), direct(home, words)].map(|mut command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().filter(|line| !line.contains("restrict"));
        lines.collect::<Vec<_>>().join("\n")
    });
    assert_eq!(with, without, "{words:?}");
    assert!(!statements(home).is_empty(), "{words:?}");
    with
}
