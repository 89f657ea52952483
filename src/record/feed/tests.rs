//! Order, room and time of the queue.

use super::*;
use crate::model::wire::Exchange;
use std::sync::Arc;

const MODE: TtyMode = TtyMode {
    echo: true,
    icanon: true,
};

#[test]
fn what_happened_comes_out_in_order_with_its_bytes() {
    let feed = Feed::new(Instant::now());
    feed.output(b"a");
    feed.output(b"b");
    feed.input(b"c", MODE);
    feed.stream(2, b"def");
    feed.urgent(What::Discard, None);
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    assert_eq!(batch.bytes, b"abdef");
    assert_eq!(*batch.typed, b"c");
    let shapes: Vec<String> = batch
        .items
        .iter()
        .map(|i| format!("{:?}", i.what))
        .collect();
    // The first two are one, unless a millisecond ended between them.
    let [.., second, third, stream, discard] = shapes.as_slice() else {
        panic!("{shapes:?}");
    };
    assert!(second == "Output(2)" || second == "Output(1)", "{shapes:?}");
    assert_eq!(third.split('(').next(), Some("Input"));
    assert_eq!(stream, "Stream(2, 3)");
    assert_eq!(discard, "Discard");
    assert!(batch.items.windows(2).all(|two| two[0].at <= two[1].at));
}

#[test]
fn a_recorder_that_hangs_costs_one_wait_and_then_events_which_are_counted() {
    let feed = Feed::new(Instant::now());
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..4 {
        feed.output(&chunk);
    }
    let began = Instant::now();
    feed.output(b"lost");
    assert!(began.elapsed() >= RELAY_WAIT_MAX);
    let began = Instant::now();
    for _ in 0..1000 {
        feed.output(b"lost");
    }
    assert!(began.elapsed() < RELAY_WAIT_MAX, "it waits only once");
    let mut batch = Batch::default();
    for _ in 0..4 {
        batch.clear();
        feed.take(&mut batch, None);
        assert_eq!(batch.bytes, chunk);
    }
    batch.clear();
    feed.output(b"kept");
    feed.take(&mut batch, None);
    assert!(matches!(batch.items[0].what, What::Dropped(1001, 4004)));
    assert_eq!(batch.bytes, b"kept");
}

#[test]
fn what_gathered_is_taken_piece_by_piece_in_order_and_each_makes_room() {
    let feed = Feed::new(Instant::now());
    let chunk = vec![b'x'; 64 << 10];
    for _ in 0..64 {
        feed.output(&chunk);
    }
    assert!(!feed.lock().room(1), "it is full");
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    assert_eq!(batch.bytes.len(), PIECE);
    assert!(feed.lock().room(PIECE), "as much as was taken has room");
    feed.stream(1, b"last");
    feed.urgent(What::Discard, None);
    let (mut bytes, mut pieces) = (batch.bytes.len(), 1);
    loop {
        batch.clear();
        feed.take(&mut batch, None);
        bytes += batch.bytes.len();
        pieces += 1;
        if let Some(What::Discard) = batch.items.last().map(|item| &item.what) {
            break;
        }
    }
    assert_eq!((bytes, pieces), ((4 << 20) + 4, 9));
    let state = feed.lock();
    assert!(state.is_empty() && state.room(BYTES_MAX) && !state.urgent);
}

#[test]
fn a_relay_that_waits_goes_on_as_soon_as_there_is_room() {
    let feed = Arc::new(Feed::new(Instant::now()));
    // Nearly full: there is room for a byte, and none for what comes.
    feed.output(&vec![b'x'; (4 << 20) - 100]);
    let other = Arc::clone(&feed);
    let relay = std::thread::spawn(move || {
        let began = Instant::now();
        other.output(&[b'y'; 4096]);
        began.elapsed()
    });
    while feed.lock().waiting == 0 {
        std::thread::yield_now();
    }
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    assert!(relay.join().unwrap() < RELAY_WAIT_MAX);
    batch.clear();
    feed.take(&mut batch, None);
    assert_eq!(batch.bytes, [b'y'; 4096], "nothing was dropped");
}

#[test]
fn a_closed_feed_takes_nothing_and_lets_the_relay_go() {
    let feed = Arc::new(Feed::new(Instant::now()));
    let chunk = vec![b'x'; 4 << 20];
    feed.output(&chunk);
    let other = Arc::clone(&feed);
    let relay = std::thread::spawn(move || other.output(b"more"));
    feed.close();
    relay.join().unwrap();
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    assert!(batch.items.is_empty());
}

#[test]
fn time_that_was_set_is_kept() {
    let feed = Feed::new(Instant::now());
    let mut batch = Batch::default();
    let until = Instant::now() + Duration::from_millis(20);
    feed.take(&mut batch, Some(until));
    assert!(batch.items.is_empty());
    assert!(Instant::now() >= until);
}

fn notified(connection: u32) -> Vec<(Micros, Seen)> {
    let what = Exchange::Notification {
        channel: format!("c{connection}"),
        payload: "x".repeat(1000),
    };
    vec![(Micros(0), Seen::Exchange(what))]
}

#[test]
fn what_is_owed_comes_before_all_that_happened_since() {
    let feed = Arc::new(Feed::new(Instant::now()));
    let (first, second) = (feed.owe(), feed.owe());
    feed.output(b"made of it");
    let other = Arc::clone(&feed);
    let payer = std::thread::spawn(move || {
        // Taken before it is paid, in most runs.
        std::thread::yield_now();
        other.pay(second, 2, notified(2));
        other.pay(first, 1, notified(1));
    });
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    let mut order = Vec::new();
    for item in &batch.items {
        match &item.what {
            What::Due(due) => order.extend(due.wait().iter().map(|item| match &item.what {
                What::Wire(wire) => wire.connection,
                what => panic!("{what:?}"),
            })),
            What::Output(10) => order.push(0),
            what => panic!("{what:?}"),
        }
    }
    payer.join().unwrap();
    assert_eq!(order, [1, 2, 0]);
}

#[test]
fn what_is_paid_before_anything_happens_needs_no_place() {
    let feed = Feed::new(Instant::now());
    let (first, second) = (feed.owe(), feed.owe());
    feed.pay(second, 2, notified(2));
    feed.pay(first, 1, Vec::new());
    feed.output(b"later");
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    let [
        Item {
            what: What::Wire(wire),
            ..
        },
        Item {
            what: What::Output(5),
            ..
        },
    ] = batch.items.as_slice()
    else {
        panic!("{:?}", batch.items);
    };
    assert_eq!(wire.connection, 2);
}

#[test]
fn nothing_comes_of_a_debt_that_is_dropped() {
    let feed = Feed::new(Instant::now());
    drop(feed.owe());
    feed.output(b"later");
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    let [
        Item {
            what: What::Due(due),
            ..
        },
        _,
    ] = batch.items.as_slice()
    else {
        panic!("{:?}", batch.items);
    };
    assert!(due.wait().is_empty());
}

#[test]
fn what_was_owed_takes_room_from_when_it_is_paid_until_its_piece_is_taken() {
    let feed = Feed::new(Instant::now());
    let early = feed.owe();
    feed.output(&vec![b'x'; PIECE]);
    let late = feed.owe();
    feed.output(b"x");
    let before = feed.lock().len();
    feed.pay(early, 1, notified(1));
    let paid = feed.lock().len();
    assert!(paid > before + 1000, "in a piece that is full already");
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    assert_eq!(feed.lock().len(), 1);
    batch.clear();
    feed.take(&mut batch, None);
    feed.pay(late, 1, notified(1));
    assert_eq!(feed.lock().len(), 0, "the recorder has it already");
}

#[test]
fn what_had_no_room_when_it_came_is_counted_when_it_is_known() {
    let feed = Feed::new(Instant::now());
    let last = feed.owe();
    feed.output(&vec![b'x'; BYTES_MAX]);
    feed.pay(last, 1, notified(1));
    let owed = feed.owe();
    assert!(owed.due().is_none());
    let mut batch = Batch::default();
    feed.take(&mut batch, None);
    feed.pay(owed, 1, notified(1));
    feed.output(b"kept");
    batch.clear();
    feed.take(&mut batch, None);
    let What::Dropped(1, bytes) = batch.items[0].what else {
        panic!("{:?}", batch.items);
    };
    assert!(bytes > 1000);
}
