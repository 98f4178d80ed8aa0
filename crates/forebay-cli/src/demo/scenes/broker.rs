//! Producers and consumers that are processes, over a buffer on a server; one is killed, and one is added when it is needed.
//!
//! As in `processes`, no process knows of another; what they share is a URL, and each could run on a machine of its own. A
//! consumer is killed while it works on an item. Those that are left do not keep up, so more and more items wait: that is
//! measured, and it is what the next consumer is started for. The item of the dead one comes back in the meantime: a server that
//! sees its connection end knows at once, and one that can only miss it waits until the lease is over.

use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Fault, LeaseError, Patience, Refusal, Statistics, TakeError};

use super::{Count, Scene};
use crate::buffer::place::{self, Buffer, Lease, Place, Settings};
use crate::demo::cast::{Actor, Cast, Role};
use crate::demo::chance::Chance;
use crate::demo::company::{self, Company, News, Part, Told};
use crate::demo::litter::{self, Litter};
use crate::demo::narrator::{self, Narrator, shown};

pub(in crate::demo) const SCENE: Scene = Scene {
    name: "broker",
    about: "the same on a server (--url); one is killed, and one is added when the lag grows",
    items: Count::Within { least: 40, usual: 48, most: 10_000 },
    producers: Count::Within { least: 1, usual: 2, most: 10 },
    consumers: Count::Within { least: 2, usual: 3, most: 8 },
    capacity: Count::Usual(8),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/broker.rs", "the scene"),
        ("crates/forebay-machines/src/engine.rs", "what a server has to be able to do"),
        (
            "crates/forebay-machines/src/redis/mod.rs",
            "our words and a server's; for others beside it",
        ),
        (
            "crates/forebay-machines/src/lease.rs",
            "the duty to finish an item, which outlives no holder",
        ),
    ],
    play,
    part: Some(part),
};

/// An item is used in this, and up to [`MORE`].
const USING: Duration = Duration::from_millis(300);
const MORE: Duration = Duration::from_millis(200);
/// Longer than anybody lets it work who is to be killed.
const FOR_EVER: Duration = Duration::from_hours(1);
/// The depth is looked at so often.
const LOOK: Duration = Duration::from_millis(500);
/// A lease lasts so long where a death is known from a silence only, which takes longer than anybody likes to watch. Nobody needs
/// so long for an item.
const LEASE: Duration = Duration::from_secs(3);
/// A server may count what was finished a moment later.
const SETTLED: Duration = Duration::from_secs(5);

/// Who is killed, and at the how-manieth of its items.
const VICTIM: Actor = Actor { role: Role::Consumer, number: 1 };
const FATAL: u64 = 2;

/// Where the buffer is to be, of a URL that need not name it.
pub(in crate::demo) fn place(url: Option<&Path>) -> Result<Place, String> {
    let Some(url) = url else {
        let servers = place::servers("--url");
        return Err(format!("broker needs a server, and --url to say where it is: {servers}"));
    };
    let named = url.to_str().map(|url| with_name(url, &any_name()));
    let place = Place::of(named.as_deref().map_or(url, Path::new))?;
    match place.file() {
        Some(file) => Err(format!(
            "--url {:?} is no URL but a file; `forebay demo processes` has its buffer in one",
            file.display().to_string()
        )),
        None => Ok(place),
    }
}

/// One that no other buffer has.
fn any_name() -> String {
    format!("forebay-demo-{:012x}", RandomState::new().hash_one(()) >> 16)
}

/// The URL, with this name where it has none.
fn with_name(url: &str, name: &str) -> String {
    let Some(begin) = url.find("://").map(|at| at + 3) else { return url.to_owned() };
    let end_of =
        |from: usize, ends: &[char]| url[from..].find(ends).map_or(url.len(), |at| from + at);
    let host = end_of(begin, &['/', '?', '#']);
    let path = end_of(host, &['?', '#']);
    if !["", "/"].contains(&&url[host..path]) {
        return url.to_owned();
    }
    format!("{}/{name}{}", &url[..host], &url[path..])
}

fn play(cast: &Cast) {
    litter::sweep_when_interrupted();
    let place = cast.place.as_ref().expect("nobody plays it without");
    let litter = Litter::folder().unwrap_or_else(|error| {
        narrator::give_up(&format!("cannot make a temporary folder: {error}; is TMPDIR writable?"))
    });
    let lease_time = (!place.knows_deaths()).then_some(LEASE);
    let settings = Settings { lease_time, ..Settings::new(cast.capacity as u64) };
    let buffer = litter::buffer(place, &settings);
    let buffer = buffer.unwrap_or_else(|complaint| narrator::give_up(&complaint));
    let narrator = &Narrator::begin(cast);
    narrator.page().line(Actor::MAIN, format!("makes the buffer {place}"));
    let company = Company::gather(cast, litter.path());
    let company = company.unwrap_or_else(|error| company::cannot(&error));
    let mut direction = Direction {
        cast,
        narrator,
        company,
        buffer: &buffer,
        running: 0,
        ready: 0,
        producing: cast.producers,
        put: 0,
        finished: vec![0; cast.consumers as usize + 1],
        death: None,
        lag: Lag::default(),
        is_reinforced: false,
    };
    let played = direction.play().and_then(|()| direction.conclude());
    played.unwrap_or_else(|error| company::cannot(&error));
}

/// Starts everybody, tells what they tell, and looks at how many items wait.
struct Direction<'a> {
    cast: &'a Cast,
    narrator: &'a Narrator,
    company: Company<'a>,
    buffer: &'a Buffer,
    running: u64,
    /// Consumers that wait for the first item.
    ready: u64,
    producing: u64,
    /// What was heard of: items put, and by each consumer finished.
    put: u64,
    finished: Vec<u64>,
    death: Option<Death>,
    lag: Lag,
    is_reinforced: bool,
}

/// Of the one who was killed.
struct Death {
    at: Instant,
    /// What it worked on.
    item: String,
    /// When that was leased again, and by whom.
    again: Option<(Duration, Actor)>,
}

/// The least depth that was seen, and when.
#[derive(Default)]
struct Lag(Option<(u64, Instant)>);

impl Lag {
    /// By what the depth has grown since it was least, if so many wait now.
    fn grown(&mut self, depth: u64, many: u64) -> Option<(u64, Duration)> {
        let (least, since) = *self.0.get_or_insert((depth, Instant::now()));
        if depth <= least {
            self.0 = Some((depth, Instant::now()));
        }
        (depth > least && depth >= many).then(|| (least, since.elapsed()))
    }
}

impl Direction<'_> {
    /// Until all have ended, and everything they told is told.
    fn play(&mut self) -> io::Result<()> {
        for who in self.cast.consumers() {
            self.start(who, "starts")?;
        }
        let mut look = Instant::now() + LOOK;
        loop {
            match self.company.hear_until(look) {
                Some(News::Told(told)) => self.hear(&told)?,
                Some(News::Ended(who, status)) => {
                    let is_meant = self.death.is_some() && who == VICTIM;
                    if !(status.success() || is_meant) {
                        narrator::give_up(&format!("{who} ended unexpectedly: {status}"));
                    }
                    self.running -= 1;
                    if self.running == 0 {
                        self.company.complete();
                    }
                }
                Some(News::Silence) => return Ok(()),
                None => {
                    self.look()?;
                    look = Instant::now() + LOOK;
                }
            }
        }
    }

    fn start(&mut self, who: Actor, why: &str) -> io::Result<()> {
        let pid = self.company.hire(who)?;
        self.running += 1;
        self.tell(format!("{why} {who} as process {pid}"));
        Ok(())
    }

    fn tell(&self, what: String) {
        self.narrator.page().line(Actor::MAIN, what);
    }

    fn hear(&mut self, told: &Told) -> io::Result<()> {
        let Told { who, pid, what } = told;
        self.narrator.page().line(*who, format!("{pid:>7}  {what}"));
        let consumer = who.number as usize - 1;
        if what == READY {
            self.ready += 1;
            if self.ready == self.cast.consumers {
                for who in self.cast.producers() {
                    self.start(who, "starts")?;
                }
            }
        } else if what == DONE {
            self.producing -= 1;
            if self.producing == 0 {
                self.buffer.close().map_err(|fault| self.fault(fault))?;
                self.tell("closes the buffer: all producers are done".to_owned());
            }
        } else if what.contains(PUTS) {
            self.put += 1;
        } else if what.starts_with(FINISHES) {
            self.finished[consumer] += 1;
        } else if let Some(lease) = what.strip_prefix(LEASES) {
            let item = lease.split(AGAIN).next().unwrap_or_default();
            match &mut self.death {
                None if *who == VICTIM && self.finished[consumer] + 1 == FATAL => {
                    self.kill(*pid, item)?;
                }
                Some(death) if death.item == item && death.again.is_none() => {
                    let after = death.at.elapsed();
                    death.again = Some((after, *who));
                    self.tell(format!("{item} is in hand again, {} after the kill", shown(after)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn kill(&mut self, pid: u32, item: &str) -> io::Result<()> {
        company::kill(pid)?;
        self.tell(format!("kills {VICTIM} (SIGKILL) while it works on {item}"));
        self.tell(match self.buffer.settings().lease_time {
            None => format!("its connection ended with it, and the server gives {item} back"),
            Some(time) => format!(
                "nobody tells the server: it would miss {VICTIM} after 30 s of silence, but leases end after {} here",
                shown(time)
            ),
        });
        self.death = Some(Death { at: Instant::now(), item: item.to_owned(), again: None });
        Ok(())
    }

    /// How many wait, and what follows from it.
    fn look(&mut self) -> io::Result<()> {
        if self.ready < self.cast.consumers {
            return Ok(());
        }
        let Statistics { waiting, leased, .. } = self.statistics()?;
        let missing = match &self.death {
            Some(Death { at, item, again: None }) => {
                format!("; {item} is not back, {} after the kill", shown(at.elapsed()))
            }
            _ => String::new(),
        };
        let capacity = self.cast.capacity;
        self.tell(format!("sees {waiting} of {capacity} wait, and {leased} on lease{missing}"));
        if self.is_reinforced {
            return Ok(());
        }
        if let Some((least, time)) = self.lag.grown(waiting, (capacity as u64).div_ceil(2)) {
            self.is_reinforced = true;
            let new = Actor { role: Role::Consumer, number: self.cast.consumers + 1 };
            let grew = format!("the lag grew from {least} to {waiting} in {}", shown(time));
            self.start(new, &format!("{grew}: starts"))?;
        }
        Ok(())
    }

    fn statistics(&self) -> io::Result<Statistics> {
        self.buffer.statistics().map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: Fault) -> io::Error {
        io::Error::other(self.buffer.place().in_words(fault))
    }

    /// What each did, and what became of the item of the one who was killed. The account is of what was seen to be put and
    /// finished; what remains is what the server says.
    fn conclude(&self) -> io::Result<()> {
        for (number, finished) in (1..).zip(&self.finished) {
            let who = Actor { role: Role::Consumer, number };
            let end = match &self.death {
                Some(Death { item, .. }) if who == VICTIM => {
                    format!("was killed, working on {item}")
                }
                _ if number <= self.cast.consumers => "found the buffer drained".to_owned(),
                _ if self.is_reinforced => "came when the lag grew".to_owned(),
                _ => "was not needed: the lag did not grow".to_owned(),
            };
            narrator::print_all([format!("{who}  finished {finished:>3}, {end}")]);
        }
        narrator::print_all([match &self.death {
            Some(Death { item, again: Some((after, who)), .. }) => {
                format!("{item} was in hand again {} after the kill, with {who}", shown(*after))
            }
            Some(Death { item, .. }) => format!("{item} was never seen again"),
            None => format!("{VICTIM} had no item number {FATAL}, so nobody was killed"),
        }]);
        let deadline = Instant::now() + SETTLED;
        let mut remaining = self.statistics()?.unfinished();
        while remaining > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
            remaining = self.statistics()?.unfinished();
        }
        narrator::account(self.put, self.finished.iter().sum(), remaining);
        Ok(())
    }
}

const READY: &str = "is connected, and waits for items";
const FULL: &str = "waits: buffer full";
const DONE: &str = "has put its share, and ends";
const PUTS: &str = "puts ";
const LEASES: &str = "leases ";
const AGAIN: &str = " again: delivery ";
const FINISHES: &str = "finishes ";

/// What one of them does, in its own process.
fn part(cast: &Cast, who: Actor, folder: &Path) -> Result<(), String> {
    company::concluded(who, folder, perform(cast, who, folder))
}

type Done = Result<(), Box<dyn Error>>;

fn perform(cast: &Cast, who: Actor, folder: &Path) -> Done {
    let part = Part::take(who, folder)?;
    let buffer = cast.place.as_ref().expect("nobody plays it without").open()?;
    let mut chance = Chance::of(cast, who);
    match who.role {
        Role::Producer => produce(cast, &part, &buffer, &mut chance),
        _ => consume(&part, &buffer, &mut chance),
    }
}

/// All producers together are quicker than all consumers but one, and a little slower than all of them.
fn produce(cast: &Cast, part: &Part, buffer: &Buffer, chance: &mut Chance) -> Done {
    let producer = buffer.producer()?;
    let using = USING + MORE / 2;
    let making = using * 4 * cast.producers as u32 / (4 * cast.consumers as u32 - 1);
    for number in 1..=cast.share_of(part.who) {
        thread::sleep(making / 2 + chance.pause(making));
        let item = format!("item {}.{number}", part.who.number);
        // Nobody tells of having it before it is told that it is there.
        let refused = part.page(|tell| match producer.try_put(item.as_bytes().into()) {
            Ok(_) => {
                tell(format!("{PUTS}{item}"));
                Ok(None)
            }
            Err(refused) if refused.refusal == Refusal::Full => {
                tell(FULL.to_owned());
                Ok(Some(refused.item))
            }
            Err(refused) => Err(refused.refusal),
        })?;
        if let Some(refused) = refused {
            let since = Instant::now();
            producer.put(refused).map_err(|refused| refused.refusal)?;
            part.tell(format!("woken after {}, {PUTS}{item}", shown(since.elapsed())));
        }
    }
    part.tell(DONE.to_owned());
    Ok(())
}

fn consume(part: &Part, buffer: &Buffer, chance: &mut Chance) -> Done {
    let (consumer, _keep) = buffer.consumer()?;
    part.tell(READY.to_owned());
    for number in 1.. {
        let lease = match consumer.lease_within(Patience::Forever) {
            Ok(lease) => lease,
            Err(TakeError::Closed) => break,
            Err(error) => return Err(error.into()),
        };
        let item = String::from_utf8_lossy(lease.bytes()).into_owned();
        part.tell(format!("{LEASES}{item}{}", again(&lease)));
        if part.who == VICTIM && number == FATAL {
            thread::sleep(FOR_EVER);
        }
        let since = Instant::now();
        thread::sleep(USING + chance.pause(MORE));
        let took = shown(since.elapsed());
        part.tell(match lease.ack() {
            Ok(()) => format!("{FINISHES}{item} after {took}"),
            Err(LeaseError::Unable(fault)) => return Err(buffer.place().in_words(fault).into()),
            Err(late) => format!("is too late with {item}, after {took}: {late}"),
        });
    }
    part.tell("finds the buffer closed and drained, and ends".to_owned());
    Ok(())
}

fn again(lease: &Lease) -> String {
    match lease.deliveries() {
        1 => String::new(),
        count => format!("{AGAIN}{count}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_url_without_a_name_gets_one() {
        for (url, named) in [
            ("redis://host", "redis://host/it"),
            ("redis://host/", "redis://host/it"),
            ("redis://u:p@[::1]:1?db=2", "redis://u:p@[::1]:1/it?db=2"),
            ("amqp://host/?vhost=/x", "amqp://host/it?vhost=/x"),
            ("redis://host/jobs", "redis://host/jobs"),
            ("redis://host/jobs?db=2", "redis://host/jobs?db=2"),
            ("jobs.fb", "jobs.fb"),
        ] {
            assert_eq!(with_name(url, "it"), named);
        }
        let names: BTreeSet<String> = (0..100).map(|_| any_name()).collect();
        assert_eq!(names.len(), 100);
    }

    #[test]
    fn a_lag_has_grown_when_many_wait_and_fewer_did() {
        let mut lag = Lag::default();
        let mut look = |depth| lag.grown(depth, 4).map(|(least, _)| least);
        assert_eq!([5, 6, 2, 3, 1, 4].map(&mut look), [None, Some(5), None, None, None, Some(1)]);
    }
}
