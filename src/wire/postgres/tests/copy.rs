//! Data that is copied in or out, and replication.

use super::talk::*;

#[test]
fn data_copied_in_is_told_line_by_line() {
    Talk::ready()
        .client(&[query("copy t from stdin")])
        .server(&[message(b'G', &[0, 0, 1, 0, 0])])
        .client(&[
            message(b'd', b"a\tb\nc"),
            message(b'H', b""),
            sync(),
            message(b'd', b"\td\ne"),
            message(b'c', b""),
        ])
        .server(&[complete("COPY 3"), ready(b'I')])
        .sees(
            "3 #1 text [copy t from stdin]
             5 #1 copied in \"a\\tb\\n\"
             5 #1 copied in \"c\\td\\n\"
             5 #1 copied in \"e\"
             6 #1 complete COPY 3, affected 3
             6 #1 end, first 4, Idle",
        );
}

#[test]
fn a_line_is_told_with_the_time_at_which_it_began() {
    Talk::ready()
        .client(&[query("copy t to stdout")])
        .server(&[message(b'H', &[0, 0, 1, 0, 0]), message(b'd', b"a\nb")])
        .server(&[
            report(b'N', "NOTICE", "00000", "between"),
            message(b'd', b"c"),
        ])
        .server(&[message(b'd', b"d\n"), complete("COPY 2")])
        .server(&[ready(b'I')])
        .sees(
            "3 #1 text [copy t to stdout]
             4 #1 copied out \"a\\n\"
             5 #1 notice NOTICE 00000 between
             4 #1 copied out \"bcd\\n\"
             6 #1 complete COPY 2, affected 2
             7 #1 end, first 4, Idle",
        );
}

#[test]
fn data_copied_out_is_told_line_by_line() {
    Talk::ready()
        .client(&[query("copy t to stdout; select 1")])
        .server(&[
            message(b'H', &[0, 0, 1, 0, 0]),
            message(b'd', b"a\n"),
            report(b'N', "NOTICE", "00000", "between"),
            message(b'd', b"b\n"),
            message(b'c', b""),
            complete("COPY 2"),
            complete("SELECT 0"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [copy t to stdout; select 1]
             4 #1 copied out \"a\\n\"
             4 #1 notice NOTICE 00000 between
             4 #1 copied out \"b\\n\"
             4 #1 complete COPY 2, affected 2
             4 #1 complete SELECT 0, affected 0
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn a_sync_sent_with_the_execute_of_a_copy_is_swallowed() {
    let start = || {
        Talk::ready()
            .client(&[
                parse("", "copy t from stdin", &[]),
                bind("", "", false, &[]),
                execute("", 0),
                sync(),
            ])
            .server(&[
                message(b'1', b""),
                message(b'2', b""),
                message(b'G', &[0, 0, 1, 0, 0]),
            ])
    };
    start()
        .client(&[
            message(b'd', b"a\n"),
            message(b'c', b""),
            sync(),
            query("select 1"),
        ])
        .server(&[
            complete("COPY 1"),
            ready(b'I'),
            complete("SELECT 0"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 prepared [copy t from stdin]
             5 #1 copied in \"a\\n\"
             5 #2 text [select 1]
             6 #1 complete COPY 1, affected 1
             6 #1 end, first 4, Idle
             6 #2 complete SELECT 0, affected 0
             6 #2 end, first 6, Idle",
        );
    // It fails: the first Sync may have been read as part of the copy, or be answered too.
    start()
        .client(&[message(b'd', b"a\n")])
        .server(&[error("22P02", "invalid input")])
        .client(&[
            message(b'd', b"b\n"),
            message(b'c', b""),
            sync(),
            query("select 1"),
        ])
        .server(&[ready(b'I'), ready(b'I'), complete("SELECT 0"), ready(b'I')])
        .sees(
            "3 #1 prepared [copy t from stdin]
             5 #1 copied in \"a\\n\"
             7 #2 text [select 1]
             8 #1 end, first 4, ERROR 22P02 invalid input, Idle
             8 #2 complete SELECT 0, affected 0
             8 #2 end, first 8, Idle",
        );
}

#[test]
fn data_that_is_sent_before_the_server_asks_is_counted() {
    Talk::ready()
        .client(&[
            query("copy t from stdin"),
            message(b'd', b"a\n"),
            message(b'c', b""),
            query("select 1"),
        ])
        .server(&[
            message(b'G', &[0, 0, 1, 0, 0]),
            complete("COPY 1"),
            ready(b'I'),
            complete("SELECT 0"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [copy t from stdin]
             3 #2 text [select 1]
             4 #1 complete COPY 1, bytes cut 2, affected 1
             4 #1 end, first 4, Idle
             4 #2 complete SELECT 0, affected 0
             4 #2 end, first 4, Idle",
        );
}

#[test]
fn a_copy_that_the_client_gives_up_fails() {
    Talk::ready()
        .client(&[query("copy t from stdin")])
        .server(&[message(b'G', &[0, 0, 1, 0, 0])])
        .client(&[message(b'd', b"a\n"), message(b'f', b"aborted\0")])
        .server(&[error("57014", "COPY from stdin failed"), ready(b'I')])
        .sees(
            "3 #1 text [copy t from stdin]
             5 #1 copied in \"a\\n\"
             6 #1 end, first 4, ERROR 57014 COPY from stdin failed, Idle",
        );
}

#[test]
fn replication_streams_both_ways_and_is_only_counted() {
    Talk::ready()
        .client(&[query("START_REPLICATION SLOT s LOGICAL 0/0")])
        .server(&[message(b'W', &[0, 0, 0]), message(b'd', &[b'w'; 1000])])
        .client(&[message(b'd', &[b'r'; 34])])
        .server(&[message(b'd', &[b'k'; 18]), message(b'c', b"")])
        .client(&[message(b'c', b"")])
        .server(&[complete("COPY 0"), ready(b'I')])
        .sees(
            "3 #1 text [START_REPLICATION SLOT s LOGICAL 0/0]
             8 #1 complete COPY 0, bytes cut 1052, affected 0
             8 #1 end, first 4, Idle",
        );
}

#[test]
fn a_replication_ends_with_its_connection_and_was_no_less_run() {
    Talk::ready()
        .client(&[query("START_REPLICATION SLOT s PHYSICAL 0/0")])
        .server(&[message(b'W', &[0, 0, 0]), message(b'd', &[b'w'; 1000])])
        .client(&[message(b'c', b"")])
        .end()
        .sees(
            "3 #1 text [START_REPLICATION SLOT s PHYSICAL 0/0]
             6 #1 complete, bytes cut 1000
             6 #1 end, first 4
             6 closed",
        );
}

/// A tuple of COPY's binary format.
fn tuple(fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = (fields.len() as i16).to_be_bytes().to_vec();
    for field in fields {
        match field {
            None => bytes.extend((-1_i32).to_be_bytes()),
            Some(field) => {
                bytes.extend((field.len() as i32).to_be_bytes());
                bytes.extend(*field);
            }
        }
    }
    bytes
}

/// With an extension of three bytes, which nobody knows.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\x03ext";

#[test]
fn binary_data_is_told_as_text_by_the_types_that_a_description_gave() {
    let first = tuple(&[Some(&[0, 0, 0, 7]), Some(b"a\tb\\\n"), None]);
    let second = tuple(&[Some(&[0xff; 4]), Some(b""), Some(&[0, 1])]);
    let data = [HEADER, &first, &second, &[0xff, 0xff]].concat();
    let mut sent: Vec<Vec<u8>> = data.chunks(5).map(|piece| message(b'd', piece)).collect();
    sent.push(message(b'c', b""));
    Talk::ready()
        .client(&[
            parse("q", "select id, \"Name\", n from t", &[]),
            describe(b'S', "q"),
            sync(),
        ])
        .server(&[
            message(b'1', b""),
            message(b't', &[0, 0]),
            columns(&[("id", 23, 0), ("Name", 25, 0), ("n", 21, 0)]),
            ready(b'I'),
        ])
        .client(&[query("copy public.t (id, \"Name\", N) from stdin binary")])
        .server(&[message(b'G', &[1, 0, 3, 0, 1, 0, 1, 0, 1])])
        .client(&sent)
        .server(&[complete("COPY 2"), ready(b'I')])
        .sees(
            "5 #1 text [copy public.t (id, \"Name\", N) from stdin binary]
             7 #1 copied in \"7\\ta\\\\tb\\\\\\\\\\\\n\\t\\\\N\\n\"
             7 #1 copied in \"-1\\t\\t1\\n\"
             8 #1 complete COPY 2, affected 2
             8 #1 end, first 6, Idle",
        );
}

#[test]
fn a_backup_is_only_counted() {
    Talk::ready()
        .client(&[query("BASE_BACKUP")])
        .server(&[
            message(b'H', &[0, 0, 0]),
            message(b'd', b"nbase.tar\0\0"),
            message(b'd', b"d1\tmia\tKiV3TMXVjM8Ah7\n"),
            message(b'c', b""),
            complete("BASE_BACKUP"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [BASE_BACKUP]
             4 #1 complete BASE_BACKUP, bytes cut 33
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn what_is_only_counted_takes_no_room_of_what_a_statement_gives_else() {
    Talk::ready()
        .limits(1, 10)
        .client(&[query("BASE_BACKUP")])
        .server(&[
            message(b'H', &[0, 0, 0]),
            message(b'd', b"nbase.tar\0\0"),
            message(b'c', b""),
            columns(&[("recptr", 25, 0)]),
            row(&[Some(b"0/1")]),
            complete("SELECT"),
            complete("BASE_BACKUP"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [BASE_BACKUP]
             4 #1 columns recptr:text
             4 #1 row 0/1
             4 #1 complete SELECT, rows 1, bytes cut 11
             4 #1 complete BASE_BACKUP
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn in_binary_data_what_is_not_told_is_counted() {
    let table = [HEADER, &tuple(&[Some(&[0, 0, 0, 7]), Some(b"seven")])].concat();
    let cases: &[(&[u8], &str)] = &[
        // A number or text of a number's length; and a text. It breaks off within a tuple.
        (
            &tuple(&[Some(b"half"), Some(b"a whole")])[..10],
            "bytes cut 8",
        ),
        // Not what is expected.
        (b"\xff\xffrest", "bytes cut 8"),
        // A value that is not of the type.
        (&tuple(&[Some(&[1]), Some(&[0xff; 5])]), "bytes cut 10"),
    ];
    for (more, cut) in cases {
        let told = match more.first() {
            Some(0) if more.len() > 12 => "\n 4 #1 copied out \"(1 byte)\\t(5 bytes)\\n\"",
            _ => "",
        };
        Talk::ready()
            .client(&[query("copy t to stdout binary")])
            .server(&[
                message(b'H', &[1, 0, 2, 0, 1, 0, 1]),
                message(b'd', &table),
                message(b'd', more),
                message(b'c', b""),
                complete("COPY 1"),
                ready(b'I'),
            ])
            .sees(&format!(
                "3 #1 text [copy t to stdout binary]
                 4 #1 copied out \"(4 bytes)\\tseven\\n\"{told}
                 4 #1 complete COPY 1, {cut}, affected 1
                 4 #1 end, first 4, Idle"
            ));
    }
}
