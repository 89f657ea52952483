//! The packets that end things: OK, EOF and ERR, with what they say of the session.

use super::charset::Charset;
use super::handshake::Capabilities;
use super::read::Reader;
use crate::model::wire::{Report, Transaction};
use mysql_common::constants::{CapabilityFlags, SessionStateType, StatusFlags};

/// The code of an ERR packet that is none but tells how far a long statement is (MariaDB).
const PROGRESS: u16 = 0xFFFF;

/// An OK or EOF packet.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows that were changed; `None` in an EOF packet.
    pub affected: Option<u64>,
    /// The last automatic key, where there is one.
    pub last_id: Option<u64>,
    /// How many warnings there were.
    pub warnings: u32,
    /// What the server says of it, as `Rows matched: 1  Changed: 1  Warnings: 0`.
    pub info: String,
    /// The session's settings that changed; the database is called `database`.
    pub settings: Vec<(String, String)>,
    status: Option<StatusFlags>,
}

impl Done {
    /// An OK packet, whose first byte is 0x00 or, in place of an EOF, 0xFE.
    pub fn ok(payload: &[u8], capabilities: &Capabilities, charset: Charset) -> Option<Done> {
        let mut reader = Reader::new(payload);
        reader.u8()?;
        let affected = reader.lenenc()?;
        let last_id = reader.lenenc()?;
        let status = StatusFlags::from_bits_truncate(reader.u16()?);
        let warnings = reader.u16()?.into();
        let mut done = Done {
            affected: Some(affected),
            last_id: Some(last_id).filter(|id| *id > 0),
            warnings,
            status: Some(status),
            ..Done::default()
        };
        let info = if capabilities.has(CapabilityFlags::CLIENT_SESSION_TRACK) {
            let info = reader.string().unwrap_or_default();
            if status.contains(StatusFlags::SERVER_SESSION_STATE_CHANGED) {
                done.settings = settings(reader.string().unwrap_or_default(), charset);
            }
            info
        } else {
            reader.rest()
        };
        done.info = charset.text(info, false).into_owned();
        Some(done)
    }

    /// An EOF packet.
    pub fn eof(payload: &[u8]) -> Option<Done> {
        let mut reader = Reader::new(payload);
        reader.u8()?;
        let warnings = reader.u16()?.into();
        let status = Some(StatusFlags::from_bits_truncate(reader.u16()?));
        Some(Done {
            warnings,
            status,
            ..Done::default()
        })
    }

    /// Whether the server's status has this flag.
    pub fn has(&self, flag: StatusFlags) -> bool {
        self.status.is_some_and(|status| status.contains(flag))
    }

    /// Where the session stands.
    pub fn transaction(&self) -> Option<Transaction> {
        let open = StatusFlags::SERVER_STATUS_IN_TRANS;
        let status = self.status?;
        Some(if status.contains(open) {
            Transaction::Open
        } else {
            Transaction::Idle
        })
    }
}

/// What session tracking says that changed.
fn settings(changes: &[u8], charset: Charset) -> Vec<(String, String)> {
    let mut reader = Reader::new(changes);
    let mut found = Vec::new();
    let text = |bytes| charset.text(bytes, false).into_owned();
    while let (Some(kind), Some(change)) = (reader.u8(), reader.string()) {
        let mut change = Reader::new(change);
        match SessionStateType::try_from(kind) {
            Ok(SessionStateType::SESSION_TRACK_SYSTEM_VARIABLES) => {
                while let (Some(name), Some(value)) = (change.string(), change.string()) {
                    found.push((text(name), text(value)));
                }
            }
            Ok(SessionStateType::SESSION_TRACK_SCHEMA) => {
                let name = change.string().unwrap_or_default();
                found.push(("database".to_owned(), text(name)));
            }
            // What is left says that something changed, not what, or repeats the transaction.
            _ => {}
        }
    }
    found
}

/// Whether a packet that looks like an ERR packet only tells of progress.
pub fn is_progress(payload: &[u8]) -> bool {
    Reader::new(payload.get(1..).unwrap_or_default()).u16() == Some(PROGRESS)
}

/// An ERR packet. `None` where it is empty.
pub fn error(payload: &[u8], charset: Charset) -> Option<Report> {
    let mut reader = Reader::new(payload);
    reader.u8()?;
    let number = reader.u16().unwrap_or_default();
    let rest = reader.rest();
    // Before the greeting there is no SQLSTATE.
    let (code, message) = match rest.strip_prefix(b"#") {
        Some(rest) => rest.split_at(rest.len().min(5)),
        None => (&[][..], rest),
    };
    Some(Report {
        severity: "ERROR".to_owned(),
        code: String::from_utf8_lossy(code).into_owned(),
        number: number.into(),
        message: charset.text(message, false).into_owned(),
        ..Report::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::mysql::fixture::capabilities;

    #[test]
    fn ok_packets_tell_counts_and_what_changed() {
        let tracks = capabilities(CapabilityFlags::CLIENT_SESSION_TRACK);
        let payload = b"\x00\x03\xfc\x2c\x01\x01\x40\x02\x00\x04info\x1c\
            \x01\x06\x05other\x00\x0f\x0aautocommit\x03OFF\x02\x01\x31";
        let done = Done::ok(payload, &tracks, Charset::Utf8).unwrap();
        assert_eq!(
            (done.affected, done.last_id, done.warnings, &*done.info),
            (Some(3), Some(300), 2, "info")
        );
        let changed = [("database", "other"), ("autocommit", "OFF")];
        let changed = changed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(done.settings, changed);
        assert_eq!(done.transaction(), Some(Transaction::Open));

        let plain = capabilities(CapabilityFlags::empty());
        let done = Done::ok(
            b"\x00\x00\x00\x02\x00\x00\x00Changed",
            &plain,
            Charset::Utf8,
        );
        let done = done.unwrap();
        assert_eq!((done.last_id, &*done.info), (None, "Changed"));
        assert_eq!(done.transaction(), Some(Transaction::Idle));
        assert_eq!(Done::ok(b"\x00\x00\x00", &plain, Charset::Utf8), None);
    }

    #[test]
    fn an_error_of_code_65535_is_a_progress_report() {
        let report = error(b"\xff\x19\x04#28000Access denied", Charset::Utf8).unwrap();
        assert_eq!((&*report.code, report.number), ("28000", 1049));
        assert_eq!(report.message, "Access denied");
        let report = error(b"\xff\x10\x04Too many connections", Charset::Utf8).unwrap();
        assert_eq!((&*report.code, report.number), ("", 1040));
        assert!(is_progress(b"\xff\xff\xff\x01\x01\x02"));
        assert!(!is_progress(b"\xff\x10\x04") && !is_progress(b"\xff"));
    }
}
