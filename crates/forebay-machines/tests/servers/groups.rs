//! What holds of topics and their groups on every engine.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{env, thread};

use forebay_conformance::task::{Task, block_on};
use forebay_machines::{
    Buffer, ConnectError, Consumer, Fault, Outcome, Overflow, Patience, Producer, Raw, Refusal,
    Settings, TakeError, Why, connect,
};

use crate::servers::{Buffers, Failure, PATIENCE, Server, item, within};

/// One test for each of these checks, on this engine.
macro_rules! checks {
    ($engine:literal, $($check:ident)*) => {
        $(#[test]
        fn $check() -> Result<(), $crate::servers::Failure> {
            let Some(server) = $crate::servers::Server::or_skip($engine) else { return Ok(()) };
            $crate::topics::$check(&server)
        })*
    };
}

/// All checks of this file.
macro_rules! on {
    ($engine:literal) => {
        checks! {
            $engine,
            each_group_sees_every_item
            consumers_of_a_group_share_its_items
            a_group_that_is_made_later_gets_what_is_put_from_then_on
            a_slow_group_makes_the_producer_wait_and_nobody_else
            who_waits_stands_in_one_line_only
            each_policy_means_what_it_says
            what_is_cancelled_leaves_no_place_taken
            producers_that_meet_in_two_groups_get_on
            a_closed_group_gets_nothing_more_and_the_others_go_on
            a_deleted_group_is_passed_by
            a_join_waits_for_every_group
            a_permit_is_a_place_in_every_group
            a_name_is_a_buffer_or_a_topic
            what_a_killed_producer_was_told_is_in_every_group
        }

        /// Not a check: the process that is killed.
        #[test]
        fn one_that_puts_until_it_is_killed() -> Result<(), $crate::servers::Failure> {
            $crate::topics::put_until_killed()
        }
    };
}

/// Tells the child of a test to which topic it puts.
const CHILD: &str = "FOREBAY_TEST_TOPIC";

/// A topic with groups of these capacities.
struct Topic {
    _buffers: Buffers,
    url: String,
}

impl Topic {
    fn new(server: &Server, groups: &[(&str, u64)]) -> Result<Self, Failure> {
        let buffers = Buffers::new(server.clone());
        let own = Self { url: buffers.url(), _buffers: buffers };
        for (name, capacity) in groups {
            Settings::new(*capacity).create(&own.at(name))?;
        }
        Ok(own)
    }

    fn at(&self, group: &str) -> String {
        format!("{}?group={group}", self.url)
    }

    fn group(&self, group: &str) -> Result<Buffer, ConnectError> {
        connect(&self.at(group))
    }

    fn consumer(&self, group: &str) -> Result<Consumer<Vec<u8>>, Failure> {
        Ok(self.group(group)?.consumer(Raw)?)
    }

    fn producer(&self) -> Result<Producer<Vec<u8>>, Failure> {
        Ok(connect(&self.url)?.producer(Raw)?)
    }
}

fn items(numbers: impl IntoIterator<Item = u32>) -> Vec<Vec<u8>> {
    numbers.into_iter().map(item).collect()
}

fn all(consumer: &Consumer<Vec<u8>>) -> Result<Vec<Vec<u8>>, TakeError> {
    let mut all = Vec::new();
    loop {
        match consumer.take_many_within(64, Patience::Try) {
            Ok(some) => all.extend(some),
            Err(TakeError::Empty | TakeError::Closed) => return Ok(all),
            Err(error) => return Err(error),
        }
    }
}

fn refusal<T>(put: Result<T, forebay_machines::PutError<Vec<u8>>>) -> Result<T, Refusal> {
    put.map_err(|error| error.refusal)
}

pub(crate) fn each_group_sees_every_item(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("mail", 100), ("log", 200)])?;
    let buffer = connect(&topic.url)?;
    assert_eq!(buffer.groups()?, ["log", "mail"]);
    assert_eq!(buffer.settings().get_capacity(), 100);
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    assert_eq!(producer.put_many(items(1..90))?.placed, 89);
    // A put into one of them is for this one alone.
    topic.group("log")?.producer::<Vec<u8>, _>(Raw)?.put(item(90))?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.waiting, counts.produced, counts.capacity), (181, 181, None));
    assert_eq!(all(&topic.consumer("mail")?)?, items(0..90));
    assert_eq!(all(&topic.consumer("log")?)?, items(0..91));
    assert!(topic.group("log")?.groups()?.is_empty());
    Ok(())
}

pub(crate) fn consumers_of_a_group_share_its_items(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("mail", 20), ("log", 20)])?;
    let sharing = |group: &'static str| -> Result<_, Failure> {
        let (tell, told) = mpsc::channel();
        for _ in 0..2 {
            let (consumer, tell) = (topic.consumer(group)?, tell.clone());
            thread::spawn(move || {
                while let Ok(lease) = consumer.lease() {
                    let _ = tell.send(lease.ack().expect("it is held"));
                }
            });
        }
        Ok(told)
    };
    let (mail, log) = (sharing("mail")?, sharing("log")?);
    let producer = topic.producer()?;
    for number in 0..60 {
        producer.put_timeout(item(number), PATIENCE)?;
    }
    producer.close()?;
    for told in [mail, log] {
        let mut seen = within(PATIENCE, move || told.iter().collect::<Vec<_>>());
        seen.sort_unstable();
        assert_eq!(seen, items(0..60));
    }
    Ok(())
}

pub(crate) fn a_group_that_is_made_later_gets_what_is_put_from_then_on(
    server: &Server,
) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("mail", 100)])?;
    let producer = topic.producer()?;
    producer.put_many(items(0..3))?;
    Settings::new(100).create(&topic.at("log"))?;
    // On a connection that has just looked.
    producer.put(item(3))?;
    Settings::new(100).create(&topic.at("zoo"))?;
    producer.put_many(items(4..6))?;
    assert_eq!(all(&topic.consumer("mail")?)?, items(0..6));
    assert_eq!(all(&topic.consumer("log")?)?, items(3..6));
    assert_eq!(all(&topic.consumer("zoo")?)?, items(4..6));
    // And its producers are told of to the new ones.
    assert_eq!(topic.group("zoo")?.statistics()?.producers, 1);
    drop(producer);
    Ok(())
}

pub(crate) fn a_slow_group_makes_the_producer_wait_and_nobody_else(
    server: &Server,
) -> Result<(), Failure> {
    // The slow one is once the first that is asked, once the last, and once between.
    for (slow, fast) in [("a", ["b", "c"]), ("c", ["a", "b"]), ("b", ["a", "c"])] {
        let topic = Topic::new(server, &[(slow, 2), (fast[0], 3), (fast[1], 9)])?;
        let (producer, other) = (topic.producer()?, topic.group(fast[0])?);
        let beside = other.producer::<Vec<u8>, _>(Raw)?;
        producer.put_many(items(0..2))?;
        assert_eq!(refusal(producer.try_put(item(9))), Err(Refusal::Full));
        let some = producer.put_timeout(item(9), Duration::from_millis(50));
        assert_eq!(refusal(some), Err(Refusal::TimedOut));
        let waiting = producer.clone();
        let waits = thread::spawn(move || refusal(waiting.put(item(2))));
        let slow = topic.group(slow)?;
        within_patience(|| Ok(slow.statistics()?.producers_waiting == 1))?;
        // Nothing is set aside elsewhere: all the room is there for who wants it.
        within_patience(|| Ok(other.statistics()?.reserved == 0))?;
        refusal(beside.put_timeout(item(7), PATIENCE))?;
        let taken = other.consumer::<Vec<u8>, _>(Raw)?;
        assert_eq!(taken.take_many(9)?, items([0, 1, 7]));
        assert!(!waits.is_finished());
        assert_eq!(slow.consumer::<Vec<u8>, _>(Raw)?.take()?, item(0));
        assert_eq!(within(PATIENCE, move || waits.join().expect("a put")), Ok(Outcome::Placed));
        assert_eq!(taken.take()?, item(2));
        assert_eq!(all(&slow.consumer(Raw)?)?, items([1, 2]));
        assert_eq!(all(&topic.consumer(fast[1])?)?, items([0, 1, 2]));
    }
    Ok(())
}

pub(crate) fn who_waits_stands_in_one_line_only(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("a", 1), ("b", 1)])?;
    let (a, b) = (topic.group("a")?, topic.group("b")?);
    let producer = topic.producer()?;
    producer.put(item(0))?;
    let taken = [a.consumer::<Vec<u8>, _>(Raw)?, b.consumer::<Vec<u8>, _>(Raw)?];
    taken[0].take()?;
    let waits = thread::spawn(move || refusal(producer.put(item(1))));
    within_patience(|| Ok(b.statistics()?.producers_waiting == 1))?;
    // Now there is room in the group at which it stands, and none in the other any more.
    let (into_a, into_b) = (a.producer::<Vec<u8>, _>(Raw)?, b.producer::<Vec<u8>, _>(Raw)?);
    within_patience(|| Ok(into_a.try_put(item(7)).is_ok()))?;
    taken[1].take()?;
    within_patience(|| Ok(a.statistics()?.producers_waiting == 1))?;
    // So whoever puts into the first alone is not behind it.
    within_patience(|| Ok(b.statistics()?.producers_waiting == 0))?;
    refusal(into_b.put_timeout(item(8), PATIENCE))?;
    assert!(!waits.is_finished());
    for (consumer, direct) in taken.iter().zip([7, 8]) {
        assert_eq!(consumer.take()?, item(direct));
    }
    assert_eq!(within(PATIENCE, move || waits.join().expect("a put")), Ok(Outcome::Placed));
    Ok(())
}

/// Waits until this is so.
fn within_patience(mut is_so: impl FnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    let end = Instant::now() + PATIENCE;
    while !is_so()? {
        assert!(Instant::now() < end, "it never comes true");
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

pub(crate) fn each_policy_means_what_it_says(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("few", 2), ("more", 4), ("most", 100)])?;
    let producer = topic.producer()?;
    producer.put_many(items(0..2))?;
    let with = |overflow| producer.clone().with_overflow(overflow);
    let moment = Overflow::WaitFor(Duration::from_millis(30));
    assert_eq!(refusal(with(Overflow::Refuse).put(item(9))), Err(Refusal::Full));
    assert_eq!(refusal(with(moment).put(item(9))), Err(Refusal::TimedOut));
    // One group drops its oldest, and one has room.
    assert_eq!(with(Overflow::DropOldest).put(item(2))?, Outcome::DroppedOldest(1));
    assert_eq!(with(Overflow::DropThis).put(item(3))?, Outcome::DroppedThis);
    // Now two have none.
    assert_eq!(with(Overflow::DropOldest).put(item(4))?, Outcome::DroppedOldest(2));
    let batch = with(Overflow::DropThis).put_many(items(5..8))?;
    assert_eq!((batch.placed, batch.dropped_these), (0, 3));
    let seen = |name: &str| -> Result<_, Failure> {
        let counts = topic.group(name)?.statistics()?;
        assert_eq!(counts.reserved, 0, "{name}");
        Ok((all(&topic.consumer(name)?)?, counts.dropped, counts.produced))
    };
    assert_eq!(seen("few")?, (items([2, 4]), 6, 8));
    assert_eq!(seen("more")?, (items(1..5), 4, 8));
    assert_eq!(seen("most")?, (items(0..8), 0, 8));
    Ok(())
}

pub(crate) fn what_is_cancelled_leaves_no_place_taken(server: &Server) -> Result<(), Failure> {
    let names = ["a", "b", "c"];
    let topic = Topic::new(server, &names.map(|name| (name, 3)))?;
    let (producer, first) = (topic.producer()?, topic.group("b")?.consumer::<Vec<u8>, _>(Raw)?);
    for round in 0..40 {
        // Some find room, some wait; they are dropped at once, or in the midst.
        let mut puts: Vec<_> =
            (0..3).map(|number| Task::new(producer.put_async(item(round * 3 + number)))).collect();
        for put in &mut puts {
            let _ = put.poll();
        }
        thread::sleep(Duration::from_micros(u64::from(round) * 150));
        drop(puts);
        if round % 4 == 0 {
            let _ = first.take_many_within(2, Patience::Try);
        }
    }
    // What was placed is everywhere.
    let standing = |name: &str| -> Result<_, Failure> { Ok(topic.group(name)?.statistics()?) };
    for name in names {
        within_patience(|| {
            let counts = standing(name)?;
            Ok((counts.reserved, counts.producers_waiting) == (0, 0))
        })?;
    }
    let placed: BTreeSet<_> = all(&topic.consumer("a")?)?.into_iter().collect();
    assert_eq!(placed, all(&topic.consumer("c")?)?.into_iter().collect());
    all(&first)?;
    // And every place can be had.
    producer.put_many_within(items(0..3), Patience::Try)?;
    for name in names {
        assert_eq!(all(&topic.consumer(name)?)?, items(0..3), "{name}");
    }
    Ok(())
}

pub(crate) fn producers_that_meet_in_two_groups_get_on(server: &Server) -> Result<(), Failure> {
    const EACH: u32 = 60;
    let topic = Topic::new(server, &[("a", 1), ("b", 1)])?;
    let (tell, told) = mpsc::channel();
    for number in 0..3 {
        let (producer, tell) = (topic.producer()?, tell.clone());
        thread::spawn(move || {
            for each in 0..EACH {
                refusal(producer.put(item(number * EACH + each))).expect("a put");
            }
            tell.send(None)
        });
    }
    for group in ["a", "b"] {
        let (consumer, tell) = (topic.consumer(group)?, tell.clone());
        thread::spawn(move || {
            let mut seen: Vec<_> = (0..3 * EACH).map(|_| consumer.take().expect("one")).collect();
            seen.sort_unstable();
            tell.send(Some(seen))
        });
    }
    for _ in 0..5 {
        // Far past what it takes: only who waits for ever is told by it.
        let seen = told.recv_timeout(PATIENCE * 4).expect("they get on");
        assert_eq!(seen.unwrap_or_else(|| items(0..3 * EACH)), items(0..3 * EACH));
    }
    Ok(())
}

pub(crate) fn a_closed_group_gets_nothing_more_and_the_others_go_on(
    server: &Server,
) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("a", 1), ("b", 6), ("c", 6)])?;
    let producer = topic.producer()?;
    producer.put(item(0))?;
    let waiting = producer.clone();
    let waits = thread::spawn(move || refusal(waiting.put(item(1))));
    let slow = topic.group("a")?;
    within_patience(|| Ok(slow.statistics()?.producers_waiting == 1))?;
    // Who waited for this one alone goes on.
    slow.close()?;
    assert_eq!(within(PATIENCE, move || waits.join().expect("a put")), Ok(Outcome::Placed));
    // And who had a place there still has one in the others.
    let permit = producer.reserve()?;
    topic.group("c")?.close()?;
    refusal(permit.put(item(5)))?;
    let rest = producer.clone().with_overflow(Overflow::DropOldest);
    assert_eq!(rest.put(item(2))?, Outcome::Placed);
    assert_eq!(producer.put_many(items(3..5))?.placed, 2);
    assert_eq!(all(&topic.consumer("a")?)?, items(0..1));
    assert_eq!(all(&topic.consumer("b")?)?, items([0, 1, 5, 2, 3, 4]));
    assert_eq!(all(&topic.consumer("c")?)?, items(0..2));
    assert!(!connect(&topic.url)?.statistics()?.closed);
    let permit = producer.reserve()?;
    producer.close()?;
    assert_eq!(refusal(permit.put(item(9))), Err(Refusal::Closed));
    for overflow in [Overflow::Wait, Overflow::DropOldest, Overflow::DropThis] {
        let put = refusal(producer.clone().with_overflow(overflow).put(item(9)));
        assert_eq!(put, Err(Refusal::Closed));
    }
    assert!(connect(&topic.url)?.statistics()?.closed);
    assert_eq!(topic.consumer("b")?.take(), Err(TakeError::Closed));
    Ok(())
}

pub(crate) fn a_deleted_group_is_passed_by(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("a", 1), ("b", 9)])?;
    let (buffer, producer) = (connect(&topic.url)?, topic.producer()?);
    producer.put(item(0))?;
    let waiting = producer.clone();
    let waits = thread::spawn(move || refusal(waiting.put(item(1))));
    let slow = topic.group("a")?;
    within_patience(|| Ok(slow.statistics()?.producers_waiting == 1))?;
    slow.delete()?;
    assert_eq!(within(PATIENCE, move || waits.join().expect("a put")), Ok(Outcome::Placed));
    producer.put_many(items(2..4))?;
    assert_eq!(buffer.groups()?, ["b"]);
    // One of the same name is another one.
    Settings::new(2).create(&topic.at("a"))?;
    producer.put(item(4))?;
    assert_eq!(all(&topic.consumer("a")?)?, items(4..5));
    assert_eq!(all(&topic.consumer("b")?)?, items(0..5));
    buffer.delete()?;
    assert_eq!(refusal(producer.put(item(5))), Err(Refusal::Unable(Fault::Gone)));
    assert_eq!(buffer.statistics().err(), Some(Fault::Gone));
    assert!(matches!(connect(&topic.url).expect_err("gone").why(), Why::Missing));
    Ok(())
}

pub(crate) fn a_join_waits_for_every_group(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("a", 9), ("b", 9)])?;
    let (buffer, producer) = (connect(&topic.url)?, topic.producer()?);
    assert!(buffer.join_within(Patience::Try).is_ok());
    producer.put(item(0))?;
    let is_over = Arc::new(AtomicBool::new(false));
    let (joining, over) = (buffer.clone(), Arc::clone(&is_over));
    let joined = thread::spawn(move || {
        let joined = joining.join_within(Patience::Forever);
        over.store(true, Ordering::SeqCst);
        joined
    });
    for name in ["a", "b"] {
        assert!(buffer.join_within(Patience::Try).is_err());
        let some = Patience::lasting(Duration::from_millis(30));
        assert!(buffer.join_within(some).is_err());
        assert!(!is_over.load(Ordering::SeqCst), "{name}");
        topic.consumer(name)?.take()?;
    }
    within(PATIENCE, move || joined.join().expect("a join"))?;
    block_on(buffer.join_async())?;
    Ok(())
}

pub(crate) fn a_permit_is_a_place_in_every_group(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("a", 2), ("b", 1)])?;
    let producer = topic.producer()?;
    let permit = producer.reserve()?;
    assert_eq!(refusal(producer.try_put(item(0))), Err(Refusal::Full));
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Full));
    drop(permit);
    let permit = producer.reserve_within(Patience::lasting(PATIENCE))?;
    refusal(permit.put(item(1)))?;
    for name in ["a", "b"] {
        assert_eq!(all(&topic.consumer(name)?)?, items(1..2));
        assert_eq!(topic.group(name)?.statistics()?.reserved, 0);
    }
    Ok(())
}

pub(crate) fn a_name_is_a_buffer_or_a_topic(server: &Server) -> Result<(), Failure> {
    let topic = Topic::new(server, &[("mail", 5), ("log", 6)])?;
    let said = |error: &ConnectError| {
        let said = error.to_string();
        assert!(!said.contains(server.text("password")), "{said}");
        said
    };
    let other = topic.group("male").expect_err("there is none");
    assert!(matches!(other.why(), Why::MissingGroup(_)), "{other:?}");
    assert!(said(&other).contains("its topic has log, mail"), "{other}");
    let plain = Settings::new(5).create(&topic.url).expect_err("a topic is there");
    assert!(matches!(plain.why(), Why::Topic(_)), "{plain:?}");
    assert!(said(&plain).contains("is a topic with the groups log, mail"), "{plain}");
    let differs = Settings::new(7).create(&topic.at("log")).expect_err("it has other settings");
    assert!(said(&differs).contains("capacity is 6 there, not 7"), "{differs}");
    Settings::new(6).create(&topic.at("log"))?;
    let weighed = Settings::new(6).capacity_bytes(9).create(&topic.at("log"));
    assert!(said(&weighed.expect_err("no weight")).contains("weight is not bounded"));
    // Nobody takes from a topic, or waits to.
    let buffer = connect(&topic.url)?;
    assert_eq!(buffer.consumer::<Vec<u8>, _>(Raw).err(), Some(Fault::Topic));
    assert_eq!(buffer.dead_letters().err(), Some(Fault::Topic));

    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(5));
    let group = format!("{url}?group=mail");
    for error in [
        Settings::new(5).create(&group).expect_err("a buffer is there"),
        connect(&group).expect_err("a buffer is there"),
    ] {
        assert!(matches!(error.why(), Why::Plain), "{error:?}");
        assert!(said(&error).contains("what is called so is a buffer"), "{error}");
    }
    assert!(connect(&url)?.groups()?.is_empty());
    // Once that is gone, it may be a topic.
    connect(&url)?.delete()?;
    assert!(matches!(connect(&group).expect_err("nothing").why(), Why::Missing));
    Settings::new(5).create(&group)?;
    assert_eq!(connect(&url)?.groups()?, ["mail"]);
    Ok(())
}

/// Puts, and tells of each item that it was put.
pub(crate) fn put_until_killed() -> Result<(), Failure> {
    let Ok(url) = env::var(CHILD) else { return Ok(()) };
    let producer = connect(&url)?.producer::<Vec<u8>, _>(Raw)?;
    for number in 0.. {
        producer.put(item(number))?;
        println!("put {number}");
    }
    Ok(())
}

pub(crate) fn what_a_killed_producer_was_told_is_in_every_group(
    server: &Server,
) -> Result<(), Failure> {
    const ROOM: u64 = 20_000;
    let names = ["a", "b", "c"];
    let topic = Topic::new(server, &names.map(|name| (name, ROOM)))?;
    for round in 0..5 {
        let mut child = Command::new(env::current_exe()?)
            .args(["groups::one_that_puts_until_it_is_killed", "--exact", "--nocapture"])
            .env(CHILD, &topic.url)
            .stdout(Stdio::piped())
            .spawn()?;
        let said = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut told = 0;
        for line in said.lines() {
            if line?.contains("put ") {
                told += 1;
            }
            if told == 20 {
                // At any moment of one of the next puts.
                thread::sleep(Duration::from_micros(fastrand::u64(0..3000)));
                child.kill()?;
            }
        }
        child.wait()?;
        for name in names {
            let seen = all(&topic.consumer(name)?)?;
            // The one that was under way may be there too.
            assert!(seen == items(0..told) || seen == items(0..=told), "round {round}, {name}");
        }
    }
    // What it had set aside lapses, and every place can be had.
    for name in names {
        // Whoever looks has to have listened for as long as it takes.
        let group = topic.group(name)?;
        within_patience(|| Ok(group.statistics()?.reserved == 0))?;
    }
    Ok(())
}
