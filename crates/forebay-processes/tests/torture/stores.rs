//! Each operation, killed before each of its stores to the file; and the recovery of that, killed as well.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::Orders;
use crate::child::{Ended, Process};
use crate::operation::{OPERATIONS, Operation};
use crate::scene::Scene;
use crate::watchdog;

/// How long the short slice goes on.
const SLICE: Duration = Duration::from_secs(7);

/// No operation makes so many stores.
const NEVER: u64 = u64::MAX;

/// Runs the operation in a child that dies before that store, unless it is done earlier.
fn run(operation: &Operation, scene: &Scene, store: u64) -> Ended {
    let child = operation.start(&scene.path, &format!("dies:{store}"));
    ended(operation, scene, child)
}

/// The child's end, after what the survivor does while it is about it.
pub(crate) fn ended(operation: &Operation, scene: &Scene, mut child: Process) -> Ended {
    if let Some(meanwhile) = operation.meanwhile {
        watchdog::eventually(operation.name, || {
            let now = scene.buffer.statistics();
            now.producers_waiting + now.consumers_waiting > 0 || !child.runs()
        });
        meanwhile(scene);
    }
    child.end()
}

/// How many stores the whole operation makes, looked at after it as after a death.
fn measure(operation: &Operation) -> u64 {
    watchdog::step(operation.name);
    let mut scene = operation.scene();
    let ended = run(operation, &scene, NEVER);
    let Ended::Well(stores) = ended else { panic!("{}: {ended:?}", operation.name) };
    let last = operation.pictures.len() - 1;
    let found = look(operation, &mut scene, 1);
    assert_eq!(found, Ok(last), "{} as a whole", operation.name);
    stores.parse().expect("the child says how many stores there were")
}

/// Looks at everything after deaths. Which of the operation's pictures was found.
fn look(operation: &Operation, scene: &mut Scene, deaths: usize) -> Result<usize, String> {
    let picture = scene.look(deaths)?;
    let at = operation.find(&picture, 0)?;
    scene.use_up(picture.ends_with("closed"))?;
    Ok(at)
}

/// Whether the same store comes at the same step each time.
fn is_timed(operation: &Operation) -> bool {
    operation.meanwhile.is_some() || operation.name.ends_with("-waits")
}

pub(crate) fn killed_at_every_store(orders: &Orders) {
    let mut rng = Rng::with_seed(orders.seed);
    let begin = Instant::now();
    let mut cases: Vec<(&Operation, u64)> = Vec::new();
    for operation in OPERATIONS {
        let stores = measure(operation);
        cases.extend((1..=stores).map(|store| (operation, store)));
    }
    rng.shuffle(&mut cases);
    let all = cases.len();
    let limit = orders.time.unwrap_or(SLICE);
    let mut found: BTreeMap<&str, Vec<(u64, usize)>> = BTreeMap::new();
    let mut done = 0;
    for (operation, store) in cases {
        if begin.elapsed() > limit {
            break;
        }
        let what = format!("{}, killed before store {store}", operation.name);
        watchdog::step(&what);
        let mut scene = operation.scene();
        let ended = run(operation, &scene, store);
        let is_fine =
            ended == Ended::Killed || is_timed(operation) && matches!(ended, Ended::Well(_));
        assert!(is_fine, "{what}: {ended:?}");
        match look(operation, &mut scene, 1) {
            Ok(at) if !is_timed(operation) => {
                found.entry(operation.name).or_default().push((store, at));
            }
            Ok(_) => {}
            Err(error) => panic!("{what}: {error}"),
        }
        done += 1;
    }
    // What had been done stays done: a later death leaves a later picture.
    for (name, mut found) in found {
        found.sort_unstable();
        assert!(found.is_sorted_by_key(|(_, at)| *at), "{name}: went back in time: {found:?}");
    }
    println!("  {done} of {all} deaths, of {} operations", OPERATIONS.len());
}

pub(crate) fn killed_twice(orders: &Orders) {
    let mut rng = Rng::with_seed(orders.seed);
    let begin = Instant::now();
    let limit = orders.time.unwrap_or(SLICE);
    let open = Operation::named("open");
    // The stores of a recovery, among which the next one dies.
    let mut most: u64 = {
        let scene = Operation::named("lease").scene();
        run(Operation::named("lease"), &scene, 10);
        match open.start(&scene.path, &format!("dies:{NEVER}")).end() {
            Ended::Well(stores) => stores.parse().expect("a number of stores"),
            ended => panic!("the recovery: {ended:?}"),
        }
    };
    let (mut done, mut recovered) = (0, 0);
    while begin.elapsed() < limit {
        let operation = &OPERATIONS[rng.usize(..OPERATIONS.len())];
        let mut scene = operation.scene();
        let store = rng.u64(1..=120);
        let mut what = format!("{}, killed before store {store}", operation.name);
        watchdog::step(&what);
        run(operation, &scene, store);
        let mut deaths = 1;
        // The recoverer dies, and at times its own recoverer does.
        while deaths < 4 && rng.u8(..) < 200 {
            let store = rng.u64(1..=most + most / 8);
            let _ = write!(what, ", then the one who opens, before store {store}");
            watchdog::step(&what);
            match open.start(&scene.path, &format!("dies:{store}")).end() {
                Ended::Killed => deaths += 1,
                Ended::Well(stores) => {
                    recovered += 1;
                    most = most.max(stores.parse().expect("a number of stores"));
                    break;
                }
                Ended::Ill(error) => panic!("{what}: {error}"),
            }
        }
        if let Err(error) = look(operation, &mut scene, deaths) {
            panic!("{what}: {error}");
        }
        done += 1;
    }
    println!("  {done} buffers, {recovered} recovered on the way, with up to {most} stores");
}
