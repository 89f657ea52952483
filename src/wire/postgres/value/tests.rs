//! Each value is what a server's `pg_type` output function gives for the bytes of its send
//! function; `tests/it/wire_postgres.rs` asks a server for more of them.

use super::*;

fn shown(known: Type, bytes: &[u8]) -> String {
    match value(known.oid(), true, bytes, bytes.len(), Encoding::Utf8) {
        Value::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_of_the_binary_format_are_shown_as_the_server_shows_them() {
    let cases: &[(Type, &[u8], &str)] = &[
        (Type::BOOL, &[1], "t"),
        (Type::BYTEA, &[0, 255], "\\x00ff"),
        (Type::INT2, &[255, 254], "-2"),
        (Type::FLOAT8, &1e15_f64.to_be_bytes(), "1e+15"),
        (Type::FLOAT8, &123_456.5_f64.to_be_bytes(), "123456.5"),
        (
            Type::FLOAT8,
            &100_000_000_000_000_f64.to_be_bytes(),
            "100000000000000",
        ),
        (Type::FLOAT8, &0.0001_f64.to_be_bytes(), "0.0001"),
        (Type::FLOAT8, &(-0.000_012_f64).to_be_bytes(), "-1.2e-05"),
        (Type::FLOAT4, &1e6_f32.to_be_bytes(), "1e+06"),
        (Type::FLOAT4, &f32::NAN.to_be_bytes(), "NaN"),
        (
            Type::NUMERIC,
            &[0, 2, 0, 0, 0x40, 0, 0, 2, 0, 12, 0x11, 0x94],
            "-12.45",
        ),
        (Type::NUMERIC, &[0, 1, 0, 2, 0, 0, 0, 0, 0, 7], "700000000"),
        (
            Type::NUMERIC,
            &[0, 1, 255, 254, 0, 0, 0, 6, 0, 100],
            "0.000001",
        ),
        (Type::DATE, &8766_i32.to_be_bytes(), "2024-01-01"),
        (Type::DATE, &(-730_120_i32).to_be_bytes(), "0001-12-31 BC"),
        (
            Type::TIMESTAMP,
            &(-1_i64).to_be_bytes(),
            "1999-12-31 23:59:59.999999",
        ),
        (Type::TIMESTAMPTZ, &i64::MAX.to_be_bytes(), "infinity"),
        (Type::INET, &[2, 24, 0, 4, 10, 0, 0, 1], "10.0.0.1/24"),
        (Type::CIDR, &[2, 32, 1, 4, 10, 0, 0, 1], "10.0.0.1/32"),
        (Type::JSONB, b"\x01{\"a\": 1}", "{\"a\": 1}"),
        (Type::VARBIT, &[0, 0, 0, 3, 0xa0], "101"),
        (Type::MONEY, &(-1234_i64).to_be_bytes(), "-12.34"),
        (
            Type::PG_LSN,
            &0x0001_0000_0000_002a_u64.to_be_bytes(),
            "10000/2A",
        ),
    ];
    for (known, bytes, text) in cases {
        assert_eq!(shown(known.clone(), bytes), *text, "{known}");
    }
}

#[test]
fn what_does_not_fit_its_type_is_shown_as_bytes() {
    for (known, bytes) in [
        (Type::INT4, &b"abc"[..]),
        (Type::UUID, b"x"),
        (Type::NUMERIC, b"xyz"),
        (Type::INT4_ARRAY, b"12345678901"),
        (Type::TS_VECTOR, b"word"),
    ] {
        assert_eq!(shown(known, bytes), hex(bytes));
    }
}

#[test]
fn a_type_of_the_database_is_shown_as_text_if_it_can_be() {
    let enumerated = value(16_400, true, b"shipped", 7, Encoding::Utf8);
    assert_eq!(enumerated, Value::Text("shipped".to_owned()));
    let other = value(16_400, true, b"\0\x01", 2, Encoding::Utf8);
    assert_eq!(other, Value::Text("\\x0001".to_owned()));
}

#[test]
fn types_have_their_names() {
    assert_eq!(type_name(23).as_deref(), Some("int4"));
    assert_eq!(type_name(1007).as_deref(), Some("int4[]"));
    assert_eq!(type_name(99_999), None);
}
