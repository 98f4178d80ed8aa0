//! What is in a buffer, looked through while others move it.

use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use forebay_processes::{Buffer, Bytes, Lease, Raw, Settings};

fn buffer(capacity: u64) -> (tempfile::TempDir, Buffer) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("b");
    Settings::new(capacity).create(&path).expect("made");
    let buffer = Buffer::open(&path).expect("opened");
    (folder, buffer)
}

#[test]
fn what_waits_is_leased_or_dead_is_there_in_order() {
    let (_folder, buffer) = buffer(10);
    let producer = buffer.producer::<Bytes, _>(Raw).expect("room");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("room");
    let long = "x".repeat(5000);
    for item in ["dead", "finished", "leased", &long] {
        producer.put(item.into()).expect("put");
    }
    consumer.lease().expect("there").reject("no use").expect("held");
    consumer.take().expect("there");
    let _lease = consumer.lease().expect("there");
    let items = buffer.items().expect("whole");
    let items: Vec<_> =
        items.iter().map(|item| (item.position, &*item.bytes, item.is_dead)).collect();
    assert_eq!(
        items,
        [(0, &b"dead"[..], true), (2, b"leased", false), (3, long.as_bytes(), false)]
    );
}

#[test]
fn an_item_that_stays_is_seen_by_every_look() {
    let (_folder, buffer) = buffer(64);
    let producer = buffer.producer::<Bytes, _>(Raw).expect("room");
    for item in 0..64 {
        producer.put(format!("{item} {}", "y".repeat(item * 7)).into_bytes().into()).expect("put");
    }
    let has_seen_enough = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let consumer = buffer.consumer::<Bytes, _>(Raw).expect("room");
            let has_seen_enough = &has_seen_enough;
            scope.spawn(move || {
                while !has_seen_enough.load(Ordering::Relaxed) {
                    // Given back when dropped.
                    let _leases = consumer.lease_many_within(9, forebay_processes::Patience::Try);
                }
            });
        }
        let looks = (0..300).map(|_| buffer.items().expect("whole"));
        let missed =
            looks.filter(|items| !items.iter().map(|item| item.position).eq(0..64)).count();
        has_seen_enough.store(true, Ordering::Relaxed);
        assert_eq!(missed, 0, "looks that did not see every item");
    });
}

#[test]
fn what_somebody_has_written_over_is_told_and_counted() {
    let (_folder, buffer) = buffer(10);
    let producer = buffer.producer::<Bytes, _>(Raw).expect("room");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("room");
    for item in ["whole", "ruined", "sound"] {
        producer.put(item.into()).expect("put");
    }
    let content = std::fs::read(buffer.path()).expect("read");
    let at = content.windows(6).position(|part| part == b"ruined").expect("as it is");
    let file = std::fs::File::options().write(true).open(buffer.path()).expect("open");
    file.write_all_at(b"R", at as u64).expect("written");
    let seen = || {
        let items = buffer.items().expect("read").into_iter();
        items.map(|item| (item.position, item.is_readable, item.is_dead)).collect::<Vec<_>>()
    };
    assert_eq!(seen(), [(0, true, false), (1, false, false), (2, true, false)]);
    assert_eq!(consumer.unreadable(), 0);
    for item in [&b"whole"[..], b"sound"] {
        assert_eq!(&*consumer.take().expect("there"), item);
    }
    assert_eq!((consumer.unreadable(), consumer.clone().unreadable()), (1, 0));
    assert_eq!(seen(), [(1, false, true)]);
}

#[test]
fn what_follows_an_item_ends_at_the_first_gap() {
    let (_folder, buffer) = buffer(10);
    let producer = buffer.producer::<Bytes, _>(Raw).expect("room");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("room");
    for item in 0..8u8 {
        producer.put([item].as_slice().into()).expect("put");
    }
    let after = |position, max| {
        let leases = consumer.try_lease_after(position, max).expect("a turn");
        (leases.iter().map(Lease::position).collect::<Vec<_>>(), leases)
    };
    assert_eq!(after(0, 9).0, [0; 0], "the first one is the oldest");
    let first = consumer.lease().expect("there");
    assert_eq!(after(0, 0).0, [0; 0]);
    let (found, second) = after(0, 2);
    assert_eq!(found, [1, 2]);
    let (found, _third) = after(2, 2);
    assert_eq!(found, [3, 4]);
    // What comes back does not lead up to what waits.
    drop(second);
    assert_eq!(after(4, 2).0, [0; 0], "there are older ones");
    let (found, _second) = after(0, 9);
    assert_eq!(found, [1, 2]);
    assert_eq!(after(4, 9).0, [5, 6, 7]);
    assert_eq!(buffer.statistics().waiting, 3);
    drop(first);
}
