//! A server that is killed, and comes back; and one that stands still.

use forebay_machines::{Fault, LeaseError, Raw, Settings, connect};

use crate::servers::Server;
use crate::servers::restarts::{self, Leases};
use crate::{Failure, PATIENCE, item, within};

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_server_is_killed() -> Result<(), Failure> {
    restarts::at_least_once("rabbitmq", 4_000)
}

#[test]
fn a_server_that_stays_away_is_told_after_the_outage() -> Result<(), Failure> {
    restarts::stays_away("rabbitmq", Leases::GoBack)
}

#[test]
fn a_server_that_stands_still_for_a_while_is_waited_for() -> Result<(), Failure> {
    restarts::stands_still("rabbitmq", Fault::Unanswered)
}

#[test]
fn a_server_that_never_wakes_is_given_up() -> Result<(), Failure> {
    // What the take would have had, when nobody waited for it any more, is there.
    restarts::never_wakes("rabbitmq", Fault::Unanswered, &[1])
}

#[test]
fn a_lease_ends_at_the_brokers_own_limit() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("rabbitmq", "limit") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    // Half an hour unless it is told otherwise, and looked at every minute.
    server.control(&["eval", "application:set_env(rabbit, consumer_timeout, 1000)."]);
    server.control(&["eval", "application:set_env(rabbit, channel_tick_interval, 200)."]);
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let lease = consumer.lease()?;
    within(PATIENCE, {
        let buffer = buffer.clone();
        move || while buffer.statistics().expect("counts").leased > 0 {}
    });
    assert_eq!(lease.ack(), Err(LeaseError::Expired));
    let again = consumer.lease_timeout(PATIENCE)?;
    assert_eq!((&*again, again.deliveries()), (&item(0), 2));
    again.ack()?;
    assert_eq!(buffer.statistics()?.finished, 1);
    Ok(())
}
