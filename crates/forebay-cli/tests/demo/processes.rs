//! The scene in which producers and consumers are processes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::forebay::{Watchdog, account, demo, depths, told};

/// What each told, as `who, pid, what`, in the order told.
fn lines(told: &str) -> Vec<(&str, u32, &str)> {
    told.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (_, "ms" | "s") = (words.next()?, words.next()?) else { return None };
            let (who, pid) = (words.next()?, words.next()?.parse().ok()?);
            let (_, what) = line.split_once(&format!("{pid}  "))?;
            Some((who, pid, what))
        })
        .collect()
}

/// The items behind this verb, and by whom.
fn items<'a>(lines: &[(&'a str, u32, &'a str)], verb: &str) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut items = BTreeMap::<&str, Vec<&str>>::new();
    for (who, _, what) in lines {
        if let Some((_, rest)) = what.split_once(verb) {
            let item = rest.strip_prefix("item ").expect(rest).split(' ').next().expect("a number");
            items.entry(item).or_default().push(who);
        }
    }
    items
}

#[test]
fn nine_items_go_from_two_processes_to_two_others() {
    for seed in 1..=3 {
        let told = told(&format!("processes --seed {seed}"));
        assert_eq!(told.lines().last(), Some("9 produced, 9 consumed, 0 remaining"));
        assert!(told.contains("waits: buffer full (5 of 5)"), "{told}");
        let lines = lines(&told);
        let put = items(&lines, "puts ");
        let names = ["1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.2", "2.3", "2.4"];
        assert!(put.keys().copied().eq(names), "{told}");
        assert!(put.iter().all(|(item, who)| *who == [format!("producer-{}", &item[..1])]));
        for verb in ["leases ", "finishes "] {
            let items = items(&lines, verb);
            assert!(items.keys().copied().eq(names), "{told}");
            assert!(items.values().all(|who| who.len() == 1), "{told}");
        }
        for (waiting, of) in depths(&told) {
            assert!(waiting <= of && of == 5, "{told}");
        }
        // Four processes, each with its own number, and none of them the one that tells.
        let mut pids = BTreeMap::<&str, Vec<u32>>::new();
        for (who, pid, _) in &lines {
            pids.entry(who).or_default().push(*pid);
        }
        assert!(pids.keys().copied().eq(["consumer-1", "consumer-2", "producer-1", "producer-2"]));
        let mut numbers: Vec<u32> = pids
            .into_values()
            .map(|pids| {
                assert!(pids.iter().all(|pid| *pid == pids[0]), "{told}");
                pids[0]
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 4, "{told}");
        // The buffer is closed when the producers are done; consumers drain it, and end by themselves.
        let (before, after) = told.split_once("closes the buffer").expect("it is closed");
        assert_eq!(before.matches("has put its share").count(), 2, "{told}");
        assert!(after.contains("finishes item"), "{told}");
        assert_eq!(after.matches("finds the buffer closed and drained").count(), 2, "{told}");
    }
}

#[test]
fn the_item_of_a_killed_consumer_is_delivered_again() {
    for seed in 1..=3 {
        let told = told(&format!("processes --kill --seed {seed}"));
        assert_eq!(told.lines().last(), Some("9 produced, 9 consumed, 0 remaining"));
        let (before, after) = told.split_once("kills consumer-1 (SIGKILL)").expect("it is killed");
        let had = items(&lines(before), "leases ");
        let (item, _) =
            had.iter().find(|(_, who)| who.contains(&"consumer-1")).expect("it has one");
        let again = format!("leases item {item} again: delivery 2");
        assert_eq!(after.matches(&again).count(), 1, "{told}");
        let all = lines(&told);
        let finished = items(&all, "finishes ");
        assert_eq!(finished.len(), 9, "{told}");
        assert!(finished.values().all(|who| *who == ["consumer-2"]), "{told}");
        assert!(!lines(after).iter().any(|(who, ..)| *who == "consumer-1"), "{told}");
    }
}

#[test]
fn every_flag_works_on_it() {
    for arguments in [
        "--items 11 --producers 3 --consumers 4 --capacity 2 --seed 5",
        "--items 1 --consumers 2 --kill",
        "--items 2 --producers 5 --consumers 9 --capacity 1 --kill",
        "--items 3 --producers 1 --consumers 1 --capacity 100",
    ] {
        let told = told(&format!("processes {arguments}"));
        let [produced, consumed, remaining] = account(&told);
        assert_eq!((produced, remaining), (consumed, 0), "{told}");
        assert!(arguments.starts_with(&format!("--items {produced} ")), "{told}");
    }
}

/// A scene that is to be interrupted, whose temporary files are in a folder of their own.
struct Playing {
    folder: tempfile::TempDir,
    scene: Child,
    watchdog: Watchdog,
    out: BufReader<std::process::ChildStdout>,
    told: String,
}

impl Playing {
    /// Until both consumers are at work, and so are the producers that they come for: all four have taken their parts.
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut scene = demo("processes --items 100000");
        scene.env("TMPDIR", folder.path()).stdout(Stdio::piped());
        let mut scene = scene.spawn().expect("it starts");
        let watchdog = Watchdog::over(&scene);
        let mut out = BufReader::new(scene.stdout.take().expect("piped"));
        let mut told = String::new();
        let is_at_work = |told: &str, who: &str| {
            told.lines().any(|line| line.contains(who) && line.contains("leases item"))
        };
        while !["consumer-1", "consumer-2"].iter().all(|who| is_at_work(&told, who)) {
            assert!(out.read_line(&mut told).expect("text") > 0, "it ended by itself: {told}");
        }
        Self { folder, scene, watchdog, out, told }
    }

    /// Waits for its end; the exit status, and its processes.
    fn end(mut self) -> (std::process::ExitStatus, Vec<PathBuf>, tempfile::TempDir) {
        let _ = self.out.read_to_string(&mut self.told);
        let status = self.scene.wait().expect("waited");
        self.watchdog.call_off();
        let processes = self.told.lines().filter_map(|line| line.split_once("as process "));
        let processes = processes.map(|(_, pid)| Path::new("/proc").join(pid)).collect();
        (status, processes, self.folder)
    }
}

fn are_gone(processes: &[PathBuf]) {
    assert_eq!(processes.len(), 4);
    let began = Instant::now();
    while let Some(left) = processes.iter().find(|process| {
        fs::read_to_string(process.join("cmdline"))
            .is_ok_and(|line| line.contains("demo\0processes"))
    }) {
        assert!(began.elapsed() < Duration::from_mins(1), "{} is left", left.display());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_interruption_leaves_neither_files_nor_processes() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let playing = Playing::start();
        assert_eq!(fs::read_dir(playing.folder.path()).expect("read").count(), 1);
        kill_process(Pid::from_child(&playing.scene), signal).expect("sent");
        let (ended, processes, folder) = playing.end();
        assert_eq!(ended.code(), Some(status));
        are_gone(&processes);
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 0, "{signal:?}");
    }
}

#[test]
fn a_scene_that_is_killed_leaves_no_processes() {
    let playing = Playing::start();
    // Stopped, they cannot find out by themselves.
    for (_, pid) in playing.told.lines().filter_map(|line| line.split_once("as process ")) {
        let pid = Pid::from_raw(pid.parse().expect("a number")).expect("a process");
        kill_process(pid, Signal::STOP).expect("sent");
    }
    kill_process(Pid::from_child(&playing.scene), Signal::KILL).expect("sent");
    let (_, processes, _folder) = playing.end();
    are_gone(&processes);
}

#[test]
fn nothing_is_left_where_nobody_listens_or_all_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for is_heard in [false, true] {
        let mut scene = demo("processes");
        scene.env("TMPDIR", folder.path()).stdout(Stdio::piped());
        let mut scene = scene.spawn().expect("it starts");
        let watchdog = Watchdog::over(&scene);
        let mut out = BufReader::new(scene.stdout.take().expect("piped"));
        out.read_line(&mut String::new()).expect("text");
        if is_heard {
            out.read_to_string(&mut String::new()).expect("text");
        }
        drop(out);
        assert!(scene.wait().expect("waited").success());
        watchdog.call_off();
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 0, "heard: {is_heard}");
    }
}
