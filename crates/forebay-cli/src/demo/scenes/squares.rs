//! Numbers in, squares out: two buffers in a row, and a join that means it.
//!
//! Consumers *lease* the numbers. A taken number is finished the moment it is taken; a leased one only
//! at its ack, which comes after its square has been put into the results. So when `join` on the
//! numbers returns, every square is in the results or already collected, and they can be closed.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Consumer, Discipline};

use super::{Count, Scene};
use crate::demo::cast::{Actor, Cast};
use crate::demo::chance::Chance;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator, print_all, shown};

pub(super) const SCENE: Scene = Scene {
    name: "squares",
    about: "numbers are squared into a second buffer; join gates the final print",
    items: Count::Usual(100),
    producers: Count::Usual(1),
    consumers: Count::Usual(3),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/squares.rs", "the scene"),
        ("crates/forebay-threads/src/lease.rs", "what is leased and acked"),
        ("crates/forebay-threads/src/desk.rs", "the books of leases, in which join looks"),
        ("crates/forebay-threads/src/disciplines/monitor.rs", "the results: one lock"),
    ],
    play,
    part: None,
};

const MAKING: Duration = Duration::from_micros(300);
const SQUARING: Duration = Duration::from_millis(2);
const IN_A_ROW: usize = 10;

/// A number and its square.
struct Square(u64, u128);

impl fmt::Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}² = {}", self.0, self.1)
    }
}

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    let (numbers, to_square) = cast.named_buffer("numbers", Discipline::Ring);
    // Protected by one lock.
    let (results, to_collect) = cast.named_buffer("results", Discipline::Monitor);
    let squares = thread::scope(|scope| {
        let mut first = 0;
        let producers: Vec<_> = cast
            .producers()
            .map(|who| {
                let range = first..first + cast.share_of(who);
                first = range.end;
                let numbers = numbers.clone();
                scope.spawn(move || {
                    let mut chance = Chance::of(cast, who);
                    for number in range {
                        thread::sleep(chance.pause(MAKING));
                        narrated::put(narrator, who, &numbers, number, Telling::plain("puts"))
                            .expect("the numbers are closed after the last put");
                    }
                })
            })
            .collect();
        for who in cast.consumers() {
            let (to_square, results) = (to_square.clone(), results.clone());
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                while let Some(number) = narrated::get(
                    narrator,
                    who,
                    &to_square,
                    Consumer::lease_within,
                    |lease| lease.to_string(),
                    Telling::plain("leases"),
                ) {
                    thread::sleep(chance.pause(SQUARING));
                    let square = Square(*number, u128::from(*number).pow(2));
                    narrated::put(narrator, who, &results, square, Telling::plain("puts"))
                        .expect("the results are closed after the last ack");
                    number.ack().expect("a lease without a deadline does not expire");
                }
            });
        }
        let collector = scope.spawn(move || {
            let mut squares = Vec::new();
            while let Some(square) = narrated::get(
                narrator,
                Actor::COLLECTOR,
                &to_collect,
                Consumer::take_within,
                ToString::to_string,
                Telling::plain("takes"),
            ) {
                squares.push(square);
            }
            squares
        });

        // A join before the last put could find a moment in which nothing is unfinished yet.
        for producer in producers {
            producer.join().expect("no producer panics");
        }
        numbers.close();
        let left = numbers.statistics().unfinished();
        narrator.page().line(Actor::MAIN, format!("waits in join: {left} unfinished"));
        let since = Instant::now();
        numbers.join();
        narrator
            .page()
            .line(Actor::MAIN, format!("joined after {}: all are squared", shown(since.elapsed())));
        results.close();
        collector.join().expect("the collector does not panic")
    });
    tell(squares);
    narrator::end(&numbers.statistics());
}

/// The squares in order, and their sum.
fn tell(mut squares: Vec<Square>) {
    squares.sort_by_key(|square| square.0);
    let sum: u128 = squares.iter().map(|square| square.1).sum();
    let width = squares.last().map_or(0, |square| square.1.to_string().len());
    print_all(squares.chunks(IN_A_ROW).map(|row| {
        let row: Vec<String> = row.iter().map(|square| format!("{:>width$}", square.1)).collect();
        row.join(" ")
    }));
    print_all([format!("sum {sum}")]);
}
