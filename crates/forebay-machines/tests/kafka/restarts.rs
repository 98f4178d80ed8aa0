//! A server that is killed, and comes back; and one that stands still.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use forebay_machines::{Buffer, Fault, Options, Raw, Refusal, Settings, TakeError, connect};

use crate::servers::Server;
use crate::{Failure, PATIENCE, item, within};

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed() -> Result<(), Failure> {
    const ITEMS: u32 = 600;
    let Some(server) = Server::of_its_own("kafka", "killed") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(64).create(&url)?;
    let producer = connect(&url)?.producer::<Vec<u8>, _>(Raw)?;
    let consumer = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
    let putting = thread::spawn(move || {
        let (mut placed, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for id in 0..ITEMS {
            match producer.put(item(id)).map_err(|error| error.refusal) {
                Ok(_) => placed.insert(item(id)),
                // Its confirmation was lost: it may be there.
                Err(Refusal::Unable(Fault::Unanswered)) => unknown.insert(item(id)),
                Err(other) => panic!("{other}"),
            };
        }
        producer.close().expect("a close");
        (placed, unknown)
    });
    let taking = thread::spawn(move || {
        let mut taken = Vec::new();
        loop {
            match consumer.take_many(8) {
                Ok(items) => taken.extend(items),
                Err(TakeError::Closed) => return taken,
                Err(other) => panic!("{other}"),
            }
        }
    });
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(300));
        server.does("kill");
        thread::sleep(Duration::from_millis(200));
        server.does("restart");
    }
    let ((placed, unknown), taken) = within(PATIENCE * 3, move || {
        (putting.join().expect("puts"), taking.join().expect("takes"))
    });
    let distinct: BTreeSet<_> = taken.iter().cloned().collect();
    let lost: Vec<_> = placed.difference(&distinct).collect();
    assert!(lost.is_empty(), "{} lost, as {:?}", lost.len(), lost.first());
    let never: Vec<_> = distinct.iter().filter(|item| !placed.contains(*item)).collect();
    assert!(never.iter().all(|item| unknown.contains(*item)), "what nobody put: {never:?}");
    // One put at a time: two kills, two that nobody knows of.
    assert!(unknown.len() <= 2, "{} unknown", unknown.len());
    println!("{} seen twice, {} unknown", taken.len() - distinct.len(), unknown.len());
    Ok(())
}

#[test]
fn a_server_that_stays_away_is_told_after_the_outage() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("kafka", "away") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let outage = Duration::from_millis(700);
    let buffer = Buffer::connect_with(&url, &Options::new().outage(outage))?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    producer.put(item(0))?;
    let lease = consumer.try_lease()?;
    server.does("kill");
    let refused = producer.put(item(1)).map_err(|error| (error.item, error.refusal));
    let unable = |fault| Err((item(1), Refusal::Unable(fault)));
    // The first to notice may have sent something, and cannot know.
    assert!(
        refused == unable(Fault::Unreachable) || refused == unable(Fault::Unanswered),
        "{refused:?}"
    );
    let begun = Instant::now();
    let again = producer.put(item(1)).map_err(|error| (error.item, error.refusal));
    assert!(begun.elapsed() >= outage, "it waited {:?}", begun.elapsed());
    assert_eq!(again, unable(Fault::Unreachable));
    assert_eq!(consumer.try_take(), Err(TakeError::Unable(Fault::Unreachable)));
    server.does("restart");
    // What was leased went back with its connection: an ack of it is refused, and not obeyed.
    assert!(lease.ack().is_err());
    let again = within(PATIENCE, move || {
        loop {
            if let Ok(lease) = consumer.try_lease() {
                return lease;
            }
        }
    });
    assert_eq!((&*again, again.deliveries()), (&item(0), 2));
    again.ack()?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.waiting), (1, 1, 0));
    Ok(())
}

#[test]
fn a_server_that_stands_still_for_a_while_is_waited_for() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("kafka", "frozen") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let hasty = Buffer::connect_with(&url, &Options::new().outage(Duration::from_secs(1)))?;
    let hasty = hasty.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let lease = consumer.lease()?;
    server.does("freeze");
    let putting = thread::spawn(move || producer.put(item(1)).is_ok());
    // A call with a deadline does not wait for as long as the server likes.
    let late = within(PATIENCE, move || {
        let late = hasty.put_timeout(item(2), Duration::from_millis(100));
        late.map_err(|error| error.refusal)
    });
    // It counted first, and heard nothing: nothing was sent.
    assert_eq!(late, Err(Refusal::Unable(Fault::Unreachable)));
    thread::sleep(Duration::from_millis(500));
    server.does("thaw");
    assert!(within(PATIENCE, move || putting.join().expect("a put")));
    // The connection is the same, and so is the lease; but where the cluster has thought the server dead meanwhile, it lends
    // anew.
    let is_acked = lease.ack().is_ok();
    let taken = within(PATIENCE, move || {
        let mut taken = Vec::new();
        while !taken.contains(&item(1)) || !is_acked && !taken.contains(&item(0)) {
            taken.extend(consumer.take_many(9).expect("items"));
        }
        taken
    });
    assert_eq!(taken.contains(&item(0)), !is_acked, "{taken:?}");
    Ok(())
}

#[test]
fn a_server_that_never_wakes_is_given_up() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("kafka", "asleep") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let buffer = Buffer::connect_with(&url, &Options::new().outage(Duration::from_secs(1)))?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    producer.put_many([item(0), item(1)])?;
    let lease = consumer.lease()?;
    server.does("freeze");
    // Its connections live on: what comes back does so without their end.
    let (_kept, still) = (buffer.clone(), consumer.clone());
    let (refused, empty, answered, counts) = within(PATIENCE, move || {
        let refused = producer.put(item(2)).map_err(|error| error.refusal);
        let empty = consumer.try_take();
        let answered = lease.ack();
        (refused, empty, answered, buffer.statistics())
    });
    server.does("thaw");
    assert_eq!(refused, Err(Refusal::Unable(Fault::Unreachable)));
    assert_eq!(empty, Err(TakeError::Unable(Fault::Unreachable)));
    assert!(answered.is_err() && counts.is_err(), "{answered:?} {counts:?}");
    // What the take would have had, when nobody waited for it any more, is there.
    let consumer = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
    // So is what was leased by the connection that was given up.
    assert_eq!(consumer.take_timeout(PATIENCE)?, item(0));
    assert_eq!(consumer.take_timeout(PATIENCE)?, item(1));
    drop(still);
    Ok(())
}
