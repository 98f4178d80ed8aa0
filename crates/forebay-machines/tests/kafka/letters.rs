//! Dead letters: read, dropped, and put again.

use forebay_machines::{Death, Fault, Raw, Settings, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, item};

#[test]
fn dead_letters_are_read_in_order_and_stay() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(40));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..40).map(item))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    for id in 0..40 {
        consumer.try_lease()?.reject(&format!("no {id}"))?;
    }
    // More than one page of them.
    for _ in 0..2 {
        let letters = buffer.dead_letters()?;
        let items: Vec<_> = letters.iter().map(|one| one.letter.item.to_vec()).collect();
        assert_eq!(items, (0..40).map(item).collect::<Vec<_>>());
        assert_eq!(letters[39].letter.death, Death::Rejected("no 39".to_owned()));
    }
    let letters = buffer.dead_letters()?;
    assert!(buffer.purge(&letters[20])?);
    assert!(!buffer.purge(&letters[20])?);
    assert_eq!(consumer.take_dead().map(|letter| letter.item), Some(item(0)));
    let counts = buffer.statistics()?;
    assert_eq!((counts.dead, counts.dropped, counts.produced), (38, 2, 40));
    Ok(())
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
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(vec![7; 900_000])?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    consumer.try_lease()?.reject(&"é".repeat(100_000))?;
    let letter = consumer.take_dead().ok_or("a dead letter")?;
    assert_eq!(letter.item, vec![7; 900_000]);
    let Death::Rejected(reason) = letter.death else { return Err("another death".into()) };
    assert!(reason.len() > 30_000 && reason.chars().all(|one| one == 'é'), "{}", reason.len());
    Ok(())
}
