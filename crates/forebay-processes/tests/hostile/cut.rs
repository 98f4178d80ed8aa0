//! A file cut short while it is open: every call finds out, also one that waits.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use forebay_conformance::task::block_on;
use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_processes::{
    Buffer, Fault, Inspection, JoinError, Patience, Raw, Refusal, Settings, TakeError,
};

use crate::call::{Bytes, CALLS, Opened, look};

fn new(folder: &Path) -> (PathBuf, Buffer) {
    let path = folder.join(format!("{}.fb", fastrand::u64(..)));
    Settings::new(64).storage(200 << 10).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    (path, buffer)
}

fn cut(path: &Path, len: u64) {
    File::options().write(true).open(path).and_then(|file| file.set_len(len)).expect("it is cut");
}

#[test]
fn every_call_finds_the_file_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, call) in CALLS {
        let (path, buffer) = new(folder.path());
        let mut opened = Opened::new(&buffer);
        cut(&path, 0);
        let came = watch(name, PATIENCE, move || {
            let first = call(&mut opened);
            look(&opened);
            // Whatever a call sees, the next one knows.
            let next = opened.producer.try_put(vec![1]).map_err(|error| error.refusal);
            assert_eq!(next, Err(Refusal::Unable(Fault::Truncated)));
            drop(opened);
            first
        });
        assert_eq!(came, Ok(Err(Fault::Truncated)), "{name}");
    }
}

#[test]
fn a_file_cut_in_part_is_found_by_whoever_gets_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..3 {
        for (name, call) in CALLS {
            let (path, buffer) = new(folder.path());
            let len = path.metadata().expect("the file").len();
            let mut opened = Opened::new(&buffer);
            cut(&path, random.u64(..len));
            let came = watch(name, PATIENCE, move || {
                let came = call(&mut opened);
                look(&opened);
                (came, opened.buffer.verify().map(drop))
            });
            let (came, next) =
                came.unwrap_or_else(|mishap| panic!("{name}, round {round}: {mishap:?}"));
            // Where zeros made no sense, before anybody asked why.
            let is_told = matches!(came, Ok(()) | Err(Fault::Truncated | Fault::Damaged));
            assert!(is_told, "{name}: {came:?}");
            assert!(matches!(next, Ok(()) | Err(Fault::Truncated)), "{name}: {next:?}");
        }
    }
}

#[test]
fn whoever_waits_finds_the_file_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    // All of it, all but the control page, and only the items.
    for keep in [0, 8192, 60_000] {
        let (path, buffer) = new(folder.path());
        let full = new(folder.path());
        let producer = full.1.producer(Raw).expect("a producer");
        for _ in 0..64 {
            producer.try_put(vec![0]).expect("room");
        }
        let consumer = || buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
        let (takes, leases, asks) = (consumer(), consumer(), consumer());
        let joins = full.1.clone();
        let waits = [
            thread::spawn(move || {
                takes.take().map(drop) == Err(TakeError::Unable(Fault::Truncated))
            }),
            thread::spawn(move || {
                matches!(leases.lease(), Err(TakeError::Unable(Fault::Truncated)))
            }),
            thread::spawn(move || {
                block_on(asks.take_async()).map(drop) == Err(TakeError::Unable(Fault::Truncated))
            }),
            thread::spawn(move || {
                let put = producer.put(vec![1]).map_err(|error| error.refusal);
                put == Err(Refusal::Unable(Fault::Truncated))
            }),
            thread::spawn(move || {
                joins.join_within(Patience::Forever) == Err(JoinError::Unable(Fault::Truncated))
            }),
        ];
        thread::sleep(Duration::from_millis(150));
        cut(&path, keep);
        cut(&full.0, keep);
        for (number, wait) in waits.into_iter().enumerate() {
            let end = watch("a waiter", PATIENCE, move || wait.join().expect("no panic"));
            assert_eq!(end, Ok(true), "waiter {number}, {keep} bytes kept");
        }
    }
}

#[test]
fn whoever_looks_on_finds_the_file_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, buffer) = new(folder.path());
    let opened = Opened::new(&buffer);
    let inspection = Inspection::open(&path).expect("it can be looked at");
    assert_eq!(inspection.statistics().leased, 5);
    cut(&path, 0);
    inspection.statistics();
    inspection.participants();
    inspection.leases();
    inspection.oldest();
    let _ = inspection.dead_letters();
    assert_eq!(inspection.fault(), Some(Fault::Truncated));
    drop(opened);
}

#[test]
fn other_buffers_of_the_process_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, cut_short) = new(folder.path());
    let (_, whole) = new(folder.path());
    let opened = Opened::new(&whole);
    cut(&path, 0);
    assert_eq!(cut_short.verify(), Err(Fault::Truncated));
    assert!(whole.verify().expect("it is whole").is_sound());
    opened.producer.try_put(vec![1]).expect("room");
}
