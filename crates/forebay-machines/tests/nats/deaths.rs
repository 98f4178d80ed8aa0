//! Processes that are killed with what they hold.

use std::time::Duration;

use forebay_machines::{Patience, Raw, Settings, connect};

use crate::servers::deaths::{self, Holds, Silence};
use crate::servers::{Buffers, Server};
use crate::{Failure, item};

/// Not a check: the process that is killed.
#[test]
fn one_that_holds_things() -> Result<(), Failure> {
    deaths::hold(Holds::OneOfEach)
}

#[test]
fn what_a_killed_process_held_comes_back() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let Silence { buffers: _buffers, buffer, producer, consumer, .. } = deaths::silence(&server)?;
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
