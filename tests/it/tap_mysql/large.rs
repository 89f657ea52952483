//! What is large: it goes through as it is, and the recording keeps its beginning and counts it.

use super::*;
use std::fs;
use std::io::Write;

/// Bytes of a packet that another one continues.
const FULL: usize = 0xFF_FFFF;

#[test]
fn statements_and_values_of_16_mb_and_more() {
    let (home, server) = start();
    let script = home.path().join("large.sql");
    // Around the size of a packet (the command has a byte of its own), and 17 MB.
    for length in [FULL - 2, FULL - 1, FULL, 17 << 20] {
        let sql = "select length('') as n";
        let padding = "x".repeat(length - sql.len());
        fs::write(&script, sql.replace("''", &format!("'{padding}'"))).unwrap();
        let file = format!("source {}", script.display());
        let more = ["--max-allowed-packet=64M", "-NB", "-e", &file];
        let seen = same(&home, &over_tcp(&server, "mariadb", &more), 1);
        let rows = &seen[0]["results"][0]["rows"];
        assert_eq!(rows[0][0], padding.len().to_string());
        fs::remove_file(&script).unwrap();
    }
    // Read and not printed: what this is about is the connection.
    let text = "disable_result_log;\nselect repeat('x', 32 << 20), 'behind';\n\
                select repeat('x', 16777211), 2;\nenable_result_log;\nselect 3;\n";
    fs::write(&script, text).unwrap();
    let script = format!("-x{}", script.display());
    for how in [&[][..], &["--compress"], &["--ps-protocol"]] {
        let more = [&["-Dshop", script.as_str()], how].concat();
        let words = over_tcp(&server, "mariadb-test", &more);
        let output = tapped(&home, &words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let seen = statements(&home);
        let large = seen
            .iter()
            .find(|s| s["text"].as_str().unwrap().contains("behind"));
        let row = &large.unwrap()["results"][0]["rows"][0];
        assert_eq!(row[1], "behind", "{how:?}");
        assert_eq!(row[0]["length"], 32 << 20, "{how:?}");
        assert!(seen.iter().any(|s| s["text"] == "select 3"), "{how:?}");
        assert_eq!(gaps(&home), serde_json::json!({}), "{how:?}");
    }
}

#[test]
fn a_file_of_100_mb_is_loaded() {
    let (home, server) = start();
    server.sql("shop", "create table t (a int) engine=myisam");
    let file = home.path().join("hundred.csv");
    let mut out = std::io::BufWriter::new(fs::File::create(&file).unwrap());
    let filler = "x".repeat(90);
    let lines = (100 << 20) / 100;
    for line in 0..lines {
        writeln!(out, "{line:08},{filler}").unwrap();
    }
    out.into_inner().unwrap().sync_all().unwrap();
    let size = fs::metadata(&file).unwrap().len();
    let sql = format!(
        "load data local infile '{}' into table t fields terminated by ',' (a, @b); \
         select 1",
        file.display()
    );
    let more = ["--local-infile=1", "shop", "-vv", "-e", &sql];
    let output = tapped(&home, &over_tcp(&server, "mariadb", &more))
        .output()
        .unwrap();
    let (status, stdout, stderr) = said(&output);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("Records: {lines}")), "{stdout}");
    let seen = statements(&home);
    assert_eq!(seen.len(), 2, "{seen:#?}");
    let complete = &seen[0]["results"][0]["complete"];
    assert_eq!(complete["affected"], lines);
    assert_eq!(complete["bytes"], size);
    let kept = size - complete["bytes_cut"].as_u64().unwrap();
    assert!(kept > 15 << 20 && kept <= 16 << 20, "{kept}");
}

#[test]
fn a_large_result_is_counted_beyond_its_limits() {
    let (home, server) = start();
    let sql = "select seq, repeat('y', 20) from seq_1_to_100000";
    let more = ["-q", "-NB", "shop", "-e", sql];
    let seen = same(&home, &over_tcp(&server, "mariadb", &more), 1);
    let complete = &seen[0]["results"][0]["complete"];
    assert_eq!(complete["rows"], 100_000, "{seen:#?}");
    assert_eq!(complete["rows_cut"], 90_000);
}

/// The client ends a file that is empty, or that it cannot read, with an empty packet.
#[test]
fn a_file_that_is_empty_or_missing_is_a_statement_like_any_other() {
    let (home, server) = start();
    server.sql("shop", "create table t (a int)");
    let empty = home.path().join("empty.csv");
    std::fs::write(&empty, "").unwrap();
    // A client that cannot read its file goes no further.
    for (file, statements) in [(empty.as_path(), 2), (&home.path().join("none"), 1)] {
        let load = format!("load data local infile '{}' into table t", file.display());
        let sql = format!("{load}; select 7");
        let more = ["--local-infile=1", "shop", "-e", &sql];
        let seen = same(&home, &over_tcp(&server, "mariadb", &more), statements);
        assert_eq!(seen[0]["text"], load);
        assert_eq!(seen[0]["error"], Value::Null, "{seen:#?}");
        assert_eq!(seen[0]["results"][0]["complete"]["affected"], 0);
        if let Some(next) = seen.get(1) {
            assert_eq!(next["results"][0]["rows"][0][0], "7", "{seen:#?}");
        }
    }
}
