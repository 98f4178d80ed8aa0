//! The specification as a program: an interpreter that was written from the page alone, with no eye
//! on the machine and none on speed. There are no lines and no sets of who can go on: whoever waits
//! has a ticket, and everything else is found by looking at everybody, again and again, until nothing
//! changes any more.

mod agreement;
mod execute;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use toyvm::Program;
use toyvm::machine::Service;
use toyvm::program::CodeId;
use toyvm::value::{Kind, Value};

pub(crate) use waiting::{Answer, On, Waiting};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum V {
    Int(i64),
    Text(String),
    Thing(Kind, usize),
}

/// What a thread is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    Runnable,
    Waiting(Waiting),
    /// Until when, and how many had set an alarm before.
    Sleeping(u64, u64),
    Ended,
    Failed(Bad),
}

/// What was wrong, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    Underflow,
    Name,
    Kind,
    NotAnInteger,
    DivisionByZero,
    Overflow,
    Jump,
    Body,
    TooLow,
    NotHeld,
    AboveBound,
    Index,
}

impl Bad {
    /// How many sorts there are.
    pub(crate) const COUNT: usize = 12;
}

#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) name: String,
    pub(crate) code: CodeId,
    pub(crate) pc: usize,
    pub(crate) stack: Vec<V>,
    pub(crate) variables: BTreeMap<String, V>,
    pub(crate) status: Status,
    pub(crate) priority: i64,
    pub(crate) daemon: bool,
}

impl Thread {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status, Status::Ended | Status::Failed(_))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) messages: Vec<V>,
    pub(crate) capacity: Option<i64>,
}

/// Everything that there is.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    program: Arc<Program>,
    service: Service,
    /// What the file names.
    objects: BTreeMap<String, V>,
    /// How each thing that is no thread is printed, by kind.
    names: BTreeMap<Kind, Vec<String>>,
    /// How many of each kind have no name of their own.
    numbered: BTreeMap<Kind, usize>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) globals: BTreeMap<String, V>,
    /// The holders.
    pub(crate) locks: Vec<Option<usize>>,
    /// Counts and bounds.
    pub(crate) semaphores: Vec<(i64, Option<i64>)>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) counters: Vec<i64>,
    /// The locks of the conditions.
    pub(crate) conditions: Vec<usize>,
    pub(crate) arrays: Vec<Vec<V>>,
    pub(crate) clock: u64,
    pub(crate) printed: Vec<String>,
    /// An assertion of that thread did not hold.
    pub(crate) asserted: Option<usize>,
    tickets: u64,
}

impl Model {
    pub(crate) fn new(program: &Arc<Program>, service: Service) -> Self {
        let mut model = Self {
            program: Arc::clone(program),
            service,
            objects: BTreeMap::new(),
            names: BTreeMap::new(),
            numbered: BTreeMap::new(),
            threads: Vec::new(),
            globals: BTreeMap::new(),
            locks: Vec::new(),
            semaphores: Vec::new(),
            queues: Vec::new(),
            counters: Vec::new(),
            conditions: Vec::new(),
            arrays: Vec::new(),
            clock: 0,
            printed: Vec::new(),
            asserted: None,
            tickets: 0,
        };
        for it in program.declared() {
            let name = it.name.map(|name| program.text(name).to_owned());
            let handle = match it.kind {
                Kind::Thread => unreachable!("threads are entries"),
                Kind::Lock => model.make_lock(name.clone()),
                Kind::Semaphore => model.make_semaphore(name.clone(), it.initial, it.bound),
                Kind::Queue => model.make_queue(name.clone(), it.bound),
                Kind::Counter => model.make_counter(name.clone(), it.initial),
                Kind::Condition => model.make_condition(name.clone(), it.initial as usize),
                Kind::Array => model.make_array(name.clone(), it.initial as usize),
            };
            model.objects.extend(name.map(|name| (name, handle)));
        }
        for it in program.entries() {
            let name = it.name.map(|name| program.text(name).to_owned());
            let handle = model.make_thread(name.clone(), it.code, it.priority, it.daemon);
            model.objects.extend(name.map(|name| (name, handle)));
        }
        for (name, value) in program.globals() {
            let value = model.constant(*value);
            model.globals.insert(program.name(*name).to_owned(), value);
        }
        model
    }

    /// A constant of the program.
    fn constant(&self, value: Value) -> V {
        match value {
            Value::Int(int) => V::Int(int),
            Value::Text(text) => V::Text(self.program.text(text).to_owned()),
            Value::Handle(handle) => V::Thing(handle.kind, handle.index as usize),
        }
    }

    fn next_name(&mut self, kind: Kind, name: Option<String>) -> String {
        name.unwrap_or_else(|| {
            let number = self.numbered.entry(kind).or_default();
            *number += 1;
            format!("{}-{}", kind.word(), *number - 1)
        })
    }

    /// A thing of that kind, the `index`-th, is there.
    fn made(&mut self, kind: Kind, name: Option<String>, index: usize) -> V {
        let name = self.next_name(kind, name);
        self.names.entry(kind).or_default().push(name);
        V::Thing(kind, index)
    }

    fn make_thread(
        &mut self,
        name: Option<String>,
        code: CodeId,
        priority: i64,
        daemon: bool,
    ) -> V {
        let name = self.next_name(Kind::Thread, name);
        self.threads.push(Thread {
            name,
            code,
            pc: 0,
            stack: Vec::new(),
            variables: BTreeMap::new(),
            status: Status::Runnable,
            priority,
            daemon,
        });
        V::Thing(Kind::Thread, self.threads.len() - 1)
    }

    fn make_lock(&mut self, name: Option<String>) -> V {
        self.locks.push(None);
        self.made(Kind::Lock, name, self.locks.len() - 1)
    }

    fn make_semaphore(&mut self, name: Option<String>, count: i64, bound: Option<i64>) -> V {
        self.semaphores.push((count, bound));
        self.made(Kind::Semaphore, name, self.semaphores.len() - 1)
    }

    fn make_queue(&mut self, name: Option<String>, capacity: Option<i64>) -> V {
        self.queues.push(Queue { messages: Vec::new(), capacity });
        self.made(Kind::Queue, name, self.queues.len() - 1)
    }

    fn make_counter(&mut self, name: Option<String>, initial: i64) -> V {
        self.counters.push(initial);
        self.made(Kind::Counter, name, self.counters.len() - 1)
    }

    fn make_condition(&mut self, name: Option<String>, lock: usize) -> V {
        self.conditions.push(lock);
        self.made(Kind::Condition, name, self.conditions.len() - 1)
    }

    fn make_array(&mut self, name: Option<String>, length: usize) -> V {
        self.arrays.push(vec![V::Int(0); length]);
        self.made(Kind::Array, name, self.arrays.len() - 1)
    }

    /// As PRINT writes it.
    fn show(&self, value: &V) -> String {
        match value {
            V::Int(int) => int.to_string(),
            V::Text(text) => text.clone(),
            V::Thing(Kind::Thread, index) => self.threads[*index].name.clone(),
            V::Thing(kind, index) => self.names[kind][*index].clone(),
        }
    }

    /// Who can go on.
    pub(crate) fn enabled(&self) -> Vec<usize> {
        let can = |thread: &usize| match &self.threads[*thread].status {
            Status::Runnable => true,
            Status::Waiting(_) => self.can_have(*thread),
            Status::Sleeping(..) | Status::Ended | Status::Failed(_) => false,
        };
        (0..self.threads.len()).filter(can).collect()
    }

    /// Whether nothing is left to do but what daemons wait for.
    pub(crate) fn is_finished(&self) -> bool {
        self.enabled().is_empty() && self.threads.iter().all(|it| it.is_over() || it.daemon)
    }

    /// One step of a thread, in which that number was chosen.
    pub(crate) fn step(&mut self, me: usize, chosen: Option<u64>) {
        self.clock = self.clock.saturating_add(1);
        if matches!(self.threads[me].status, Status::Waiting(_)) {
            self.serve(me);
        } else {
            let at = self.threads[me].pc;
            let before = self.threads[me].stack.clone();
            self.threads[me].pc += 1;
            if let Err(bad) = self.execute(me, at, chosen) {
                let it = &mut self.threads[me];
                it.stack = before;
                it.pc = at;
                it.status = Status::Failed(bad);
            } else if self.asserted.is_some() {
                self.threads[me].stack = before;
                self.threads[me].pc = at;
            }
        }
        self.settle();
    }

    /// The clock wakes whoever is due; and while nobody can go on, it jumps to who is due next. False
    /// if nobody is.
    pub(crate) fn pass_time(&mut self) -> bool {
        loop {
            let due = |it: &Thread| match &it.status {
                Status::Sleeping(due, alarm) => Some((*due, *alarm)),
                Status::Waiting(waiting) => waiting.until,
                Status::Runnable | Status::Ended | Status::Failed(_) => None,
            };
            let first = (0..self.threads.len())
                .filter_map(|thread| Some((due(&self.threads[thread])?, thread)))
                .min();
            let nobody = self.enabled().is_empty();
            match first {
                Some(((due, _), thread)) if due <= self.clock || nobody => {
                    self.clock = self.clock.max(due);
                    self.wake(thread);
                    self.settle();
                }
                _ => return !nobody,
            }
        }
    }

    /// The cycles of threads that wait for each other, each from its lowest.
    pub(crate) fn cycles(&self) -> Vec<Vec<usize>> {
        let next = |thread: usize| match &self.threads[thread].status {
            Status::Waiting(Waiting { on, until: None, .. }) => match on {
                On::Lock(lock) => self.locks[*lock],
                On::Thread(other) => Some(*other),
                _ => None,
            },
            _ => None,
        };
        let mut cycles = Vec::new();
        for lowest in 0..self.threads.len() {
            let mut cycle = vec![lowest];
            while let Some(to) = next(cycle[cycle.len() - 1]).filter(|to| *to > lowest) {
                if cycle.contains(&to) {
                    break;
                }
                cycle.push(to);
            }
            if next(cycle[cycle.len() - 1]) == Some(lowest) {
                cycles.push(cycle);
            }
        }
        cycles
    }
}
