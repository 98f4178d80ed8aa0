//! The wall clock may be set to anything: no deadline asks it.

use std::fs;
use std::time::Duration;

use forebay_processes::{Buffer, Raw, Settings};
use rustix::time::{ClockId, clock_gettime};

/// Where the slots begin is what the first page implies; each has its word first, and its deadline fourth.
fn deadlines(path: &std::path::Path, slots: usize) -> Vec<u64> {
    let bytes = fs::read(path).expect("the file");
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let blocks = number(16 + 11 * 8) as usize;
    let start = bytes.len() - (blocks * 256).next_multiple_of(4096);
    let start = start - (slots * 128).next_multiple_of(4096);
    let slots = (0..slots).map(|slot| start + slot * 128);
    slots.filter(|at| bytes[*at] & 0xf == 3).map(|at| number(at + 3 * 8)).collect()
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
