//! Blocking forms anywhere, async forms under any executor.

use std::thread;

use forebay_conformance::task::block_on;
use forebay_machines::{Buffer, Options, Raw, Settings, connect};
use tokio::runtime::Builder;

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, item, within};

#[test]
fn blocking_forms_are_called_within_somebodys_runtime() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let runtime = Builder::new_current_thread().build()?;
    let taken = within(PATIENCE, move || {
        runtime.block_on(async {
            let buffer = connect(&url).map_err(|error| error.to_string())?;
            let producer = buffer.producer::<Vec<u8>, _>(Raw).map_err(|fault| fault.to_string())?;
            let consumer = buffer.consumer::<Vec<u8>, _>(Raw).map_err(|fault| fault.to_string())?;
            producer.put(item(0)).map_err(|error| error.to_string())?;
            producer.put_async(item(1)).await.map_err(|error| error.to_string())?;
            let lease = consumer.lease_async().await.map_err(|error| error.to_string())?;
            let first = lease.ack_async().await.map_err(|error| error.to_string())?;
            let second = consumer.take().map_err(|error| error.to_string())?;
            Ok::<_, String>([first, second])
        })
    })?;
    assert_eq!(taken, [item(0), item(1)]);
    Ok(())
}

#[test]
fn async_forms_need_no_runtime_at_all() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.url();
    block_on(Settings::new(1).create_async(&url, &Options::new()))?;
    let buffer = block_on(Buffer::connect_async(&url, &Options::new()))?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let putting = thread::spawn(move || {
        block_on(producer.put_many_async((0..50).map(item))).map(|batch| batch.placed)
    });
    for id in 0..50 {
        assert_eq!(block_on(consumer.take_async())?, item(id));
    }
    assert_eq!(putting.join().expect("a put").map_err(|error| error.refusal), Ok(50));
    block_on(buffer.join_async())?;
    assert_eq!(buffer.statistics()?.finished, 50);
    Ok(())
}
