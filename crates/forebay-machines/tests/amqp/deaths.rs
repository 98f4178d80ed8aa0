//! Processes that are killed with what they hold, and buffers that are deleted.

use std::thread;

use forebay_machines::{Fault, LeaseError, Raw, Refusal, Settings, TakeError, connect};

use crate::servers::deaths::{self, Heard, Holds};
use crate::servers::{Buffers, Server};
use crate::{Beside, Failure, PATIENCE, item, within};

/// Not a check: the process that is killed.
#[test]
fn one_that_holds_things() -> Result<(), Failure> {
    deaths::hold(Holds::TwoLeases)
}

#[test]
fn what_a_killed_process_held_comes_back() -> Result<(), Failure> {
    deaths::held_comes_back("rabbitmq", Heard::AtOnce)
}

#[test]
fn a_join_outlives_the_death_of_a_worker() -> Result<(), Failure> {
    deaths::join_outlives("rabbitmq")
}

#[test]
fn a_lease_over_its_delivery_limit_by_deaths_is_a_dead_letter() -> Result<(), Failure> {
    deaths::over_the_limit("rabbitmq")
}

#[test]
fn a_buffer_that_is_deleted_is_gone_for_everyone() -> Result<(), Failure> {
    deaths::deleted_is_gone("rabbitmq")
}

#[test]
fn a_buffer_whose_items_somebody_deletes_is_gone_and_can_be_made_again() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(4));
    let (buffer, idle) = (connect(&url)?, connect(&url)?);
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let lease = consumer.lease()?;
    let waiting = {
        let consumer = consumer.clone();
        thread::spawn(move || consumer.take().map_err(|error| error.to_string()))
    };
    while buffer.statistics()?.consumers_waiting == 0 {
        thread::yield_now();
    }
    let beside = Beside::new(&server)?;
    beside.delete(&beside.part(&url, "items")?)?;
    // It was not closed: nobody is told so.
    let refused = producer.put(item(1)).map_err(|error| (error.item, error.refusal));
    assert_eq!(refused, Err((item(1), Refusal::Unable(Fault::Gone))));
    assert_eq!(buffer.statistics().err(), Some(Fault::Gone));
    let told = within(PATIENCE, move || waiting.join().expect("a take"));
    assert_eq!(told, Err(TakeError::Unable(Fault::Gone).to_string()));
    assert_eq!(consumer.try_take(), Err(TakeError::Unable(Fault::Gone)));
    assert_eq!(lease.ack(), Err(LeaseError::Unable(Fault::Gone)));
    // What is left of it goes.
    idle.delete()?;
    Settings::new(4).create(&url)?;
    assert_eq!(connect(&url)?.statistics()?.waiting, 0);
    Ok(())
}
