//! Chosen sessions for a reviewer: one age file, sealed to them alone, which `age -d | zstd -d` shows.
//!
//! Inside stand lines of JSON, and behind some of them the events of a session as they stand in a
//! piece. What goes out is masked with the rules of today, and what comes in is masked again: neither
//! side takes the other's word for it.

use super::seal::PLAIN_MAX;
use super::slots::{self, KeyFile};
use super::take::{Incoming, Taken, take_in};
use super::{Ask, Damage, Error, Unlocked, Vault, log};
use crate::config::Paths;
use crate::export::Again;
use crate::model::{Event, Labels, Meta, SessionId, Status, Summary, codec};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// The format that this program writes, and the newest it reads.
const FORMAT: u32 = 1;
/// Events that are gathered before they are written.
const PART: usize = 256 << 10;
/// The longest line of JSON.
const LINE_MAX: u64 = 4 << 20;
/// zstd's level: a bundle is written once and sent.
const LEVEL: i32 = 9;
/// The largest window a bundle may ask for (8 MiB).
const WINDOW_LOG_MAX: u32 = 23;

#[derive(Serialize, Deserialize)]
struct Head {
    rec_bundle: u32,
    sessions: u64,
}

#[derive(Serialize, Deserialize)]
struct Session {
    meta: Meta,
    summary: Option<Summary>,
}

/// What stands before the next bytes: so many of events, or the session's end.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Next {
    Events { n: usize },
    End { end: bool },
}

/// Why a bundle could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Whom to seal to was not understood.
    #[error("this is no public key: {0}")]
    Recipient(String),
    /// Its own key is another.
    #[error("the bundle is sealed to another key")]
    Foreign,
    /// It is no bundle, or a damaged one.
    #[error("this is no whole bundle: {0}")]
    Damaged(String),
    /// A newer rec wrote it.
    #[error("the bundle has format {0}; this rec knows formats up to {FORMAT}")]
    Newer(u32),
    /// It cannot be written.
    #[error("it cannot be written")]
    Write(#[source] io::Error),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] Error),
}

impl Unlocked {
    /// Writes sessions as a bundle for those who hold the secret halves of `recipients` (age or SSH
    /// public keys); gives how many values are masked in it. The log says to whom.
    ///
    /// # Errors
    /// [`BundleError`]; what was written then is no bundle.
    pub fn bundle(
        &mut self,
        ids: &[SessionId],
        recipients: &[String],
        out: &mut dyn Write,
    ) -> Result<u64, BundleError> {
        let mut keys = Vec::new();
        for line in recipients {
            keys.extend(slots::public(line.trim()).map_err(BundleError::Recipient)?);
        }
        let all = keys.iter().map(|key| &**key as &dyn age::Recipient);
        let sealing = age::Encryptor::with_recipients(all)
            .map_err(|error| BundleError::Recipient(error.to_string()))?
            .wrap_output(out)
            .map_err(BundleError::Write)?;
        let mut packing =
            zstd::stream::write::Encoder::new(sealing, LEVEL).map_err(BundleError::Write)?;
        let sessions = u64::try_from(ids.len()).unwrap_or(u64::MAX);
        line(
            &mut packing,
            &Head {
                rec_bundle: FORMAT,
                sessions,
            },
        )?;
        let mut masked = 0;
        for id in ids {
            masked += self.one(*id, &mut packing)?;
        }
        packing
            .finish()
            .and_then(age::stream::StreamWriter::finish)
            .and_then(|out| out.flush())
            .map_err(BundleError::Write)?;
        let vault = self.vault_mut();
        let dir = vault.dir.clone();
        log::write(&dir, &mut vault.conn, |log| {
            ids.iter().try_for_each(|id| {
                log.add(log::What::Shared {
                    session: *id,
                    to: recipients.to_vec(),
                })
            })
        })?;
        Ok(masked)
    }

    fn one(&self, id: SessionId, out: &mut dyn Write) -> Result<u64, BundleError> {
        let entry = self.find(&id.hex())?;
        if entry.status == Status::Recording {
            return Err(Error::Recorded { id }.into());
        }
        let (mut again, meta) = Again::new(&self.vault().rules(&entry.meta)?, &entry.meta, &[]);
        let summary = entry.summary;
        line(out, &Session { meta, summary })?;
        let mut masked = 0;
        let mut part = Vec::new();
        let mut take = |events: Vec<Event>, part: &mut Vec<u8>| {
            for event in events {
                if let crate::model::Body::Masked { count, .. } = &event.body {
                    masked += u64::from(*count);
                }
                codec::encode(&event, part);
            }
        };
        for event in self.events(id)?.filter_map(Result::ok) {
            take(again.push(&event), &mut part);
            if part.len() >= PART {
                events(out, &mut part)?;
            }
        }
        take(again.finish(), &mut part);
        events(out, &mut part)?;
        line(out, &Next::End { end: true })?;
        Ok(masked)
    }
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> Result<(), BundleError> {
    let mut json = serde_json::to_vec(value).map_err(|e| BundleError::Write(e.into()))?;
    json.push(b'\n');
    out.write_all(&json).map_err(BundleError::Write)
}

fn events(out: &mut dyn Write, part: &mut Vec<u8>) -> Result<(), BundleError> {
    if part.is_empty() {
        return Ok(());
    }
    line(out, &Next::Events { n: part.len() })?;
    out.write_all(part).map_err(BundleError::Write)?;
    part.clear();
    Ok(())
}

impl Vault {
    /// Takes in the sessions of a bundle, masked again. It is opened with the key in `identity` or,
    /// without one, with this vault's own.
    ///
    /// # Errors
    /// [`BundleError`]; sessions that were taken in until then stay.
    pub fn import(
        paths: &Paths,
        bundle: &mut dyn Read,
        identity: Option<&Path>,
        ask: &mut dyn Ask,
    ) -> Result<Taken, BundleError> {
        let mut vault = Vault::open(paths)?;
        let damaged = |error: &dyn std::fmt::Display| BundleError::Damaged(error.to_string());
        let decryptor = age::Decryptor::new_buffered(BufReader::new(bundle))
            .map_err(|error| damaged(&error))?;
        let opened = |error| match error {
            age::DecryptError::NoMatchingKeys => BundleError::Foreign,
            error => damaged(&error),
        };
        let packed = match identity {
            Some(path) => {
                let keys = KeyFile::read(path)?.identities(ask)?;
                let keys = keys.iter().map(|key| &**key as &dyn age::Identity);
                decryptor.decrypt(keys).map_err(opened)?
            }
            None => {
                let unlocked = Vault::open(paths)?.unlock(ask)?;
                let keys = unlocked.past().iter().chain([unlocked.identity()]);
                let keys = keys.map(|key| key.age() as &dyn age::Identity);
                decryptor.decrypt(keys).map_err(opened)?
            }
        };
        let mut unpacked = zstd::stream::read::Decoder::new(packed).map_err(|e| damaged(&e))?;
        unpacked
            .window_log_max(WINDOW_LOG_MAX)
            .map_err(|e| damaged(&e))?;
        let mut reader = BufReader::new(unpacked);
        let head: Head = read_line(&mut reader)?;
        if head.rec_bundle > FORMAT {
            return Err(BundleError::Newer(head.rec_bundle));
        }
        let mut known = vault.known()?;
        let mut taken = Taken::default();
        for _ in 0..head.sessions {
            let Session { meta, summary } = read_line(&mut reader)?;
            let mut events = Events {
                reader: &mut reader,
                part: Vec::new(),
                at: 0,
                over: false,
                wrong: None,
            };
            if known.insert(meta.id) {
                let incoming = Incoming {
                    meta,
                    summary,
                    labels: Labels::default(),
                };
                take_in(
                    paths,
                    &mut vault,
                    incoming,
                    &mut events,
                    "bundle",
                    &mut taken,
                )?;
                taken.sessions += 1;
            } else {
                events.by_ref().for_each(drop);
                taken.known += 1;
            }
            if let Some(wrong) = events.wrong {
                return Err(wrong);
            }
        }
        Ok(taken)
    }
}

fn read_line<T: serde::de::DeserializeOwned>(reader: &mut impl BufRead) -> Result<T, BundleError> {
    let mut text = Vec::new();
    let read = reader.take(LINE_MAX).read_until(b'\n', &mut text);
    read.map_err(|error| BundleError::Damaged(error.to_string()))?;
    if text.pop() != Some(b'\n') {
        return Err(BundleError::Damaged("it ends too early".to_owned()));
    }
    serde_json::from_slice(&text).map_err(|error| BundleError::Damaged(error.to_string()))
}

/// The events of one session of a bundle.
struct Events<'r, R> {
    reader: &'r mut R,
    part: Vec<u8>,
    at: usize,
    over: bool,
    /// Why the bundle ends here.
    wrong: Option<BundleError>,
}

impl<R: BufRead> Events<'_, R> {
    fn load(&mut self) -> Result<(), BundleError> {
        match read_line(self.reader)? {
            Next::End { .. } => self.over = true,
            Next::Events { n } if n > PLAIN_MAX => {
                return Err(BundleError::Damaged("a part is too large".to_owned()));
            }
            Next::Events { n } => {
                self.part.clear();
                self.at = 0;
                let want = u64::try_from(n).unwrap_or(u64::MAX);
                let got = self.reader.take(want).read_to_end(&mut self.part);
                let got = got.map_err(|error| BundleError::Damaged(error.to_string()))?;
                if got < n {
                    return Err(BundleError::Damaged("it ends too early".to_owned()));
                }
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Events<'_, R> {
    type Item = Result<Event, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.part.get(self.at..).unwrap_or_default();
            match codec::decode(rest) {
                Ok(Some((event, after))) => {
                    self.at = self.part.len() - after.len();
                    return Some(Ok(event));
                }
                Ok(None) if self.over => return None,
                Ok(None) => {
                    if let Err(wrong) = self.load() {
                        self.wrong = Some(wrong);
                        self.over = true;
                        self.part.clear();
                    }
                }
                Err(why) => {
                    self.at = self.part.len();
                    return Some(Err(Damage::Parse(why.to_string())));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::seal::Identity;
    use super::super::tests::{events, file_vault, output, record, unlocked};
    use super::super::{Nobody, Vault};
    use super::*;
    use std::fs;

    fn told(word: &str) -> Vec<Event> {
        let lines = (0..2000).map(|n| output(n, &format!("{word} {n} {}\r\n", "z".repeat(200))));
        lines.collect()
    }

    #[test]
    fn chosen_sessions_reach_their_reader_and_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        let here = file_vault(&home.path().join("here"));
        let there = file_vault(&home.path().join("there"));
        let first = record(&here, &told("first"));
        let second = record(&here, &told("second"));
        let kept = record(&here, &told("kept"));
        let reader = Vault::open(&there).unwrap().recipient().to_string();
        let mut bundle = Vec::new();
        let mut sender = unlocked(&here);
        sender
            .bundle(&[first, second], std::slice::from_ref(&reader), &mut bundle)
            .unwrap();
        drop(sender);
        let report = Vault::open(&here).unwrap().verify(None).unwrap();
        assert_eq!(report.findings, []);

        let import = |bundle: &[u8]| Vault::import(&there, &mut &*bundle, None, &mut Nobody);
        let taken = import(&bundle).unwrap();
        assert_eq!((taken.sessions, taken.known, taken.damaged), (2, 0, 0));
        let read: Vec<Event> = events(&there, second)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let text: Vec<u8> = read
            .iter()
            .flat_map(|event| match &event.body {
                crate::model::Body::Output(data) => data.clone(),
                _ => Vec::new(),
            })
            .collect();
        assert!(String::from_utf8(text).unwrap().contains("second 1999 z"));
        let ids: Vec<_> = Vault::open(&there).unwrap().rows().unwrap();
        assert!(ids.len() == 2 && ids.iter().all(|row| row.id != kept));
        let report = Vault::open(&there).unwrap().verify(None).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(import(&bundle).unwrap().known, 2);

        // Neither its sender nor anyone else opens it.
        let own = Vault::import(&here, &mut &*bundle, None, &mut Nobody);
        assert!(matches!(own, Err(BundleError::Foreign)));
        for cut in [0, 10, 300, bundle.len() / 2, bundle.len() - 1] {
            assert!(import(&bundle[..cut]).is_err(), "cut at {cut}");
        }
        let mut bent = bundle.clone();
        let middle = bent.len() / 2;
        bent[middle] ^= 1;
        assert!(import(&bent).is_err());
    }

    #[test]
    fn a_key_of_its_own_opens_a_bundle_too() {
        let home = tempfile::tempdir().unwrap();
        let here = file_vault(&home.path().join("here"));
        let there = file_vault(&home.path().join("there"));
        let id = record(&here, &told("x"));
        let key = Identity::generate();
        let file = home.path().join("key");
        fs::write(&file, key.expose().as_str()).unwrap();
        let mut bundle = Vec::new();
        unlocked(&here)
            .bundle(&[id], &[key.recipient().to_string()], &mut bundle)
            .unwrap();
        let taken = Vault::import(&there, &mut bundle.as_slice(), Some(&file), &mut Nobody);
        assert_eq!(taken.unwrap().sessions, 1);
        let wrong = unlocked(&here).bundle(&[id], &["age1nokey".to_owned()], &mut Vec::new());
        assert!(matches!(wrong, Err(BundleError::Recipient(_))));
    }
}
