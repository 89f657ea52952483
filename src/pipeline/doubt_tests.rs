//! The second look (P6): what the first one let through is dropped and counted, or kept and told when
//! its owner wants that.

use super::tests::{SIZE, bodies, bytes, ms, show};
use super::*;
use crate::mask::Rules;
use crate::mask::own::{OnDoubt, Own};
use crate::model::Body;
use crate::model::wire::{Exchange, Wire};

const SECRET: &str = "tr0ub4dor-and-3";
/// Its halves stand apart on the screen and together in the bytes.
const LINES: &str = "before\r\nsay tr0ub\x1b[5C4dor-a\x1b[5Cnd-3\r\nafter\r\n";

/// A session that has learned the secret.
fn learned(on_doubt: OnDoubt) -> Pipeline {
    let scanner = Scanner::new(Rules::with(&Own {
        on_doubt,
        ..Own::default()
    }));
    let door = scanner.door();
    let mut p = Pipeline::new(scanner, door, SIZE);
    p.output(ms(1), format!("export PGPASSWORD={SECRET}\r\n").as_bytes());
    p
}

fn gaps(bodies: &[Body]) -> Vec<&Gap> {
    let gaps = bodies.iter().filter_map(|body| match body {
        Body::Gap(gap) => Some(gap),
        _ => None,
    });
    gaps.collect()
}

fn counted(p: &Pipeline) -> u32 {
    let count = p.summary().gaps.get(&GapKind::Unmaskable).copied();
    count.unwrap_or(0)
}

#[test]
fn a_doubtful_line_is_dropped_and_counted_and_its_neighbours_stay() {
    let mut p = learned(OnDoubt::Drop);
    p.output(ms(5), LINES.as_bytes());
    p.output(ms(6), b"more\r\n");
    let bodies = bodies(&mut p);
    let out = show(&bytes(&bodies));
    assert!(
        !out.contains("tr0ub") && !out.contains("4dor-a") && !out.contains("nd-3"),
        "{out}"
    );
    for word in ["before", "after", "more"] {
        assert!(out.contains(word), "{word}: {out}");
    }
    let gaps = gaps(&bodies);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0].kind, GapKind::Unmaskable);
    assert!(gaps[0].bytes >= SECRET.len() as u64, "{gaps:?}");
    assert!(!gaps[0].detail.contains("kept"), "{gaps:?}");
    assert_eq!(counted(&p), 1);
}

#[test]
fn a_doubtful_line_is_kept_and_told_where_that_is_wanted() {
    let mut p = learned(OnDoubt::Keep);
    p.output(ms(5), LINES.as_bytes());
    let bodies = bodies(&mut p);
    let out = show(&bytes(&bodies));
    assert!(out.contains("say tr0ub\\x1b[5C4dor-a\\x1b[5Cnd-3"), "{out}");
    let gaps = gaps(&bodies);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(
        gaps[0].detail.contains("was kept as configured"),
        "{gaps:?}"
    );
    assert_eq!(counted(&p), 1);
}

#[test]
fn a_doubtful_value_of_the_wire_goes_the_same_way() {
    // The name of a channel is looked at for the second time alone.
    let notified = |channel: &str| Wire {
        connection: 1,
        what: Exchange::Notification {
            channel: channel.to_owned(),
            payload: "harmless".to_owned(),
        },
    };
    for (on_doubt, stays) in [(OnDoubt::Drop, false), (OnDoubt::Keep, true)] {
        let mut p = learned(on_doubt);
        p.wire(ms(5), Box::new(notified(SECRET)));
        p.wire(ms(6), Box::new(notified("jobs")));
        let bodies = bodies(&mut p);
        let channels: Vec<&str> = bodies
            .iter()
            .filter_map(|body| match body {
                Body::Wire(wire) => wire.what.texts().first().copied(),
                _ => None,
            })
            .collect();
        let want: &[&str] = if stays { &[SECRET, "jobs"] } else { &["jobs"] };
        assert_eq!(channels, want);
        assert_eq!(gaps(&bodies).len(), 1);
        assert_eq!(counted(&p), 1);
    }
}
