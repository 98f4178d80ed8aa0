//! Dead letters: read, dropped, and put again.

use std::time::Duration;

use forebay_machines::{Fault, Raw, Settings, connect};

use crate::servers::letters;
use crate::servers::{Buffers, Server};
use crate::{Failure, item};

#[test]
fn dead_letters_are_read_in_order_and_stay() -> Result<(), Failure> {
    letters::read_in_order("rabbitmq")
}

#[test]
fn a_dead_letter_is_put_again_as_if_it_had_never_been_leased() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2).max_failures(1));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    consumer.try_lease()?.fail("once")?;
    producer.put_many((1..3).map(item))?;
    let letters = buffer.dead_letters()?;
    // It asks for room like any other.
    assert_eq!(buffer.retry(&letters[0]), Err(Fault::Refused));
    assert_eq!(consumer.try_take()?, item(1));
    assert!(buffer.retry(&letters[0])?);
    assert!(!buffer.retry(&letters[0])?);
    assert_eq!(consumer.try_take()?, item(2));
    let lease = consumer.lease_timeout(Duration::from_secs(1))?;
    assert_eq!((&*lease, lease.deliveries(), lease.failures()), (&item(0), 1, 0));
    lease.ack()?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.dead, counts.produced, counts.finished), (0, 3, 3));
    Ok(())
}

#[test]
fn a_reason_may_be_longer_than_a_frame() -> Result<(), Failure> {
    letters::long_reason("rabbitmq", 1 << 20)
}

#[test]
fn tries_leave_no_queues_behind() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(8));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..4).map(item))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    for _ in 0..3 {
        for lease in (0..4).map(|_| consumer.try_lease()).collect::<Vec<_>>() {
            lease?.fail("again")?;
        }
    }
    let name = url.rsplit('/').next().ok_or("a name")?;
    let tries = || {
        let queues = server.control(&["list_queues", "name", "--silent"]);
        queues.lines().filter(|queue| queue.contains(name) && queue.contains(".tries.")).count()
    };
    assert_eq!(tries(), 4);
    let lease = consumer.try_lease()?;
    assert_eq!((lease.deliveries(), lease.failures()), (4, 3));
    lease.ack()?;
    assert_eq!(consumer.try_take()?, item(1));
    consumer.try_lease()?.reject("no use")?;
    assert_eq!(tries(), 1);
    buffer.delete()?;
    assert_eq!(tries(), 0);
    Ok(())
}
