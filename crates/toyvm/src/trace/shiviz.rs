//! A log for ShiViz (<https://bestchai.bitbucket.io/shiviz/>), which draws what happened before what
//! (Beschastnikh, Liu, Xing, Wang, Brun & Ernst, *Visualizing Distributed System Executions*, 2020).
//!
//! Each thread is a host. Each event is two lines: what it is, then the host and its vector clock
//! (Fidge, 1988; Mattern, 1989). The first line of the file is the expression that reads them, the
//! second would part several runs and is empty.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write;
use std::rc::Rc;

use super::edges::{Edge, Edges};
use super::sentence::tell;
use super::sink::Sink;
use super::{ExportError, Recording, outcome};
use crate::machine::{Event, Machine, Stepped, ThreadId};
use crate::observer::Observer;

/// How ShiViz reads an event.
const EXPRESSION: &str = r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})";

/// The most threads: each event is written with what it knows of every one.
pub const MOST_THREADS: usize = 500;

/// Writes a recording as a log with vector clocks.
pub fn export<W: Write>(recording: &Recording, out: W) -> Result<W, ExportError> {
    let threads = recording.replay(())?.machine.state().threads().len();
    if threads > MOST_THREADS {
        return Err(ExportError::TooManyThreads { threads, most: MOST_THREADS });
    }
    let mut log = Log {
        sink: Sink::new(out),
        hosts: Vec::new(),
        taken: HashSet::new(),
        clocks: Vec::new(),
        edges: Edges::default(),
        owed: HashMap::new(),
        steps: 0,
        repeats_from: recording.repeats_from().map(|from| from as u64),
    };
    log.sink.line(format_args!("{EXPRESSION}\n"));
    Ok(recording.replay(log)?.observer.sink.finish()?)
}

/// For each thread that is known of, how many of its events are.
type Clock = BTreeMap<u32, u64>;

struct Log<W> {
    sink: Sink<W>,
    /// What each thread is called: without blanks, and each otherwise.
    hosts: Vec<String>,
    taken: HashSet<String>,
    clocks: Vec<Clock>,
    /// The clock of an event is filled in once it is known what the event follows from.
    edges: Edges<Rc<RefCell<Clock>>>,
    /// What threads know with their next event: whoever started or notified them.
    owed: HashMap<ThreadId, Vec<Rc<RefCell<Clock>>>>,
    /// Steps made, and after how many the others are gone through again and again; none once that was said.
    steps: u64,
    repeats_from: Option<u64>,
}

impl<W: Write> Log<W> {
    fn meet(&mut self, machine: &Machine) {
        for thread in machine.state().thread_ids().skip(self.hosts.len()) {
            let name = machine.show_thread(thread);
            let mut host: String = name
                .chars()
                .map(|char| if char.is_whitespace() || char.is_control() { '_' } else { char })
                .collect();
            if host.is_empty() || self.taken.contains(&host) {
                host = format!("{host}#{}", thread.0);
            }
            self.taken.insert(host.clone());
            self.hosts.push(host);
            self.clocks.push(Clock::new());
        }
    }

    fn learn(&mut self, thread: ThreadId, known: &Clock) {
        let clock = &mut self.clocks[thread.index()];
        for (other, events) in known {
            let mine = clock.entry(*other).or_default();
            *mine = (*mine).max(*events);
        }
    }

    /// Counts an event of a thread, whose clock it then is.
    fn tick(&mut self, thread: ThreadId) {
        for known in self.owed.remove(&thread).unwrap_or_default() {
            self.learn(thread, &known.borrow());
        }
        *self.clocks[thread.index()].entry(thread.0).or_default() += 1;
    }

    fn write(&mut self, thread: ThreadId, text: &str) {
        let mut clock = serde_json::Map::new();
        for (other, events) in &self.clocks[thread.index()] {
            clock.insert(self.hosts[*other as usize].clone(), (*events).into());
        }
        let mut text = text.replace(|char: char| char.is_control(), " ");
        if self.repeats_from.is_some_and(|from| from <= self.steps) {
            // Nothing but events of threads is drawn.
            let _ = write!(text, " ({})", outcome::ROUND);
            self.repeats_from = None;
        }
        let host = &self.hosts[thread.index()];
        self.sink.line(format_args!("{text}\n{host} {}", serde_json::Value::Object(clock)));
    }
}

impl<W: Write> Observer for Log<W> {
    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        self.meet(machine);
        let Some(text) = tell(machine, thread, event) else { return };
        self.tick(thread);
        let here = Rc::new(RefCell::default());
        match self.edges.note(machine, thread, event, Rc::clone(&here)) {
            Some(Edge::From(known)) => self.learn(thread, &known.borrow()),
            Some(Edge::To(other)) => self.owed.entry(other).or_default().push(Rc::clone(&here)),
            None => {}
        }
        here.borrow_mut().clone_from(&self.clocks[thread.index()]);
        self.write(thread, &text);
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        self.meet(machine);
        self.tick(thread);
        self.write(thread, line);
    }

    fn prints(&self) -> bool {
        true
    }

    fn after(&mut self, _: &Machine, _: ThreadId, _: Stepped) {
        self.steps += 1;
    }
}
