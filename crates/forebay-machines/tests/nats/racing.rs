//! Many connections at once, each of which decides by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use forebay_machines::{Overflow, Raw, Settings, TakeError, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, distinct, item, within};

#[test]
fn producers_that_race_never_pass_the_bound() -> Result<(), Failure> {
    const PRODUCERS: u32 = 8;
    const EACH: u32 = 150;
    const CAPACITY: u64 = 5;
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(CAPACITY).max_leased(2));
    let putting: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let producer = connect(&url)?.producer::<Vec<u8>, _>(Raw)?;
            Ok::<_, Failure>(thread::spawn(move || {
                for id in number * EACH..(number + 1) * EACH {
                    if id % 7 == 0 {
                        producer.reserve().expect("a permit").put(item(id)).expect("by permit");
                    } else {
                        producer.put(item(id)).expect("a put");
                    }
                }
            }))
        })
        .collect::<Result<_, _>>()?;
    let taking: Vec<_> = (0..2)
        .map(|number| {
            let consumer = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
            Ok::<_, Failure>(thread::spawn(move || {
                let mut taken = Vec::new();
                loop {
                    let next = if number == 0 {
                        consumer.take()
                    } else {
                        consumer.lease().map(|lease| lease.ack().expect("an ack"))
                    };
                    match next {
                        Ok(item) => taken.push(item),
                        Err(TakeError::Closed) => return taken,
                        Err(other) => panic!("{other}"),
                    }
                }
            }))
        })
        .collect::<Result<_, _>>()?;
    let done = Arc::new(AtomicBool::new(false));
    let (watching, seen) = (connect(&url)?, Arc::clone(&done));
    let monitor = thread::spawn(move || {
        let mut looks = 0_u32;
        while !seen.load(Ordering::SeqCst) {
            let counts = watching.statistics().expect("counts");
            let waits = counts.waiting + counts.reserved;
            assert!(waits <= CAPACITY && counts.leased <= 2, "{counts:?}");
            looks += 1;
        }
        looks
    });
    let end = connect(&url)?;
    let mut taken = within(PATIENCE * 3, move || {
        for put in putting {
            put.join().expect("puts");
        }
        end.close().expect("a close");
        taking.into_iter().flat_map(|take| take.join().expect("takes")).collect::<Vec<_>>()
    });
    done.store(true, Ordering::SeqCst);
    let looks = monitor.join().expect("it saw no more than there may be");
    assert!(looks > 50, "{looks} looks only");
    let counts = connect(&url)?.statistics()?;
    assert_eq!((counts.high_water, counts.finished), (CAPACITY, u64::from(PRODUCERS * EACH)));
    assert_eq!(taken.len(), (PRODUCERS * EACH) as usize);
    taken = distinct(taken);
    assert_eq!(taken, (0..PRODUCERS * EACH).map(item).collect::<Vec<_>>());
    Ok(())
}

/// Dropping makes a place and fills it, and nobody comes in between; nor does it look idle then.
#[test]
fn those_who_drop_the_oldest_race_as_well() -> Result<(), Failure> {
    const EACH: u32 = 150;
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(1));
    let first = connect(&url)?.producer::<Vec<u8>, _>(Raw)?;
    first.put(item(0))?;
    let putting: Vec<_> = (0..4_u32)
        .map(|number| {
            let producer = connect(&url)?.producer::<Vec<u8>, _>(Raw)?;
            let producer = producer.with_overflow(Overflow::DropOldest);
            Ok::<_, Failure>(thread::spawn(move || {
                (0..EACH).filter(|id| producer.put(item(number * EACH + id)).is_ok()).count()
            }))
        })
        .collect::<Result<_, _>>()?;
    let watching = connect(&url)?;
    while !putting.iter().all(thread::JoinHandle::is_finished) {
        let counts = watching.statistics()?;
        assert!(counts.waiting <= 1, "{counts:?}");
        let joined = watching.join_within(forebay_machines::Patience::Try);
        assert!(joined.is_err(), "an item waits at all times");
    }
    let placed: usize = putting.into_iter().map(|put| put.join().expect("puts")).sum();
    let counts = watching.statistics()?;
    assert_eq!((counts.waiting, counts.high_water), (1, 1));
    assert_eq!(counts.produced, 1 + placed as u64);
    assert_eq!(counts.dropped, placed as u64);
    Ok(())
}
