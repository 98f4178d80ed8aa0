//! A server that is killed, and comes back; and one that stands still.

use std::thread;
use std::time::Duration;

use forebay_machines::{Buffer, Fault, Options, Raw, Refusal, Settings, connect};

use crate::servers::restarts::{self, Leases};
use crate::servers::{Failure, PATIENCE, Server, item, within};

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed() -> Result<(), Failure> {
    restarts::at_least_once("kafka", 600)
}

#[test]
fn a_server_that_stays_away_is_told_after_the_outage() -> Result<(), Failure> {
    restarts::stays_away("kafka", Leases::GoBack)
}

#[test]
fn a_server_that_stands_still_for_a_while_is_waited_for() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("kafka", "frozen") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let hasty = Buffer::connect_with(&url, &Options::new().outage(Duration::from_secs(1)))?;
    let hasty = hasty.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let lease = consumer.lease()?;
    server.does("freeze");
    let putting = thread::spawn(move || producer.put(item(1)).is_ok());
    // A call with a deadline does not wait for as long as the server likes.
    let late = within(PATIENCE, move || {
        let late = hasty.put_timeout(item(2), Duration::from_millis(100));
        late.map_err(|error| error.refusal)
    });
    // It counted first, and heard nothing: nothing was sent.
    assert_eq!(late, Err(Refusal::Unable(Fault::Unreachable)));
    thread::sleep(Duration::from_millis(500));
    server.does("thaw");
    assert!(within(PATIENCE, move || putting.join().expect("a put")));
    // The connection is the same, and so is the lease; but where the cluster has thought the server dead meanwhile, it lends
    // anew.
    let is_acked = lease.ack().is_ok();
    let taken = within(PATIENCE, move || {
        let mut taken = Vec::new();
        while !taken.contains(&item(1)) || !is_acked && !taken.contains(&item(0)) {
            taken.extend(consumer.take_many(9).expect("items"));
        }
        taken
    });
    assert_eq!(taken.contains(&item(0)), !is_acked, "{taken:?}");
    Ok(())
}

#[test]
fn a_server_that_never_wakes_is_given_up() -> Result<(), Failure> {
    // So is what was leased by the connection that was given up.
    restarts::never_wakes("kafka", Fault::Unreachable, &[0, 1])
}
