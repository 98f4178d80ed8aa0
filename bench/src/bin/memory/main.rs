//! `cargo xtask bench memory`: the bytes that a buffer of `u64` takes, all that belongs to it included,
//! when it is new and when it is full.
//!
//! Peers are measured in their form for one producer and one consumer.

mod allocator;

use std::process::ExitCode;

use bench::blocking::{Put, Take, Trial, open};
use bench::contender::{Contender, Contends as _};
use bench::options::Options;
use bench::report::{Better, Report, Subject};
use bench::rounds::interleaved;
use bench::shape::Shape;
use clap::Parser;
use forebay::Discipline;

use allocator::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

const CAPACITIES: [usize; 5] = [1, 5, 64, 1024, 65_536];

/// What a ring of `capacity` may take: a stamp beside every item, and something for the rest.
const fn allowed(capacity: usize) -> usize {
    16 * capacity + 4096
}

/// Bytes that a buffer of u64 takes
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench memory")]
struct Args {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Args { options } = Args::parse();
    let subject = Subject::new(
        "memory",
        "Memory of a buffer of u64, empty and full",
        "bytes",
        Better::Less,
        &["state", "capacity"],
    );
    let mut report = Report::new(subject, &options);
    let contenders = options.contenders();
    let mut kept = true;
    let mut full_cells = Vec::new();
    for capacity in CAPACITIES {
        let rounds = interleaved(options.rounds(), contenders.len(), |turn| {
            Fill::measure(contenders[turn], capacity)
        });
        let of = |state: fn(&Bytes) -> usize| {
            let figures =
                rounds.iter().map(|rounds| rounds.iter().map(|bytes| state(bytes) as f64));
            contenders.iter().copied().zip(figures.map(Iterator::collect)).collect()
        };
        let ring = contenders.iter().position(|one| *one == Contender::Forebay(Discipline::Ring));
        kept &= ring.is_none_or(|ring| {
            rounds[ring].iter().all(|bytes| bytes.empty.max(bytes.full) <= allowed(capacity))
        });
        report.add(&[&"empty", &capacity], of(|bytes| bytes.empty));
        full_cells.push((capacity, of(|bytes| bytes.full)));
    }
    for (capacity, figures) in full_cells {
        report.add(&[&"full", &capacity], figures);
    }
    let outcome = report.finish(&options);
    if kept {
        println!("A ring of N u64 takes no more than 16 N + 4096 bytes.");
        outcome
    } else {
        eprintln!("bench: a ring of N u64 may take 16 N + 4096 bytes, and takes more");
        ExitCode::FAILURE
    }
}

/// What a buffer takes.
struct Bytes {
    empty: usize,
    full: usize,
}

/// Fills a fresh buffer.
struct Fill {
    capacity: usize,
    /// What was in use when there was no buffer.
    before: usize,
}

impl Fill {
    fn measure(contender: Contender, capacity: usize) -> Bytes {
        let before = ALLOCATOR.in_use();
        let bytes = open(contender, Shape::PAIR, capacity, Self { capacity, before });
        let kept = ALLOCATOR.in_use() - before;
        assert!(kept == 0 || !contender.is_ours(), "a buffer that is gone keeps nothing");
        bytes
    }
}

impl Trial<u64> for Fill {
    type Outcome = Bytes;

    fn run<P: Put<u64>, C: Take<u64>>(self, mut producers: Vec<P>, consumers: Vec<C>) -> Bytes {
        // The two lists of handles are this program's, not the buffer's.
        let handles = producers.capacity() * size_of::<P>() + consumers.capacity() * size_of::<C>();
        let taken = || ALLOCATOR.in_use() - self.before - handles;
        let empty = taken();
        for item in 0..self.capacity as u64 {
            producers[0].put(item);
        }
        Bytes { empty, full: taken() }
    }
}
