//! What is larger than any buffer, and what is beyond the limits.

use super::*;

#[test]
fn values_and_statements_of_16_mb_and_more_are_bounded_and_what_follows_is_read() {
    for length in [0xFF_FFFF - 6, 0xFF_FFFF - 5, 0xFF_FFFF - 4, 33 << 20] {
        let mut talk = Talk::mysql_8(Flag::empty());
        let sql = format!("select '{}'", "x".repeat(length));
        let mut row = if length > 0xFF_FFFF {
            b"\xfe".to_vec()
        } else {
            b"\xfd".to_vec()
        };
        let bytes = (length as u64).to_le_bytes();
        row.extend(&bytes[..if length > 0xFF_FFFF { 8 } else { 3 }]);
        row.extend(vec![b'x'; length]);
        row.extend(b"\x04next");
        talk.query(&sql).servers(&[
            b"\x02",
            &definition("", "x", 0xFD, 45, 0, None),
            &definition("", "y", 0xFD, 45, 0, None),
            &row,
            b"\xfe\x00\x00\x02\x00\x00\x00",
        ]);
        let seen = decode(&talk.chunks, Limits::default());
        let Seen::Exchange(Exchange::Statement(statement)) = &seen[1] else {
            panic!("{:?}", seen[1])
        };
        assert_eq!(
            statement.text.len() as u64 + statement.cut,
            sql.len() as u64
        );
        let Seen::Exchange(Exchange::Rows { rows, .. }) = &seen[3] else {
            panic!("no rows")
        };
        let Value::Cut { text, length: all } = &rows[0][0] else {
            panic!("not cut")
        };
        assert_eq!((text.len(), *all), (VALUE_MAX, length as u64));
        assert_eq!(rows[0][1], Value::Text("next".to_owned()));
        let Seen::Exchange(Exchange::Complete(complete)) = &seen[4] else {
            panic!("not complete")
        };
        assert_eq!((complete.rows, complete.bytes), (1, row.len() as u64));
    }
}

#[test]
fn beyond_the_limits_rows_are_counted() {
    let mut talk = Talk::mysql_8(Flag::empty());
    talk.query("select n from t")
        .servers(&[b"\x01", &definition("t", "n", 0x03, 63, 0, None)]);
    for _ in 0..100 {
        talk.server(9, b"\x04many");
    }
    talk.server(9, b"\xfe\x00\x00\x02\x00\x00\x00");
    for (limits, kept) in [
        (
            Limits {
                rows: 7,
                bytes: 1000,
            },
            7,
        ),
        (
            Limits {
                rows: 100,
                bytes: 40,
            },
            10,
        ),
    ] {
        let seen = decode(&talk.chunks, limits);
        let Seen::Exchange(Exchange::Rows { rows, .. }) = &seen[3] else {
            panic!("no rows")
        };
        assert_eq!(rows.len(), kept);
        let Seen::Exchange(Exchange::Complete(complete)) = &seen[4] else {
            panic!("not complete")
        };
        let counts = (complete.rows, complete.bytes, complete.rows_cut);
        assert_eq!(counts, (100, 500, 100 - kept as u64));
    }
}

/// P2: what authenticates stays where it can be wiped, however slowly it comes.
#[test]
fn what_is_kept_of_a_login_is_never_moved() {
    let mut decoder = Decoder::new(Limits::default());
    let flags = Flag::CLIENT_PROTOCOL_41 | Flag::CLIENT_SECURE_CONNECTION;
    let greeting = packets(0, &greeting("8.0.36", flags.bits(), 0));
    decoder.server(Micros(1), &greeting);
    let login = packets(1, &login(flags, 0, "ada", &[7; 200], "shop"));
    let mut place = None;
    for byte in &login[..login.len() - 1] {
        decoder.client(Micros(2), &[*byte]);
        let held = &decoder.client.held;
        if !held.is_empty() {
            let now = (held.as_ptr(), held.capacity());
            assert_eq!(*place.get_or_insert(now), now, "after {} bytes", held.len());
        }
    }
    assert!(place.is_some());
    decoder.client(Micros(2), &login[login.len() - 1..]);
    assert!(matches!(decoder.phase, Phase::Authentication(_)));
}

proptest::proptest! {
    /// P5, P8: whatever passes, in whatever pieces, is read along without an end.
    #[test]
    fn damaged_conversations_are_survived(
        name in 0..RECORDED.len(),
        damage in proptest::collection::vec((0..6000usize, proptest::num::u8::ANY), 1..6),
        step in 1..700usize,
    ) {
        let mut chunks = recorded(RECORDED[name]);
        for (at, value) in damage {
            let mut at = at;
            for (_, chunk) in &mut chunks {
                if let Some(byte) = chunk.get_mut(at) {
                    *byte = value;
                    break;
                }
                at -= chunk.len();
            }
        }
        let pieces = |(server, chunk): &Chunk| -> Vec<Chunk> {
            chunk.chunks(step).map(|piece| (*server, piece.to_vec())).collect()
        };
        let pieces: Vec<Chunk> = chunks.iter().flat_map(pieces).collect();
        let seen = decode(&pieces, Limits::default());
        let closed = matches!(seen.last(), Some(Seen::Exchange(Exchange::Closed { .. })));
        proptest::prop_assert!(closed);
    }
}
