//! Who of several threads runs: one at a time, and which one is drawn by lot.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Draw {
    runners: Vec<usize>,
    holder: usize,
    random: fastrand::Rng,
}

impl Draw {
    fn next(&mut self) {
        if let Some(next) = self.random.choice(&self.runners) {
            self.holder = *next;
        }
    }
}

/// Who holds it runs.
#[derive(Debug)]
pub(crate) struct Baton {
    draw: Mutex<Draw>,
    passed: Condvar,
}

/// One of the threads, from its first turn on; the others run on without it when it is dropped.
#[derive(Debug)]
pub(crate) struct Runner {
    baton: Arc<Baton>,
    number: usize,
}

impl Baton {
    /// For so many threads, numbered from 0.
    pub(crate) fn new(runners: usize, seed: u64) -> Arc<Self> {
        let random = fastrand::Rng::with_seed(seed);
        let mut draw = Draw { runners: (0..runners).collect(), holder: 0, random };
        draw.next();
        Arc::new(Self { draw: Mutex::new(draw), passed: Condvar::new() })
    }

    /// Waits for the first turn of this thread.
    pub(crate) fn run(self: &Arc<Self>, number: usize) -> Runner {
        let runner = Runner { baton: Arc::clone(self), number };
        runner.wait(self.lock());
        runner
    }

    fn lock(&self) -> MutexGuard<'_, Draw> {
        self.draw.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runner {
    /// Lets others run, perhaps, and returns when it is this one's turn again.
    pub(crate) fn pass(&self) {
        let mut draw = self.baton.lock();
        draw.next();
        self.baton.passed.notify_all();
        self.wait(draw);
    }

    fn wait(&self, draw: MutexGuard<'_, Draw>) {
        let others = |draw: &mut Draw| draw.holder != self.number;
        drop(self.baton.passed.wait_while(draw, others).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let mut draw = self.baton.lock();
        draw.runners.retain(|runner| *runner != self.number);
        draw.next();
        self.baton.passed.notify_all();
    }
}
