//! Those who stand in line, and those who come: when one before them is stopped or killed.

use std::thread;

use forebay_processes::{Bytes, Fault, Producer, Raw};
use rustix::process::Signal;

use crate::Orders;
use crate::child::{Ended, Process};
use crate::operation::Operation;
use crate::scene::{Scene, named, settings, until_waiting};
use crate::watchdog::{self, eventually};

/// One stands in line for items, then another; the first is stopped, and is called.
fn stop_a_taker(scene: &Scene) -> (Process, thread::JoinHandle<Result<String, String>>) {
    let first = Operation::named("take-called").start(&scene.path, "runs");
    until_waiting(&scene.buffer, 0, 1);
    let consumer = scene.consumer.clone();
    let second = thread::spawn(move || {
        let item = consumer.take().map_err(|error| error.to_string())?;
        crate::item::name(&item)
    });
    until_waiting(&scene.buffer, 0, 2);
    first.signal(Signal::STOP);
    eventually("it is stopped", || first.is_stopped());
    scene.put("b");
    (first, second)
}

pub(crate) fn stopped_when_called(_: &Orders) {
    let scene = Scene::new(&settings(1));
    let (first, second) = stop_a_taker(&scene);
    watchdog::step("the item goes to the one behind the stopped");
    assert_eq!(second.join().expect("no panic"), Ok("b".to_owned()));
    first.signal(Signal::CONT);
    scene.producer.put(named("c")).expect("there is room");
    watchdog::step("the one that was stopped is served in the end");
    assert_eq!(first.end(), Ended::Well(String::new()));
    // The same for room.
    scene.put("d");
    let first = Operation::named("put-called").start(&scene.path, "runs");
    until_waiting(&scene.buffer, 1, 0);
    let producer = scene.producer.clone();
    let second = thread::spawn(move || producer.put(named("e")).is_ok());
    until_waiting(&scene.buffer, 2, 0);
    first.signal(Signal::STOP);
    eventually("it is stopped", || first.is_stopped());
    let taken = |expected: &str| {
        let item = scene.consumer.take().expect("an item comes");
        assert_eq!(crate::item::name(&item), Ok(expected.to_owned()));
    };
    watchdog::step("the room goes to the one behind the stopped");
    taken("d");
    taken("e");
    assert!(second.join().expect("no panic"));
    first.signal(Signal::CONT);
    watchdog::step("the one that was stopped is served in the end");
    taken("d");
    assert_eq!(first.end(), Ended::Well(String::new()));
}

pub(crate) fn killed_when_called(_: &Orders) {
    let scene = Scene::new(&settings(1));
    let (first, second) = stop_a_taker(&scene);
    first.kill();
    watchdog::step("the item goes to the one behind the killed");
    assert_eq!(second.join().expect("no panic"), Ok("b".to_owned()));
}

/// A table full of the dead has room for as many as it ever had, also when they come at once.
pub(crate) fn the_dead_crowd_nobody_out(_: &Orders) {
    for _ in 0..5 {
        let scene = Scene::new(&settings(3).participants(2 + 6));
        let mut takers = Vec::new();
        for number in 1..=5 {
            takers.push(Operation::named("take-called").start(&scene.path, "runs"));
            until_waiting(&scene.buffer, 0, number);
        }
        for taker in takers {
            taker.kill();
        }
        // Five dead, and one entry that is free. A producer that comes looks after nobody.
        let _last: Producer = scene.buffer.producer(Raw).expect("there is room");
        let come = || scene.buffer.producer::<Bytes, _>(Raw);
        let came = thread::scope(|scope| {
            let all: Vec<_> = (0..5).map(|_| scope.spawn(come)).collect();
            all.into_iter().map(|one| one.join().expect("no panic")).collect::<Vec<_>>()
        });
        for one in &came {
            assert!(one.is_ok(), "{one:?}");
        }
        assert_eq!(come().err(), Some(Fault::Crowded));
    }
}
