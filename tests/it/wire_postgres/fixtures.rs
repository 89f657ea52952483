//! Conversations of real clients and servers, read whole and cut at every place.

use super::{Conversation, Speaker};
use rec::model::Micros;
use rec::model::wire::Exchange;
use rec::wire::postgres::Decoder;
use rec::wire::{Decoder as _, Limits, Seen};
use std::fs;
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire/postgres")
}

/// Who, how many bytes, the bytes; again and again.
fn encode(conversation: &Conversation) -> Vec<u8> {
    let mut out = Vec::new();
    for (who, bytes) in &conversation.said {
        out.push(match who {
            Speaker::Client => b'>',
            Speaker::Server => b'<',
        });
        out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        out.extend(bytes);
    }
    out
}

fn decode(mut bytes: &[u8]) -> Conversation {
    let mut conversation = Conversation::default();
    while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
        let who = match head[0] {
            b'>' => Speaker::Client,
            _ => Speaker::Server,
        };
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let (said, rest) = rest.split_at(length.try_into().unwrap());
        conversation.said.push((who, said.to_vec()));
        bytes = rest;
    }
    conversation
}

/// What is told, a line of JSON each; rows and copied data that came in pieces put together.
fn lines(conversation: &Conversation, mut cut: Option<usize>) -> Vec<String> {
    let mut decoder = Decoder::new(Limits::default());
    let mut exchanges: Vec<(Micros, Exchange)> = Vec::new();
    let mut take = |decoder: &mut Decoder| {
        for (at, seen) in decoder.take() {
            let Seen::Exchange(mut exchange) = seen else {
                panic!("{seen:?}");
            };
            let same = match (exchanges.last_mut(), &mut exchange) {
                (
                    Some((_, Exchange::Rows { statement, rows })),
                    Exchange::Rows {
                        statement: other,
                        rows: more,
                    },
                ) if statement == other => {
                    rows.append(more);
                    true
                }
                (
                    Some((
                        _,
                        Exchange::Copied {
                            statement, text, ..
                        },
                    )),
                    Exchange::Copied {
                        statement: other,
                        text: more,
                        ..
                    },
                ) if statement == other => {
                    text.push_str(more);
                    true
                }
                _ => false,
            };
            if !same {
                exchanges.push((at, exchange));
            }
        }
    };
    let mut at = Micros(0);
    for (who, bytes) in &conversation.said {
        at.0 += 1;
        let within = cut.filter(|cut| *cut < bytes.len()).unwrap_or(0);
        cut = cut.and_then(|cut| cut.checked_sub(bytes.len()));
        let (first, second) = bytes.split_at(within);
        for piece in [first, second] {
            match who {
                Speaker::Client => decoder.client(at, piece),
                Speaker::Server => decoder.server(at, piece),
            }
            take(&mut decoder);
        }
    }
    decoder.closed(at);
    take(&mut decoder);
    exchanges
        .iter()
        .map(|(at, exchange)| format!("{} {}", at.0, serde_json::to_string(exchange).unwrap()))
        .collect()
}

/// Writes a conversation and what is told of it, if the environment asks for that.
pub fn keep(name: &str, conversation: &Conversation) {
    if std::env::var("REC_FIXTURES").as_deref() != Ok("write") {
        return;
    }
    let bytes = encode(conversation);
    assert!(bytes.len() < 16 << 10, "{name} has {} bytes", bytes.len());
    fs::create_dir_all(directory()).unwrap();
    fs::write(directory().join(name).with_extension("bin"), bytes).unwrap();
    let lines = lines(conversation, None).join("\n") + "\n";
    fs::write(directory().join(name).with_extension("jsonl"), lines).unwrap();
}

#[test]
fn kept_conversations_are_read_the_same_at_every_cut() {
    let mut read = 0;
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let conversation = decode(&fs::read(&path).unwrap());
        let told = fs::read_to_string(path.with_extension("jsonl")).unwrap();
        let told: Vec<&str> = told.lines().collect();
        let whole = lines(&conversation, None);
        assert_eq!(whole, told, "{}", path.display());
        let length: usize = conversation.said.iter().map(|(_, bytes)| bytes.len()).sum();
        for cut in 1..length {
            assert_eq!(
                lines(&conversation, Some(cut)),
                whole,
                "{} at {cut}",
                path.display()
            );
        }
        read += 1;
    }
    assert!(read >= 8, "{read} conversations");
}
