//! One number in a file, and several who add 1 to it: read, add, write.
//!
//! Who reads while another is between its read and its write reads too little, and what it writes takes
//! the other's addition back. The file takes no harm from any one read or write; what is missing is
//! that the three steps belong together. Two ways to see to that: a lock around them (Dijkstra's
//! semaphore with one unit), or one owner of the file, to whom all others send what is to be added.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::thread;
use std::time::Duration;

use forebay::{Consumer, Discipline, Semaphore, Statistics};

use super::{Count, Scene};
use crate::demo::cast::{Actor, Cast};
use crate::demo::chance::Chance;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator, counted, print_all};
use crate::demo::table::Table;

pub(super) const SCENE: Scene = Scene {
    name: "race",
    about: "several add to a number in a file: what is lost, and how nothing is",
    items: Count::Usual(100),
    producers: Count::Usual(4),
    consumers: Count::Fixed(1),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/race.rs", "the scene"),
        ("crates/forebay-threads/src/semaphore/mod.rs", "the lock: a semaphore with one unit"),
        ("crates/forebay-threads/src/disciplines/monitor.rs", "the buffer to the owner: one mutex"),
        ("crates/toyvm/programs/no_mutex.toy", "the same race in ToyVM, step by step"),
    ],
    play,
    part: None,
};

/// Between read and write, and between two additions.
const ADDING: Duration = Duration::from_micros(400);
/// Lines told of each way.
const TOLD: usize = 14;

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    let file = &SharedNumber::new().unwrap_or_else(|error| {
        narrator::give_up(&format!("cannot make a temporary file: {error}; is TMPDIR writable?"))
    });

    narrator.chapter("nobody looks out for others:", TOLD);
    adders(cast, |who, chance| file.add(narrator, who, chance));
    let uncoordinated = file.read();

    narrator.chapter("with a lock around read and write:", TOLD);
    file.write(0);
    let lock = &Semaphore::new(1);
    adders(cast, |who, chance| {
        let _locked = lock.acquire();
        narrator.page().line(who, "has the lock");
        file.add(narrator, who, chance);
    });
    let locked = file.read();

    narrator.chapter("with one owner, fed through a buffer:", TOLD);
    file.write(0);
    let statistics = owned(cast, narrator, file);
    let owned = file.read();

    compare(cast, [("no coordination", uncoordinated), ("a lock", locked), ("one owner", owned)]);
    print_all(["of the buffer to the owner:".to_owned()]);
    narrator::end(&statistics);
}

/// All who add, at the same time; until each has added its share.
fn adders(cast: &Cast, add: impl Fn(Actor, &mut Chance) + Sync) {
    thread::scope(|scope| {
        for who in cast.producers() {
            let add = &add;
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                for _ in 0..cast.share_of(who) {
                    thread::sleep(chance.pause(ADDING));
                    add(who, &mut chance);
                }
            });
        }
    });
}

/// Only the consumer touches the file.
fn owned(cast: &Cast, narrator: &Narrator, file: &SharedNumber) -> Statistics {
    let (producer, consumer) = cast.buffer(Discipline::Monitor);
    thread::scope(|scope| {
        for owner in cast.consumers() {
            let consumer = &consumer;
            scope.spawn(move || {
                let mut chance = Chance::of(cast, owner);
                while let Some(_one) = narrated::get(
                    narrator,
                    owner,
                    consumer,
                    Consumer::take_within,
                    |one| format!("+{one}"),
                    Telling::plain("takes"),
                ) {
                    file.add(narrator, owner, &mut chance);
                }
            });
        }
        adders(cast, |who, _| {
            narrated::put(narrator, who, &producer, 1_u64, Telling::plain("puts"))
                .expect("closed after the last put");
        });
        producer.close();
    });
    producer.statistics()
}

/// The number in the file: always as many digits, so that a write needs no other write before it.
struct SharedNumber(File);

const DIGITS: usize = 20;

impl SharedNumber {
    fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        file.write_all_at(&[b'0'; DIGITS], 0)?;
        Ok(Self(file))
    }

    fn read(&self) -> u64 {
        let mut digits = [0; DIGITS];
        let read = self.0.read_exact_at(&mut digits, 0);
        read.unwrap_or_else(|error| narrator::give_up(&format!("cannot read the file: {error}")));
        str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok()).expect("only digits")
    }

    fn write(&self, number: u64) {
        let written = self.0.write_all_at(format!("{number:0DIGITS$}").as_bytes(), 0);
        written
            .unwrap_or_else(|error| narrator::give_up(&format!("cannot write the file: {error}")));
    }

    /// Adds 1, in three steps. Each is told before anybody else does one, so the lines come in the order
    /// in which it happened; in between, others come in if nobody keeps them out.
    fn add(&self, narrator: &Narrator, who: Actor, chance: &mut Chance) {
        let mut page = narrator.page();
        let read = self.read();
        page.line(who, format!("reads {read}"));
        drop(page);

        let number = read + 1;
        thread::sleep(chance.pause(ADDING));
        thread::yield_now();

        let mut page = narrator.page();
        let found = self.read();
        self.write(number);
        if found == read {
            page.line(who, format!("writes {number}"));
        } else {
            page.line(who, format!("writes {number} over {found}, having read {read}"));
        }
    }
}

fn compare<const WAYS: usize>(cast: &Cast, ways: [(&str, u64); WAYS]) {
    let additions = cast.items.unwrap_or_default();
    print_all([String::new(), format!("after {}:", counted(additions, "addition"))]);
    let mut table = Table::headed(["", "the file says", "lost"]);
    for (way, says) in ways {
        let lost = additions.saturating_sub(says);
        table.row([way.to_owned(), says.to_string(), lost.to_string()]);
    }
    table.print();
    let (_, uncoordinated) = ways[0];
    print_all([if uncoordinated < additions {
        "under another schedule another number is lost; with coordination none, under any"
            .to_owned()
    } else if cast.producers == 1 {
        "one alone loses nothing: there is nobody to come in between".to_owned()
    } else {
        "nothing was lost this time, by luck: nobody came in between; play it again".to_owned()
    }]);
}
