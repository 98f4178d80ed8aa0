//! A server that is killed, and comes back; and one that stands still.

use forebay_machines::Fault;

use crate::Failure;
use crate::servers::restarts::{self, Leases};

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
    // It counted first, and heard nothing: nothing was sent.
    restarts::stands_still("kafka", Fault::Unreachable)
}

#[test]
fn a_server_that_never_wakes_is_given_up() -> Result<(), Failure> {
    // So is what was leased by the connection that was given up.
    restarts::never_wakes("kafka", Fault::Unreachable, &[0, 1])
}
