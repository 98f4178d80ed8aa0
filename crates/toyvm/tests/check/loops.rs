//! Writes tiny programs at random in which threads go round: for ever, until something is so, or not at all. What they
//! count does not grow, so there is an end of states.

use std::fmt::Write as _;

use toyvm::chance::Chance;

use super::aimed::DECLARED;

/// What this draws random numbers for.
const PURPOSE: u64 = 12;

/// What a thread may do: `{}` stands for more of it, `@` for a label.
const PHRASES: &[&str] = &[
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), {} ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), {} ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "n"), ("LOCK_ACQUIRE",), {} ("PUSH", "n"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), {} ("PUSH", "s"), ("SEMAPHORE_RELEASE",),"#,
    r#"("PUSH", "m"), ("TRY_LOCK_ACQUIRE",), ("JUMP_IF_FALSE", "@"), {} ("PUSH", "m"), ("LOCK_RELEASE",), ("LABEL", "@"),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE_FOR", 5), ("JUMP_IF_FALSE", "@"), {} ("PUSH", "m"), ("LOCK_RELEASE",), ("LABEL", "@"),"#,
    r#"("PUSH", "b"), ("PUSH", 1), ("QUEUE_SEND",),"#,
    r#"("PUSH", "b"), ("QUEUE_RECEIVE",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "b"), ("TRY_QUEUE_RECEIVE",), ("POP",), ("POP",),"#,
    r#"("PUSH", "t"), ("SEMAPHORE_ACQUIRE",),"#,
    r#"("PUSH", "t"), ("TRY_SEMAPHORE_ACQUIRE",), ("POP",), ("PUSH", "t"), ("SEMAPHORE_RELEASE",),"#,
    r#"("PUSH", "c"), ("PUSH", 0), ("PUSH", 1), ("ATOMIC_COMPARE_AND_SWAP",), ("POP",),"#,
    r#"("PUSH", "c"), ("PUSH", 1), ("PUSH", 0), ("ATOMIC_COMPARE_AND_SWAP",), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "w"), ("WAIT",), {} ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "w"), ("WAIT_FOR", 5), ("POP",), ("PUSH", "m"), ("LOCK_RELEASE",),"#,
    r#"("PUSH", "w"), ("NOTIFY",),"#,
    r#"("PUSH", "w"), ("NOTIFY_ALL",),"#,
    r#"("PUSH", 1), ("GLOBAL_STORE", "x"),"#,
    r#"("PUSH", 0), ("GLOBAL_STORE", "x"),"#,
    r#"("CHOOSE", 2), ("GLOBAL_STORE", "x"),"#,
    r#"("CHOOSE", 2), ("JUMP_IF_FALSE", "@"), {} ("LABEL", "@"),"#,
    r#"("LOAD", "x"), ("JUMP_IF_FALSE", "@"), {} ("LABEL", "@"),"#,
    r#"("PUSH", "a"), ("PUSH", 0), ("PUSH", 1), ("ARRAY_SET",),"#,
    r#"("PUSH", "a"), ("PUSH", 0), ("LOAD", "x"), ("ARRAY_SET",),"#,
    r#"("SLEEP", 1),"#,
];

/// Until when a thread goes round: it does so again if that is 0.
const UNTIL: &[&str] = &[
    r#"("LOAD", "x"),"#,
    r#"("LOAD", "x"),"#,
    r#"("CHOOSE", 2),"#,
    r#"("PUSH", "c"), ("ATOMIC_GET",),"#,
    r#"("PUSH", "c"), ("PUSH", 0), ("PUSH", 1), ("ATOMIC_COMPARE_AND_SWAP",),"#,
    r#"("PUSH", "a"), ("PUSH", 0), ("ARRAY_GET",),"#,
    r#"("PUSH", "b"), ("TRY_QUEUE_RECEIVE",), ("STORE", "got"), ("POP",), ("LOAD", "got"),"#,
];

struct Writer {
    chance: Chance,
    /// The phrases that this program is made of.
    topics: Vec<&'static str>,
    labels: u32,
}

/// The program of a seed.
pub(crate) fn program(seed: u64) -> String {
    let mut writer = Writer { chance: Chance::new(seed, PURPOSE), topics: Vec::new(), labels: 0 };
    writer.program()
}

impl Writer {
    fn below(&mut self, below: u64) -> u64 {
        self.chance.below(below)
    }

    fn program(&mut self) -> String {
        for _ in 0..2 + self.below(3) {
            let at = self.below(PHRASES.len() as u64);
            self.topics.push(PHRASES[at as usize]);
        }
        let mut text = DECLARED.to_owned();
        let threads = 2 + u64::from(self.below(3) == 0);
        let is_started = self.below(3) == 0;
        let (mut main, mut joins) = (String::new(), String::new());
        for thread in 0..threads {
            let body = self.body();
            let _ = writeln!(text, "w{thread} = [{body}]");
            let is_daemon = self.below(5) == 0;
            if is_started {
                let kind = if is_daemon { r#", "daemon""# } else { "" };
                let _ = write!(
                    main,
                    r#"("PUSH", 0), ("THREAD_CREATE", [w{thread}]{kind}), ("STORE", "h{thread}"), "#
                );
                if !is_daemon {
                    let _ = write!(joins, r#"("LOAD", "h{thread}"), ("THREAD_JOIN",), "#);
                }
            } else {
                let kind = if is_daemon { ", daemon=True" } else { "" };
                let _ = writeln!(text, r#"vm.create_thread(w{thread}, "t{thread}"{kind})"#);
            }
        }
        if is_started {
            let _ = writeln!(text, "main = [{main}{joins}]\nvm.create_thread(main, \"main\")");
        }
        text
    }

    /// What one thread does.
    fn body(&mut self) -> String {
        let mut body = self.phrase(1);
        if self.below(2) == 0 {
            body += &self.phrase(0);
        }
        self.labels += 1;
        let label = format!("l{}", self.labels);
        match self.below(5) {
            0 | 1 => format!(r#"("LABEL", "{label}"), {body} ("JUMP", "{label}"),"#),
            2 | 3 => {
                let until = UNTIL[self.below(UNTIL.len() as u64) as usize];
                format!(r#"("LABEL", "{label}"), {body} {until} ("JUMP_IF_FALSE", "{label}"),"#)
            }
            _ => body,
        }
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
