//! Producers and consumers that are processes, over a buffer in a file; one of them may be killed.
//!
//! No process knows of another. What they share is the file, which each opens by its name. Nobody tells the consumers
//! how many items there are: when the last producer has ended, the buffer is closed, and a consumer ends when it finds
//! it closed and drained. With `--kill`, a consumer is killed while it works on an item. Nobody cleans up after it: the
//! kernel lets go of its lock, by which the others see that it is dead, and the item goes back to its place.

use std::error::Error;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use forebay::processes::{Buffer, Lease, Settings, Text};
use forebay::{LeaseError, Refusal, Statistics, TakeError};

use super::{Count, Scene};
use crate::demo::cast::{Actor, Cast, Role};
use crate::demo::chance::Chance;
use crate::demo::company::{self, Company, News, Part, Told};
use crate::demo::litter::{self, Litter};
use crate::demo::narrator::{self, Narrator, shown};

const MOST_PROCESSES: u64 = 50;

pub(in crate::demo) const SCENE: Scene = Scene {
    name: "processes",
    about: "producers and consumers are processes; --kill kills one, and nothing is lost",
    items: Count::Usual(9),
    producers: Count::Within { least: 1, usual: 2, most: MOST_PROCESSES },
    consumers: Count::Within { least: 1, usual: 2, most: MOST_PROCESSES },
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/processes.rs", "the scene"),
        ("crates/forebay-processes/src/slot.rs", "one word for each item, in the file"),
        ("crates/forebay-processes/src/life.rs", "the lock by which a death is seen"),
        ("crates/forebay-processes/src/turn/sweep.rs", "what the dead held is given back"),
    ],
    play,
    part: Some(part),
};

/// An item is made in up to this.
const MAKING: Duration = Duration::from_millis(8);
/// An item is used in this, and up to as much again.
const USING: Duration = Duration::from_millis(40);
/// Longer than anybody lets it work who is to be killed.
const FOR_EVER: Duration = Duration::from_hours(1);

fn play(cast: &Cast) {
    litter::sweep_when_interrupted();
    let narrator = &Narrator::begin(cast);
    let litter = Litter::folder().unwrap_or_else(|error| {
        narrator::give_up(&format!("cannot make a temporary folder: {error}; is TMPDIR writable?"))
    });
    let path = litter.path().join("buffer.fb");
    let room = (cast.producers + cast.consumers) as u32 * 2 + 8;
    let made = Settings::new(cast.capacity as u64).participants(room).create(&path);
    made.unwrap_or_else(|error| narrator::give_up(&error.to_string()));
    let buffer = Buffer::open(&path).unwrap_or_else(|error| narrator::give_up(&error.to_string()));
    narrator.page().line(Actor::MAIN, format!("makes the buffer {}", path.display()));
    let company =
        Company::gather(cast, litter.path()).unwrap_or_else(|error| company::cannot(&error));
    let mut direction = Direction {
        cast,
        narrator,
        company,
        buffer: &buffer,
        running: 0,
        producing: cast.producers,
        is_second_act: false,
        is_killed: false,
    };
    direction.play().unwrap_or_else(|error| company::cannot(&error));
    narrator::end(&buffer.statistics());
}

/// Who is killed, if somebody is to be: the first that has an item.
const VICTIM: Actor = Actor { role: Role::Consumer, number: 1 };

/// Starts everybody, tells what they tell, and closes the buffer.
struct Direction<'a> {
    cast: &'a Cast,
    narrator: &'a Narrator,
    company: Company<'a>,
    buffer: &'a Buffer,
    running: u64,
    producing: u64,
    /// Consumers come in the second, so that producers have to wait for them.
    is_second_act: bool,
    is_killed: bool,
}

impl Direction<'_> {
    /// Until all have ended, and everything they told is told.
    fn play(&mut self) -> io::Result<()> {
        for who in self.cast.producers() {
            self.start(who)?;
        }
        let mut is_silent = false;
        while self.running > 0 || !is_silent {
            match self.company.hear() {
                News::Told(told) => self.hear(&told)?,
                News::Ended(who, status) => {
                    self.running -= 1;
                    let is_meant = self.is_killed && who == VICTIM;
                    if !(status.success() || is_meant) {
                        narrator::give_up(&format!("{who} ended unexpectedly: {status}"));
                    }
                }
                News::Silence => is_silent = true,
            }
        }
        Ok(())
    }

    fn start(&mut self, who: Actor) -> io::Result<()> {
        let pid = self.company.hire(who)?;
        self.running += 1;
        self.narrator.page().line(Actor::MAIN, format!("starts {who} as process {pid}"));
        Ok(())
    }

    fn hear(&mut self, told: &Told) -> io::Result<()> {
        let Told { who, pid, what } = told;
        self.narrator.page().line(*who, format!("{pid:>7}  {what}"));
        let is_done = what == DONE;
        self.producing -= u64::from(is_done);
        if !self.is_second_act && (what.starts_with(FULL) || self.producing == 0) {
            self.is_second_act = true;
            // Whoever is to be killed comes first, so that it has an item.
            let all = self.cast.consumers();
            for who in all.filter(|who| !self.cast.kill || *who == VICTIM) {
                self.start(who)?;
            }
            if !self.cast.kill {
                self.company.complete();
            }
        }
        if is_done && self.producing == 0 {
            self.buffer.close().map_err(io::Error::other)?;
            let closes = "closes the buffer: all producers are done";
            self.narrator.page().line(Actor::MAIN, closes);
        }
        if self.cast.kill && *who == VICTIM && what.contains(LEASES) {
            for who in self.cast.consumers().filter(|who| *who != VICTIM) {
                self.start(who)?;
            }
            self.company.complete();
            self.is_killed = true;
            company::kill(*pid)?;
            let kills = format!("kills {who} (SIGKILL) while it works on its item");
            self.narrator.page().line(Actor::MAIN, kills);
        }
        Ok(())
    }
}

const FULL: &str = "waits: buffer full";
const DONE: &str = "has put its share, and ends";
const LEASES: &str = "leases ";

/// What one of them does, in its own process.
fn part(cast: &Cast, who: Actor, folder: &Path) -> Result<(), String> {
    company::concluded(who, folder, perform(cast, who, folder))
}

fn perform(cast: &Cast, who: Actor, folder: &Path) -> Done {
    let part = Part::take(who, folder)?;
    let buffer = Buffer::open(folder.join("buffer.fb"))?;
    let mut chance = Chance::of(cast, who);
    match who.role {
        Role::Producer => produce(cast, &part, &buffer, &mut chance),
        _ => consume(cast, &part, &buffer, &mut chance),
    }
}

fn produce(cast: &Cast, part: &Part, buffer: &Buffer, chance: &mut Chance) -> Done {
    let producer = buffer.producer(Text)?;
    let depth = || depth(&producer.statistics());
    for number in 1..=cast.share_of(part.who) {
        thread::sleep(chance.pause(MAKING));
        let item = format!("item {}.{number}", part.who.number);
        let refused = part.page(|tell| match producer.try_put(item.clone()) {
            Ok(_) => {
                tell(format!("puts {item} {}", depth()));
                Ok(None)
            }
            Err(refused) if refused.refusal == Refusal::Full => {
                tell(format!("{FULL} {}", depth()));
                Ok(Some(refused.item))
            }
            Err(refused) => Err(refused),
        })?;
        if let Some(refused) = refused {
            let since = Instant::now();
            producer.put(refused)?;
            let waited = shown(since.elapsed());
            part.tell(format!("woken after {waited}, puts {item} {}", depth()));
        }
    }
    part.tell(DONE.to_owned());
    Ok(())
}

fn consume(cast: &Cast, part: &Part, buffer: &Buffer, chance: &mut Chance) -> Done {
    let consumer = buffer.consumer::<String, _>(Text)?;
    let told = |lease: &Lease<String, Text>| {
        let again = match lease.deliveries() {
            1 => String::new(),
            count => format!(" again: delivery {count}, whoever had it is dead"),
        };
        format!("{LEASES}{}{again} {}", **lease, depth(&consumer.statistics()))
    };
    loop {
        let found = part.page(|tell| {
            let found = consumer.try_lease();
            match &found {
                Ok(lease) => tell(told(lease)),
                Err(TakeError::Empty) => {
                    tell(format!("waits: buffer empty {}", depth(&consumer.statistics())));
                }
                Err(_) => {}
            }
            found
        });
        let found = match found {
            Err(TakeError::Empty) => {
                let since = Instant::now();
                let found = consumer.lease();
                if let Ok(lease) = &found {
                    let waited = shown(since.elapsed());
                    part.tell(format!("woken after {waited}: {}", told(lease)));
                }
                found
            }
            found => found,
        };
        let lease = match found {
            Ok(lease) => lease,
            Err(TakeError::Closed) => break,
            Err(error) => return Err(error.into()),
        };
        let since = Instant::now();
        if cast.kill && part.who == VICTIM {
            thread::sleep(FOR_EVER);
        }
        thread::sleep(USING + chance.pause(USING));
        let took = shown(since.elapsed());
        part.page(|tell| {
            let item = lease.ack()?;
            tell(format!("finishes {item} after {took}"));
            Ok::<_, LeaseError>(())
        })?;
    }
    part.tell("finds the buffer closed and drained, and ends".to_owned());
    Ok(())
}

type Done = Result<(), Box<dyn Error>>;

fn depth(statistics: &Statistics) -> String {
    format!("({} of {})", statistics.waiting, statistics.capacity.unwrap_or_default())
}
