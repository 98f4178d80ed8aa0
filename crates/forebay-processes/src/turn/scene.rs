//! What tests of turns begin with: a new buffer, and those who stand in its lines.

use std::error::Error;

use forebay_contract::Fault;
use tempfile::TempDir;

use super::Standing;
use crate::consumer::Consumer;
use crate::lock::{self, Limit};
use crate::party::Party;
use crate::waiter::{CALLED, Line, Wish};
use crate::{Buffer, Bytes, Raw, Settings};

pub(crate) type Failure = Box<dyn Error>;
pub(crate) type Of = Consumer<Bytes, Raw>;

pub(crate) const A_LEASE: Wish = Wish { line: Line::Item, leases: true, weight: 0, blocks: 0 };
pub(crate) const THE_END: Wish = Wish { line: Line::Idle, leases: false, weight: 0, blocks: 0 };

/// A buffer, and the folder that goes with it.
pub(crate) fn scene(settings: &Settings) -> Result<(TempDir, Buffer), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("buffer");
    settings.create(&path)?;
    let buffer = Buffer::open(path)?;
    Ok((folder, buffer))
}

/// Puts an item of this length.
pub(crate) fn put(buffer: &Buffer, len: usize) -> Result<(), Failure> {
    buffer.producer::<Bytes, _>(Raw)?.try_put(vec![7; len].as_slice().into())?;
    Ok(())
}

/// Stands in line, and comes only when the test has it come.
pub(crate) fn stand(consumer: &Of, wish: Wish) -> Result<Standing, Failure> {
    Ok(consumer.party.turn(Limit::Forever)?.stand(wish)?.ok_or("a waiter")?)
}

/// Somebody who sleeps in the line for items.
pub(crate) fn sleeper(buffer: &Buffer) -> Result<(Of, Standing), Failure> {
    let consumer = buffer.consumer(Raw)?;
    let standing = stand(&consumer, A_LEASE)?;
    Ok((consumer, standing))
}

pub(crate) fn is_called(consumer: &Of, standing: Standing) -> Result<bool, Fault> {
    Ok(consumer.party.buffer.waiter(standing.waiter)?.state().get() == CALLED)
}

/// As if it were stopped with the lock.
pub(crate) fn stop(party: &Party) -> Result<(), Fault> {
    party.turn(Limit::Forever).map(std::mem::forget)
}

/// One that was [stopped](stop) goes on.
pub(crate) fn go_on(party: &Party) -> Result<(), Fault> {
    let control = party.buffer.control()?;
    control.turns().add(1);
    lock::release(control.lock());
    Ok(())
}
