//! Writes small concurrent programs at random: a few threads that share a few things, and make mistakes.

use std::fmt::Write as _;

use toyvm::chance::Chance;

/// What a program may get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Waiting for ever.
    Waits,
    /// Assertions that do not hold, globals that race.
    Data,
    /// Trying, giving up, asking whether others are over.
    Tries,
    /// Conditions and bounds.
    Conditions,
}

pub(crate) const FLAVOURS: [Flavour; 4] =
    [Flavour::Waits, Flavour::Data, Flavour::Tries, Flavour::Conditions];

pub(crate) struct Writer {
    chance: Chance,
    flavour: Flavour,
    labels: u32,
    text: String,
}

/// The program of a seed.
pub(crate) fn program(seed: u64) -> String {
    let flavour = FLAVOURS[(seed % 4) as usize];
    let mut writer =
        Writer { chance: Chance::new(seed, 7), flavour, labels: 0, text: String::new() };
    writer.write();
    writer.text
}

impl Writer {
    fn below(&mut self, below: u64) -> u64 {
        self.chance.below(below)
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn put(&mut self, line: &str) {
        self.text.push_str("    ");
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn write(&mut self) {
        let lists = 1 + self.below(2);
        for list in 0..lists {
            let _ = writeln!(self.text, "worker{list} = [");
            self.body();
            self.text.push_str("]\n");
        }
        let claim = match self.below(4) {
            0 => "    (\"INVARIANT\", \"x <= 2\"),\n",
            1 => "    (\"INVARIANT\", \"q <= 2\"),\n",
            _ => "",
        };
        let claim = if self.flavour == Flavour::Data { claim } else { "" };
        self.text.push_str("main = [\n");
        for line in [
            r#"("PUSH", 0), ("GLOBAL_STORE", "x"), ("PUSH", 0), ("GLOBAL_STORE", "y"),"#,
            r#"("LOCK_CREATE",), ("GLOBAL_STORE", "m"), ("LOCK_CREATE",), ("GLOBAL_STORE", "n"),"#,
            r#"("PUSH", 1), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "s"),"#,
            r#"("ATOMIC_CREATE", 0), ("GLOBAL_STORE", "c"), ("ARRAY_CREATE", 2), ("GLOBAL_STORE", "a"),"#,
            r#"("LOAD", "m"), ("CONDITION_CREATE",), ("GLOBAL_STORE", "w"),"#,
        ] {
            self.put(line);
        }
        if self.flavour == Flavour::Conditions {
            self.put(r#"("BOUNDED_QUEUE_CREATE", 1), ("GLOBAL_STORE", "q"),"#);
            self.put(r#"("PUSH", 0), ("BOUNDED_SEMAPHORE_CREATE", 2), ("GLOBAL_STORE", "t"),"#);
        } else {
            self.put(r#"("QUEUE_CREATE",), ("GLOBAL_STORE", "q"),"#);
            self.put(r#"("PUSH", 0), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "t"),"#);
        }
        self.text.push_str(claim);
        let threads = 2 + self.below(2);
        let names: Vec<String> = (0..lists).map(|list| format!("worker{list}")).collect();
        for thread in 0..threads {
            let list = self.below(lists);
            let line = format!(
                r#"("PUSH", {list}), ("THREAD_CREATE", [{}]), ("STORE", "h{thread}"),"#,
                names.join(", ")
            );
            self.put(&line);
        }
        if self.one_in(2) {
            self.action(1);
        }
        let joins = if self.one_in(4) { self.below(threads) } else { threads };
        for thread in 0..joins {
            let line = format!(r#"("LOAD", "h{thread}"), ("THREAD_JOIN",),"#);
            self.put(&line);
            if self.one_in(8) {
                self.action(1);
            }
        }
        if self.one_in(2) {
            self.put(
                r#"("LOAD", "c"), ("ATOMIC_GET",), ("PUSH", 3), ("LE",), ("ASSERT", "at most 3"),"#,
            );
        }
        self.text.push_str("]\n");
    }

    fn body(&mut self) {
        if self.one_in(3) {
            let label = self.label();
            self.put(&format!(r#"("PUSH", 1), ("STORE", "i"), ("LABEL", "{label}"),"#));
            self.actions(2);
            self.put(&format!(
                r#"("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", "{label}"),"#
            ));
        } else {
            self.actions(3);
        }
        if self.one_in(6) {
            self.put(r#"("NOP",),"#);
        }
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("l{}", self.labels)
    }

    fn actions(&mut self, most: u64) {
        for _ in 0..=self.below(most) {
            self.action(2);
        }
    }

    fn lock(&mut self) -> &'static str {
        if self.one_in(3) { "n" } else { "m" }
    }

    fn action(&mut self, depth: u64) {
        let lock = self.lock();
        let common = self.below(10);
        if depth > 0 && common < 2 {
            self.put(&format!(r#"("LOAD", "{lock}"), ("LOCK_ACQUIRE",),"#));
            self.actions_in(depth);
            if !self.one_in(12) {
                self.put(&format!(r#"("LOAD", "{lock}"), ("LOCK_RELEASE",),"#));
            }
            return;
        }
        if depth > 0 && common == 2 {
            let label = self.label();
            self.put(&format!(r#"("CHOOSE", 2), ("JUMP_IF_FALSE", "{label}"),"#));
            self.actions_in(depth);
            self.put(&format!(r#"("LABEL", "{label}"),"#));
            return;
        }
        let line = match (self.flavour, self.below(8)) {
            (_, 0) => {
                r#"("LOAD", "s"), ("SEMAPHORE_ACQUIRE",), ("LOAD", "s"), ("SEMAPHORE_RELEASE",),"#
            }
            (_, 1) => r#"("LOAD", "t"), ("SEMAPHORE_RELEASE",),"#,
            (_, 2) => r#"("LOAD", "c"), ("ATOMIC_INCREMENT",), ("POP",),"#,
            (Flavour::Waits, 3) => r#"("LOAD", "t"), ("SEMAPHORE_ACQUIRE",),"#,
            (Flavour::Waits, 4) => r#"("LOAD", "q"), ("QUEUE_RECEIVE",), ("POP",),"#,
            (Flavour::Waits, 5) | (Flavour::Conditions, 6) => {
                r#"("LOAD", "q"), ("PUSH", 1), ("QUEUE_SEND",),"#
            }
            (Flavour::Waits, 6) => r#"("LOAD", "q"), ("PUSH", 2), ("QUEUE_SEND",),"#,
            (Flavour::Waits, _) => {
                r#"("LOAD", "q"), ("QUEUE_RECEIVE",), ("PRINT", "{}"), ("POP",),"#
            }
            (Flavour::Data, 3) => r#"("LOAD", "x"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "x"),"#,
            (Flavour::Data, 4) => r#"("LOAD", "x"), ("PUSH", 2), ("LE",), ("ASSERT", "x"),"#,
            (Flavour::Data, 5) => {
                r#"("LOAD", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 3), ("LE",), ("ASSERT", "c"),"#
            }
            (Flavour::Data, 6) => r#"("LOAD", "y"), ("GLOBAL_STORE", "x"),"#,
            (Flavour::Data, _) => {
                r#"("LOAD", "q"), ("LOAD", "c"), ("ATOMIC_GET",), ("QUEUE_SEND",),"#
            }
            (Flavour::Tries, 3) => {
                r#"("LOAD", "m"), ("TRY_LOCK_ACQUIRE",), ("PRINT", "{}"), ("POP",),"#
            }
            (Flavour::Tries, 4) => {
                r#"("LOAD", "t"), ("SEMAPHORE_ACQUIRE_FOR", 5), ("LOAD", "c"), ("ATOMIC_INCREMENT",), ("ADD",), ("PUSH", 3), ("LE",), ("ASSERT", "few"),"#
            }
            (Flavour::Tries, 5) => r#"("LOAD", "q"), ("TRY_QUEUE_RECEIVE",), ("POP",), ("POP",),"#,
            (Flavour::Tries, 6) => r#"("LOAD", "n"), ("LOCK_ACQUIRE", "robust"), ("POP",),"#,
            (Flavour::Tries, _) => r#"("LOAD", "q"), ("PUSH", 1), ("QUEUE_SEND",), ("SLEEP", 3),"#,
            (Flavour::Conditions, 3) => {
                r#"("LOAD", "m"), ("LOCK_ACQUIRE",), ("LOAD", "w"), ("WAIT",), ("LOAD", "m"), ("LOCK_RELEASE",),"#
            }
            (Flavour::Conditions, 4) => r#"("LOAD", "w"), ("NOTIFY",),"#,
            (Flavour::Conditions, 5) => {
                r#"("LOAD", "w"), ("NOTIFY_ALL",), ("LOAD", "t"), ("SEMAPHORE_ACQUIRE",),"#
            }
            (Flavour::Conditions, _) => {
                r#"("LOAD", "a"), ("PUSH", 0), ("LOAD", "a"), ("PUSH", 0), ("ARRAY_GET",), ("PUSH", 1), ("ADD",), ("ARRAY_SET",), ("LOAD", "q"), ("QUEUE_RECEIVE",), ("POP",),"#
            }
        };
        self.put(line);
    }

    fn actions_in(&mut self, depth: u64) {
        for _ in 0..=self.below(2) {
            self.action(depth - 1);
        }
    }
}
