//! Dead letters: what is the same on several engines.

use forebay_machines::{Death, Raw, Settings, connect};

use super::{Buffers, Failure, Server, item};

/// They are read in the order of their deaths, page by page, and stay until they are purged or taken.
pub(crate) fn read_in_order(engine: &str) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
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

/// A reason may be longer than the engine likes it, and is cut between two letters; its item may have so many bytes.
pub(crate) fn long_reason(engine: &str, bytes: usize) -> Result<(), Failure> {
    let Some(server) = Server::or_skip(engine) else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(vec![7; bytes])?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    consumer.try_lease()?.reject(&"é".repeat(100_000))?;
    let letter = consumer.take_dead().ok_or("a dead letter")?;
    assert_eq!(letter.item, vec![7; bytes]);
    let Death::Rejected(reason) = letter.death else { return Err("another death".into()) };
    assert!(reason.len() > 30_000 && reason.chars().all(|one| one == 'é'), "{}", reason.len());
    Ok(())
}
