//! Calls whose callers go away.

use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use forebay_machines::{Raw, Settings, connect};

use crate::Failure;
use crate::servers::{Buffers, PATIENCE, Server, item};

/// Puts that are dropped while they look again for room stand in no line any more.
#[test]
fn a_put_that_is_dropped_while_it_looks_leaves_no_place() -> Result<(), Failure> {
    const PUTS: u32 = 4;
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let buffer = connect(&buffers.create(&Settings::new(1)))?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let comes_to_wait = |puts: usize| {
        let end = Instant::now() + PATIENCE;
        while buffer.statistics()?.producers_waiting != puts {
            assert!(Instant::now() < end, "{puts} puts that wait were not seen");
            thread::sleep(Duration::from_millis(5));
        }
        Ok::<(), Failure>(())
    };
    for lap in 0..5 {
        producer.put(item(lap))?;
        let mut puts: Vec<Pin<Box<_>>> =
            (0..PUTS).map(|put| Box::pin(producer.put_async(item(put)))).collect();
        for put in &mut puts {
            assert!(put.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        comes_to_wait(PUTS as usize)?;
        // All of them are called, and look.
        consumer.take()?;
        drop(puts);
        comes_to_wait(0)?;
        while consumer.try_take().is_ok() {}
    }
    Ok(())
}
