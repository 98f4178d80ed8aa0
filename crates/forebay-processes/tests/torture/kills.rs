//! Producers and consumers that do everything at once, killed, stopped and continued at random.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use forebay_processes::{
    Buffer, Bytes, Consumer, Durability, LeaseError, Patience, Raw, Settings, TakeError,
};
use rustix::process::Signal;

use crate::account::{self, Part, Sum};
use crate::child::{self, Ended, Process};
use crate::ledger::{self, Entry, Kind, Ledger, Name, now};
use crate::worker::{Ways, name_of};
use crate::{Orders, picture, watchdog};

/// How long the short slice goes on.
const SLICE: Duration = Duration::from_secs(7);
const PRODUCERS: usize = 2;
const CONSUMERS: usize = 3;

/// A worker, and how it was.
struct Worker {
    side: &'static str,
    process: Process,
    ledger: PathBuf,
    is_stopped: bool,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Closed, and drained by those who are there.
    Drained,
    /// The producers are killed, and a join returns.
    Joined,
    /// Everybody is killed, and one who comes later finds it all.
    Abandoned,
}

struct Run<'r> {
    rng: &'r mut Rng,
    folder: PathBuf,
    path: PathBuf,
    ways: Ways,
    workers: Vec<Worker>,
    parts: Vec<Part>,
    started: u32,
    kills: u64,
    stops: u64,
}

pub(crate) fn killed_and_stopped_at_random(orders: &Orders) {
    let mut rng = Rng::with_seed(orders.seed);
    let begin = Instant::now();
    let limit = orders.time.unwrap_or(SLICE);
    let (mut kills, mut stops, mut all) = (0, 0, Sum::default());
    let mut round = 0;
    while begin.elapsed() < limit {
        let settings = settings(&mut rng, round);
        let ways = Ways {
            takes: rng.bool(),
            drops: rng.u8(..4) == 0,
            long: if rng.bool() { 0 } else { 60 },
        };
        let end = [End::Drained, End::Joined, End::Abandoned][rng.usize(..3)];
        let what = format!("round {round}, {settings:?}, {ways:?}, {end:?}");
        watchdog::step(&what);
        let folder = child::folder();
        let path = folder.path().join("jobs.fb");
        settings.create(&path).expect("a buffer can be made");
        let mut run = Run {
            rng: &mut rng,
            folder: folder.path().to_owned(),
            path,
            ways,
            workers: Vec::new(),
            parts: Vec::new(),
            started: 0,
            kills: 0,
            stops: 0,
        };
        match run.go(end, Duration::from_millis(900)) {
            Ok(sum) => {
                kills += run.kills;
                stops += run.stops;
                all.items += sum.items;
                all.leases += sum.leases;
                all.redelivered += sum.redelivered;
            }
            Err(error) => panic!("{what}: {error}"),
        }
        round += 1;
    }
    println!("  {round} buffers, {kills} kills, {stops} stops: {all:?}");
}

fn settings(rng: &mut Rng, round: u64) -> Settings {
    let capacity = [1, 5, 64][round as usize % 3];
    // Enough for all that live; not for many dead.
    let participants = if rng.bool() { 20 } else { 100 };
    let mut settings = Settings::new(capacity).participants(participants).max_failures(3);
    if rng.bool() {
        settings = settings.lease_time(Duration::from_millis(15));
    }
    if rng.bool() {
        settings = settings.max_deliveries(4);
    }
    if rng.u8(..3) == 0 {
        settings = settings.max_leased(2).dead_room(3);
    }
    if rng.u8(..4) == 0 {
        settings = settings.durability(Durability::Power);
    }
    settings
}

impl Run<'_> {
    fn go(&mut self, end: End, time: Duration) -> Result<Sum, String> {
        let buffer = Buffer::open(&self.path).map_err(|error| error.to_string())?;
        for number in 0..PRODUCERS + CONSUMERS {
            let worker = self.start(if number < PRODUCERS { "producer" } else { "consumer" });
            self.workers.push(worker);
        }
        let begin = Instant::now();
        while begin.elapsed() < time {
            thread::sleep(Duration::from_micros(self.rng.u64(..6000)));
            self.harm()?;
        }
        self.everybody_goes_on()?;
        match end {
            End::Drained => {
                buffer.close().map_err(|fault| fault.to_string())?;
                self.all_end()?;
                let joined = buffer.join_within(Patience::Forever);
                joined.map_err(|error| error.to_string())?;
            }
            End::Joined => {
                self.kill("producer")?;
                let joined = buffer.join_within(Patience::Forever);
                let now = buffer.statistics();
                joined.map_err(|error| error.to_string())?;
                if now.waiting + now.leased > 0 {
                    return Err(format!("joined, with items unfinished: {now:?}"));
                }
                self.kill("consumer")?;
            }
            End::Abandoned => {
                self.kill("producer")?;
                self.kill("consumer")?;
            }
        }
        self.look(buffer, end)
    }

    fn start(&mut self, side: &'static str) -> Worker {
        self.started += 1;
        let ledger = self.folder.join(format!("{}.ledger", self.started));
        let flag = |is_so: bool| u8::from(is_so).to_string();
        let words = [
            side,
            child::text(&self.path),
            child::text(&ledger),
            &self.started.to_string(),
            &self.rng.u64(..).to_string(),
            &flag(self.ways.takes),
            &flag(self.ways.drops),
            &self.ways.long.to_string(),
        ];
        let process = Process::start("worker", &words);
        Worker { side, process, ledger, is_stopped: false }
    }

    fn harm(&mut self) -> Result<(), String> {
        let at = self.rng.usize(..self.workers.len());
        let stopped = self.workers.iter().filter(|worker| worker.is_stopped).count();
        match self.rng.u8(..10) {
            0..5 => {
                let side = self.workers[at].side;
                let next = self.start(side);
                let gone = std::mem::replace(&mut self.workers[at], next);
                self.kills += 1;
                self.bury(gone)
            }
            5..8 if stopped < 2 && !self.workers[at].is_stopped => {
                self.stops += 1;
                self.workers[at].process.signal(Signal::STOP);
                self.workers[at].is_stopped = true;
                Ok(())
            }
            _ => {
                self.workers[at].process.signal(Signal::CONT);
                self.workers[at].is_stopped = false;
                Ok(())
            }
        }
    }

    fn bury(&mut self, worker: Worker) -> Result<(), String> {
        match worker.process.kill() {
            Ended::Killed => {}
            other => return Err(format!("a {}: {other:?}", worker.side)),
        }
        self.parts.push(Part { entries: ledger::read(&worker.ledger), was_killed: true });
        Ok(())
    }

    fn kill(&mut self, side: &str) -> Result<(), String> {
        let workers = std::mem::take(&mut self.workers);
        for worker in workers {
            if worker.side == side { self.bury(worker)? } else { self.workers.push(worker) }
        }
        Ok(())
    }

    /// Continued, each of them does something: nobody sleeps for ever.
    fn everybody_goes_on(&mut self) -> Result<(), String> {
        let mut before = Vec::new();
        for worker in &mut self.workers {
            worker.process.signal(Signal::CONT);
            before.push(ledger::len(&worker.ledger));
        }
        let begin = Instant::now();
        loop {
            let mut late = Vec::new();
            for (worker, before) in self.workers.iter_mut().zip(&before) {
                if !worker.process.runs() {
                    return Err(format!("a {} ended by itself", worker.side));
                }
                if ledger::len(&worker.ledger) <= before + 64 {
                    late.push(worker.side);
                }
            }
            if late.is_empty() {
                return Ok(());
            }
            if begin.elapsed() > watchdog::PATIENCE / 2 {
                return Err(format!("hung: {late:?}"));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn all_end(&mut self) -> Result<(), String> {
        for worker in std::mem::take(&mut self.workers) {
            match worker.process.end() {
                Ended::Well(_) => {}
                other => return Err(format!("a {}, at the close: {other:?}", worker.side)),
            }
            self.parts.push(Part { entries: ledger::read(&worker.ledger), was_killed: false });
        }
        Ok(())
    }

    /// What is left is what the ledgers say.
    fn look(&mut self, buffer: Buffer, end: End) -> Result<Sum, String> {
        // One who comes when nobody is left.
        drop(buffer);
        let buffer = Buffer::open(&self.path).map_err(|error| error.to_string())?;
        let findings = buffer.verify().map_err(|fault| fault.to_string())?;
        if !findings.is_sound() {
            return Err(format!("verify: {findings:?}"));
        }
        let consumer: Consumer = buffer.consumer(Raw).map_err(|fault| fault.to_string())?;
        let own = self.folder.join("own.ledger");
        let mut dead = letters(&buffer)?;
        if dead.len() as u64 >= buffer.settings().get_dead_room() {
            // They stand in the way of leases.
            let mut ledger = Ledger::create(&own);
            for letter in buffer.dead_letters().map_err(|fault| fault.to_string())? {
                buffer.purge(&letter).map_err(|fault| fault.to_string())?;
                ledger.note(Kind::Purged, name_of(&letter.letter.item));
            }
        }
        drain(&consumer, &own)?;
        dead.clear();
        dead.extend(letters(&buffer)?);
        let statistics = buffer.statistics();
        self.parts.push(Part { entries: ledger::read(&own), was_killed: false });
        let sum = account::audit(&self.parts, &dead, &statistics, self.ways)?;
        if end != End::Drained {
            for letter in buffer.dead_letters().map_err(|fault| fault.to_string())? {
                buffer.purge(&letter).map_err(|fault| fault.to_string())?;
            }
            picture::fill_and_drain(&buffer, &consumer, 500_000)?;
        }
        let findings = buffer.verify().map_err(|fault| fault.to_string())?;
        if findings.is_sound() { Ok(sum) } else { Err(format!("verify at the end: {findings:?}")) }
    }
}

fn letters(buffer: &Buffer) -> Result<Vec<(Name, u64)>, String> {
    let letters = buffer.dead_letters().map_err(|fault| fault.to_string())?;
    Ok(letters.iter().map(|letter| (name_of(&letter.letter.item), letter.position)).collect())
}

/// Takes out all that waits, which comes in the order of positions, the redelivered at their own.
fn drain(consumer: &Consumer<Bytes>, own: &Path) -> Result<(), String> {
    let mut ledger = Ledger::create(own);
    let mut last = None;
    loop {
        let begin = now();
        let lease = match consumer.try_lease() {
            Ok(lease) => lease,
            Err(TakeError::Empty | TakeError::Closed) => return Ok(()),
            Err(error) => return Err(format!("the last drain: {error}")),
        };
        let (name, deliveries) = (name_of(&lease), lease.deliveries());
        if last.is_some_and(|last| last >= lease.position()) {
            return Err(format!("{name:?} at {} after {last:?}", lease.position()));
        }
        last = Some(lease.position());
        let entry = Entry {
            deliveries,
            position: lease.position(),
            time: begin,
            ..Entry::new(Kind::Leased, name)
        };
        ledger.enter(entry);
        match lease.ack() {
            Ok(_) => ledger.enter(Entry { deliveries, ..Entry::new(Kind::Acked, name) }),
            // A machine that busy: it comes again.
            Err(LeaseError::Expired) => last = None,
            Err(error) => return Err(format!("the last drain: {error}")),
        }
    }
}
