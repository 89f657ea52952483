//! Column definitions of result sets.

use super::charset::Charset;
use super::read::Reader;
use super::value::Kind;
use crate::model::wire::Column;
use mysql_common::constants::{ColumnFlags, ColumnType as Type};

/// A column, and how to read its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What is told of it.
    pub column: Column,
    /// Its values' type.
    pub kind: Kind,
}

/// The display width of a `tinytext` or `tinyblob` in characters of one byte; the wider ones follow.
const TINY: u32 = 0xFF;
const MEDIUM: u32 = 0xFF_FFFF;

impl Definition {
    /// Reads one. `charset` is that of names; `extended` says whether MariaDB's extended metadata
    /// stands before the fixed part (MARIADB_CLIENT_EXTENDED_METADATA).
    pub fn read(payload: &[u8], charset: Charset, extended: bool) -> Option<Definition> {
        let mut reader = Reader::new(payload);
        let _catalog = reader.string()?;
        let _schema = reader.string()?;
        let _alias = reader.string()?;
        let table = reader.string()?;
        let name = reader.string()?;
        let _original = reader.string()?;
        let metadata = if extended { reader.string()? } else { &[] };
        let _fixed = reader.lenenc()?;
        let collation = reader.u16()?;
        let length = reader.u32()?;
        let code = reader.u8()?;
        let flags = ColumnFlags::from_bits_truncate(reader.u16()?);
        let decimals = reader.u8()?;
        let code = known(code);
        let zerofill = flags.contains(ColumnFlags::ZEROFILL_FLAG);
        let kind = Kind {
            code,
            unsigned: flags.contains(ColumnFlags::UNSIGNED_FLAG),
            zerofill: zerofill.then_some(length),
            decimals,
            charset: Charset::of(collation),
        };
        let type_name =
            named(metadata).unwrap_or_else(|| type_name(&kind, flags, length).to_owned());
        Some(Definition {
            column: Column {
                name: charset.text(name, false).into_owned(),
                type_name,
                table: charset.text(table, false).into_owned(),
            },
            kind,
        })
    }
}

/// The type numbered `code`; one that is not known is read like a string, as all newer ones are.
pub fn known(code: u8) -> Type {
    Type::try_from(code).unwrap_or(Type::MYSQL_TYPE_VAR_STRING)
}

/// MariaDB's own name of the type (0) or of the format (1), as `inet6` or `json`.
fn named(metadata: &[u8]) -> Option<String> {
    let mut reader = Reader::new(metadata);
    while let Some(what) = reader.u8() {
        let value = reader.string()?;
        if what <= 1 {
            return Some(String::from_utf8_lossy(value).into_owned());
        }
    }
    None
}

/// What SQL calls a type.
fn type_name(kind: &Kind, flags: ColumnFlags, length: u32) -> &'static str {
    let binary = kind.charset == Charset::Binary;
    let either = |bytes, text| if binary { bytes } else { text };
    let signed = |signed, unsigned| if kind.unsigned { unsigned } else { signed };
    match kind.code {
        Type::MYSQL_TYPE_DECIMAL | Type::MYSQL_TYPE_NEWDECIMAL => {
            signed("decimal", "decimal unsigned")
        }
        Type::MYSQL_TYPE_TINY => signed("tinyint", "tinyint unsigned"),
        Type::MYSQL_TYPE_SHORT => signed("smallint", "smallint unsigned"),
        Type::MYSQL_TYPE_INT24 => signed("mediumint", "mediumint unsigned"),
        Type::MYSQL_TYPE_LONG => signed("int", "int unsigned"),
        Type::MYSQL_TYPE_LONGLONG => signed("bigint", "bigint unsigned"),
        Type::MYSQL_TYPE_FLOAT => signed("float", "float unsigned"),
        Type::MYSQL_TYPE_DOUBLE => signed("double", "double unsigned"),
        Type::MYSQL_TYPE_NULL => "null",
        Type::MYSQL_TYPE_TIMESTAMP | Type::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        Type::MYSQL_TYPE_DATE | Type::MYSQL_TYPE_NEWDATE => "date",
        Type::MYSQL_TYPE_TIME | Type::MYSQL_TYPE_TIME2 => "time",
        Type::MYSQL_TYPE_DATETIME | Type::MYSQL_TYPE_DATETIME2 => "datetime",
        Type::MYSQL_TYPE_YEAR => "year",
        Type::MYSQL_TYPE_BIT => "bit",
        Type::MYSQL_TYPE_JSON => "json",
        Type::MYSQL_TYPE_VECTOR => "vector",
        Type::MYSQL_TYPE_GEOMETRY => "geometry",
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => "enum",
        _ if flags.contains(ColumnFlags::SET_FLAG) => "set",
        Type::MYSQL_TYPE_ENUM => "enum",
        Type::MYSQL_TYPE_SET => "set",
        Type::MYSQL_TYPE_STRING => either("binary", "char"),
        Type::MYSQL_TYPE_VAR_STRING | Type::MYSQL_TYPE_VARCHAR => either("varbinary", "varchar"),
        Type::MYSQL_TYPE_TINY_BLOB => either("tinyblob", "tinytext"),
        Type::MYSQL_TYPE_MEDIUM_BLOB => either("mediumblob", "mediumtext"),
        Type::MYSQL_TYPE_LONG_BLOB => either("longblob", "longtext"),
        Type::MYSQL_TYPE_BLOB => match length {
            ..=TINY => either("tinyblob", "tinytext"),
            u32::MAX => either("longblob", "longtext"),
            MEDIUM => either("mediumblob", "mediumtext"),
            _ => either("blob", "text"),
        },
        Type::MYSQL_TYPE_TYPED_ARRAY | Type::MYSQL_TYPE_UNKNOWN => "unknown",
    }
}

/// What SQL calls the type of a parameter.
pub fn parameter_type(kind: &Kind) -> &'static str {
    match kind.code {
        Type::MYSQL_TYPE_BLOB => "blob",
        _ => type_name(kind, ColumnFlags::empty(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mysql::fixture::definition;

    #[test]
    fn names_types_and_tables_are_read() {
        let payload = definition("users", "email", 0xFD, 45, 0, None);
        let read = Definition::read(&payload, Charset::Utf8, false).unwrap();
        let column = Column {
            name: "email".into(),
            type_name: "varchar".into(),
            table: "users".into(),
        };
        assert_eq!(read.column, column);
        for end in 0..payload.len() - 2 {
            assert_eq!(
                Definition::read(&payload[..end], Charset::Utf8, false),
                None
            );
        }
    }

    #[test]
    fn extended_metadata_adds_a_string_before_the_fixed_part() {
        for (metadata, name) in [
            (&b"\x00\x05inet6"[..], "inet6"),
            (b"\x01\x04json", "json"),
            (b"", "varbinary"),
        ] {
            let payload = definition("t", "c", 0xFD, 63, 0, Some(metadata));
            let read = Definition::read(&payload, Charset::Utf8, true).unwrap();
            assert_eq!(read.column.type_name, name);
        }
    }
}
