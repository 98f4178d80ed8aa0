//! Dead letters, as whoever runs the buffer sees them.

use forebay_machines::{Death, Lease, Patience, Raw, Settings, Statistics, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, item};

fn counts(told: &Statistics) -> [u64; 5] {
    [told.produced, told.finished, told.waiting, told.dead, told.dropped]
}

#[test]
fn letters_are_looked_at_retried_and_purged_once() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8).max_failures(1));
    let (here, there) = (connect(&url)?, connect(&url)?);
    here.producer::<Vec<u8>, _>(Raw)?.put_many((0..4).map(item))?;
    let consumer = there.consumer::<Vec<u8>, _>(Raw)?;
    let long = "ü".repeat(3_000);
    consumer.lease()?.reject("no\nuse: \"ä\"")?;
    consumer.lease()?.fail(&long)?;
    consumer.lease()?.reject("")?;
    assert_eq!(counts(&here.statistics()?), [4, 0, 1, 3, 0]);

    let letters = here.dead_letters()?;
    let items: Vec<&[u8]> = letters.iter().map(|one| &*one.letter.item).collect();
    assert_eq!(items, [&item(0)[..], &item(1), &item(2)]);
    assert_eq!(letters[0].letter.death, Death::Rejected("no\nuse: \"ä\"".to_owned()));
    // A reason is cut, between two letters of it.
    assert_eq!(letters[1].letter.death, Death::Failures("ü".repeat(2_048)));
    assert_eq!((letters[1].letter.deliveries, letters[1].letter.failures), (1, 1));

    assert!(there.retry(&letters[0])?);
    assert!(!here.retry(&letters[0])?, "it is an item again");
    assert!(!here.purge(&letters[0])?, "it is an item again");
    assert_eq!(counts(&there.statistics()?), [4, 0, 2, 2, 0]);
    assert!(here.purge(&letters[1])?);
    assert!(!there.purge(&letters[1])? && !there.retry(&letters[1])?, "it was purged");
    assert_eq!(counts(&there.statistics()?), [4, 0, 2, 1, 1]);

    let last = consumer.lease_many_within(9, Patience::Try)?;
    let told: Vec<_> = last.iter().map(|one| (one.to_vec(), one.deliveries())).collect();
    assert_eq!(told, [(item(3), 1), (item(0), 1)], "as if it had never been leased, at the end");
    last.into_iter().try_for_each(Lease::nack)?;
    assert_eq!(counts(&here.statistics()?), [4, 0, 2, 1, 1]);
    Ok(())
}

#[test]
fn what_waits_or_is_leased_is_looked_at_in_the_order_of_puts() -> Result<(), Failure> {
    const ITEMS: u32 = 150;
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(200));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let consumer = there.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(there.items()?.map(|items| items.len()), Some(0));
    here.producer::<Vec<u8>, _>(Raw)?.put_many((0..ITEMS).map(item))?;
    let mut leases = consumer.lease_many_within(5, Patience::Try)?;
    let positions: Vec<u64> = leases.iter().map(Lease::position).collect();
    assert_eq!(positions, [0, 1, 2, 3, 4]);
    leases.remove(1).ack()?;
    leases.remove(1).nack()?;
    leases.remove(1).reject("no use")?;
    let seen = here.items()?.expect("it lets everybody look");
    let seen: Vec<_> = seen.into_iter().map(|one| (one.position, one.bytes.to_vec())).collect();
    let expected: Vec<_> =
        (0..ITEMS).filter(|id| ![1, 3].contains(id)).map(|id| (id.into(), item(id))).collect();
    assert_eq!(seen, expected);
    Ok(())
}
