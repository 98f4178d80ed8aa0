//! Writes tiny programs at random: few threads, which do few things, but to each other. All is declared, so that
//! hardly a step is lost on what does not matter.

use std::fmt::Write as _;

use toyvm::chance::Chance;

use super::aimed::DECLARED;

/// What this draws random numbers for.
const PURPOSE: u64 = 11;

/// What a thread may do: `{}` stands for more of it.
#[cfg(feature = "flaws")]
const PHRASES: &[&str] = &[
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), {} ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "n"), ("LOCK_ACQUIRE",), {} ("PUSH", "n"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), {}"#,
    r#"("PUSH", "m"), ("TRY_LOCK_ACQUIRE",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE_FOR", 5), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE", "robust"), ("POP",), {} ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), {} ("PUSH", "s"), ("SEMAPHORE_RELEASE",),"#,
    r#"("PUSH", "t"), ("SEMAPHORE_ACQUIRE",),"#,
    r#"("PUSH", "t"), ("SEMAPHORE_RELEASE",),"#,
    r#"("PUSH", "t"), ("TRY_SEMAPHORE_ACQUIRE",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "u"), ("SEMAPHORE_ACQUIRE",),"#,
    r#"("PUSH", "u"), ("SEMAPHORE_RELEASE",),"#,
    r#"("PUSH", "q"), ("PUSH", 1), ("QUEUE_SEND",),"#,
    r#"("PUSH", "q"), ("PUSH", 2), ("QUEUE_SEND",),"#,
    r#"("PUSH", "q"), ("QUEUE_RECEIVE",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "q"), ("QUEUE_RECEIVE",), ("POP",),"#,
    r#"("PUSH", "q"), ("TRY_QUEUE_RECEIVE",), ("GLOBAL_STORE", "x"), ("POP",),"#,
    r#"("PUSH", "b"), ("PUSH", 1), ("QUEUE_SEND",),"#,
    r#"("PUSH", "b"), ("PUSH", 2), ("QUEUE_SEND",),"#,
    r#"("PUSH", "b"), ("QUEUE_RECEIVE",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "b"), ("QUEUE_RECEIVE",), ("STORE", "v"), {} ("LOAD", "v"), ("ASSERT", "v"),"#,
    r#"("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),"#,
    r#"("PUSH", "c"), ("ATOMIC_INCREMENT",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "c"), ("ATOMIC_GET",), ("GLOBAL_STORE", "y"),"#,
    r#"("PUSH", "c"), ("ATOMIC_GET",), ("PUSH", 1), ("LE",), ("ASSERT", "c"),"#,
    r#"("PUSH", "c"), ("PUSH", 0), ("PUSH", 5), ("ATOMIC_COMPARE_AND_SWAP",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), {} ("LOAD", "v"), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", 1), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", 2), ("GLOBAL_STORE", "x"),"#,
    r#"("LOAD", "x"), ("GLOBAL_STORE", "y"),"#,
    r#"("LOAD", "y"), ("ASSERT", "y"),"#,
    r#"("LOAD", "x"), ("POP",),"#,
    r#"("PUSH", "a"), ("PUSH", 0), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "a"), ("PUSH", 0), ("ARRAY_GET",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), {} ("PUSH", "w"), ("WAIT",), ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "w"), ("WAIT_FOR", 5), ("GLOBAL_STORE", "x"), ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "w"), ("NOTIFY",),"#,
    r#"("PUSH", "w"), ("NOTIFY_ALL",),"#,
    r#"("CHOOSE", 2), ("GLOBAL_STORE", "x"),"#,
    r#"("CHOOSE", 2), ("JUMP_IF_FALSE", "@"), {} ("LABEL", "@"),"#,
    r#"("LOAD", "x"), ("JUMP_IF_TRUE", "@"), {} ("LABEL", "@"),"#,
    r#"("INVARIANT", "x < 2"),"#,
    r#"("INVARIANT", "c < 2"),"#,
    r#"("INVARIANT", "x < 2 when m free"),"#,
    r#"("QUEUE_CREATE",), ("STORE", "v"), {} ("LOAD", "v"), ("PUSH", 1), ("QUEUE_SEND",),"#,
    r#"("LOCK_CREATE",), ("STORE", "v"), {} ("LOAD", "v"), ("LOCK_ACQUIRE",),"#,
    r#"("SLEEP", 1),"#,
    r#"("NOP",),"#,
];

/// What threads do with ids; one of the first few is in every program of ids.
const ON_IDS: &[&str] = &[
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("STORE", "v"), {} ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("STORE", "v"), {} ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("NOT",), ("ASSERT", "v"),"#,
    r#"("PUSH", "q"), ("PUSH", "d"), ("ATOMIC_INCREMENT",), ("QUEUE_SEND",), {} ("PUSH", "q"), ("QUEUE_RECEIVE",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("NOT",), ("ASSERT", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("STORE", "v"), {} ("LOAD", "v"), ("GLOBAL_STORE", "i"),"#,
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "q"), ("LOAD", "v"), ("QUEUE_SEND",), {} ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "q"), ("PUSH", "d"), ("ATOMIC_INCREMENT",), ("QUEUE_SEND",),"#,
    r#"("PUSH", "b"), ("PUSH", "d"), ("ATOMIC_INCREMENT",), ("QUEUE_SEND",),"#,
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("GLOBAL_STORE", "i"),"#,
    r#"("PUSH", "q"), ("QUEUE_RECEIVE",), ("STORE", "v"), {} ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("NOT",), ("ASSERT", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "b"), ("QUEUE_RECEIVE",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("GLOBAL_STORE", "x"), {} ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "q"), ("TRY_QUEUE_RECEIVE",), ("POP",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "q"), ("QUEUE_RECEIVE",), ("STORE", "v"), {} ("PUSH", "b"), ("LOAD", "v"), ("QUEUE_SEND",),"#,
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("STORE", "v"), {} ("LOAD", "v"), ("LOAD", "i"), ("EQ",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "e"), ("LOAD", "i"), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "e"), ("LOAD", "i"), ("ARRAY_GET",), ("NOT",), ("ASSERT", "i"),"#,
    r#"("PUSH", "e"), ("LOAD", "i"), ("ARRAY_GET",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("PRINT", "id"), ("POP",),"#,
    r#"("PUSH", "d"), ("ATOMIC_GET",), ("GLOBAL_STORE", "x"),"#,
    r#"("LOAD", "x"), ("NOT",), ("ASSERT", "x"),"#,
    r#"("LOAD", "x"), ("JUMP_IF_TRUE", "@"), {} ("LABEL", "@"),"#,
    r#"("CHOOSE", 2), ("JUMP_IF_FALSE", "@"), {} ("LABEL", "@"),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), {} ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "t"), ("SEMAPHORE_RELEASE",), {} ("PUSH", "t"), ("SEMAPHORE_ACQUIRE",),"#,
    // By these, they are no ids.
    r#"("PUSH", "d"), ("ATOMIC_INCREMENT",), ("PUSH", 2), ("LT",), ("ASSERT", "d"),"#,
    r#"("PUSH", "d"), ("ATOMIC_DECREMENT",), ("POP",),"#,
    r#"("PUSH", "e"), ("PUSH", 1), ("ARRAY_GET",), ("NOT",), ("ASSERT", "1"),"#,
    r#"("PUSH", "c"), ("ATOMIC_INCREMENT",), ("GLOBAL_STORE", "i"),"#,
    r#"("PUSH", 2), ("GLOBAL_STORE", "i"),"#,
    r#"("INVARIANT", "i < 2"),"#,
];

/// So many of them.
const FIRST: u64 = 9;

/// What main does to the threads that it starts, `{}` being one's number.
const ON_THREADS: &[&str] = &[
    r#"("LOAD", "h{}"), ("THREAD_JOIN",),"#,
    r#"("LOAD", "h{}"), ("THREAD_JOIN",),"#,
    r#"("LOAD", "h{}"), ("ALIVE",), ("GLOBAL_STORE", "x"),"#,
    r#"("LOAD", "h{}"), ("THREAD_JOIN_FOR", 5), ("GLOBAL_STORE", "y"),"#,
    r#"("LOAD", "h{}"), ("GLOBAL_STORE", "g"),"#,
];

struct Writer {
    chance: Chance,
    /// The phrases that this program is made of.
    topics: Vec<&'static str>,
    /// All phrases that it may be made of.
    phrases: &'static [&'static str],
    /// So many in a list, one after the other.
    most: u64,
    labels: u32,
}

/// The program of a seed.
#[cfg(feature = "flaws")]
pub(crate) fn program(seed: u64) -> String {
    Writer::new(seed, PHRASES, 3).program(DECLARED)
}

/// The program of a seed in which threads draw numbers from a counter, as places of an array mostly.
pub(crate) fn of_ids(seed: u64) -> String {
    let mut writer = Writer::new(seed, ON_IDS, 2);
    let at = writer.below(FIRST);
    writer.topics.push(ON_IDS[at as usize]);
    let initial = if seed.is_multiple_of(5) { -1 } else { 0 };
    let places = 2 + seed % 2;
    let ids = format!(
        r#"{DECLARED}vm.create_atomic_counter({initial}, "d")
vm.create_array({places}, "e")
vm.globals["i"] = 0
"#
    );
    writer.program(&ids)
}

impl Writer {
    fn new(seed: u64, phrases: &'static [&'static str], most: u64) -> Self {
        Self { chance: Chance::new(seed, PURPOSE), topics: Vec::new(), phrases, most, labels: 0 }
    }

    fn below(&mut self, below: u64) -> u64 {
        self.chance.below(below)
    }

    fn program(mut self, declared: &str) -> String {
        for _ in 0..2 + self.below(3) {
            let at = self.below(self.phrases.len() as u64);
            self.topics.push(self.phrases[at as usize]);
        }
        let mut text = declared.to_owned();
        let lists = 1 + self.below(3);
        for list in 0..lists {
            let body = self.body();
            let _ = writeln!(text, "w{list} = [{body}]");
        }
        let threads = 2 + u64::from(self.below(4) == 0);
        let is_started = self.below(3) == 0;
        let mut main = String::new();
        for thread in 0..threads {
            let list = self.below(lists);
            if is_started {
                let _ = write!(
                    main,
                    r#"("PUSH", 0), ("THREAD_CREATE", [w{list}]), ("STORE", "h{thread}"), "#
                );
            } else {
                let _ = writeln!(text, r#"vm.create_thread(w{list}, "t{thread}")"#);
            }
        }
        if is_started {
            for thread in 0..threads {
                let at = self.below(2 * ON_THREADS.len() as u64) as usize;
                let phrase = ON_THREADS.get(at).unwrap_or(&"");
                main += &phrase.replace("{}", &thread.to_string());
            }
            if self.below(2) == 0 {
                main += &self.phrase(0);
            }
            let _ = writeln!(text, "main = [{main}]\nvm.create_thread(main, \"main\")");
        }
        text
    }

    fn body(&mut self) -> String {
        let mut body = String::new();
        for _ in 0..=self.below(self.most - 1).min(self.below(self.most - 1)) {
            body += &self.phrase(1);
        }
        body
    }

    fn phrase(&mut self, depth: u32) -> String {
        let at = self.below(self.topics.len() as u64) as usize;
        let phrase = self.topics[at];
        let more = if phrase.contains("{}") && depth > 0 && self.below(3) > 0 {
            self.phrase(depth - 1)
        } else {
            String::new()
        };
        self.labels += 1;
        phrase.replace("{}", &more).replace('@', &format!("l{}", self.labels)) + " "
    }
}
