//! Connections that are cut in the midst of everything: what was asked is asked again, and done once.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use forebay_machines::{Buffer, Raw, Settings, TakeError, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, distinct, item, within};

/// A way to a server that can be cut.
struct Way {
    port: u16,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(server: &Server) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (port, there) = (listener.local_addr()?.port(), server.port());
        let open = Arc::<Mutex<Vec<TcpStream>>>::default();
        let kept = Arc::clone(&open);
        thread::spawn(move || {
            for here in listener.incoming().flatten() {
                // Whoever comes while the server is away is sent away.
                let Ok(there) = TcpStream::connect(("127.0.0.1", there)) else { continue };
                let _ = (here.set_nodelay(true), there.set_nodelay(true));
                let again = |end: &TcpStream| end.try_clone().expect("another handle");
                kept.lock().expect("nobody panics here").extend([again(&here), again(&there)]);
                carry(again(&here), again(&there));
                carry(there, here);
            }
        });
        Ok(Self { port, open })
    }

    /// Cuts all that is open; how many connections that was.
    fn cut(&self) -> usize {
        let open: Vec<_> = self.open.lock().expect("nobody panics here").drain(..).collect();
        for end in &open {
            let _ = end.shutdown(Shutdown::Both);
        }
        open.len() / 2
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[test]
fn nothing_is_lost_or_doubled_while_connections_are_cut() -> Result<(), Failure> {
    const EACH: u32 = 400;
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let straight = buffers.create(&Settings::new(16));
    let way = Way::to(&server)?;
    let url = straight.replace(&format!(":{}/", server.port()), &format!(":{}/", way.port));
    let done = Arc::new(AtomicBool::new(false));
    let putting: Vec<_> = (0..2)
        .map(|number| {
            let producer = connect_at_last(&url).producer::<Vec<u8>, _>(Raw)?;
            Ok::<_, Failure>(thread::spawn(move || {
                for id in number * EACH..(number + 1) * EACH {
                    producer.put(item(id)).expect("a put, however often it is cut");
                }
            }))
        })
        .collect::<Result<_, _>>()?;
    let taking: Vec<_> = (0..2)
        .map(|number| {
            let consumer = connect_at_last(&url).consumer::<Vec<u8>, _>(Raw)?;
            Ok::<_, Failure>(thread::spawn(move || {
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
            }))
        })
        .collect::<Result<_, _>>()?;
    let cutting = {
        let done = Arc::clone(&done);
        thread::spawn(move || {
            let mut cuts = 0;
            while !done.load(Ordering::SeqCst) {
                cuts += way.cut();
                thread::sleep(Duration::from_millis(40));
            }
            cuts
        })
    };
    let end = connect(&straight)?;
    let taken = within(PATIENCE * 3, move || {
        for put in putting {
            put.join().expect("puts");
        }
        end.close().expect("a close");
        taking.into_iter().flat_map(|take| take.join().expect("takes")).collect::<Vec<_>>()
    });
    done.store(true, Ordering::SeqCst);
    let cuts = cutting.join().expect("cuts");
    assert!(cuts > 20, "{cuts} cuts only");
    assert_eq!(taken.len(), 2 * EACH as usize, "items taken, with {cuts} cuts");
    assert_eq!(distinct(taken), (0..2 * EACH).map(item).collect::<Vec<_>>());
    Ok(())
}

/// To connect is tried once; here it may be cut.
fn connect_at_last(url: &str) -> Buffer {
    loop {
        if let Ok(buffer) = connect(url) {
            return buffer;
        }
    }
}
