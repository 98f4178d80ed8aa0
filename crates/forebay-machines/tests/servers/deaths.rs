//! Processes that are killed with what they hold, and buffers that are deleted: what is the same on several engines.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use forebay_machines::{
    Buffer, Consumer, Fault, JoinError, LeaseError, Patience, Producer, Raw, Refusal, Settings,
    TakeError, connect,
};

use super::{Buffers, Failure, PATIENCE, Server, item, within};

/// Tells the child of a test which buffer it works on.
const CHILD: &str = "FOREBAY_TEST_CHILD";

const HOLDS: &str = "it holds them";

/// What the process that is killed holds when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A lease and a permit, and a place in the producers' line.
    OneOfEach,
    /// Two leases, and it waits for a third item.
    TwoLeases,
}

/// In the process that is killed: holds them until then. Does nothing in any other. The test that calls this is
/// `deaths::one_that_holds_things`.
pub(crate) fn hold(what: Holds) -> Result<(), Failure> {
    let Ok(url) = env::var(CHILD) else { return Ok(()) };
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    match what {
        Holds::OneOfEach => {
            let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
            let held = (consumer.lease()?, producer.reserve()?);
            let waiting = producer.clone();
            thread::spawn(move || waiting.put(item(99)));
            while buffer.statistics()?.producers_waiting == 0 {
                thread::yield_now();
            }
            println!("{HOLDS}");
            thread::sleep(Duration::from_mins(10));
            drop(held);
        }
        Holds::TwoLeases => {
            let held = [consumer.lease()?, consumer.lease()?];
            println!("{HOLDS}");
            let third = consumer.lease()?;
            drop((held, third));
        }
    }
    Ok(())
}

/// Starts a process that [holds](hold) things of this buffer, and waits until it does.
pub(crate) fn start(url: &str) -> Result<Child, Failure> {
    let mut child = Command::new(env::current_exe()?)
        .args(["deaths::one_that_holds_things", "--exact", "--nocapture"])
        .env(CHILD, url)
        .stdout(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(child.stdout.take().ok_or("no output")?);
    for line in said.lines() {
        if line?.contains(HOLDS) {
            return Ok(child);
        }
    }
    Err("it ended before it held anything".into())
}

/// Kills it, and waits until it is gone.
pub(crate) fn kill(mut child: Child) -> Result<(), Failure> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// After a death that is known from a silence: a process had one of each of a buffer for three. Item 0 was leased to it, items 2 and 3
/// wait, and its permit has the last place.
pub(crate) struct Silence {
    pub(crate) buffers: Buffers,
    pub(crate) url: String,
    pub(crate) buffer: Buffer,
    pub(crate) producer: Producer<Vec<u8>>,
    pub(crate) consumer: Consumer<Vec<u8>>,
}

/// Kills a process with [one of each](Holds::OneOfEach). Its place in line is passed by, and it is counted no more, before long; its
/// lease and its permit are kept for half a minute, and are kept when this returns.
pub(crate) fn silence(server: &Server) -> Result<Silence, Failure> {
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(3).max_leased(4));
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    producer.put_many((0..3).map(item))?;
    let child = start(&url)?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.waiting, counts.leased, counts.reserved), (2, 1, 1));
    assert_eq!((counts.producers, counts.consumers, counts.producers_waiting), (3, 2, 1));
    kill(child)?;

    assert_eq!(consumer.try_take()?, item(1));
    let placed = producer.put_timeout(item(3), Duration::from_mins(1));
    assert!(placed.is_ok(), "{placed:?}");
    let counts = buffer.statistics()?;
    assert_eq!((counts.producers, counts.consumers, counts.producers_waiting), (1, 1, 0));
    assert_eq!(producer.try_put(item(4)).map_err(|error| error.refusal), Err(Refusal::Full));
    Ok(Silence { buffers, url, buffer, producer, consumer })
}

/// When others hear of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    AtOnce,
    /// When it has lasted for a moment.
    Later,
}

/// What a killed process held comes back with its connection, and its deaths are counted.
pub(crate) fn held_comes_back(engine: &str, leases: Heard) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3).max_leased(3));
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    producer.put_many((0..2).map(item))?;
    // Twice, so that the second death is counted as well.
    for _ in 0..2 {
        let child = start(&url)?;
        if leases == Heard::Later {
            let buffer = buffer.clone();
            within(PATIENCE, move || while buffer.statistics().expect("counts").leased < 2 {});
        }
        let counts = buffer.statistics()?;
        assert_eq!((counts.waiting, counts.leased), (0, 2));
        assert_eq!(consumer.try_take(), Err(TakeError::Empty));
        assert_eq!(buffer.join_within(Patience::Try), Err(JoinError::TimedOut));
        kill(child)?;
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

/// A join outlives the death of a worker.
pub(crate) fn join_outlives(engine: &str) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
    let buffers = Buffers::new(server);
    for _ in 0..5 {
        let url = buffers.create(&Settings::new(3));
        let buffer = connect(&url)?;
        buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..2).map(item))?;
        let child = start(&url)?;
        let joining = {
            let buffer = buffer.clone();
            thread::spawn(move || buffer.join_within(Patience::Forever))
        };
        kill(child)?;
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

/// A lease over its delivery limit by deaths is a dead letter, and never an item again.
pub(crate) fn over_the_limit(engine: &str) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(3).max_deliveries(1));
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..2).map(item))?;
    kill(start(&url)?)?;
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

/// A buffer that is deleted is gone for everyone, also when another one of its name is made.
pub(crate) fn deleted_is_gone(engine: &str) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
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
