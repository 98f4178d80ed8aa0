//! A server that is killed and comes back, or stands still: what is the same on several engines.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use forebay_machines::{
    Buffer, Consumer, Fault, Options, Raw, Refusal, Settings, TakeError, connect,
};

use super::{Failure, Own, PATIENCE, Server, distinct, item, within};

/// All that comes, until the buffer is closed and drained.
fn take_all(consumer: &Consumer<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut taken = Vec::new();
    loop {
        match consumer.take_many(8) {
            Ok(items) => taken.extend(items),
            Err(TakeError::Closed) => return taken,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Kills the server twice, and starts it again; then this is done.
fn kill_twice(
    server: &Server,
    mut prepare: impl FnMut(&Server) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(300));
        server.does("kill");
        thread::sleep(Duration::from_millis(200));
        server.does("restart");
        prepare(server)?;
    }
    Ok(())
}

/// Nothing is lost or doubled when the server is killed. It is prepared at first, and after each restart. Returns it with the
/// buffer `jobs`, for what else there is to see.
pub(crate) fn exactly_once(
    engine: &str,
    mut prepare: impl FnMut(&Server) -> Result<(), Failure>,
) -> Result<Option<Own>, Failure> {
    const ITEMS: u32 = 3_000;
    let Some(server) = Server::of_its_own(engine, "killed") else { return Ok(None) };
    let url = server.url("jobs");
    Settings::new(64).create(&url)?;
    prepare(&server)?;
    let (there, here) = (url.clone(), url.clone());
    let putting = thread::spawn(move || {
        let producer = connect(&there).expect("a buffer").producer::<Vec<u8>, _>(Raw);
        let producer = producer.expect("a producer");
        for id in 0..ITEMS {
            producer.put(item(id)).expect("a put, across a restart");
        }
        producer.close().expect("a close");
    });
    let taking = thread::spawn(move || {
        let consumer = connect(&here).expect("a buffer").consumer::<Vec<u8>, _>(Raw);
        take_all(&consumer.expect("a consumer"))
    });
    kill_twice(&server, prepare)?;
    let taken = within(PATIENCE * 2, move || {
        putting.join().expect("puts");
        taking.join().expect("takes")
    });
    assert_eq!(taken.len(), ITEMS as usize);
    assert_eq!(distinct(taken), (0..ITEMS).map(item).collect::<Vec<_>>());
    let counts = connect(&url)?.statistics()?;
    assert_eq!((counts.produced, counts.finished), (u64::from(ITEMS), u64::from(ITEMS)));
    Ok(Some(server))
}

/// Nothing that was acknowledged is lost when the server is killed, where an answer that is lost with its connection cannot be
/// asked for again.
pub(crate) fn at_least_once(engine: &str, items: u32) -> Result<(), Failure> {
    let Some(server) = Server::of_its_own(engine, "killed") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(64).create(&url)?;
    let producer = connect(&url)?.producer::<Vec<u8>, _>(Raw)?;
    let consumer = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
    let putting = thread::spawn(move || {
        let (mut placed, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for id in 0..items {
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
    let taking = thread::spawn(move || take_all(&consumer));
    kill_twice(&server, |_| Ok(()))?;
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

/// What becomes of a lease when its server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leases {
    /// It holds, also over the server's death.
    Stay,
    /// It goes back with its connection: an ack of it is refused, and not obeyed.
    GoBack,
}

/// A server that stays away is told after the outage, and when it is back all goes on.
pub(crate) fn stays_away(engine: &str, leases: Leases) -> Result<(), Failure> {
    let Some(server) = Server::of_its_own(engine, "away") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let outage = Duration::from_millis(700);
    let buffer = Buffer::connect_with(&url, &Options::new().outage(outage))?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    producer.put(item(0))?;
    let lease = consumer.try_lease()?;
    server.does("kill");
    let put = || {
        let begun = Instant::now();
        let refused = producer.put(item(1)).map_err(|error| (error.item, error.refusal));
        (refused, begun.elapsed())
    };
    let unable = |fault| Err((item(1), Refusal::Unable(fault)));
    // The first to notice may have sent something, and cannot know.
    let (refused, first) = put();
    assert!(
        refused == unable(Fault::Unreachable) || refused == unable(Fault::Unanswered),
        "{refused:?}"
    );
    let (again, second) = put();
    assert_eq!(again, unable(Fault::Unreachable));
    let waited = match leases {
        Leases::Stay => first,
        // Nothing is asked again, so the first is told at once.
        Leases::GoBack => second,
    };
    assert!(waited >= outage, "it waited {waited:?}");
    assert_eq!(consumer.try_take(), Err(TakeError::Unable(Fault::Unreachable)));
    server.does("restart");
    match leases {
        Leases::Stay => drop(lease.ack()?),
        Leases::GoBack => {
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
        }
    }
    // Nothing of what was refused is there.
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.waiting), (1, 1, 0));
    Ok(())
}

/// A server that stands still for a while is waited for, on the same connection, but not past a deadline; a put that came
/// to its deadline is refused with this.
pub(crate) fn stands_still(engine: &str, late: Fault) -> Result<(), Failure> {
    let Some(server) = Server::of_its_own(engine, "frozen") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let lease = consumer.lease()?;
    server.does("freeze");
    let waiting = producer.clone();
    let putting = thread::spawn(move || waiting.put(item(1)).is_ok());
    // A call with a deadline does not wait for as long as the server likes.
    let refused = within(PATIENCE, move || {
        let refused = producer.put_timeout(item(2), Duration::from_millis(100));
        refused.map_err(|error| error.refusal)
    });
    assert_eq!(refused, Err(Refusal::Unable(late)));
    thread::sleep(Duration::from_secs(2));
    server.does("thaw");
    assert!(within(PATIENCE, move || putting.join().expect("a put")));
    // The connection is the same, and so is the lease.
    lease.ack()?;
    let taken = consumer.take_many(9)?;
    assert!(taken.contains(&item(1)), "{taken:?}");
    Ok(())
}

/// A server that never wakes is given up, a put to it with this fault; `back` says of what is there for others when it wakes after
/// all.
pub(crate) fn never_wakes(engine: &str, put: Fault, back: &[u32]) -> Result<(), Failure> {
    let Some(server) = Server::of_its_own(engine, "asleep") else { return Ok(()) };
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
    assert_eq!(refused, Err(Refusal::Unable(put)));
    assert_eq!(empty, Err(TakeError::Unable(Fault::Unreachable)));
    assert!(answered.is_err() && counts.is_err(), "{answered:?} {counts:?}");
    // A cluster that thought its server dead needs a while until it knows of it again.
    let again = within(PATIENCE, move || {
        loop {
            if let Ok(again) = connect(&url) {
                return again;
            }
        }
    });
    let consumer = again.consumer::<Vec<u8>, _>(Raw)?;
    for id in back {
        assert_eq!(consumer.take_timeout(PATIENCE)?, item(*id));
    }
    drop(still);
    Ok(())
}
