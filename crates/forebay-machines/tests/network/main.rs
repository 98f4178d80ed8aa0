//! What a buffer on a server does when the network is bad: every engine, through a proxy, against an account that stands
//! outside.
//!
//! `FOREBAY_TORTURE_SECONDS` makes silence and cutting last that long.

#![cfg(any(feature = "amqp", feature = "nats", feature = "redis"))]

mod ledger;
mod proxy;
#[path = "../servers/mod.rs"]
mod servers;

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, error};

use forebay_conformance::watchdog::watch;
use forebay_machines::{
    Buffer, Fault, LeaseError, Options, Patience, Raw, Refusal, Settings, TakeError, connect,
};

use ledger::Ledger;
use proxy::{Proxy, Weather};
use servers::{Buffers, Server};

type Failure = Box<dyn error::Error>;

/// The engines of which a take whose answer is lost may be seen again, as their docs say (C4).
const SEEN_AGAIN: [&str; 1] = ["rabbitmq"];

/// How long the weather is bad, in seconds, if that is said.
fn told() -> Option<u64> {
    env::var("FOREBAY_TORTURE_SECONDS").ok().and_then(|text| text.parse().ok())
}

/// How long it is cut, or silent.
fn lasting(usual: u64) -> Duration {
    Duration::from_secs(told().unwrap_or(usual))
}

/// No test takes so long unless it hangs.
fn hanging() -> Duration {
    Duration::from_secs(150 + 2 * told().unwrap_or(0))
}

/// A buffer of one server, and a proxy before it.
struct Scene {
    buffers: Buffers,
    proxy: Arc<Proxy>,
    /// Without the proxy, and by it.
    direct: String,
    url: String,
    ledger: Arc<Ledger>,
}

impl Scene {
    fn new(engine: &str, settings: &Settings) -> Option<Self> {
        let server = Server::or_skip(engine)?;
        let port = server.port();
        let proxy = Proxy::before(port, 1);
        let buffers = Buffers::new(server);
        let direct = buffers.create(settings);
        let url = direct.replace(&format!(":{port}/"), &format!(":{}/", proxy.port));
        let ledger = Arc::new(Ledger::new(SEEN_AGAIN.contains(&engine)));
        Some(Self { buffers, proxy: Arc::new(proxy), direct, url, ledger })
    }

    /// A connection by the proxy, however often it takes: a first one is tried once.
    fn connect(&self) -> Buffer {
        connect_at_last(&self.url)
    }

    /// Puts these, one after the other.
    fn puts(&self, items: std::ops::Range<u32>) -> JoinHandle<()> {
        let (url, ledger) = (self.url.clone(), Arc::clone(&self.ledger));
        thread::spawn(move || {
            let producer = connect_at_last(&url).producer::<Vec<u8>, _>(Raw).expect("a producer");
            for item in items {
                match producer.put(bytes(item)) {
                    Ok(_) => ledger.put(item),
                    Err(error) if error.refusal == Refusal::Unable(Fault::Unanswered) => {
                        ledger.perhaps_put(item);
                    }
                    Err(error) => panic!("{item}: {error}"),
                }
            }
        })
    }

    /// Finishes what comes, until the buffer is closed and drained: by leases, some of which are given back, or by takes.
    fn finishes(&self, leases: bool) -> JoinHandle<()> {
        let (url, ledger) = (self.url.clone(), Arc::clone(&self.ledger));
        thread::spawn(move || {
            let consumer = connect_at_last(&url).consumer::<Vec<u8>, _>(Raw).expect("a consumer");
            for round in 0_u32.. {
                if leases {
                    let lease = match consumer.lease() {
                        Ok(lease) => lease,
                        Err(TakeError::Closed) => return,
                        Err(other) => panic!("{other}"),
                    };
                    let item = number(&lease);
                    if round.is_multiple_of(7) {
                        drop(lease);
                        continue;
                    }
                    match lease.ack() {
                        Ok(_) => ledger.acked(item),
                        // It is another's now.
                        Err(LeaseError::Expired | LeaseError::NotHeld) => {}
                        Err(LeaseError::Unable(Fault::Unanswered)) => ledger.perhaps_finished(item),
                        Err(other) => panic!("{item}: {other}"),
                    }
                } else {
                    match consumer.take() {
                        Ok(item) => ledger.taken(number(&item)),
                        Err(TakeError::Closed) => return,
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        })
    }
}

fn connect_at_last(url: &str) -> Buffer {
    // Longer than any weather here lasts.
    let options = Options::new().outage(hanging()).connect_time(Duration::from_secs(2));
    loop {
        if let Ok(buffer) = Buffer::connect_with(url, &options) {
            return buffer;
        }
    }
}

fn bytes(item: u32) -> Vec<u8> {
    // Some are longer than what is read at once.
    let mut bytes = item.to_le_bytes().to_vec();
    bytes.resize(if item.is_multiple_of(50) { 9_000 } else { 40 }, b'.');
    bytes
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}

/// Producers and consumers get on with it while the weather is what `while_they_do` makes of it; in the end nothing is lost.
fn gets_through(
    engine: &'static str,
    each: u32,
    while_they_do: impl FnOnce(&Scene) + Send + 'static,
) -> Result<(), Failure> {
    let Some(scene) = Scene::new(engine, &Settings::new(16)) else { return Ok(()) };
    watch(engine, hanging(), move || {
        let putting: Vec<_> =
            (0..2).map(|number| scene.puts(number * each..(number + 1) * each)).collect();
        let finishing = [scene.finishes(true), scene.finishes(false)];
        while_they_do(&scene);
        scene.proxy.set(Weather::Fair);
        for put in putting {
            put.join().expect("puts");
        }
        connect(&scene.direct).expect("a connection").close().expect("a close");
        for finish in finishing {
            finish.join().expect("takes");
        }
        assert_eq!(scene.ledger.complaints(), [""; 0]);
        let counts = connect(&scene.direct).expect("a connection").statistics().expect("counts");
        assert_eq!((counts.waiting, counts.leased, counts.dead), (0, 0, 0), "{counts:?}");
        drop(scene.buffers);
    })
    .map_err(|mishap| format!("{mishap:?}").into())
}

/// Connections break in the midst of whatever is sent.
fn cut_at_any_byte(engine: &'static str) -> Result<(), Failure> {
    const TIME: u64 = 6;
    // As many as it takes to go on for so long.
    let each = 400 * lasting(TIME).as_secs().div_ceil(TIME) as u32;
    gets_through(engine, each, move |scene| {
        let end = Instant::now() + lasting(TIME);
        while Instant::now() < end && scene.ledger.count() + 10 < 2 * each as usize {
            scene.proxy.set(Weather::Cutting(6_000));
            thread::sleep(Duration::from_millis(400));
            // Those that live long are broken, too.
            scene.proxy.set(Weather::Broken);
            thread::sleep(Duration::from_millis(30));
        }
        assert!(scene.proxy.cuts() > 5, "{} cuts", scene.proxy.cuts());
    })
}

/// For a while nothing arrives, and no connection breaks.
fn silent_for_a_while(engine: &'static str) -> Result<(), Failure> {
    gets_through(engine, 150, |scene| {
        thread::sleep(Duration::from_millis(200));
        scene.proxy.set(Weather::Silent);
        thread::sleep(lasting(7));
    })
}

/// Everything takes its time, and arrives.
fn slow(engine: &'static str) -> Result<(), Failure> {
    gets_through(engine, 20, |scene| {
        scene.proxy.set(Weather::Slow(20_000));
        while scene.ledger.count() < 30 {
            thread::sleep(Duration::from_millis(20));
        }
    })
}

/// Who cannot wait for the network is told so in time, has the item back, and may try again.
fn refused_in_time(engine: &'static str) -> Result<(), Failure> {
    let Some(scene) = Scene::new(engine, &Settings::new(4)) else { return Ok(()) };
    watch(engine, hanging(), move || {
        let options = Options::new().outage(Duration::from_millis(700));
        let buffer = Buffer::connect_with(&scene.url, &options).expect("a connection");
        let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("a producer");
        let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
        producer.put(bytes(1)).expect("a put");
        scene.proxy.set(Weather::Broken);
        // What was on its way when it broke may have arrived; what begins after that has not.
        let _ = consumer.take_within(Patience::Try);
        let refused = producer.put(bytes(2)).expect_err("there is no network");
        assert_eq!(refused.refusal, Refusal::Unable(Fault::Unreachable));
        assert_eq!(refused.item, bytes(2));
        scene.proxy.set(Weather::Fair);
        let producer = scene.connect().producer::<Vec<u8>, _>(Raw).expect("a producer");
        producer.put(bytes(3)).expect("a put");
        let left = connect(&scene.direct).expect("a connection");
        let consumer = left.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
        let mut taken = HashSet::new();
        while let Ok(item) = consumer.take_timeout(Duration::from_millis(300)) {
            assert!(taken.insert(number(&item)), "twice: {item:?}");
        }
        assert!(taken.contains(&3) && !taken.contains(&2), "{taken:?}");
        drop(scene.buffers);
    })
    .map_err(|mishap| format!("{mishap:?}").into())
}

/// A request whose connection broke is asked again, and the server does it then. When the first arrives at last, by the broken
/// connection and after others that were answered, it is not done a second time.
#[cfg(any(feature = "nats", feature = "redis"))]
fn done_once_however_late(engine: &'static str) -> Result<(), Failure> {
    const LATE: u8 = 3;
    let Some(scene) = Scene::new(engine, &Settings::new(64)) else { return Ok(()) };
    watch(engine, hanging(), move || {
        let producer = scene.connect().producer::<Vec<u8>, _>(Raw).expect("a producer");
        let item = |number: u8| format!("the item with number {number}").into_bytes();
        scene.proxy.hold(&item(LATE));
        for number in 0..9 {
            producer.put(item(number)).expect("a put");
        }
        assert!(scene.proxy.holds(), "nothing was held back");
        scene.proxy.release();
        // Nobody tells when it has arrived.
        thread::sleep(Duration::from_millis(500));
        let left = connect(&scene.direct).expect("a connection");
        let consumer = left.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
        let taken: Vec<_> = std::iter::from_fn(|| consumer.try_take().ok()).collect();
        assert_eq!(taken, (0..9).map(item).collect::<Vec<_>>());
        drop(scene.buffers);
    })
    .map_err(|mishap| format!("{mishap:?}").into())
}

/// What was lent by an answer that never came is lent by asking again, and is not waited for until that lease is over.
#[cfg(feature = "redis")]
fn told_again(engine: &'static str) -> Result<(), Failure> {
    let Some(scene) = Scene::new(engine, &Settings::new(64)) else { return Ok(()) };
    watch(engine, hanging(), move || {
        let item = b"the item".to_vec();
        let left = connect(&scene.direct).expect("a connection");
        left.producer::<Vec<u8>, _>(Raw).expect("a producer").put(item.clone()).expect("a put");
        let consumer = scene.connect().consumer::<Vec<u8>, _>(Raw).expect("a consumer");
        scene.proxy.hold(&item);
        let lease = consumer.lease().expect("a lease");
        assert!(scene.proxy.holds(), "nothing was held back");
        scene.proxy.release();
        assert_eq!((&*lease, lease.deliveries()), (&item, 1));
        lease.ack().expect("it is held");
        drop(scene.buffers);
    })
    .map_err(|mishap| format!("{mishap:?}").into())
}

macro_rules! on {
    ($($engine:ident: $feature:literal, $server:literal: $($test:ident = $what:ident)*;)*) => {$(
        #[cfg(feature = $feature)]
        mod $engine {
            use super::Failure;

            $(
                #[test]
                fn $test() -> Result<(), Failure> {
                    super::$what($server)
                }
            )*
        }
    )*};
}

on! {
    amqp: "amqp", "rabbitmq":
        nothing_is_lost_when_connections_are_cut_at_any_byte = cut_at_any_byte
        silence_is_waited_out = silent_for_a_while
        a_slow_network_is_only_slow = slow
        who_cannot_wait_is_told_in_time = refused_in_time;
    nats: "nats", "nats":
        a_request_that_comes_late_is_not_done_again = done_once_however_late
        nothing_is_lost_when_connections_are_cut_at_any_byte = cut_at_any_byte
        silence_is_waited_out = silent_for_a_while
        a_slow_network_is_only_slow = slow
        who_cannot_wait_is_told_in_time = refused_in_time;
    redis: "redis", "redis":
        an_answer_that_is_lost_is_told_again = told_again
        a_request_that_comes_late_is_not_done_again = done_once_however_late
        nothing_is_lost_when_connections_are_cut_at_any_byte = cut_at_any_byte
        silence_is_waited_out = silent_for_a_while
        a_slow_network_is_only_slow = slow
        who_cannot_wait_is_told_in_time = refused_in_time;
}
