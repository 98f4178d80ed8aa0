//! A log that never holds up the application: what cannot be shipped in time is dropped, the oldest first, and
//! the log says how much.
//!
//! ```sh
//! cargo run -p forebay-examples --example log_shipper
//! ```
//!
//! Look for: threads that log without ever waiting, although the collector is far too slow; gaps that are told
//! where they are; shipped + dropped = logged. The newest lines, which tell why a program died, are there.

use std::io::{self, Write};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use forebay::{Consumer, Overflow, Producer, bounded};

/// The most lines that wait, and the most that are shipped in one go.
const CAPACITY: usize = 1_000;
const BATCH: usize = 200;

/// What the application holds: cheap to clone, and never in its way.
#[derive(Clone)]
struct Log(Producer<String>);

impl Log {
    /// Starts a thread that ships to `collector` until the last clone of the log is dropped.
    fn to(collector: impl Write + Send + 'static) -> (Self, JoinHandle<io::Result<Account>>) {
        let (lines, waiting) = bounded(CAPACITY);
        let log = Self(lines.with_overflow(Overflow::DropOldest));
        (log, thread::spawn(move || ship(&waiting, collector)))
    }

    fn line(&self, line: String) {
        // Refused only when the shipper has died: then there is nowhere to log to.
        let _ = self.0.put(line);
    }
}

/// What became of the lines.
struct Account {
    shipped: u64,
    dropped: u64,
    gaps: u64,
}

fn ship(waiting: &Consumer<String>, mut collector: impl Write) -> io::Result<Account> {
    let mut account = Account { shipped: 0, dropped: 0, gaps: 0 };
    while let Ok(lines) = waiting.take_many(BATCH) {
        // The buffer counts what it drops; what is new since the last batch is missing about here.
        let dropped = waiting.statistics().dropped;
        if dropped > account.dropped {
            writeln!(collector, "[{} lines dropped]", dropped - account.dropped)?;
            account.dropped = dropped;
            account.gaps += 1;
        }
        account.shipped += lines.len() as u64;
        let batch = lines.join("\n");
        writeln!(collector, "{batch}")?;
        collector.flush()?;
    }
    Ok(account)
}

fn main() -> io::Result<()> {
    let (log, shipper) = Log::to(SlowCollector { last: Vec::new() });
    let begun = Instant::now();
    thread::scope(|scope| {
        for thread in 1..=4 {
            let log = log.clone();
            scope.spawn(move || {
                for number in 1..=25_000 {
                    log.line(format!("thread {thread}, line {number}"));
                }
            });
        }
    });
    let (took, statistics) = (begun.elapsed(), log.0.statistics());
    println!(
        "{} lines logged by 4 threads in {took:.0?}; waited for room: {:?}",
        statistics.produced, statistics.producer_wait
    );
    drop(log); // the shipper drains the buffer, and ends
    let Account { shipped, dropped, gaps } = shipper.join().expect("the shipper does not panic")?;
    println!("shipped {shipped}, dropped {dropped} in {gaps} gaps");
    Ok(())
}

/// Takes 5 ms for a batch, as one over a network might, and shows the end of what it has got.
struct SlowCollector {
    last: Vec<u8>,
}

impl Write for SlowCollector {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.last.extend_from_slice(text);
        self.last.drain(..self.last.len().saturating_sub(100));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        thread::sleep(Duration::from_millis(5));
        Ok(())
    }
}

impl Drop for SlowCollector {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.last);
        println!("the last line shipped: {}", text.lines().last().unwrap_or("none"));
    }
}
