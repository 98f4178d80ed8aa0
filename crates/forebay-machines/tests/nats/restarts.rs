//! A server that is killed, and comes back; and one that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use forebay_machines::{Buffer, Fault, Options, Patience, Raw, Settings, TakeError, connect};

use crate::beside::Beside;
use crate::servers::Server;
use crate::servers::restarts::{self, Leases};
use crate::{Failure, PATIENCE, item, within};

#[test]
fn nothing_is_lost_or_doubled_when_the_server_is_killed() -> Result<(), Failure> {
    let Some(server) = restarts::exactly_once("nats", |_| Ok(()))? else { return Ok(()) };
    // What it brought back of items that were finished goes again, and only the document stays.
    let mut beside = Beside::connect(&server)?;
    within(PATIENCE, move || {
        while beside.messages("jobs").expect("a count") > 1 {
            thread::sleep(Duration::from_millis(50));
        }
    });
    Ok(())
}

#[test]
fn a_server_that_stays_away_is_told_after_the_outage() -> Result<(), Failure> {
    restarts::stays_away("nats", Leases::Stay)
}

#[test]
fn a_server_that_stands_still_for_a_while_is_waited_for() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("nats", "frozen") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(1_000_000).create(&url)?;
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let done = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&done);
    // One is on its way at every moment, also at that one.
    let putting = thread::spawn(move || {
        let mut next = 0;
        while !end.load(Ordering::SeqCst) {
            producer.put(item(next)).expect("a put, however long it takes");
            next += 1;
        }
        next
    });
    thread::sleep(Duration::from_millis(300));
    server.does("freeze");
    // Longer than an answer may take: it is asked again, and what was asked twice is done once.
    thread::sleep(Duration::from_secs(7));
    server.does("thaw");
    thread::sleep(Duration::from_millis(300));
    done.store(true, Ordering::SeqCst);
    let placed = within(PATIENCE, move || putting.join().expect("puts"));
    assert_eq!(buffer.statistics()?.produced, u64::from(placed));
    let (consumer, mut taken) = (buffer.consumer::<Vec<u8>, _>(Raw)?, Vec::new());
    while let Ok(items) = consumer.take_many_within(256, Patience::Try) {
        taken.extend(items);
    }
    assert_eq!(taken, (0..placed).map(item).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn what_could_not_be_answered_goes_back_though_its_process_lives() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("nats", "unanswered") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(8).create(&url)?;
    let options = Options::new().outage(Duration::from_millis(300));
    let buffer = Buffer::connect_with(&url, &options)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(item(1))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let lease = consumer.lease()?;
    server.does("kill");
    assert!(lease.ack().is_err(), "there is nobody to hear it");
    server.does("restart");
    let again = within(PATIENCE, move || {
        loop {
            match consumer.lease() {
                Ok(again) => return again,
                Err(TakeError::Unable(Fault::Unreachable)) => {}
                Err(other) => panic!("{other}"),
            }
        }
    });
    assert_eq!((again.deliveries(), again.failures()), (2, 0));
    again.ack()?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.finished, counts.unfinished()), (1, 0));
    Ok(())
}
