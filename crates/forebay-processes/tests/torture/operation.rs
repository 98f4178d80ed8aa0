//! What is done while a process is killed, and what the buffer may then hold.

use std::path::Path;
use std::time::Duration;

use forebay_processes::{
    Buffer, Bytes, Consumer, Durability, Lease, Overflow, Patience, Producer, Raw, Settings,
};
use nix::sys::signal::{Signal, raise};

use crate::child::{Ended, Process, text};
use crate::scene::{self, Scene, named};

/// One operation, from the call to its return.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// What it needs of the buffer.
    pub(crate) settings: fn(Settings) -> Settings,
    /// What the survivor does before.
    pub(crate) stage: fn(&mut Scene),
    /// What the child does; it says when it begins and when it is done.
    act: fn(&Path, &Gate),
    /// What the survivor does while the child is about it.
    pub(crate) meanwhile: Option<fn(&Scene)>,
    /// What the buffer may hold after a death, from the first moment to the last.
    pub(crate) pictures: &'static [&'static str],
}

/// What happens to the child between the beginning and the end of its operation.
pub(crate) enum Gate {
    #[cfg(feature = "crash-points")]
    Dies(u64),
    #[cfg(feature = "crash-points")]
    Stops(u64),
    /// Its parent steps it.
    Stepped,
    /// It runs, and says when it is done.
    Runs,
}

impl Gate {
    fn read(word: &str) -> Self {
        match word.split_once(':') {
            #[cfg(feature = "crash-points")]
            Some(("dies", store)) => Self::Dies(store.parse().expect("a number")),
            #[cfg(feature = "crash-points")]
            Some(("stops", store)) => Self::Stops(store.parse().expect("a number")),
            _ if word == "stepped" => Self::Stepped,
            _ => Self::Runs,
        }
    }

    fn begin(&self) {
        match self {
            #[cfg(feature = "crash-points")]
            Self::Dies(store) => forebay_processes::crash::arm(*store),
            #[cfg(feature = "crash-points")]
            Self::Stops(store) => forebay_processes::crash::arm_stop(*store),
            Self::Stepped => {
                nix::sys::ptrace::traceme().expect("a child may be traced");
                raise(Signal::SIGSTOP).expect("a signal to oneself");
            }
            Self::Runs => {}
        }
    }

    /// The process ends here: nothing is dropped, as in a death.
    fn end(&self) -> ! {
        #[cfg(feature = "crash-points")]
        if matches!(self, Self::Dies(_) | Self::Stops(_)) {
            print!("{}", forebay_processes::crash::disarm());
        }
        if matches!(self, Self::Stepped) {
            let _ = raise(Signal::SIGSTOP);
        }
        let _ = std::io::Write::flush(&mut std::io::stdout());
        std::process::exit(0)
    }
}

/// The child's part.
pub(crate) fn act(words: &[&str]) {
    let [name, path, gate] = words else { panic!("{words:?} is no operation") };
    let operation = OPERATIONS.iter().find(|operation| operation.name == *name);
    (operation.expect("a known operation").act)(Path::new(path), &Gate::read(gate));
}

impl Operation {
    pub(crate) fn named(name: &str) -> &'static Self {
        OPERATIONS.iter().find(|operation| operation.name == name).expect("a known operation")
    }

    pub(crate) fn scene(&self) -> Scene {
        let mut scene = Scene::new(&(self.settings)(scene::settings(3)));
        (self.stage)(&mut scene);
        scene
    }

    pub(crate) fn start(&self, path: &Path, gate: &str) -> Process {
        Process::start("operation", &[self.name, text(path), gate])
    }

    /// Which of the pictures this is, from `from` on: time does not go back.
    pub(crate) fn find(&self, picture: &str, from: usize) -> Result<usize, String> {
        let later = self.pictures.iter().skip(from).position(|known| *known == picture);
        later
            .map(|at| from + at)
            .ok_or_else(|| format!("holds `{picture}`, not one of {:?}", &self.pictures[from..]))
    }
}

fn open(path: &Path) -> Buffer {
    Buffer::open(path).expect("the buffer opens")
}

fn producer(path: &Path) -> Producer {
    open(path).producer(Raw).expect("there is room")
}

fn consumer(path: &Path) -> Consumer {
    open(path).consumer(Raw).expect("there is room")
}

fn lease(path: &Path) -> Lease {
    consumer(path).try_lease().expect("an item waits")
}

fn put(path: &Path, gate: &Gate, item: &str) {
    let producer = producer(path);
    let item = named(item);
    gate.begin();
    producer.put(item).expect("there is room");
    gate.end();
}

fn put_with(path: &Path, gate: &Gate, overflow: Overflow) {
    let producer = producer(path).with_overflow(overflow);
    let item = named("d");
    gate.begin();
    let _ = producer.put(item);
    gate.end();
}

/// A lease made before, then its end.
fn answer(path: &Path, gate: &Gate, answer: impl FnOnce(Lease)) {
    let lease = lease(path);
    gate.begin();
    answer(lease);
    gate.end();
}

/// Somebody who dies with what the operation of this name left.
fn die_with(scene: &Scene, name: &str) {
    let ended = Operation::named(name).start(&scene.path, "runs").end();
    assert_eq!(ended, Ended::Well(String::new()), "{name}");
}

fn plain(settings: Settings) -> Settings {
    settings
}

fn bc(scene: &mut Scene) {
    scene.hold();
    scene.put("b c");
}

const HOUR: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_millis(2);

macro_rules! operations {
    ($($name:literal, $settings:expr, $stage:expr, $act:expr, $(while $meanwhile:expr,)?
        [$($picture:literal),*];)*) => {
        pub(crate) const OPERATIONS: &[Operation] = &[$(Operation {
            name: $name,
            settings: $settings,
            stage: $stage,
            act: $act,
            meanwhile: operations!(@ $($meanwhile)?),
            pictures: &[$($picture),*],
        }),*];
    };
    (@) => { None };
    (@ $meanwhile:expr) => { Some($meanwhile) };
}

operations! {
    "put", plain, bc, |path, gate| put(path, gate, "d"), ["b c", "b c d"];
    "put-middling", plain, bc, |path, gate| put(path, gate, "d:700"), ["b c", "b c d"];
    "put-long", plain, bc, |path, gate| put(path, gate, "d:1100"), ["b c", "b c d"];
    "put-weighed", |settings| settings.capacity_bytes(5000), bc,
        |path, gate| put(path, gate, "d:1100"), ["b c", "b c d"];
    "put-power", |settings| settings.durability(Durability::Power), bc,
        |path, gate| put(path, gate, "d"), ["b c", "b c d"];
    "put-many", |_| scene::settings(5), bc, |path, gate| {
        let producer = producer(path);
        let items = ["d", "e:300", "f"].map(named);
        gate.begin();
        producer.put_many(items).expect("there is room");
        gate.end();
    }, ["b c", "b c d", "b c d e", "b c d e f"];
    "reserve-put", plain, bc, |path, gate| {
        let producer = producer(path);
        gate.begin();
        let permit = producer.reserve().expect("there is room");
        permit.put(named("d")).expect("a place was set aside");
        gate.end();
    }, ["b c", "b c d"];
    "reserve-put-long", plain, bc, |path, gate| {
        let producer = producer(path);
        gate.begin();
        let permit = producer.reserve().expect("there is room");
        permit.put(named("d:1100")).expect("a place was set aside");
        gate.end();
    }, ["b c", "b c d"];
    "reserve-drop", plain, bc, |path, gate| {
        let producer = producer(path);
        gate.begin();
        drop(producer.reserve().expect("there is room"));
        gate.end();
    }, ["b c"];
    "drop-oldest", |_| scene::settings(2), bc,
        |path, gate| put_with(path, gate, Overflow::DropOldest),
        ["b c", "c; dropped 1", "c d; dropped 1"];
    "drop-oldest-weighed", |settings| settings.capacity_bytes(1000),
        |scene| { scene.hold(); scene.put("b:500 c:450"); },
        |path, gate| {
            let producer = producer(path).with_overflow(Overflow::DropOldest);
            let item = named("d:900");
            gate.begin();
            let _ = producer.put(item);
            gate.end();
        }, ["b c", "c; dropped 1", "; dropped 2", "d; dropped 2"];
    "drop-this", |_| scene::settings(2), bc,
        |path, gate| put_with(path, gate, Overflow::DropThis), ["b c", "b c; dropped 1"];
    "refused", |_| scene::settings(2), bc,
        |path, gate| put_with(path, gate, Overflow::Refuse), ["b c"];
    "put-waits", |_| scene::settings(2), bc, |path, gate| {
        let producer = producer(path);
        gate.begin();
        let _ = producer.put_timeout(named("d"), SOON);
        gate.end();
    }, ["b c"];
    "put-called", |_| scene::settings(2), bc, |path, gate| put(path, gate, "d"),
        while |scene| { scene.consumer.try_take().expect("b"); },
        ["c; finished 1", "c d; finished 1"];
    "put-long-called", |_| scene::settings(2), bc,
        |path, gate| put(path, gate, "d:1100"),
        while |scene| { scene.consumer.try_take().expect("b"); },
        ["c; finished 1", "c d; finished 1"];
    "take", plain, bc, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        consumer.take().expect("b");
        gate.end();
    }, ["b c", "c; finished 1"];
    "take-long", plain, |scene| { scene.hold(); scene.put("b:1100 c"); }, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        consumer.take().expect("b");
        gate.end();
    }, ["b c", "c; finished 1"];
    "take-many", plain, |scene| { scene.hold(); scene.put("b:300 c d"); }, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        consumer.take_many(2).expect("b and c");
        gate.end();
    }, ["b c d", "c d; finished 1", "d; finished 2"];
    "take-waits", plain, Scene::hold, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        let _ = consumer.take_timeout(SOON);
        gate.end();
    }, [""];
    "take-called", plain, Scene::hold, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        consumer.take().expect("b");
        gate.end();
    }, while |scene| scene.put("b"), ["b", "; finished 1"];
    "lease-called", |settings| settings.lease_time(HOUR), Scene::hold, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        std::mem::forget(consumer.lease().expect("b"));
        gate.end();
    }, while |scene| scene.put("b"), ["b", "b+1"];
    "lease", plain, bc, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        std::mem::forget(consumer.lease().expect("b"));
        gate.end();
    }, ["b c", "b+1 c"];
    "lease-returned", |settings| settings.lease_time(HOUR), |scene| {
        scene.hold();
        scene.put("b c:300 d");
        let leases = scene.consumer.lease_many_within(3, Patience::Try).expect("b, c and d");
        for lease in leases {
            lease.nack().expect("held");
        }
    }, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        std::mem::forget(consumer.lease().expect("b"));
        gate.end();
    }, ["b+1 c+1 d+1", "b+2 c+1 d+1"];
    "lease-many", |settings| settings.lease_time(HOUR), bc, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        std::mem::forget(consumer.lease_many_within(2, Patience::Forever).expect("b and c"));
        gate.end();
    }, ["b c", "b+1 c", "b+1 c+1"];
    "ack", plain, bc, |path, gate| answer(path, gate, |lease| { lease.ack().expect("held"); }),
        ["b+1 c", "c; finished 1"];
    "ack-long", |settings| settings.lease_time(HOUR),
        |scene| { scene.hold(); scene.put("b:1100 c"); },
        |path, gate| answer(path, gate, |lease| { lease.ack().expect("held"); }),
        ["b+1 c", "c; finished 1"];
    "ack-synced", |settings| settings.durability(Durability::Power), bc,
        |path, gate| answer(path, gate, |lease| { lease.ack_synced().expect("held"); }),
        ["b+1 c", "c; finished 1"];
    "ack-many", |settings| settings.lease_time(HOUR), |scene| { scene.hold(); scene.put("b c:300 d"); },
        |path, gate| {
            let consumer = consumer(path);
            let leases = consumer.lease_many_within(2, Patience::Forever).expect("b and c");
            gate.begin();
            consumer.ack_many(leases).expect("held");
            gate.end();
        }, ["b+1 c+1 d", "c+1 d; finished 1", "d; finished 2"];
    "ack-and-lease", plain, bc, |path, gate| {
        let consumer = consumer(path);
        let lease = consumer.try_lease().expect("b");
        gate.begin();
        lease.ack().expect("held");
        std::mem::forget(consumer.lease().expect("c"));
        gate.end();
    }, ["b+1 c", "c; finished 1", "c+1; finished 1"];
    "nack", |settings| settings.lease_time(HOUR), bc,
        |path, gate| answer(path, gate, |lease| lease.nack().expect("held")), ["b+1 c"];
    "fail", plain, bc, |path, gate| answer(path, gate, |lease| lease.fail("no").expect("held")),
        ["b+1 c", "b+1-1 c"];
    "fail-to-death", |settings| settings.max_failures(1), bc,
        |path, gate| answer(path, gate, |lease| lease.fail("bad").expect("held")),
        ["b+1 c", "c; dead b+1-1!failed(bad)"];
    "reject", |settings| settings.lease_time(HOUR), |scene| { scene.hold(); scene.put("b:1100 c"); },
        |path, gate| answer(path, gate, |lease| lease.reject("bad").expect("held")),
        ["b+1 c", "c; dead b+1!rejected(bad)"];
    "lease-dropped", |settings| settings.max_deliveries(1), bc,
        |path, gate| answer(path, gate, drop), ["c; dead b+1!delivered"];
    "extend", |settings| settings.lease_time(HOUR), bc,
        |path, gate| answer(path, gate, |mut lease| lease.extend(HOUR * 2).expect("held")),
        ["b+1 c"];
    "expire", |settings| settings.lease_time(HOUR), |scene| {
        scene.put("b c");
        let mut lease = scene.consumer.try_lease().expect("b");
        lease.extend(Duration::ZERO).expect("held");
        std::mem::forget(lease);
    }, |path, gate| {
        let consumer = consumer(path);
        gate.begin();
        std::mem::forget(consumer.lease().expect("b"));
        gate.end();
    }, ["b+1 c", "b+2 c"];
    "expire-to-death", |settings| settings.lease_time(HOUR).max_deliveries(1), |scene| {
        scene.put("b c");
        let mut lease = scene.consumer.try_lease().expect("b");
        lease.extend(Duration::ZERO).expect("held");
        std::mem::forget(lease);
    }, |path, gate| {
        let producer = producer(path);
        gate.begin();
        let _ = producer.try_put(named("d"));
        gate.end();
    }, ["c; dead b+1!delivered", "c d; dead b+1!delivered"];
    "close", plain, bc, |path, gate| {
        let buffer = open(path);
        gate.begin();
        buffer.close().expect("anybody may close");
        gate.end();
    }, ["b c", "b c; closed"];
    "retry", plain, |scene| {
        scene.hold();
        scene.put("b:300 c");
        scene.consumer.try_lease().expect("b").reject("bad").expect("held");
    }, |path, gate| {
        let buffer = open(path);
        let letter = buffer.dead_letters().expect("they can be read").remove(0);
        gate.begin();
        assert!(buffer.retry(&letter).expect("it can be put back"));
        gate.end();
    }, ["c; dead b+1!rejected(bad)", "b c"];
    "purge", plain, |scene| {
        scene.hold();
        scene.put("b:1100 c");
        scene.consumer.try_lease().expect("b").reject("bad").expect("held");
    }, |path, gate| {
        let buffer = open(path);
        let letter = buffer.dead_letters().expect("they can be read").remove(0);
        gate.begin();
        assert!(buffer.purge(&letter).expect("it can be dropped"));
        gate.end();
    }, ["c; dead b+1!rejected(bad)", "c; dropped 1"];
    "join-waits", plain, bc, |path, gate| {
        let buffer = open(path);
        gate.begin();
        let _ = buffer.join_within(Patience::lasting(SOON));
        gate.end();
    }, ["b c"];
    "join", plain, |_| {}, |path, gate| {
        let buffer = open(path);
        gate.begin();
        buffer.join_within(Patience::Forever).expect("nothing is unfinished");
        gate.end();
    }, [""];
    "open", plain, bc, |path, gate| {
        gate.begin();
        let _buffer = open(path);
        gate.end();
    }, ["b c"];
    "attach-producer", plain, bc, |path, gate| {
        let buffer = open(path);
        gate.begin();
        let _producer = buffer.producer::<Bytes, _>(Raw).expect("there is room");
        gate.end();
    }, ["b c"];
    "attach-consumer", plain, bc, |path, gate| {
        let buffer = open(path);
        gate.begin();
        let _consumer = buffer.consumer::<Bytes, _>(Raw).expect("there is room");
        gate.end();
    }, ["b c"];
    "detach", plain, bc, |path, gate| {
        let (producer, consumer) = (producer(path), consumer(path));
        gate.begin();
        drop(producer);
        drop(consumer);
        gate.end();
    }, ["b c"];
    // Those who die with something, by which others are tried.
    "hold-much", |settings| settings.participants(12), bc, |path, gate| {
        let (producer, consumer) = (producer(path), consumer(path));
        gate.begin();
        std::mem::forget(consumer.lease().expect("b"));
        std::mem::forget(producer.reserve().expect("there is room"));
        let _ = producer.put(named("d:1100"));
        gate.end();
    }, ["b c", "b+1 c", "b+1 c d"];
    "sweep", |settings| settings.participants(12), |scene| {
        bc(scene);
        die_with(scene, "hold-much");
    }, |path, gate| {
        gate.begin();
        let _buffer = open(path);
        gate.end();
    }, ["b+1 c d"];
    "sweep-to-death", |settings| settings.participants(12).max_deliveries(1), |scene| {
        bc(scene);
        die_with(scene, "hold-much");
    }, |path, gate| {
        gate.begin();
        let _buffer = open(path);
        gate.end();
    }, ["c d; dead b+1!delivered"];
    "look", plain, bc, |path, gate| {
        let buffer = open(path);
        gate.begin();
        buffer.verify().expect("it can be looked at");
        gate.end();
    }, ["b c"];
    "crowd", |settings| settings.participants(3), bc, |path, gate| {
        std::mem::forget(lease(path));
        // With one more, and the survivor's, as many as there is room for.
        let openings: Vec<Buffer> = (0..2 * 3 + 16 - 2).map(|_| open(path)).collect();
        std::mem::forget(openings);
        gate.begin();
        std::mem::forget(open(path));
        assert!(Buffer::open(path).is_err());
        gate.end();
    }, ["b+1 c"];
    "join-a-full-table", |settings| settings.participants(3), |scene| {
        bc(scene);
        die_with(scene, "crowd");
    }, |path, gate| {
        gate.begin();
        let _buffer = open(path);
        gate.end();
    }, ["b+1 c"];
}
