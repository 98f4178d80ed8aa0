//! A long life of a buffer that several use at the same time, so that they share their syncs.
//!
//! Each has an opening of its own, as processes have, and runs in a thread; between two stores, and while a sync is on the
//! way, another may go on. One runs at a time, so that what the file held at every moment is known.

use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use forebay_processes::crash::{self, Moment};
use forebay_processes::{Buffer, Consumer, Durability, Lease, Patience, Producer, Raw, Refusal};

use crate::baton::Baton;
use crate::history::{Deed, Deeds, History, Place};
use crate::journal::{Recorder, Time};
use crate::workload::{item, number, settings};

/// One of them.
struct Companion {
    buffer: Buffer,
    producer: Producer<Vec<u8>, Raw>,
    consumer: Consumer<Vec<u8>, Raw>,
    leases: Vec<Lease<Vec<u8>, Raw>>,
    recorder: Recorder,
    deeds: Arc<Mutex<Deeds>>,
    random: fastrand::Rng,
    next: u64,
}

/// Lives in a new buffer at this path, for so many steps of all together.
pub(crate) fn live(path: &Path, durability: Durability, seed: u64, steps: usize) -> History {
    let mut random = fastrand::Rng::with_seed(seed);
    let many = random.usize(2..7);
    // One place more than there are handles, and two for whoever comes after.
    settings(durability, 3 * many as u32 + 3).create(path).expect("a new buffer");
    let recorder = Recorder::start(path);
    let deeds = Arc::new(Mutex::new(Deeds::default()));
    let baton = Baton::new(many, seed);
    let closes = random.bool();
    let companions: Vec<_> = (0..many)
        .map(|who| {
            let buffer = Buffer::open(path).expect("the buffer");
            Companion {
                producer: buffer.producer(Raw).expect("a producer"),
                consumer: buffer.consumer(Raw).expect("a consumer"),
                buffer,
                leases: Vec::new(),
                recorder: recorder.clone(),
                deeds: Arc::clone(&deeds),
                random: random.fork(),
                next: (who as u64 + 1) << 32,
            }
        })
        .collect();
    thread::scope(|scope| {
        for (who, mut companion) in companions.into_iter().enumerate() {
            let baton = &baton;
            scope.spawn(move || {
                let runner = Rc::new(baton.run(who));
                let (passes, mut random) = (Rc::clone(&runner), companion.random.fork());
                companion.recorder.watch(move |moment| {
                    // A sync takes long enough that others come to wait for it, or for the next one.
                    let times = match moment {
                        Moment::Store => u32::from(random.u32(0..8) == 0),
                        Moment::SyncBegins(..) => random.u32(1..20),
                        Moment::Synced(..) | Moment::Sleeps => 1,
                    };
                    (0..times).for_each(|_| passes.pass());
                });
                let steps = steps / many;
                for step in 0..steps {
                    if closes && who == 0 && step == steps * 9 / 10 {
                        companion.close();
                    }
                    companion.step();
                    runner.pass();
                }
                // What it holds goes back, as long as it runs.
                drop(companion);
                crash::unwatch();
            });
        }
    });
    let journal = recorder.stop();
    let deeds = Arc::try_unwrap(deeds).expect("all have ended").into_inner().expect("no panic");
    History { journal, deeds, durability }
}

impl Companion {
    fn step(&mut self) {
        match self.random.u32(..100) {
            0..34 => self.put(),
            34..40 => self.put_many(),
            40..44 => self.put_permitted(),
            44..70 => self.lease(),
            70..75 => self.take(),
            75..98 => self.answer(),
            _ => self.rejoin(),
        }
    }

    fn deeds(&self) -> MutexGuard<'_, Deeds> {
        self.deeds.lock().expect("no panic")
    }

    fn now(&self) -> Time {
        self.recorder.now()
    }

    /// Another item, which is about to be put.
    fn begin_put(&mut self) -> (Vec<u8>, Deed) {
        self.next += 1;
        let deed = self.deeds().begin(self.next, self.now(), true, Place::Unfinished);
        (item(self.next), deed)
    }

    fn end(&self, deed: &Deed) {
        self.deeds().end(deed, self.now());
    }

    fn end_put(&self, deed: &Deed, put: Result<(), Refusal>) {
        match put {
            Ok(()) => self.end(deed),
            // It may be there, or not.
            Err(Refusal::Unable(_)) => {}
            Err(_) => self.deeds().refuse(deed),
        }
    }

    fn put(&mut self) {
        let (item, deed) = self.begin_put();
        let put = self.producer.try_put(item);
        self.end_put(&deed, put.map(drop).map_err(|error| error.refusal));
    }

    fn put_many(&mut self) {
        let many = self.random.usize(1..5);
        let (items, deeds): (Vec<_>, Vec<_>) = (0..many).map(|_| self.begin_put()).unzip();
        let (put, refusal) = match self.producer.put_many_within(items, Patience::Try) {
            Ok(_) => (many, Refusal::Full),
            Err(error) => (many - error.rest.len(), error.refusal),
        };
        for (index, deed) in deeds.iter().enumerate() {
            self.end_put(deed, if index < put { Ok(()) } else { Err(refusal) });
        }
    }

    fn put_permitted(&mut self) {
        let Ok(permit) = self.producer.try_reserve() else { return };
        if self.random.bool() {
            let (item, deed) = self.begin_put();
            self.end_put(&deed, permit.put(item).map_err(|error| error.refusal));
        }
    }

    fn lease(&mut self) {
        if let Ok(lease) = self.consumer.try_lease() {
            let number = number(&lease).expect("its bytes are all right");
            let before = self.deeds().positions.insert(number, lease.position());
            assert!(before.is_none_or(|before| before == lease.position()), "it moved");
            self.leases.push(lease);
        }
    }

    fn take(&mut self) {
        let begun = self.now();
        if let Ok(bytes) = self.consumer.try_take() {
            let number = number(&bytes).expect("its bytes are all right");
            let deed = self.deeds().begin(number, begun, false, Place::Nowhere);
            self.end(&deed);
        }
    }

    fn answer(&mut self) {
        if self.leases.is_empty() {
            return;
        }
        let lease = self.leases.swap_remove(self.random.usize(..self.leases.len()));
        let number = number(&lease).expect("its bytes are all right");
        let choice = self.random.u32(..10);
        let ack = |lasts| self.deeds().begin(number, self.now(), lasts, Place::Nowhere);
        match choice {
            0..4 => {
                let deed = ack(false);
                lease.ack().expect("it is held");
                self.end(&deed);
            }
            4..8 => {
                let deed = ack(true);
                lease.ack_synced().expect("it is held");
                self.end(&deed);
            }
            8 => lease.nack().expect("it is held"),
            _ => drop(lease),
        }
    }

    /// A consumer leaves with what it holds, and comes again, while others sync.
    fn rejoin(&mut self) {
        self.leases.clear();
        if let Ok(consumer) = self.buffer.consumer(Raw) {
            self.consumer = consumer;
        }
    }

    fn close(&self) {
        let begun = self.now();
        // A loss of power may come before it has returned.
        self.deeds().closed = Some((begun, Time::MAX));
        self.buffer.close().expect("it can be closed");
        self.deeds().closed = Some((begun, self.now()));
    }
}
