//! Processes that are killed with what they hold.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use forebay_machines::{Patience, Raw, Refusal, Settings, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, item};

/// Tells the child of a test which buffer it works on.
const CHILD: &str = "FOREBAY_TEST_CHILD";

/// Not a check: the process that is killed. It holds a lease and a permit, and stands in line.
#[test]
fn one_that_holds_things() -> Result<(), Failure> {
    let Ok(url) = env::var(CHILD) else { return Ok(()) };
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    let lease = consumer.lease()?;
    let permit = producer.reserve()?;
    let waiting = producer.clone();
    thread::spawn(move || waiting.put(item(99)));
    while buffer.statistics()?.producers_waiting == 0 {
        thread::yield_now();
    }
    println!("it holds them");
    thread::sleep(Duration::from_mins(10));
    drop((lease, permit));
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
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3).max_leased(4));
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    producer.put_many((0..3).map(item))?;
    let mut child = start(&url)?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.waiting, counts.leased, counts.reserved), (2, 1, 1));
    assert_eq!((counts.producers, counts.consumers, counts.producers_waiting), (3, 2, 1));
    child.kill()?;
    child.wait()?;

    // Its place in line is passed by, and it is counted no more, before long.
    assert_eq!(consumer.try_take()?, item(1));
    let placed = producer.put_timeout(item(3), Duration::from_mins(1));
    assert!(placed.is_ok(), "{placed:?}");
    let counts = buffer.statistics()?;
    assert_eq!((counts.producers, counts.consumers, counts.producers_waiting), (1, 1, 0));

    // Its lease and its permit are kept for half a minute.
    assert_eq!(producer.try_put(item(4)).map_err(|error| error.refusal), Err(Refusal::Full));
    let again = consumer.take_many(9)?;
    assert_eq!(again, [item(2), item(3)]);
    let again = consumer.lease_timeout(Duration::from_mins(2))?;
    assert_eq!((&*again, again.deliveries()), (&item(0), 2));
    again.ack()?;
    producer.put_many((4..7).map(item))?;
    assert_eq!(consumer.take_many_within(9, Patience::Try)?, [item(4), item(5), item(6)]);
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    Ok(())
}

#[test]
fn who_lives_keeps_what_it_holds() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3));
    let (buffer, other) = (connect(&url)?, connect(&url)?);
    buffer.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let lease = consumer.lease()?;
    let waited = other.consumer::<Vec<u8>, _>(Raw)?.take_timeout(Duration::from_secs(35));
    assert!(waited.is_err(), "{waited:?}");
    let counts = other.statistics()?;
    assert_eq!((counts.leased, counts.consumers), (1, 1));
    assert_eq!(lease.ack()?, item(0));
    Ok(())
}
