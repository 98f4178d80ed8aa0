//! Connections that are cut in the midst of everything: what was asked is asked again, and done once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use forebay_machines::{Fault, Raw, Refusal, Settings, TakeError, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, beside, distinct, item, within};

/// Cuts all connections again and again, while `done` is false; how often there was one to cut.
fn cut(server: &Server, done: &AtomicBool) -> Result<u64, Failure> {
    let mut own = beside(server)?;
    let mut cuts = 0;
    while !done.load(Ordering::SeqCst) {
        for kind in ["normal", "pubsub"] {
            let mut kill = redis::cmd("CLIENT");
            kill.arg("KILL").arg("TYPE").arg(kind).arg("SKIPME").arg("yes");
            cuts += kill.query::<u64>(&mut own)?;
        }
        thread::sleep(Duration::from_millis(7));
    }
    Ok(cuts)
}

#[test]
fn nothing_is_lost_or_doubled_while_connections_are_cut() -> Result<(), Failure> {
    const EACH: u32 = 600;
    let Some(server) = Server::of_its_own("redis", "cuts") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(16).create(&url)?;
    let done = Arc::new(AtomicBool::new(false));
    let cutting = {
        let (server, done) = (Server::clone(&server), Arc::clone(&done));
        thread::spawn(move || cut(&server, &done).map_err(|error| error.to_string()))
    };
    let putting: Vec<_> = (0..2)
        .map(|number| {
            let url = url.clone();
            thread::spawn(move || {
                let buffer = connect_at_last(&url);
                let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("a producer");
                for id in number * EACH..(number + 1) * EACH {
                    producer.put(item(id)).expect("a put, however often it is cut");
                }
            })
        })
        .collect();
    let taking: Vec<_> = (0..2)
        .map(|number| {
            let url = url.clone();
            thread::spawn(move || {
                let buffer = connect_at_last(&url);
                let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
                let mut taken = Vec::new();
                loop {
                    // One takes, the other leases and acks.
                    let next = if number == 0 {
                        consumer.take()
                    } else {
                        consumer.lease().map(|lease| lease.ack().expect("an ack, asked again"))
                    };
                    match next {
                        Ok(item) => taken.push(item),
                        Err(TakeError::Closed) => return taken,
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    let taken = within(PATIENCE * 3, move || {
        for put in putting {
            put.join().expect("puts");
        }
        connect_at_last(&url).close().expect("a close");
        let taken: Vec<_> =
            taking.into_iter().flat_map(|take| take.join().expect("takes")).collect();
        taken
    });
    done.store(true, Ordering::SeqCst);
    let cuts = cutting.join().expect("cuts")?;
    assert!(cuts > 20, "{cuts} cuts only");
    assert_eq!(taken.len(), 2 * EACH as usize, "items taken, with {cuts} cuts");
    assert_eq!(distinct(taken), (0..2 * EACH).map(item).collect::<Vec<_>>());
    Ok(())
}

/// To connect is tried once; here it may be cut.
fn connect_at_last(url: &str) -> forebay_machines::Buffer {
    loop {
        if let Ok(buffer) = connect(url) {
            return buffer;
        }
    }
}

#[test]
fn a_buffer_that_is_deleted_is_gone_for_everyone() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(1));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let waiting = thread::spawn(move || producer.put(item(1)).map_err(|error| error.refusal));
    while buffer.statistics()?.producers_waiting == 0 {
        thread::yield_now();
    }
    connect(&url)?.delete()?;
    let refused = within(PATIENCE, move || waiting.join().expect("a put"));
    assert_eq!(refused, Err(Refusal::Unable(Fault::Gone)));
    // Another one of the same name is not the same.
    Settings::new(1).create(&url)?;
    assert_eq!(buffer.statistics().err(), Some(Fault::Gone));
    Ok(())
}
