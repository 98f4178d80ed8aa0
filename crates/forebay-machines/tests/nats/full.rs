//! A buffer that is full for a while.

use std::thread;
use std::time::Duration;

use forebay_machines::{Raw, Settings, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, item, within};

#[test]
fn puts_wait_for_as_long_as_it_is_full() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put_many([item(0), item(1)])?;
    let putting = thread::spawn(move || producer.put_many((2..10).map(item)).is_ok());
    // Past every pause between two looks, and the life of a process that does not beat.
    thread::sleep(Duration::from_secs(4));
    let other = connect(&url)?;
    // It has heard of the others before it is asked.
    thread::sleep(Duration::from_secs(4));
    for seen in [&buffer, &other] {
        let counts = seen.statistics()?;
        let waits = (counts.waiting, counts.producers_waiting, counts.producers);
        assert_eq!(waits, (2, 1, 1));
    }
    let consumer = other.consumer::<Vec<u8>, _>(Raw)?;
    let taken = within(PATIENCE, move || {
        let mut taken = Vec::new();
        while taken.len() < 10 {
            taken.extend(consumer.take_many(10).expect("items"));
        }
        taken
    });
    assert_eq!(taken, (0..10).map(item).collect::<Vec<_>>());
    assert!(putting.join().expect("a put"));
    let counts = buffer.statistics()?;
    assert!(counts.producer_wait >= Duration::from_secs(7), "{:?}", counts.producer_wait);
    assert_eq!(counts.high_water, 2);
    Ok(())
}
