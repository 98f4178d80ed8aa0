//! The process in which handles live, and its loop.

use std::collections::HashMap;
use std::future::Future;
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::{env, panic, process, thread};

use forebay_contract::{Consume, Leased, Patience, Permitted, Produce};

use super::Distance;
use super::ask::{Ask, Reply, Thing, Told, Verb, receive, send};
use super::link::{END, SERVES};
use super::wire::Wire;
use crate::Plain;

/// Serves handles, if this process was started for that, and then never returns: it ends when the test
/// at the other end of the line does, or lets go of the last handle. Otherwise does nothing.
///
/// The test that calls it is the one that [`Distance::SERVER`] names.
pub fn serve<D: Distance>() {
    if env::var_os(SERVES).is_none() {
        return;
    }
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        tell(panic);
        // The test sees the line break.
        process::exit(101);
    }));
    let line = io::stdin().as_fd().try_clone_to_owned().expect("a line on the standard input");
    let line = Arc::new(Line { stream: line.into(), writing: Mutex::new(()) });
    let mut asks = BufReader::new(&line.stream);
    let mut server =
        Server::<D> { line: Arc::clone(&line), house: Arc::default(), tasks: HashMap::new() };
    while let Ok(word) = receive(&mut asks)
        && word != END
    {
        let (number, ask) = <(u64, Ask)>::whole(&word).expect("a word that means something");
        server.hear(number, ask);
    }
    process::exit(0);
}

/// The near end of the line.
struct Line {
    stream: UnixStream,
    writing: Mutex<()>,
}

impl Line {
    fn tell(&self, told: &Told) {
        let word = told.bytes();
        let _one_at_a_time = lock(&self.writing);
        // Where nobody listens any more, this process is about to end.
        let _ = send(&self.stream, &word);
    }
}

/// Tells that a task was woken.
struct Bell {
    task: u64,
    line: Arc<Line>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.line.tell(&Told::Woken(self.task));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a panic ends the whole process")
}

/// Things by their numbers.
struct Shelf<T>(Mutex<HashMap<u32, T>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Shelf<T> {
    fn keep(&self, number: u32, thing: T) {
        lock(&self.0).insert(number, thing);
    }

    fn take(&self, number: u32) -> T {
        lock(&self.0).remove(&number).expect("what is asked for is there")
    }

    fn with<R>(&self, number: u32, look: impl FnOnce(&mut T) -> R) -> R {
        look(lock(&self.0).get_mut(&number).expect("what is asked for is there"))
    }
}

type PermitOf<D> = <<D as Distance>::Producer as Produce<Plain>>::Permit;
type LeaseOf<D> = <<D as Distance>::Consumer as Consume<Plain>>::Lease;

/// Everything that lives here.
struct House<D: Distance> {
    next: AtomicU32,
    producers: Shelf<Arc<D::Producer>>,
    consumers: Shelf<Arc<D::Consumer>>,
    permits: Shelf<PermitOf<D>>,
    leases: Shelf<LeaseOf<D>>,
}

impl<D: Distance> Default for House<D> {
    fn default() -> Self {
        Self {
            next: AtomicU32::new(0),
            producers: Shelf::default(),
            consumers: Shelf::default(),
            permits: Shelf::default(),
            leases: Shelf::default(),
        }
    }
}

impl<D: Distance> House<D> {
    fn number(&self) -> u32 {
        // Nothing but the number itself is shared by it.
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn producer(&self, number: u32) -> Arc<D::Producer> {
        self.producers.with(number, |producer| Arc::clone(producer))
    }

    fn consumer(&self, number: u32) -> Arc<D::Consumer> {
        self.consumers.with(number, |consumer| Arc::clone(consumer))
    }

    fn keep_producer(&self, producer: D::Producer) -> Vec<u8> {
        let (number, overflow) = (self.number(), producer.overflow());
        self.producers.keep(number, Arc::new(producer));
        (number, overflow).bytes()
    }

    fn keep_consumer(&self, consumer: D::Consumer) -> u32 {
        let number = self.number();
        self.consumers.keep(number, Arc::new(consumer));
        number
    }

    fn keep_permit(&self, permit: PermitOf<D>) -> u32 {
        let number = self.number();
        self.permits.keep(number, permit);
        number
    }

    fn keep_lease(&self, lease: LeaseOf<D>) -> (u32, (Plain, (u32, u32))) {
        let number = self.number();
        let told = ((*lease).clone(), (lease.deliveries(), lease.failures()));
        self.leases.keep(number, lease);
        (number, told)
    }

    /// Calls and waits. The handle has been let go of when this returns.
    fn call(&self, thing: Thing, verb: Verb, patience: Patience) -> Vec<u8> {
        match thing {
            Thing::Producer(number) => {
                let own = self.producer(number);
                match verb {
                    Verb::Put(item) => own.put_within(item, patience).bytes(),
                    Verb::PutMany(items) => own.put_many_within(items, patience).bytes(),
                    Verb::Reserve => {
                        own.reserve_within(patience).map(|permit| self.keep_permit(permit)).bytes()
                    }
                    Verb::Join => own.join_within(patience).bytes(),
                    other => panic!("no producer can do this: {other:?}"),
                }
            }
            Thing::Consumer(number) => {
                let own = self.consumer(number);
                match verb {
                    Verb::Take => own.take_within(patience).bytes(),
                    Verb::TakeMany(max) => own.take_many_within(max, patience).bytes(),
                    Verb::Lease => {
                        own.lease_within(patience).map(|lease| self.keep_lease(lease)).bytes()
                    }
                    Verb::Join => own.join_within(patience).bytes(),
                    other => panic!("no consumer can do this: {other:?}"),
                }
            }
            other => panic!("this makes no calls: {other:?}"),
        }
    }

    /// Calls as a task. The handle has been let go of when this is ready, or dropped.
    async fn call_as_task(self: Arc<Self>, thing: Thing, verb: Verb) -> Vec<u8> {
        match thing {
            Thing::Producer(number) => {
                let own = self.producer(number);
                match verb {
                    Verb::Put(item) => own.put_async(item).await.bytes(),
                    Verb::PutMany(items) => own.put_many_async(items).await.bytes(),
                    Verb::Reserve => {
                        own.reserve_async().await.map(|permit| self.keep_permit(permit)).bytes()
                    }
                    Verb::Join => own.join_async().await.bytes(),
                    other => panic!("no producer can do this: {other:?}"),
                }
            }
            Thing::Consumer(number) => {
                let own = self.consumer(number);
                match verb {
                    Verb::Take => own.take_async().await.bytes(),
                    Verb::TakeMany(max) => own.take_many_async(max).await.bytes(),
                    Verb::Lease => {
                        own.lease_async().await.map(|lease| self.keep_lease(lease)).bytes()
                    }
                    Verb::Join => own.join_async().await.bytes(),
                    other => panic!("no consumer can do this: {other:?}"),
                }
            }
            other => panic!("this makes no calls: {other:?}"),
        }
    }

    fn answer(&self, number: u32, reply: Reply) -> Vec<u8> {
        match reply {
            Reply::Ack => self.leases.take(number).ack().map(Some),
            Reply::Nack => self.leases.take(number).nack().map(|()| None),
            Reply::Fail(reason) => self.leases.take(number).fail(&reason).map(|()| None),
            Reply::Reject(reason) => self.leases.take(number).reject(&reason).map(|()| None),
            Reply::Extend(duration) => {
                self.leases.with(number, |lease| lease.extend(duration)).map(|()| None)
            }
        }
        .bytes()
    }
}

/// Hears what is asked, one after the other; what may wait does so elsewhere.
struct Server<D: Distance> {
    line: Arc<Line>,
    house: Arc<House<D>>,
    tasks: HashMap<u64, Pin<Box<dyn Future<Output = Vec<u8>>>>>,
}

impl<D: Distance> Server<D> {
    fn hear(&mut self, number: u64, ask: Ask) {
        let house = &self.house;
        let is_to_settle = matches!(
            ask,
            Ask::Producer(..) | Ask::Consumer(..) | Ask::Clone(_) | Ask::Drop(_) | Ask::Cancel(_)
        );
        let answer = match ask {
            Ask::Call(thing, verb, patience) if patience != Patience::Try => {
                let (house, line) = (Arc::clone(house), Arc::clone(&self.line));
                thread::spawn(move || {
                    let answer = house.call(thing, verb, patience);
                    line.tell(&Told::Answer(number, answer));
                });
                return;
            }
            Ask::Call(thing, verb, patience) => house.call(thing, verb, patience),
            Ask::Begin(task, thing, verb) => {
                let call = Arc::clone(house).call_as_task(thing, verb);
                self.tasks.insert(task, Box::pin(call));
                self.poll(task)
            }
            Ask::Poll(task) => self.poll(task),
            Ask::Cancel(task) => {
                drop(self.tasks.remove(&task));
                Vec::new()
            }
            Ask::Producer(place, settings) => {
                let made = D::producer(&place, &settings);
                let told = made.map(|producer| house.keep_producer(producer));
                match told {
                    Ok(told) => [true.bytes(), told].concat(),
                    Err(why) => Result::<(), String>::Err(why).bytes(),
                }
            }
            Ask::Consumer(place, settings) => {
                D::consumer(&place, &settings).map(|consumer| house.keep_consumer(consumer)).bytes()
            }
            Ask::Clone(Thing::Producer(of)) => {
                let another = D::Producer::clone(&house.producer(of));
                house.keep_producer(another)
            }
            Ask::Clone(Thing::Consumer(of)) => {
                let another = D::Consumer::clone(&house.consumer(of));
                house.keep_consumer(another).bytes()
            }
            Ask::Clone(other) => panic!("this is not cloned: {other:?}"),
            Ask::WithOverflow(of, overflow) => {
                let producer = Arc::into_inner(house.producers.take(of));
                let producer = producer.expect("nobody calls a producer that is given away");
                let producer = producer.with_overflow(overflow);
                let told = producer.overflow();
                house.producers.keep(of, Arc::new(producer));
                told.bytes()
            }
            Ask::Drop(thing) => {
                match thing {
                    Thing::Producer(number) => drop(house.producers.take(number)),
                    Thing::Consumer(number) => drop(house.consumers.take(number)),
                    Thing::Lease(number) => drop(house.leases.take(number)),
                    Thing::Permit(number) => drop(house.permits.take(number)),
                }
                Vec::new()
            }
            Ask::Answer(lease, reply) => house.answer(lease, reply),
            Ask::PutPermitted(permit, item) => house.permits.take(permit).put(item).bytes(),
            Ask::Close(thing) => {
                match thing {
                    Thing::Producer(number) => house.producer(number).close(),
                    Thing::Consumer(number) => house.consumer(number).close(),
                    other => panic!("this closes nothing: {other:?}"),
                }
                Vec::new()
            }
            Ask::Statistics(thing) => match thing {
                Thing::Producer(number) => house.producer(number).statistics(),
                Thing::Consumer(number) => house.consumer(number).statistics(),
                other => panic!("this has no statistics: {other:?}"),
            }
            .bytes(),
            Ask::TakeDead(number) => house.consumer(number).take_dead().bytes(),
        };
        if is_to_settle {
            D::settle();
        }
        self.line.tell(&Told::Answer(number, answer));
    }

    /// Polls; the answer, if it is ready, as an option on the wire.
    fn poll(&mut self, task: u64) -> Vec<u8> {
        let waker = Waker::from(Arc::new(Bell { task, line: Arc::clone(&self.line) }));
        let future = self.tasks.get_mut(&task).expect("a task that is polled is there");
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => false.bytes(),
            Poll::Ready(answer) => {
                drop(self.tasks.remove(&task));
                [true.bytes(), answer].concat()
            }
        }
    }
}
