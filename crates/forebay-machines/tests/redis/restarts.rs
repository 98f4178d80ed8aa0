//! A server that is killed, and comes back; and one that stands still.

use std::thread;
use std::time::Duration;

use forebay_machines::{Raw, Settings, connect};

use crate::servers::Server;
use crate::servers::restarts::{self, Leases};
use crate::{Failure, PATIENCE, beside, item, within};

#[test]
fn nothing_is_lost_or_doubled_when_the_server_is_killed() -> Result<(), Failure> {
    // A restart forgets what was set while it ran.
    let always = |server: &Server| -> Result<(), Failure> {
        let mut own = beside(server)?;
        Ok(redis::cmd("CONFIG").arg("SET").arg("appendfsync").arg("always").exec(&mut own)?)
    };
    restarts::exactly_once("redis", always).map(drop)
}

#[test]
fn a_server_that_stays_away_is_told_after_the_outage() -> Result<(), Failure> {
    restarts::stays_away("redis", Leases::Stay)
}

#[test]
fn a_server_that_stands_still_for_a_while_is_waited_for() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("redis", "frozen") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    server.does("freeze");
    let putting = thread::spawn(move || producer.put(item(0)).is_ok());
    // Longer than an answer may take: it is asked again, and what was asked twice is done once.
    thread::sleep(Duration::from_secs(7));
    server.does("thaw");
    assert!(within(PATIENCE, move || putting.join().expect("a put")));
    assert_eq!(buffer.statistics()?.produced, 1);
    Ok(())
}
