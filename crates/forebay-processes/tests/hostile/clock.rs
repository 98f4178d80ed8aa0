//! The wall clock may be set to anything: no deadline asks it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use forebay_processes::{Buffer, Raw, Settings};
use rustix::time::{ClockId, clock_gettime};

/// When somebody last looked for the dead, by the wall clock; docs/file-format.md.
const SWEPT_WALL: usize = 4096 + 54 * 8;

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Where the slots in this state are: the first page implies where they begin, and each has its state first.
fn slots(bytes: &[u8], slots: usize, state: u8) -> Vec<usize> {
    let blocks = word(bytes, 16 + 11 * 8) as usize;
    let start = bytes.len() - (blocks * 256).next_multiple_of(4096);
    let start = start - (slots * 128).next_multiple_of(4096);
    let slots = (0..slots).map(|slot| start + slot * 128);
    slots.filter(|at| bytes[*at] & 0xf == state).collect()
}

/// The deadlines of what is on lease.
fn deadlines(path: &Path, many: usize) -> Vec<u64> {
    let bytes = fs::read(path).expect("the file");
    slots(&bytes, many, 3).into_iter().map(|at| word(&bytes, at + 3 * 8)).collect()
}

fn since_boot() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[test]
fn a_deadline_is_counted_from_the_start_of_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    let time = Duration::from_secs(1000);
    Settings::new(5).max_leased(5).dead_room(5).lease_time(time).create(&path).expect("new");
    let buffer = Buffer::open(&path).expect("the buffer");
    buffer.producer(Raw).expect("a producer").put(vec![1]).expect("room");
    let before = since_boot();
    let mut lease = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer").lease().expect("it");
    let after = since_boot();
    let nanoseconds = time.as_nanos() as u64;
    let found = deadlines(&path, 15);
    assert_eq!(found.len(), 1);
    assert!((before + nanoseconds..=after + nanoseconds).contains(&found[0]), "{found:?}");
    lease.extend(Duration::from_secs(5000)).expect("it is held");
    let found = deadlines(&path, 15);
    assert!(found[0] >= after + 5 * nanoseconds, "{found:?}");
    let left = buffer.leases()[0].left.expect("it has a deadline");
    assert!(left > Duration::from_secs(4000) && left <= Duration::from_secs(5000), "{left:?}");
}

/// Everything that the file has of the wall clock is of another time, as if the clock had been set meanwhile.
#[test]
fn a_clock_that_was_set_moves_nothing() {
    let day = 24 * 3600 * 1_000_000_000;
    let now = clock_gettime(ClockId::Realtime);
    let now = now.tv_sec as u64 * 1_000_000_000;
    for then in [0, now - day, now + day, u64::MAX] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.fb");
        Settings::new(5).max_leased(5).dead_room(5).create(&path).expect("new");
        let buffer = Buffer::open(&path).expect("the buffer");
        let producer = buffer.producer(Raw).expect("a producer");
        let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
        producer.put(vec![1]).expect("room");
        let file = File::options().write(true).open(&path).expect("the file");
        let set = |at: usize| file.write_all_at(&then.to_le_bytes(), at as u64).expect("a word");
        let waiting = slots(&fs::read(&path).expect("the file"), 15, 2);
        assert_eq!(waiting.len(), 1);
        set(waiting[0] + 7 * 8);
        set(SWEPT_WALL);
        let age = buffer.oldest().expect("it waits");
        assert_eq!(age.is_zero(), then > now, "{then}: {age:?}");
        // Whoever is busy looks for the dead, now as before.
        producer.put(vec![2]).expect("room");
        let swept = word(&fs::read(&path).expect("the file"), SWEPT_WALL);
        assert!(swept.abs_diff(now) < day / 2, "{then}: {swept}");
        assert_eq!(consumer.take().expect("an item"), [1]);
        consumer.lease().expect("an item").ack().expect("it is held");
        assert!(buffer.verify().expect("it can be looked at").is_sound());
    }
}
