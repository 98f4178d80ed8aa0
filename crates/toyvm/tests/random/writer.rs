//! Writes programs: small, concurrent, of all that the instruction set has, and mostly right. They
//! are drawn, the same ones for the same seeds.

use std::fmt::Write as _;

use toyvm::chance::Chance;

/// What this draws random numbers for.
const PURPOSE: u64 = 77;
/// How deep blocks lie in each other.
const DEPTH: u32 = 2;

/// What there is beside the threads: declared by the file, so that its name serves, or made by main
/// and kept in a global.
const LOCKS: &[&str] = &["('PUSH', 'k')", "('PUSH', 'l')", "('LOAD', 'm')"];
const SEMAPHORES: &[&str] = &["('PUSH', 's')", "('LOAD', 't')", "('PUSH', 'u')"];
const QUEUES: &[&str] = &["('PUSH', 'q')", "('LOAD', 'b')"];
const CONDITIONS: &[&str] = &["('PUSH', 'c')", "('LOAD', 'd')"];
const NAMES: &[&str] = &["x", "y"];

/// Writes programs.
pub(crate) struct Writer {
    chance: Chance,
    /// The list that is being written; an address is a place in it.
    list: Vec<String>,
    /// Names of the lists that this one may start.
    bodies: Vec<String>,
    loops: u32,
}

/// The program of a seed.
pub(crate) fn program(seed: u64) -> String {
    let chance = Chance::new(seed, PURPOSE);
    Writer { chance, list: Vec::new(), bodies: Vec::new(), loops: 0 }.program()
}

impl Writer {
    fn below(&mut self, below: u64) -> u64 {
        self.chance.below(below)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Adds instructions.
    fn add(&mut self, instructions: &[&str]) {
        self.list.extend(instructions.iter().map(ToString::to_string));
    }

    /// A jump to a place that is not known yet.
    fn jump_later(&mut self, how: &str) -> (usize, String) {
        self.list.push(String::new());
        (self.list.len() - 1, how.to_owned())
    }

    fn jump_lands_here(&mut self, (at, how): (usize, String)) {
        self.list[at] = format!("('{how}', {})", self.list.len());
    }

    fn program(mut self) -> String {
        let mut text = String::from("vm = ToyVM()\nk = vm.create_lock('k')\nvm.create_lock('l')\n");
        let (s, u) = (self.below(3), self.below(2));
        let _ = writeln!(text, "vm.create_semaphore({s}, 's')");
        let _ = writeln!(text, "vm.create_bounded_semaphore({u}, {}, 'u')", 1 + self.below(2));
        text += "vm.create_message_queue('q')\nvm.create_condition(k, 'c')\n";
        text += "vm.create_atomic_counter(0, 'n')\nvm.create_array(3, 'a')\nvm.globals['x'] = 1\n";
        for worker in 0..2 + self.below(3) {
            self.blocks(DEPTH);
            // Longer lists are started by shorter ones only when those come later.
            let name = format!("w{worker}");
            self.write_list(&mut text, &name);
            self.bodies.push(name);
        }
        let (t, b) = (self.below(3), 1 + self.below(2));
        self.list = vec!["('LOCK_CREATE',)".to_owned(), "('GLOBAL_STORE', 'm')".to_owned()];
        self.list.extend([format!("('PUSH', {t})"), "('SEMAPHORE_CREATE',)".to_owned()]);
        self.add(&["('GLOBAL_STORE', 't')"]);
        self.list.push(format!("('BOUNDED_QUEUE_CREATE', {b})"));
        self.add(&["('GLOBAL_STORE', 'b')", "('LOAD', 'm')", "('CONDITION_CREATE',)"]);
        self.add(&["('GLOBAL_STORE', 'd')", "('PUSH', 0)", "('GLOBAL_STORE', 'y')"]);
        for thread in 0..2 + self.below(3) {
            self.create();
            self.list.push(format!("('GLOBAL_STORE', 'h{}')", thread % 3));
            if self.one_in(3) {
                self.block(1);
            }
        }
        self.blocks(DEPTH);
        for thread in 0..2 {
            self.list.push(format!("('LOAD', 'h{thread}')"));
            self.join();
        }
        self.write_list(&mut text, "main");
        text += "vm.create_thread(main, 'main')\n";
        for extra in 0..self.below(2) {
            let _ = writeln!(text, "vm.create_thread(w0, 'extra{extra}', priority=1)");
        }
        text
    }

    fn write_list(&mut self, text: &mut String, name: &str) {
        if self.list.is_empty() {
            self.add(&["('NOP',)"]);
        }
        let _ = writeln!(text, "{name} = [\n    {},\n]", self.list.join(",\n    "));
        self.list.clear();
    }

    fn blocks(&mut self, depth: u32) {
        for _ in 0..=self.below(4) {
            self.block(depth);
        }
    }

    /// A few instructions that mostly leave the stack as it was.
    fn block(&mut self, depth: u32) {
        match self.below(if depth == 0 { 13 } else { 18 }) {
            0 => self.compute(),
            1 => self.print(),
            2 | 3 => self.semaphore(),
            4 | 5 => self.queue(),
            6 => self.counter(),
            7 => self.array(),
            8 => self.notify(),
            9 => {
                let ms = self.below(4);
                self.list.push(format!("('SLEEP', {ms})"));
            }
            10 => self.meet(),
            11 => self.variable(),
            12 if self.one_in(3) => self.mistake(),
            12 if self.one_in(2) => self.make(),
            12 => self.add(&["('NOP',)", "('SLEEP', 0)"]),
            13 | 14 => self.locked(depth - 1),
            15 => self.branch(depth - 1),
            16 => self.repeat(depth - 1),
            _ => self.chosen(),
        }
    }

    /// Arithmetic over a global.
    fn compute(&mut self) {
        let (name, by) = (self.one_of(NAMES), self.one_of(&["2", "-3", "1", "7"]));
        let how = self.one_of(&["('ADD',)", "('SUB',)", "('MUL',)", "('MUL', 'mod')", "('DIV',)"]);
        let (load, push) = (format!("('LOAD', '{name}')"), format!("('PUSH', {by})"));
        let store = format!("('GLOBAL_STORE', '{name}')");
        self.add(&[&load, &push, how, &store]);
    }

    fn variable(&mut self) {
        let value = self.one_of(&["1", "-1", "'text'", "'k'", "0"]);
        let name = self.one_of(&["x", "z"]);
        let (push, store) = (format!("('PUSH', {value})"), format!("('STORE', '{name}')"));
        self.add(&[&push, "('DUP',)", &store]);
        let compare = self.one_of(&[
            "('EQ',)", "('NE',)", "('LT',)", "('LE',)", "('GT',)", "('GE',)", "('AND',)", "('OR',)",
        ]);
        self.add(&[&format!("('LOAD', '{name}')"), compare, "('NOT',)", "('POP',)"]);
    }

    /// Makes a thing that nobody else uses.
    fn make(&mut self) {
        let make = self.one_of(&[
            "('LOCK_CREATE',)",
            "('QUEUE_CREATE',)",
            "('BOUNDED_SEMAPHORE_CREATE', 1)",
            "('ATOMIC_CREATE', 4)",
            "('ATOMIC_CREATE',)",
            "('ARRAY_CREATE', 2)",
        ]);
        self.add(&["('PUSH', 1)", make, "('PRINT',)", "('POP',)"]);
    }

    fn print(&mut self) {
        let value = self.one_of(&[
            "('LOAD', 'x')",
            "('LOAD', 'm')",
            "('PUSH', 'text')",
            "('LOAD', 'q')",
            "('LOAD', 'main')",
        ]);
        let print = self.one_of(&["('PRINT',)", "('PRINT', '{} and {}')", "('PRINT', 'here')"]);
        match self.below(6) {
            0 => self.add(&[value, "('PUSH', 7)", "('PRINT_EACH', '{}, {}.')"]),
            1 => self.add(&[value, "('PRINT_EACH', 'just {}')", "('PRINT_EACH', 'no value')"]),
            _ => self.add(&[value, print, "('POP',)"]),
        }
    }

    fn semaphore(&mut self) {
        let semaphore = self.one_of(SEMAPHORES);
        self.add(&[semaphore]);
        match self.below(8) {
            0..=2 => self.add(&["('SEMAPHORE_ACQUIRE',)"]),
            3 | 4 => self.add(&["('SEMAPHORE_RELEASE',)"]),
            5 => self.add(&["('TRY_SEMAPHORE_ACQUIRE',)", "('POP',)"]),
            6 => self.add(&["('SEMAPHORE_ACQUIRE_FOR', 2)", "('PRINT',)", "('POP',)"]),
            _ => self.add(&["('PUSH', 1)", "('SEMAPHORE_ACQUIRE_FOR',)", "('POP',)"]),
        }
    }

    fn queue(&mut self) {
        let (queue, message) = (self.one_of(QUEUES), self.one_of(&["7", "'text'", "'q'"]));
        if self.one_in(2) {
            let push = format!("('PUSH', {message})");
            let turned = self.one_in(3);
            self.add(&if turned { [&push, queue] } else { [queue, &push] });
            match self.below(5) {
                0..=2 => self.add(&["('QUEUE_SEND',)"]),
                3 => self.add(&["('TRY_QUEUE_SEND',)", "('POP',)"]),
                _ => self.add(&["('QUEUE_SEND_FOR', 1)", "('POP',)"]),
            }
        } else {
            self.add(&[queue]);
            match self.below(5) {
                0..=1 => self.add(&["('QUEUE_RECEIVE',)", "('PRINT',)", "('POP',)"]),
                2 => self.add(&["('TRY_QUEUE_RECEIVE',)", "('POP',)", "('POP',)"]),
                3 => self.add(&["('QUEUE_RECEIVE_FOR', 0)", "('POP',)", "('POP',)"]),
                _ => self.add(&["('QUEUE_RECEIVE_FOR', 2)", "('PRINT',)", "('POP',)", "('POP',)"]),
            }
        }
    }

    fn counter(&mut self) {
        self.add(&["('PUSH', 'n')"]);
        let how =
            self.one_of(&["('ATOMIC_INCREMENT',)", "('ATOMIC_DECREMENT',)", "('ATOMIC_GET',)"]);
        if self.one_in(3) {
            self.add(&["('PUSH', 0)", "('PUSH', 5)", "('ATOMIC_COMPARE_AND_SWAP',)"]);
        } else {
            self.add(&[how]);
        }
        self.add(&["('PRINT', 'n {}')", "('POP',)"]);
    }

    fn array(&mut self) {
        let index = format!("('PUSH', {})", if self.one_in(8) { 3 } else { self.below(3) });
        match self.below(3) {
            0 => self.add(&["('LOAD', 'a')", &index, "('LOAD', 'x')", "('ARRAY_SET',)"]),
            1 => self.add(&["('PUSH', 'a')", &index, "('ARRAY_GET',)", "('POP',)"]),
            _ => self.add(&["('PUSH', 'a')", "('ARRAY_LENGTH',)", "('POP',)"]),
        }
    }

    /// Notifies, mostly without the lock.
    fn notify(&mut self) {
        let condition = self.one_of(CONDITIONS);
        let how = self.one_of(&["('NOTIFY',)", "('NOTIFY_ALL',)"]);
        self.add(&[condition, how]);
    }

    /// Starts a thread.
    fn create(&mut self) {
        let index = self.below(self.bodies.len() as u64);
        let bodies = self.bodies.join(", ");
        let daemon = if self.one_in(6) { ", 'daemon'" } else { "" };
        self.list.push(format!("('PUSH', {index})"));
        self.list.push(format!("('THREAD_CREATE', [{bodies}]{daemon})"));
    }

    /// Starts a thread or waits for one; main's handles lie in globals.
    fn meet(&mut self) {
        if self.bodies.is_empty() || self.one_in(2) {
            let thread = self.one_of(&["('LOAD', 'h0')", "('LOAD', 'h1')", "('PUSH', 'main')"]);
            self.add(&[thread]);
        } else {
            self.create();
        }
        self.join();
    }

    fn join(&mut self) {
        match self.below(6) {
            0..=2 => self.add(&["('THREAD_JOIN',)"]),
            3 => self.add(&["('THREAD_JOIN_FOR', 3)", "('POP',)"]),
            4 => self.add(&["('ALIVE',)", "('PRINT',)", "('POP',)"]),
            _ => self.add(&["('POP',)"]),
        }
    }

    /// What fails, or is left on the stack.
    fn mistake(&mut self) {
        let lock = self.one_of(LOCKS);
        match self.below(13) {
            0 => self.add(&["('POP',)", "('POP',)"]),
            1 => self.add(&["('LOAD', 'nothing')"]),
            2 => self.add(&["('PUSH', 1)", "('PUSH', 0)", "('DIV',)"]),
            3 => self.add(&["('JUMP', 999)"]),
            4 | 5 => self.add(&[lock, "('LOCK_RELEASE',)"]),
            6 => self.add(&[lock, "('SEMAPHORE_RELEASE',)"]),
            7 => self.add(&["('PUSH', 'left')"]),
            8 => self.add(&["('PUSH', -1)", "('SLEEP',)"]),
            9 => self.add(&["('PUSH', 9223372036854775807)", "('DUP',)", "('ADD',)"]),
            10 => self.add(&["('PUSH', 1)", "('THREAD_CREATE', [[('NOP',)]])"]),
            11 => self.add(&[lock, "('PUSH', 1)", "('ADD',)"]),
            _ => self.add(&["('PUSH', 0)", "('ASSERT',)"]),
        }
    }

    /// A critical section, left in one way or another.
    fn locked(&mut self, depth: u32) {
        let lock = self.one_of(LOCKS);
        self.add(&[lock]);
        let over = match self.below(8) {
            0 => {
                self.add(&["('TRY_LOCK_ACQUIRE',)"]);
                Some(self.jump_later("JUMP_IF_FALSE"))
            }
            1 => {
                self.add(&["('LOCK_ACQUIRE_FOR', 2)"]);
                Some(self.jump_later("JUMP_IF_FALSE"))
            }
            2 => {
                self.add(&["('LOCK_ACQUIRE', 'robust')", "('POP',)"]);
                None
            }
            _ => {
                self.add(&["('LOCK_ACQUIRE',)"]);
                None
            }
        };
        let condition = match lock {
            "('PUSH', 'k')" => Some("('PUSH', 'c')"),
            "('LOAD', 'm')" => Some("('LOAD', 'd')"),
            _ => None,
        };
        if let Some(condition) = condition {
            match self.below(6) {
                0 => self.add(&[condition, "('WAIT',)"]),
                1 => self.add(&[condition, "('WAIT_FOR', 2)", "('PRINT',)", "('POP',)"]),
                2 => {
                    // Those who wait to the end of time are due at once, in the order of their alarms.
                    let wait =
                        self.one_of(&["('WAIT_FOR', 0)", "('WAIT_FOR', 9223372036854775807)"]);
                    self.add(&[condition, wait, "('POP',)"]);
                }
                3 => self.add(&[condition, "('NOTIFY_ALL',)"]),
                4 => self.meet(),
                _ => {}
            }
        }
        self.blocks(depth);
        if !self.one_in(12) {
            self.add(&[lock, "('LOCK_RELEASE',)"]);
        }
        if let Some(over) = over {
            self.jump_lands_here(over);
        }
    }

    fn branch(&mut self, depth: u32) {
        let name = self.one_of(NAMES);
        self.list.push(format!("('LOAD', '{name}')"));
        let how = self.one_of(&["JUMP_IF", "JUMP_IF_TRUE", "JUMP_IF_FALSE"]);
        let otherwise = self.jump_later(how);
        self.blocks(depth);
        let over = self.jump_later("JUMP");
        self.jump_lands_here(otherwise);
        self.blocks(depth);
        self.jump_lands_here(over);
    }

    /// A loop with an end.
    fn repeat(&mut self, depth: u32) {
        self.loops += 1;
        let name = format!("i{}", self.loops);
        let (store, load) = (format!("('STORE', '{name}')"), format!("('LOAD', '{name}')"));
        let times = format!("('PUSH', {})", self.below(3));
        self.add(&[&times, &store]);
        let top = self.list.len();
        self.blocks(depth);
        self.add(&[&load, "('PUSH', 1)", "('SUB',)", "('DUP',)", &store]);
        self.list.push(format!("('JUMP_IF', {top})"));
    }

    fn chosen(&mut self) {
        let how = self.one_of(&["('CHOOSE', 3)", "('RANDOM', 2)"]);
        self.add(&[how, "('PRINT', 'chose {}')"]);
        let over = self.jump_later("JUMP_IF_FALSE");
        self.block(0);
        self.jump_lands_here(over);
    }
}
