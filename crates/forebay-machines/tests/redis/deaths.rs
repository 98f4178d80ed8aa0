//! Processes that are killed with what they hold.

use std::thread;
use std::time::Duration;

use forebay_machines::{Patience, Raw, Settings, connect};

use crate::servers::deaths::{self, Holds, Silence};
use crate::servers::{Buffers, Server};
use crate::{Failure, beside, item};

/// Not a check: the process that is killed.
#[test]
fn one_that_holds_things() -> Result<(), Failure> {
    deaths::hold(Holds::OneOfEach)
}

#[test]
fn what_a_killed_process_held_comes_back() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let Silence { buffers: _buffers, url, buffer, producer, consumer } = deaths::silence(&server)?;
    // Which is turned forward here.
    let name = url.rsplit('/').next().ok_or("a name")?;
    let mut own = beside(&server)?;
    for held in ["due", "permits"] {
        let key = format!("forebay:{{{name}}}:{held}");
        let of_all: Vec<(String, f64)> =
            redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).arg("WITHSCORES").query(&mut own)?;
        assert_eq!(of_all.len(), 1, "{held}");
        let until = of_all[0].1 - 30_000.0;
        redis::cmd("ZADD").arg(&key).arg(until).arg(&of_all[0].0).exec(&mut own)?;
    }
    let again = consumer.lease_timeout(Duration::from_mins(1))?;
    assert_eq!((&*again, again.deliveries()), (&item(0), 2));
    again.ack()?;
    producer.try_put(item(4)).map_err(|error| error.refusal)?;
    assert_eq!(consumer.take_many_within(9, Patience::Try)?, [item(2), item(3), item(4)]);
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    Ok(())
}

#[test]
fn a_lease_that_is_kept_is_renewed() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(3));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let lease = consumer.lease()?;
    let name = url.rsplit('/').next().ok_or("a name")?;
    let (key, mut own) = (format!("forebay:{{{name}}}:due"), beside(&server)?);
    let mut until = || -> Result<f64, Failure> {
        let one: Vec<(String, f64)> =
            redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).arg("WITHSCORES").query(&mut own)?;
        Ok(one.first().ok_or("a lease")?.1)
    };
    let first = until()?;
    while until()? <= first {
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(lease.ack()?, item(0));
    Ok(())
}
