//! Processes that are killed with what they hold, and buffers that are deleted.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use forebay_machines::{
    Fault, JoinError, LeaseError, Patience, Raw, Refusal, Settings, TakeError, connect,
};

use crate::servers::{Buffers, Server};
use crate::{Beside, Failure, PATIENCE, item, within};

/// Tells the child of a test which buffer it works on.
const CHILD: &str = "FOREBAY_TEST_CHILD";
const STILL: &str = "FOREBAY_TEST_STILL";

/// Not a check: the process that is killed. It holds two leases, and waits for a third item.
#[test]
fn one_that_holds_things() -> Result<(), Failure> {
    let Ok(url) = env::var(CHILD) else { return Ok(()) };
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let leases = [consumer.lease()?, consumer.lease()?];
    println!("it holds them");
    let third = consumer.lease()?;
    drop((leases, third));
    Ok(())
}

fn start(url: &str) -> Result<Child, Failure> {
    let mut child = Command::new(env::current_exe()?)
        .args(["deaths::one_that_holds_things", "--exact", "--nocapture"])
        .env(CHILD, url)
        .stdout(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(child.stdout.take().ok_or("no output")?);
    for line in said.lines() {
        if line?.contains("it holds them") {
            return Ok(child);
        }
    }
    Err("it ended before it held anything".into())
}

#[test]
fn what_a_killed_process_held_comes_back() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3).max_leased(3));
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    producer.put_many((0..2).map(item))?;
    // Twice, so that the second death is counted as well.
    for _ in 0..2 {
        let mut child = start(&url)?;
        // Others are told of a lease that lasts.
        within(PATIENCE, {
            let buffer = buffer.clone();
            move || while buffer.statistics().expect("counts").leased < 2 {}
        });
        assert_eq!(consumer.try_take(), Err(TakeError::Empty));
        assert_eq!(buffer.join_within(Patience::Try), Err(JoinError::TimedOut));
        child.kill()?;
        child.wait()?;
    }
    let again = consumer.lease_timeout(PATIENCE)?;
    let next = consumer.lease_timeout(PATIENCE)?;
    assert_eq!((&*again, again.deliveries()), (&item(0), 3));
    assert_eq!((&*next, next.deliveries()), (&item(1), 3));
    assert_eq!(buffer.join_within(Patience::Try), Err(JoinError::TimedOut));
    again.ack()?;
    next.ack()?;
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.leased), (2, 2, 0));
    Ok(())
}

#[test]
fn a_join_outlives_the_death_of_a_worker() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    for _ in 0..5 {
        let url = buffers.create(&Settings::new(3));
        let buffer = connect(&url)?;
        buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..2).map(item))?;
        let mut child = start(&url)?;
        let joining = {
            let buffer = buffer.clone();
            thread::spawn(move || buffer.join_within(Patience::Forever))
        };
        child.kill()?;
        child.wait()?;
        // What it held is back, one way or the other, and not finished.
        thread::sleep(Duration::from_millis(700));
        assert!(!joining.is_finished(), "a join that returned with items unfinished");
        let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
        assert_eq!(consumer.take_timeout(PATIENCE)?, item(0));
        assert_eq!(consumer.take_timeout(PATIENCE)?, item(1));
        within(PATIENCE, move || joining.join().expect("a join"))?;
    }
    Ok(())
}

#[test]
fn a_lease_over_its_delivery_limit_by_deaths_is_a_dead_letter() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3).max_deliveries(1));
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..2).map(item))?;
    let mut child = start(&url)?;
    child.kill()?;
    child.wait()?;
    let letters = within(PATIENCE, {
        let buffer = buffer.clone();
        move || loop {
            assert!(matches!(consumer.try_lease(), Err(TakeError::Empty)));
            let letters = buffer.dead_letters().expect("letters");
            if letters.len() == 2 {
                return letters;
            }
        }
    });
    let dead = letters.iter().map(|one| (one.letter.item.to_vec(), one.letter.deliveries));
    assert_eq!(dead.collect::<Vec<_>>(), [(item(0), 1), (item(1), 1)]);
    Ok(())
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
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(1));
    let (buffer, taker) = (connect(&url)?, connect(&url)?);
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = taker.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let lease = consumer.lease()?;
    producer.put(item(2))?;
    let waiting = thread::spawn(move || producer.put(item(1)).map_err(|error| error.refusal));
    while buffer.statistics()?.producers_waiting == 0 {
        thread::yield_now();
    }
    connect(&url)?.delete()?;
    let refused = within(PATIENCE, move || waiting.join().expect("a put"));
    assert_eq!(refused, Err(Refusal::Unable(Fault::Gone)));
    // Another one of the same name is not the same.
    Settings::new(1).create(&url)?;
    assert_eq!(buffer.statistics().err(), Some(Fault::Gone));
    assert_eq!(consumer.try_take(), Err(TakeError::Unable(Fault::Gone)));
    assert_eq!(lease.ack(), Err(LeaseError::Unable(Fault::Gone)));
    assert_eq!(connect(&url)?.statistics()?.waiting, 0);
    Ok(())
}
