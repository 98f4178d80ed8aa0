//! A file that others do not find any more under its name: deleted, or replaced by another one.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use forebay_conformance::task::block_on;
use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_processes::{Buffer, Fault, JoinError, Patience, Raw, Refusal, Settings, TakeError};

use crate::call::Bytes;

/// Turns between two looks at the name, and as many again for those of others.
const TURNS: usize = 2 * 4096;

fn deleted(path: &Path) {
    fs::remove_file(path).expect("it is there");
}

/// By a buffer of another shape.
fn replaced(path: &Path) {
    let other = path.with_extension("other");
    Settings::new(1000).participants(7).create(&other).expect("a new buffer");
    fs::rename(other, path).expect("both are there");
}

fn replaced_by_text(path: &Path) {
    fs::remove_file(path).expect("it is there");
    fs::write(path, "Dear diary").expect("a file");
}

const WAYS: [fn(&Path); 3] = [deleted, replaced, replaced_by_text];

#[test]
fn whoever_waits_finds_the_file_gone() {
    for way in WAYS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.fb");
        Settings::new(1).create(&path).expect("a new buffer");
        let buffer = Buffer::open(&path).expect("the buffer");
        let empty = folder.path().join("empty.fb");
        Settings::new(1).create(&empty).expect("a new buffer");
        let consumer = || {
            let buffer = Buffer::open(&empty).expect("the buffer");
            buffer.consumer::<Bytes, _>(Raw).expect("a consumer")
        };
        let producer = buffer.producer(Raw).expect("a producer");
        producer.put(vec![0]).expect("room");
        let (takes, asks, joins) = (consumer(), consumer(), buffer.clone());
        let waits = [
            thread::spawn(move || takes.take().map(drop) == Err(TakeError::Unable(Fault::Deleted))),
            thread::spawn(move || {
                block_on(asks.take_async()).map(drop) == Err(TakeError::Unable(Fault::Deleted))
            }),
            thread::spawn(move || {
                let put = producer.put(vec![1]).map_err(|error| error.refusal);
                put == Err(Refusal::Unable(Fault::Deleted))
            }),
            thread::spawn(move || {
                joins.join_within(Patience::Forever) == Err(JoinError::Unable(Fault::Deleted))
            }),
        ];
        thread::sleep(Duration::from_millis(100));
        way(&path);
        way(&empty);
        for (number, wait) in waits.into_iter().enumerate() {
            let end = watch("a waiter", PATIENCE, move || wait.join().expect("no panic"));
            assert_eq!(end, Ok(true), "waiter {number}");
        }
    }
}

#[test]
fn whoever_works_finds_the_file_gone_before_long() {
    for way in WAYS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.fb");
        Settings::new(8).create(&path).expect("a new buffer");
        let buffer = Buffer::open(&path).expect("the buffer");
        let producer = buffer.producer(Raw).expect("a producer");
        let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
        producer.put(vec![7]).expect("room");
        way(&path);
        let now = fs::read(&path).ok();
        // A newcomer at once.
        assert_eq!(buffer.producer::<Bytes, _>(Raw).map(drop), Err(Fault::Deleted));
        let fault = (0..TURNS).find_map(|_| {
            let put = producer.try_put(vec![1]).map_err(|error| error.refusal);
            consumer.try_take().ok();
            if let Err(Refusal::Unable(fault)) = put { Some(fault) } else { None }
        });
        assert_eq!(fault, Some(Fault::Deleted));
        let fault = (0..TURNS).find_map(|_| match consumer.try_take() {
            Err(TakeError::Unable(fault)) => Some(fault),
            _ => None,
        });
        assert_eq!(fault, Some(Fault::Deleted));
        drop((buffer, producer, consumer));
        // What lies there now was not touched.
        assert_eq!(fs::read(&path).ok(), now);
    }
}

#[test]
fn a_name_in_another_folder_stays_the_same_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    Settings::new(8).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let other = folder.path().join("linked.fb");
    fs::hard_link(&path, &other).expect("a second name");
    let second = Buffer::open(&other).expect("the same buffer");
    buffer.producer(Raw).expect("a producer").put(vec![1]).expect("room");
    let consumer = second.consumer::<Bytes, _>(Raw).expect("a consumer");
    assert_eq!(consumer.take().expect("an item"), [1]);
}
