//! On a terminal.

use std::fs;
use std::thread;

use forebay::processes::Settings;
use rustix::process::Signal;

use crate::pty::Terminal;
use crate::scene::Scene;

fn top(scene: &Scene, columns: u16, rows: u16) -> Terminal {
    Terminal::new(columns, rows, "top", &[scene.name(), "--interval", "50ms"])
}

#[test]
fn what_happens_is_seen_as_it_happens() {
    let scene = Scene::new(&Settings::new(5).max_failures(1));
    let mut it = top(&scene, 100, 30);
    it.shows(&["open", "0 of 5", "none waits", "1 producer, 1 consumer", "q quit   every 50 ms"]);
    scene.put(5);
    it.shows(&["5 of 5", "5 items wait", "5 in all"]);
    let producer = scene.producer.clone();
    let waiting = thread::spawn(move || producer.put(b"6".to_vec()).is_ok());
    it.shows(&["1 of 2 producers waits for room", "for room, "]);
    it.shows(&["the consumers are the bottleneck: producers waited for room"]);
    let lease = scene.consumer.lease().expect("there is one");
    assert!(waiting.join().expect("no panic"));
    it.shows(&["Leases: 1 of 64", "the producer does not wait"]);
    lease.fail("the printer is on fire").expect("held");
    it.shows(&[
        "Dead letters: 1 of 64",
        "1 failure: the printer is on fire",
        "jobs.fb list, retry",
    ]);
    scene.buffer.close().expect("closed");
    it.shows(&["jobs.fb", "closed", "5 items wait"]);
    while scene.consumer.take().is_ok() {}
    it.shows(&["closed and drained", "nothing is left, and nothing will come"]);
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_consumer_that_waits_is_seen() {
    let scene = Scene::new(&Settings::new(5));
    let mut it = top(&scene, 80, 24);
    let consumer = scene.consumer.clone();
    let waiting = thread::spawn(move || consumer.take().is_ok());
    it.shows(&["1 of 2 consumers waits for an item", "for an item, "]);
    it.shows(&["the producers are the bottleneck: consumers waited for items"]);
    scene.put(1);
    assert!(waiting.join().expect("no panic"));
    it.shows(&["the consumer does not wait"]);
    it.press("\x1b");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_file_that_is_deleted_is_told_and_what_was_seen_stays() {
    let scene = Scene::new(&Settings::new(5));
    scene.put(3);
    let mut it = top(&scene, 80, 24);
    it.shows(&["open", "3 of 5"]);
    fs::remove_file(&scene.path).expect("deleted");
    it.shows(&["deleted", "this is how it", "3 of 5"]);
    it.press("\x03");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn it_fits_another_size() {
    let scene = Scene::new(&Settings::new(5));
    let mut it = top(&scene, 100, 30);
    it.shows(&["Participants"]);
    it.resize(40, 10);
    it.shows(&["0 of 5", "q quit"]);
    assert!(!it.text().contains("Participants"));
    it.resize(80, 24);
    it.shows(&["Participants", "producer", "consumer"]);
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn lists_that_do_not_fit_are_scrolled() {
    let scene = Scene::new(&Settings::new(30));
    scene.put(20);
    let consumers: Vec<_> = (0..20).map(|_| scene.consumer.clone()).collect();
    let _leases: Vec<_> =
        consumers.iter().map(|consumer| consumer.lease().expect("there is one")).collect();
    let mut it = top(&scene, 100, 24);
    it.shows(&["1 producer, 21 consumers", " 1–6 of 22", " 1–6 of 20", "q quit   ↑↓ scroll"]);
    it.press("j").shows(&[" 2–7 of 22", " 2–7 of 20"]);
    it.press("\x1b[B\x1b[B").shows(&[" 4–9 of 22", " 4–9 of 20"]);
    it.press("\x1b[6~").shows(&[" 10–15 of 22", " 10–15 of 20"]);
    it.press("\x1b[F").shows(&[" 17–22 of 22", " 15–20 of 20"]);
    it.press("\x1b[5~k\x1b[A").shows(&[" 9–14 of 22", " 9–14 of 20"]);
    // Each stays at its end where there is more room, and all there is is shown where there is enough.
    it.resize(120, 40);
    it.shows(&["of 22", "of 20", "scroll"]);
    it.resize(120, 60);
    it.shows(&["Leases: 20 of 64, oldest first ─", "q quit   every"]);
    assert!(!it.text().contains("of 22") && !it.text().contains("scroll"), "{}", it.text());
    it.press("q");
    assert_eq!(it.ends(), (Some(0), true));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let scene = Scene::new(&Settings::new(5));
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let mut it = top(&scene, 80, 24);
        it.shows(&["q quit"]);
        it.signal(signal);
        assert_eq!(it.ends(), (Some(status), true), "{signal:?}");
    }
}

#[test]
fn a_terminal_that_is_gone_ends_it() {
    let scene = Scene::new(&Settings::new(5));
    let mut it = top(&scene, 80, 24);
    it.shows(&["q quit"]);
    it.hang_up();
}

#[test]
fn no_color_is_respected() {
    let scene = Scene::new(&Settings::new(5));
    for no_color in [false, true] {
        let mut it = Terminal::with(80, 24, "top", &[scene.name()], no_color);
        it.shows(&["q quit"]).press("q");
        assert_eq!(it.is_colored(), !no_color);
        assert_eq!(it.ends(), (Some(0), true));
    }
}

#[test]
fn once_draws_nothing_on_the_terminal_but_text() {
    let scene = Scene::new(&Settings::new(5));
    scene.put(3);
    let mut it = Terminal::new(80, 24, "top", &[scene.name(), "--once", "-n", "50ms"]);
    it.shows(&["3 of 5"]);
    assert!(!it.is_colored());
    // It has taken nothing over, and has nothing to give back.
    assert_eq!(it.ends(), (Some(0), false));
}
