//! What is seen of a buffer by whoever only looks.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use forebay_processes::{Buffer, Fault, Inspection, Raw, Settings};

type Done = Result<(), Box<dyn Error>>;

#[test]
fn the_oldest_item_is_the_one_that_is_next() -> Done {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("b.fb");
    Settings::new(5).create(&path)?;
    let buffer = Buffer::open(&path)?;
    let look = Inspection::open(&path)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(look.oldest(), None);
    producer.put(b"first".to_vec())?;
    thread::sleep(Duration::from_millis(120));
    producer.put(b"second".to_vec())?;
    assert!(look.oldest() >= Some(Duration::from_millis(100)), "{:?}", look.oldest());
    let first = consumer.lease()?;
    let second = consumer.lease()?;
    assert_eq!(look.oldest(), None);
    // Given back, it waits anew, before those that came later.
    second.nack()?;
    thread::sleep(Duration::from_millis(120));
    producer.put(b"third".to_vec())?;
    assert!(look.oldest() >= Some(Duration::from_millis(100)), "{:?}", look.oldest());
    first.nack()?;
    assert!(look.oldest() < Some(Duration::from_millis(100)), "{:?}", look.oldest());
    Ok(())
}

#[test]
fn a_file_that_was_deleted_is_told() -> Done {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("b.fb");
    Settings::new(5).create(&path)?;
    let look = Inspection::open(&path)?;
    assert_eq!(look.fault(), None);
    fs::remove_file(&path)?;
    assert_eq!(look.fault(), Some(Fault::Deleted));
    Settings::new(5).create(&path)?;
    assert_eq!(look.fault(), Some(Fault::Deleted), "another one in its place is not this one");
    Ok(())
}

const PATH: &str = "FOREBAY_TEST_BUFFER";

/// Not a test: what the process does that is killed in the next one.
#[test]
#[ignore = "run by a_dead_participant_is_seen_by_whoever_only_looks"]
fn a_consumer_that_leases_and_waits() -> Done {
    let buffer = Buffer::open(env::var_os(PATH).ok_or("a path")?)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let _lease = consumer.lease()?;
    println!("\nleased");
    thread::sleep(Duration::from_mins(10));
    Ok(())
}

#[test]
fn a_dead_participant_is_seen_by_whoever_only_looks() -> Done {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("b.fb");
    Settings::new(5).create(&path)?;
    Buffer::open(&path)?.producer::<Vec<u8>, _>(Raw)?.put(b"item".to_vec())?;
    let mut child = Command::new(env::current_exe()?)
        .args(["--ignored", "--exact", "--nocapture", "a_consumer_that_leases_and_waits"])
        .env(PATH, &path)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = BufReader::new(child.stdout.take().ok_or("piped")?);
    let said = out.lines().map_while(Result::ok).any(|line| line == "leased");
    assert!(said, "it leases");
    let look = Inspection::open(&path)?;
    let is_alive = || look.participants().iter().map(|one| one.lives).collect::<Vec<bool>>();
    assert_eq!(is_alive(), [true, true], "its opening and its consumer");
    child.kill()?;
    child.wait()?;
    // The kernel may take a moment; nobody else is there to take care of it.
    let began = Instant::now();
    while is_alive() != [false, false] {
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}", look.participants());
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(look.leases().len(), 1, "what it held is still its own");
    drop(Buffer::open(&path)?);
    assert_eq!((look.leases().len(), look.statistics().waiting), (0, 1));
    assert!(is_alive().is_empty());
    Ok(())
}
