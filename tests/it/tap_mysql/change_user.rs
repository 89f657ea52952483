//! A session that becomes another user's, on a server that MySQL 8's ways are played by: a client that
//! takes the local leg for safe sends the password as it is, and it does not go so over the network.

use super::hold::{Held, python};
use super::mysql8::{How, Mysql8, PASSWORD, Saw, Server8, certificate};
use super::*;

/// CLIENT_COMPRESS.
const COMPRESS: u32 = 0x20;

fn serving(change: How, compresses: bool) -> Mysql8 {
    Mysql8::serving(Server8 {
        login: How::Fast,
        change,
        compresses,
        tls: None,
    })
}

/// A client that does this prints `wanted`; its statements are recorded, and what the server saw holds
/// no password as it is.
#[track_caller]
fn does(server: &Mysql8, more: u32, script: &str, wanted: &str, texts: &[&str]) -> Saw {
    let home = Home::with_vault();
    let words = server.script(&home, more, script);
    let output = tapped(&home, &words).output().unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_eq!((status, &*stdout), (Some(0), wanted), "{stderr}");
    let shown = shown(&home);
    let seen: Vec<&str> = shown["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| statement["text"].as_str().unwrap())
        .map(|text| text.split_at(text.len().min(40)).0)
        .collect();
    assert_eq!(seen, texts);
    assert_eq!(shown["gaps_by_kind"], serde_json::json!({}));
    assert!(!shown.to_string().contains(PASSWORD));
    let saw = server.saw();
    let clear = memchr::memmem::find(&saw.all, PASSWORD.as_bytes());
    assert!(clear.is_none() && !saw.clear && !saw.tls, "{stderr}");
    saw
}

const TEXTS: &[&str] = &["CHANGE_USER eve shop", "select 'in'"];

#[test]
fn a_change_of_user_in_full_goes_under_the_server_s_key() {
    let script = r#"
write(0, change())
print(prove()[0])
write(0, b"\x03select 'in'")
print(row())
write(0, b'\x01')
"#;
    for how in [How::Full, How::Sha256] {
        let saw = does(&serving(how, false), 0, script, "0\nin\n", TEXTS);
        assert!(saw.sealed && saw.changed == 1);
        let saw = does(&serving(how, true), COMPRESS, script, "0\nin\n", TEXTS);
        assert!(saw.sealed && saw.changed == 1);
    }
    let saw = does(&serving(How::Fast, false), 0, script, "0\nin\n", TEXTS);
    assert!(!saw.sealed && saw.changed == 1);
}

/// Sent ahead, in pieces, again and again, and behind what is large.
#[test]
fn a_change_of_user_is_noticed_wherever_it_stands() {
    let ahead = r#"
s.sendall(packet(0, b"\x03select 'in'") + packet(0, change()))
print(row())
print(prove()[0])
write(0, b'\x01')
"#;
    let pieces = r#"
for byte in packet(0, b'\x0e') + packet(0, change()):
    s.sendall(bytes([byte]))
print(read()[0], prove()[0])
write(0, b'\x01')
"#;
    let again = r#"
for name in (b'eve', b'bob', b'eve'):
    write(0, change(name))
    print(prove()[0])
write(0, b"\x03select 'in'")
print(row())
write(0, b'\x01')
"#;
    let large = r#"
write(0, b"\x03select '" + b'\x11' * (17 << 20) + b"'")
print(row())
write(0, b"\x03select '" + b'\x11' * (0xFFFFFF - 10) + b"'")
print(row())
write(0, change())
print(prove()[0])
write(0, b'\x01')
"#;
    let behind = r#"
write(0, change())
print(prove()[0])
s.sendall(packet(0, b"\x03select 'in'") + packet(0, b"\x01"))
print(row())
"#;
    let long = "select '\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}\u{11}";
    for (script, wanted, texts, changed) in [
        (ahead, "in\n0\n", &["select 'in'", TEXTS[0]][..], 1),
        (pieces, "0 0\n", &["PING", TEXTS[0]], 1),
        (
            again,
            "0\n255\n0\nin\n",
            &[TEXTS[0], "CHANGE_USER bob shop", TEXTS[0], TEXTS[1]],
            2,
        ),
        (large, "in\nin\n0\n", &[long, long, TEXTS[0]], 1),
        (behind, "0\nin\n", TEXTS, 1),
    ] {
        let saw = does(&serving(How::Full, false), 0, script, wanted, texts);
        assert!(saw.sealed && saw.changed == changed, "{script}");
    }
}

#[test]
fn a_change_of_user_is_noticed_in_compressed_frames() {
    let pieces = r#"
body = packet(0, change())
query = packet(0, b"\x03select '" + b'y' * 100000 + b"'")
for part in (frame(0, query[:2]), frame(1, query[2:], False)):
    s.sendall(part)
print(row())
for part in (frame(0, body[:3]), frame(1, body[3:9], False), frame(2, body[9:])):
    for byte in part:
        s.sendall(bytes([byte]))
print(prove()[0])
write(0, b'\x01')
"#;
    let texts = ["select 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", TEXTS[0]];
    let saw = does(
        &serving(How::Full, true),
        COMPRESS,
        pieces,
        "in\n0\n",
        &texts,
    );
    assert!(saw.sealed && saw.changed == 1);
}

/// P2: where the password cannot be encrypted, the connection ends before it is sent.
#[test]
fn what_would_go_in_the_clear_is_refused_with_the_reason() {
    let switched = r#"
write(0, change())
print(prove().decode(errors='replace')[9:])
print(s.recv(1))
"#;
    let saw = does(
        &serving(How::Clear, false),
        0,
        switched,
        "Authentication plugin 'mysql_clear_password' reported error: rec sends no password in the \
         clear: '127.0.0.1' is reached without TLS\nb''\n",
        &TEXTS[..1],
    );
    assert_eq!(saw.changed, 0);
    let at_once = r#"
write(0, b'\x11eve\0\x12' + password + b'\0shop\0\x2d\0mysql_clear_password\0')
print(prove().decode(errors='replace')[9:68])
"#;
    does(
        &serving(How::Full, false),
        0,
        at_once,
        "Authentication plugin 'mysql_clear_password' reported error\n",
        &TEXTS[..1],
    );
    let hidden = r#"
s.sendall(frame(0, packet(0, b'\x0e') + packet(0, change())))
print(prove().decode(errors='replace')[9:])
"#;
    does(
        &serving(How::Full, true),
        COMPRESS,
        hidden,
        "the command stands behind others in one compressed frame\n",
        &[],
    );
}

/// Connector/C, as programs use it.
#[test]
fn a_driver_changes_its_user() {
    let (_authority, files) = certificate();
    for (tls, how) in [
        (None, How::Full),
        (None, How::Fast),
        (Some(files), How::Full),
    ] {
        let server = Mysql8::serving(Server8 {
            login: How::Fast,
            change: how,
            compresses: false,
            tls: tls.clone(),
        });
        let home = Home::with_vault();
        let held = Held::start(&home, &format!("mysql://127.0.0.1:{}", server.port));
        let script = format!(
            "import MySQLdb\n\
             c = MySQLdb.connect(unix_socket='{}', user='ada', password='{PASSWORD}')\n\
             c.change_user('eve', '{PASSWORD}', 'shop')\n\
             c.query('select 1')\nprint(c.store_result().fetch_row())\nc.close()",
            held.socket
        );
        assert_eq!(python(&home, &script), "(('in',),)\n");
        held.end();
        let saw = server.saw();
        assert_eq!(saw.changed, 1);
        let full = how == How::Full;
        let wanted = (tls.is_some(), full && tls.is_some(), full && tls.is_none());
        assert_eq!((saw.tls, saw.clear, saw.sealed), wanted);
        let shown = shown(&home);
        assert_eq!(shown["gaps_by_kind"], serde_json::json!({}));
        assert!(!shown.to_string().contains(PASSWORD));
    }
}
