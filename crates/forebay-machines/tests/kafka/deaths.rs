//! Processes that are killed with what they hold, and buffers that are deleted.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use forebay_machines::{Patience, Raw, Settings, TakeError, connect};

use crate::servers::deaths::{self, Heard, Holds};
use crate::servers::{Buffers, Server};
use crate::{Beside, Failure, PATIENCE, item, within};

const STILL: &str = "FOREBAY_TEST_STILL";

/// Not a check: the process that is killed.
#[test]
fn one_that_holds_things() -> Result<(), Failure> {
    deaths::hold(Holds::TwoLeases)
}

#[test]
fn what_a_killed_process_held_comes_back() -> Result<(), Failure> {
    deaths::held_comes_back("kafka", Heard::Later)
}

#[test]
fn a_join_outlives_the_death_of_a_worker() -> Result<(), Failure> {
    deaths::join_outlives("kafka")
}

#[test]
fn a_lease_over_its_delivery_limit_by_deaths_is_a_dead_letter() -> Result<(), Failure> {
    deaths::over_the_limit("kafka")
}

/// Not a check: the process that stands still. It holds a lease, and answers it when it is told.
#[test]
fn one_that_stands_still() -> Result<(), Failure> {
    let Ok(url) = env::var(STILL) else { return Ok(()) };
    let consumer = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
    let lease = consumer.lease()?;
    println!("it holds one");
    std::io::stdin().read_line(&mut String::new())?;
    println!("answered: {:?}", lease.ack());
    Ok(())
}

/// A lease lasts for as long as its process goes on, however short Kafka's own patience is, and no longer: what comes too late
/// Kafka would take for granted.
#[test]
fn a_lease_lasts_while_its_process_goes_on() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(3));
    let beside = Beside::new(&server)?;
    beside.configure(&beside.part(&url, "items")?, "share.record.lock.duration.ms", "2000")?;
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    let mut child = Command::new(env::current_exe()?)
        .args(["deaths::one_that_stands_still", "--exact", "--nocapture"])
        .env(STILL, &url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut hear = move |word: &str| loop {
        let line = said.next().expect("it goes on").expect("a line");
        if line.contains(word) {
            return line;
        }
    };
    hear("it holds one");
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert!(matches!(consumer.lease_timeout(Duration::from_secs(5)), Err(TakeError::TimedOut)));
    let signal = |name: &str| {
        Command::new("kill")
            .args([name, &child.id().to_string()])
            .status()
            .map(|done| done.success())
    };
    assert!(signal("-STOP")?);
    let again = consumer.lease_timeout(PATIENCE)?;
    assert_eq!((&*again, again.deliveries()), (&item(0), 2));
    again.ack()?;
    assert!(signal("-CONT")?);
    child.stdin.take().ok_or("no input")?.write_all(b"go on\n")?;
    let answered = within(PATIENCE, move || hear("answered"));
    assert!(answered.contains("Err("), "{answered}");
    child.wait()?;
    Ok(())
}

/// Kafka drops what it has lent ten times. Before that another record takes its place.
#[test]
fn an_item_that_is_given_back_often_is_not_lost() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3));
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    for deliveries in 1..=30 {
        let lease = consumer.try_lease()?;
        assert_eq!((&*lease, lease.deliveries()), (&item(0), deliveries));
        match deliveries % 3 {
            0 => lease.fail("not yet")?,
            _ => lease.nack()?,
        }
    }
    let lease = consumer.try_lease()?;
    assert_eq!((lease.deliveries(), lease.failures()), (31, 10));
    lease.ack()?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.dead), (1, 1, 0));
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    Ok(())
}

#[test]
fn a_buffer_that_is_deleted_is_gone_for_everyone() -> Result<(), Failure> {
    deaths::deleted_is_gone("kafka")
}
