//! A video over a network that stutters: play begins once enough is buffered, and stops when nothing is.
//!
//! ```sh
//! cargo run -p forebay-examples --example video
//! ```
//!
//! The capacity bounds how much is loaded ahead, whatever the network could do. The *pre-roll* is the depth at
//! which play begins, and begins again after a stall: here it is the high watermark of the buffer, and empty is
//! the low one. With a longer pre-roll a video starts later, and stalls less.
//!
//! Look for: the same network twice, and what the longer pre-roll costs and brings.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{BuildError, Builder, Consumer, Producer, TakeError, Watermark};

/// How long a chunk is shown.
const CHUNK: Duration = Duration::from_millis(10);

/// The whole video, and the most of it that is loaded ahead.
const CHUNKS: u32 = 60;
const CAPACITY: usize = 20;

fn main() -> Result<(), BuildError> {
    for pre_roll in [1, 12] {
        let gate = Arc::new(Gate::default());
        let keeper = Arc::clone(&gate);
        let (network, chunks) = Builder::bounded(CAPACITY)
            .watermarks(0, pre_roll, move |mark| keeper.set(mark == Watermark::High))
            .build()?;
        thread::scope(|scope| {
            let gate = &gate;
            scope.spawn(move || {
                load(&network);
                drop(network); // the last producer: the buffer is closed
                gate.set(true); // what is left is shown, however little it is
            });
            println!("pre-roll {pre_roll}: {}", play(&chunks, gate));
        });
    }
    Ok(())
}

/// The player: shows chunks as they come, and tells how it went.
fn play(chunks: &Consumer<u32>, gate: &Gate) -> String {
    let begun = Instant::now();
    let (mut shown, mut stalls) = (0, 0);
    let (mut start, mut stalled) = (Duration::ZERO, Duration::ZERO);
    let mut starved = None; // since when
    loop {
        match chunks.try_take() {
            Ok(_chunk) => {
                if shown == 0 {
                    start = begun.elapsed();
                } else if let Some(since) = starved {
                    stalls += 1;
                    stalled += Instant::elapsed(&since);
                }
                starved = None;
                thread::sleep(CHUNK); // it is on the screen
                shown += 1;
            }
            Err(TakeError::Closed) => break,
            Err(_) => {
                starved.get_or_insert_with(Instant::now);
                gate.wait();
            }
        }
    }
    format!("began after {start:.0?}, {stalls} stalls, {stalled:.0?} in all, {shown} chunks shown")
}

/// The network: much quicker than the video, but for a hiccup now and then.
fn load(network: &Producer<u32>) {
    for chunk in 1..=CHUNKS {
        thread::sleep(if chunk % 20 == 5 { CHUNK * 15 } else { CHUNK / 4 });
        if network.put(chunk).is_err() {
            return; // nobody watches any more
        }
    }
}

/// Open while enough is buffered to go on.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, open: bool) {
        *self.is_open.lock().expect("nobody panics with it") = open;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let is_open = self.is_open.lock().expect("nobody panics with it");
        drop(self.changed.wait_while(is_open, |open| !*open));
    }
}
