//! What the others do while one is stopped: those whose time is bounded get an answer that names it, those who wait for
//! the same as it did are served, and what was begun goes on once it is continued.

use std::thread;
use std::time::{Duration, Instant};

use forebay_processes::{
    Buffer, Durability, Fault, JoinError, Patience, Producer, Raw, Refusal, TakeError,
};
use rustix::process::Signal;

use crate::Orders;
use crate::child::{Ended, Process};
use crate::operation::Operation;
use crate::scene::{Scene, named, settings, until_waiting};
use crate::watchdog::{self, eventually};

const SHORT: Duration = Duration::from_millis(60);

/// A child that is stopped in its operation where this holds.
fn stop_where(
    operation: &str,
    scene: &Scene,
    mut is_there: impl FnMut(&Process) -> bool,
) -> Process {
    for store in 1..200 {
        watchdog::step(&format!("{operation}, stopped before store {store}"));
        let mut child = Operation::named(operation).start(&scene.path, &format!("stops:{store}"));
        eventually("the child stops or ends", || child.is_stopped() || !child.runs());
        assert!(child.runs(), "{operation} was done, and never where it was to be stopped");
        if is_there(&child) {
            return child;
        }
        child.kill();
        // What it did is taken back.
        drop(Buffer::open(&scene.path).expect("it opens"));
    }
    panic!("{operation} has more stores than that");
}

fn has_the_lock(scene: &Scene, child: &Process) -> bool {
    match scene.buffer.join_within(Patience::Try) {
        Err(JoinError::Unable(Fault::Stalled { holder, .. })) => {
            assert_eq!(holder, child.id(), "another is named");
            true
        }
        _ => false,
    }
}

/// Says what a call came to that had to wait for the lock, and that it took its time.
fn stalled<T: std::fmt::Debug>(
    what: &str,
    least: Duration,
    call: impl FnOnce() -> Result<T, Option<Fault>>,
) -> u32 {
    watchdog::step(what);
    let begin = Instant::now();
    let result = call();
    assert!(begin.elapsed() >= least, "{what} took only {:?}", begin.elapsed());
    match result {
        Err(Some(Fault::Stalled { holder, .. })) => holder,
        other => panic!("{what}: {other:?}"),
    }
}

fn of_put(refusal: Refusal) -> Option<Fault> {
    if let Refusal::Unable(fault) = refusal { Some(fault) } else { None }
}

fn of_take(error: TakeError) -> Option<Fault> {
    if let TakeError::Unable(fault) = error { Some(fault) } else { None }
}

/// Every call whose time is bounded, while `child` has the lock.
fn all_are_stalled(scene: &Scene, child: &Process) {
    let (producer, consumer) = (&scene.producer, &scene.consumer);
    // A call that waits for nothing but one operation on its way gives it 20 ms.
    let moment = Duration::from_millis(15);
    let item = named("z");
    let holders = [
        stalled("try_put", moment, || {
            producer.try_put(item.clone()).map_err(|error| {
                assert_eq!(error.item, item, "handed back");
                of_put(error.refusal)
            })
        }),
        stalled("put_timeout", SHORT, || {
            producer.put_timeout(item.clone(), SHORT).map_err(|error| {
                assert_eq!(error.item, item, "handed back");
                of_put(error.refusal)
            })
        }),
        stalled("put_many", SHORT, || {
            let items = [named("y"), named("z")];
            producer.put_many_within(items.clone(), Patience::lasting(SHORT)).map_err(|error| {
                assert_eq!(error.rest, items, "handed back");
                of_put(error.refusal)
            })
        }),
        stalled("try_reserve", moment, || producer.try_reserve().map_err(of_put)),
        stalled("reserve", SHORT, || {
            producer.reserve_within(Patience::lasting(SHORT)).map_err(of_put)
        }),
        stalled("try_take", moment, || consumer.try_take().map_err(of_take)),
        stalled("take_timeout", SHORT, || consumer.take_timeout(SHORT).map_err(of_take)),
        stalled("try_lease", moment, || consumer.try_lease().map_err(of_take)),
        stalled("lease_timeout", SHORT, || consumer.lease_timeout(SHORT).map_err(of_take)),
        stalled("join", SHORT, || {
            scene.buffer.join_within(Patience::lasting(SHORT)).map_err(|error| match error {
                JoinError::Unable(fault) => Some(fault),
                _ => None,
            })
        }),
    ];
    assert_eq!(holders, [child.id(); 10], "those who were named");
}

fn goes_on(child: Process) {
    child.signal(Signal::CONT);
    watchdog::step("the child goes on");
    let ended = child.end();
    assert!(matches!(ended, Ended::Well(_)), "continued: {ended:?}");
}

pub(crate) fn stopped_with_the_lock(_: &Orders) {
    let operation = Operation::named("put");
    let mut scene = operation.scene();
    let child = stop_where("put", &scene, |child| has_the_lock(&scene, child));
    all_are_stalled(&scene, &child);
    goes_on(child);
    let picture = scene.look(1).expect("all is sound");
    assert_eq!(picture, "b c d");
    scene.use_up(false).expect("as good as new");
}

/// The time of one who stood in line already is bounded, too.
pub(crate) fn stopped_while_others_stand_in_line(_: &Orders) {
    let mut scene = Operation::named("put").scene();
    scene.put("d");
    let producer = scene.producer.clone();
    // The handle is kept: whoever drops one while nobody can have the lock says no goodbye.
    let putter = thread::spawn(move || (producer.put_timeout(named("e"), SHORT * 10), producer));
    until_waiting(&scene.buffer, 1, 0);
    let child = stop_where("lease", &scene, |child| has_the_lock(&scene, child));
    watchdog::step("the call of one who stands in line ends");
    let (put, producer) = putter.join().expect("no panic");
    let error = put.expect_err("nobody can put");
    let is_told =
        matches!(error.refusal, Refusal::TimedOut | Refusal::Unable(Fault::Stalled { .. }));
    assert!(is_told && error.item == named("e"), "{error:?}");
    goes_on(child);
    drop(producer);
    // What the call owes is paid by a thread, and only then is its handle gone.
    watchdog::eventually("the handle of the call is gone", || {
        scene.buffer.participants().iter().filter(|it| it.lives).count() == 2
    });
    let _ = scene.look(1).expect("all is sound");
    scene.use_up(false).expect("as good as new");
}

pub(crate) fn stopped_in_its_recovery(_: &Orders) {
    let operation = Operation::named("lease");
    let mut scene = operation.scene();
    let lender = stop_where("lease", &scene, |child| has_the_lock(&scene, child));
    lender.kill();
    let child = Operation::named("open").start(&scene.path, "stops:90");
    eventually("the one who recovers stops", || child.is_stopped());
    all_are_stalled(&scene, &child);
    goes_on(child);
    let picture = scene.look(2).expect("all is sound");
    operation.find(&picture, 0).expect("a state before or after");
    scene.use_up(false).expect("as good as new");
}

/// A join that waits is called at each recovery and at the close, and waits on.
pub(crate) fn joins_end_at_the_end_only(_: &Orders) {
    let mut scene = Operation::named("lease").scene();
    let buffer = scene.buffer.clone();
    let join = thread::spawn(move || buffer.join_within(Patience::Forever));
    thread::sleep(Duration::from_millis(30));
    let lender = stop_where("lease", &scene, |child| has_the_lock(&scene, child));
    lender.kill();
    scene.buffer.verify().expect("it recovers");
    scene.buffer.close().expect("anybody may close");
    thread::sleep(Duration::from_millis(100));
    assert!(!join.is_finished(), "joined, with three items unfinished");
    let picture = scene.look(1).expect("all is sound");
    assert!(picture.ends_with("closed"), "{picture}");
    thread::sleep(Duration::from_millis(50));
    assert!(!join.is_finished(), "joined, with one item unfinished");
    scene.use_up(true).expect("as good as new");
    watchdog::step("the join returns");
    assert_eq!(join.join().expect("no panic"), Ok(()));
}

/// One dies while it syncs for all, and its entry is used again before anybody has missed it.
pub(crate) fn a_dead_leader_of_syncs_is_followed(_: &Orders) {
    let operation = Operation::named("put-power");
    for store in 20..80 {
        watchdog::step(&format!("put-power, killed before store {store}"));
        let mut scene = operation.scene();
        let ended = operation.start(&scene.path, &format!("dies:{store}")).end();
        let one = Buffer::open(&scene.path).expect("it opens");
        let next: Vec<Producer> =
            (0..2).map(|_| one.producer(Raw).expect("there is room")).collect();
        for producer in &next {
            while scene.consumer.try_take().is_ok() {}
            producer.put(named("e")).expect("the sync is somebody else's now");
        }
        assert_eq!(one.settings().get_durability(), Durability::Power);
        drop((one, next));
        while scene.consumer.try_take().is_ok() {}
        scene.use_up(false).expect("as good as new");
        if ended != Ended::Killed {
            return;
        }
    }
    panic!("the put never ended");
}

/// Takes that are not over hold items that nobody counts as waiting or leased: they need their slots.
pub(crate) fn takes_under_way_leave_room(_: &Orders) {
    let scene = Scene::new(&settings(1).max_leased(1).dead_room(1));
    let mut takers = Vec::new();
    for number in 1..=3 {
        scene.put(&format!("item-{number}"));
        let has_it = |_: &Process| {
            scene.buffer.statistics().waiting == 0
                && scene.buffer.join_within(Patience::Try) == Err(JoinError::TimedOut)
        };
        takers.push(stop_where("take", &scene, has_it));
        eventually("the killed ones' items are taken again", || {
            scene.buffer.statistics().waiting == 0
        });
    }
    let refused = scene.producer.try_put(named("d")).expect_err("no slot is free");
    assert_eq!(refused.refusal, Refusal::Full);
    let producer = scene.producer.clone();
    let waiting = thread::spawn(move || producer.put(named("e")).map(drop));
    until_waiting(&scene.buffer, 1, 0);
    takers.into_iter().for_each(goes_on);
    watchdog::step("the put goes on");
    assert_eq!(waiting.join().expect("no panic"), Ok(()));
    assert_eq!(scene.buffer.statistics().finished, 3);
}
