//! Somebody writes what they like into the file, while others use it: every call returns, none panics, and a repair makes
//! the buffer sound again.
//!
//! Of the two words that are locks, none of the values is tried that names somebody who lives: whoever may write the file
//! can make everybody wait, and that is said.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use forebay_conformance::task::Task;
use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_processes::{
    Buffer, Durability, Fault, Inspection, Lease, Outcome, Overflow, Patience, Raw, Refusal,
    Settings, TakeError,
};

use crate::call::Bytes;

const CONTROL: u64 = 4096;
/// The words of the page of control that are locks.
const LOCKS: [u64; 2] = [CONTROL, CONTROL + 64 * 8];

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Where the parts of the file begin and end.
fn parts(path: &Path) -> Vec<(u64, u64)> {
    let file = File::open(path).expect("the file");
    let mut header = [0; 192];
    file.read_exact_at(&mut header, 0).expect("the first page");
    let number = |index: usize| {
        let at = 16 + index * 8;
        u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"))
    };
    let (handles, slots, blocks) = (number(9), number(10), number(11));
    let (participants, waiters) = (handles * 3 + 16, handles * 6 + 16);
    let mut at = 8192;
    let mut parts = vec![(CONTROL, CONTROL + 67 * 8)];
    for len in [participants * 128, waiters * 64, slots * 16, slots * 128, blocks * 256] {
        parts.push((at, at + len));
        at += len.next_multiple_of(4096);
    }
    parts
}

/// Whoever may write the file, and keeps no rules.
pub(crate) struct Vandal {
    file: File,
    parts: Vec<(u64, u64)>,
    random: fastrand::Rng,
}

impl Vandal {
    fn new(path: &Path, seed: u64) -> Self {
        let file = File::options().read(true).write(true).open(path).expect("the file");
        Self { file, parts: parts(path), random: fastrand::Rng::with_seed(seed) }
    }

    fn read(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, at).expect("a word");
        u64::from_le_bytes(bytes)
    }

    fn strike(&mut self) {
        let (from, to) = self.parts[self.random.usize(..self.parts.len())];
        let at = self.random.u64(from / 8..to / 8) * 8;
        let now = self.read(at);
        let small = self.random.u64(..20);
        let other = self.random.u64(from / 8..to / 8) * 8;
        let value = match self.random.u32(..9) {
            0 => self.random.u64(..),
            1 => now ^ 1 << self.random.u32(..64),
            2 => small,
            3 => u64::MAX,
            4 => 0,
            5 => self.read(other),
            6 => small << 32 | self.random.u64(..20),
            7 => u64::MAX - small,
            _ => now.wrapping_add(small).wrapping_sub(10),
        };
        // Nobody lives at entry 0x7fff.
        let value = if LOCKS.contains(&at) { value | 0x7fff } else { value };
        self.file.write_all_at(&value.to_le_bytes(), at).expect("it may be written");
    }
}

/// Everything that can be asked for, again and again.
fn work(buffer: &Buffer, seed: u64, stop: &AtomicBool) {
    let mut random = fastrand::Rng::with_seed(seed);
    let moment = Patience::lasting(Duration::from_millis(3));
    while !stop.load(Ordering::Relaxed) {
        let Ok(producer) = buffer.producer::<Bytes, _>(Raw) else { continue };
        let Ok(consumer) = buffer.consumer::<Bytes, _>(Raw) else { continue };
        let mut leases = Vec::new();
        let mut permits = Vec::new();
        for _ in 0..random.usize(1..60) {
            let item = vec![random.u8(..); random.usize(..1800)];
            match random.u32(..22) {
                0..3 => drop(producer.put_within(item, moment)),
                3 => drop(producer.put_many_within(vec![item, vec![1], vec![2]], moment)),
                4 => drop(producer.clone().with_overflow(Overflow::DropOldest).put(item)),
                5 => permits.extend(producer.reserve_within(moment)),
                6 => drop(permits.pop().map(|permit| permit.put(item))),
                7 => drop(consumer.take_within(moment)),
                8 => drop(consumer.take_many_within(3, moment)),
                9..12 => leases.extend(consumer.lease_within(moment)),
                12 => drop(leases.pop().map(Lease::ack)),
                13 => drop(leases.pop().map(Lease::ack_synced)),
                14 => drop(leases.pop().map(|lease| lease.fail("why not"))),
                15 => drop(leases.pop().map(|lease| lease.reject("never"))),
                16 => drop(leases.first_mut().map(|lease| lease.extend(Duration::from_millis(9)))),
                17 => {
                    for letter in buffer.dead_letters().unwrap_or_default() {
                        let _ = if random.bool() {
                            buffer.retry(&letter)
                        } else {
                            buffer.purge(&letter)
                        };
                    }
                }
                18 => drop(buffer.join_within(moment)),
                19 => {
                    let mut task = Task::new(async { consumer.take_async().await.map(drop) });
                    let _ = task.poll();
                }
                20 => drop(buffer.verify()),
                _ => drop(buffer.repair()),
            }
        }
        buffer.statistics();
        buffer.participants();
        buffer.leases();
        buffer.oldest();
        drop(consumer.take_dead());
    }
}

fn ruin(path: &Path, seed: u64) {
    let durability = if seed.is_multiple_of(2) { Durability::Process } else { Durability::Power };
    let mut settings = Settings::new(6)
        .max_leased(4)
        .dead_room(3)
        .storage(12 << 10)
        .max_failures(2)
        .participants(12)
        .durability(durability);
    if seed.is_multiple_of(3) {
        settings = settings.lease_time(Duration::from_millis(5));
    }
    if seed.is_multiple_of(5) {
        settings = settings.capacity_bytes(4000).max_deliveries(3);
    }
    settings.create(path).expect("a new buffer");
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            let buffer = Buffer::open(path).expect("the buffer");
            let stop = Arc::clone(&stop);
            thread::spawn(move || work(&buffer, seed << 8 | worker, &stop))
        })
        .collect();
    let looker = Inspection::open(path).expect("it can be looked at");
    let mut vandal = Vandal::new(path, seed);
    for _ in 0..150 {
        for _ in 0..vandal.random.u32(1..4) {
            vandal.strike();
        }
        if vandal.random.u32(..4) == 0 {
            looker.statistics();
            looker.participants();
            looker.leases();
            looker.oldest();
            looker.fault();
            let _ = looker.dead_letters();
        }
        thread::sleep(Duration::from_micros(vandal.random.u64(..1000)));
    }
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().expect("no panic");
    }
    mend(path);
}

/// Whatever was done to it, a repair makes it what it was meant to be.
fn mend(path: &Path) {
    let buffer = Buffer::open(path).expect("its first page is right");
    buffer.repair().expect("it can be repaired");
    let findings = buffer.verify().expect("it can be looked at");
    assert!(findings.is_sound(), "{findings:?}");
    for letter in buffer.dead_letters().expect("the letters") {
        assert_eq!(buffer.purge(&letter), Ok(true));
    }
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    loop {
        match consumer.try_take() {
            Ok(_) => {}
            Err(TakeError::Empty | TakeError::Closed) => break,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    if buffer.statistics().closed {
        return;
    }
    let producer = buffer.producer::<Bytes, _>(Raw).expect("a producer");
    for number in 0..6 {
        let put = producer.try_put(vec![number; 100]);
        assert_eq!(put, Ok(Outcome::Placed), "{number}: {:?}", buffer.statistics());
    }
    assert!(producer.try_put(vec![9]).is_err());
    for number in 0..6 {
        let lease = consumer.try_lease().expect("an item");
        assert_eq!((lease.len(), lease[0]), (100, number));
        lease.ack().expect("it is held");
    }
    let findings = buffer.verify().expect("it can be looked at");
    assert!(findings.is_sound(), "{findings:?}");
}

fn ruin_watched(path: PathBuf, seed: u64) {
    let end = watch("a ruin", PATIENCE, move || ruin(&path, seed));
    assert_eq!(end, Ok(()), "seed {seed}");
}

#[test]
fn whatever_is_written_into_the_file_every_call_returns() {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a folder");
    let time = number("FOREBAY_TORTURE_SECONDS").map(Duration::from_secs);
    let start = Instant::now();
    let first = number("FOREBAY_TORTURE_SEED");
    for seed in first.unwrap_or(1).. {
        ruin_watched(folder.path().join(format!("{seed}.fb")), seed);
        let is_over = time.map_or(seed >= 20, |time| start.elapsed() >= time);
        if is_over || first.is_some() {
            println!("{seed} files ruined");
            break;
        }
    }
}

fn small(folder: &Path) -> (PathBuf, Buffer) {
    let path = folder.join("small.fb");
    Settings::new(6).participants(4).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    (path, buffer)
}

fn write(path: &Path, at: u64, bytes: &[u8]) {
    let file = File::options().write(true).open(path).expect("the file");
    file.write_all_at(bytes, at).expect("it may be written");
}

#[test]
fn an_entry_that_is_neither_free_nor_in_use_is_free() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, buffer) = small(folder.path());
    drop(buffer);
    let (table, end) = parts(&path)[1];
    for entry in 0..(end - table) / 128 {
        write(&path, table + entry * 128, &[7, 0, 0, 0]);
    }
    let opened = watch("an open", PATIENCE, move || Buffer::open(&path).map(drop).is_ok());
    assert_eq!(opened, Ok(true));
}

#[test]
fn a_waiter_whose_place_is_overwritten_is_served() {
    for value in [0_u32, 2, 3, 77, u32::MAX] {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, buffer) = small(folder.path());
        let producer = buffer.producer(Raw).expect("a producer");
        let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
        let waiting = thread::spawn(move || consumer.take());
        while buffer.statistics().consumers_waiting == 0 {
            thread::yield_now();
        }
        let (waiters, end) = parts(&path)[2];
        for at in (waiters..end).step_by(64) {
            write(&path, at, &value.to_le_bytes());
        }
        producer.put(vec![5]).expect("room");
        let taken = watch("a take", PATIENCE, move || waiting.join().expect("no panic"));
        assert_eq!(taken, Ok(Ok(vec![5])), "{value}");
    }
}

#[test]
fn a_repair_leaves_no_buffer_without_positions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, buffer) = small(folder.path());
    let producer = buffer.producer(Raw).expect("a producer");
    let next_position = CONTROL + 8 * 8;
    write(&path, next_position, &((1_u64 << 62) - 1).to_le_bytes());
    assert_eq!(producer.try_put(vec![0]), Ok(Outcome::Placed));
    let refused = producer.try_put(vec![1]).map_err(|error| error.refusal);
    assert_eq!(refused, Err(Refusal::Unable(Fault::Damaged)));
    buffer.repair().expect("it can be repaired");
    for number in 0..6 {
        assert_eq!(producer.try_put(vec![number]), Ok(Outcome::Placed), "{number}");
    }
    mend(&path);
}
