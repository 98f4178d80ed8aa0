//! Dead letters: read, dropped, and put again.

use forebay_machines::{Fault, Raw, Settings, connect};

use crate::servers::letters;
use crate::servers::{Buffers, Server};
use crate::{Failure, item};

#[test]
fn dead_letters_are_read_in_order_and_stay() -> Result<(), Failure> {
    letters::read_in_order("kafka")
}

#[test]
fn a_dead_letter_is_put_again_as_if_it_had_never_been_leased() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2).max_failures(1));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    consumer.try_lease()?.fail("once")?;
    producer.put_many((1..3).map(item))?;
    let letters = buffer.dead_letters()?;
    // It asks for no room, like an item that is given back.
    assert!(buffer.retry(&letters[0])?);
    assert!(!buffer.retry(&letters[0])?);
    assert_eq!(consumer.try_take()?, item(1));
    assert_eq!(consumer.try_take()?, item(2));
    let lease = consumer.try_lease()?;
    assert_eq!((&*lease, lease.deliveries(), lease.failures()), (&item(0), 1, 0));
    lease.ack()?;
    let counts = buffer.statistics()?;
    assert_eq!((counts.dead, counts.produced, counts.finished), (0, 3, 3));
    // Into a closed one none comes back.
    producer.put(item(3))?;
    consumer.try_lease()?.fail("once")?;
    buffer.close()?;
    assert_eq!(buffer.retry(&buffer.dead_letters()?[0]), Err(Fault::Refused));
    Ok(())
}

#[test]
fn a_reason_may_be_long() -> Result<(), Failure> {
    letters::long_reason("kafka", 900_000)
}
