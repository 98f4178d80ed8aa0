//! `forebay vm explain`: what kind of mistake a program has, and what is known to help.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use toyvm::check::{Finding, Plan, beginning, check};
use toyvm::deadlock::{awaited, wait_of, waiting};
use toyvm::machine::{Fault, Machine, On, Service, Status, ThreadId};

use super::check::{LivenessArgs, SearchArgs, Watch, Way, in_words, shorten};
use super::file::FileArgs;
use super::message::{self, clean, say};
use super::{UNCHECKED, USAGE};

/// Say what kind of mistake a program has, and what is known to help
///
/// The program is checked as `forebay vm check` does. If it fails: the kind of mistake, the threads that
/// wait for each other or the two accesses that race, and the usual remedy. The exit status is that of
/// `check`.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    liveness: LivenessArgs,
    /// Go on after a race, and explain what else is wrong
    #[arg(long)]
    allow_races: bool,
}

/// How long a shorter way is looked for.
const SHORTEN: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(program) = args.file.load_or_tell() else { return ExitCode::from(UNCHECKED) };
    if !args.search.fit_or_tell("explain", &program) {
        return ExitCode::from(UNCHECKED);
    }
    let watch = Watch::new(&args.search);
    let plan = Plan {
        allow_races: args.allow_races,
        liveness: args.liveness.fairness(),
        ..watch.plan(&args.search)
    };
    let mut report = check(&program, &plan);
    let (verdict, status) = in_words(&report, args.allow_races);
    if status != 1 {
        watch.finish();
        let text = match status {
            0 => format!("{verdict}: nothing is wrong with it, and nothing is to be explained"),
            _ => format!("{verdict}: nothing is wrong as far as it was looked; try `vm check`"),
        };
        return message::write(text).err().unwrap_or(ExitCode::from(status));
    }
    let failure = report.failures.swap_remove(0);
    let failure = match failure.repeats_from {
        None => shorten(&program, &plan, false, SHORTEN, failure).0,
        Some(_) => failure,
    };
    let way = Way::along(&program, plan.service, &args.file.selection(), failure);
    watch.finish();
    let way = match way {
        Ok(way) => way,
        Err(complaint) => {
            say(format_args!("forebay vm explain: what was found does not happen ({complaint})"));
            return ExitCode::from(USAGE);
        }
    };
    let Explanation { kind, why, remedies } = explain(&way);
    let mut text = format!("FAILED {}: {kind}\n\n", way.failure.finding.verdict());
    for line in &way.told {
        let _ = writeln!(text, "{}", clean(line));
    }
    let _ = writeln!(text, "\nwhy    {}", wrapped(why));
    for (at, remedy) in remedies.iter().enumerate() {
        let head = if at == 0 { "remedy " } else { "or     " };
        let _ = writeln!(text, "{head}{}", wrapped(remedy));
    }
    let mut flags = args.search.flags();
    flags.extend(args.allow_races.then(|| "--allow-races".to_owned()));
    flags.extend(args.liveness.flags());
    let flags = flags.iter().fold(String::new(), |all, flag| all + " " + flag);
    let _ = write!(text, "\n`forebay vm check{flags}` shows the way there");
    message::write(text).err().unwrap_or(ExitCode::from(status))
}

/// Folded at blanks, below what stands at the margin.
fn wrapped(text: &str) -> String {
    const COLUMNS: usize = 90;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        if !line.is_empty() && line.len() + 1 + word.len() > COLUMNS {
            lines.push(word.to_owned());
        } else {
            let blank = if line.is_empty() { "" } else { " " };
            *line += blank;
            *line += word;
        }
    }
    lines.join("\n       ")
}

/// What kind of mistake it is.
struct Explanation {
    kind: &'static str,
    why: &'static str,
    remedies: &'static [&'static str],
}

fn explain(way: &Way) -> Explanation {
    let machine = &way.machine;
    if way.failure.deaths().next().is_some() {
        return DEATH;
    }
    match &way.failure.finding {
        Finding::Finished => unreachable!("it is no mistake to finish"),
        Finding::Circle(threads) => circle(machine, threads),
        Finding::Deadlock if way.is_lost_wakeup => LOST_WAKEUP,
        Finding::Deadlock => stuck(machine),
        Finding::Race { .. } => RACE,
        Finding::Assertion { .. } => ASSERTION,
        Finding::Invariant { .. } => INVARIANT,
        Finding::Overflow { .. } => OVERFLOW,
        Finding::Spin { .. } | Finding::Endless { .. } => SPIN,
        Finding::Starved { thread } => starved(machine, *thread),
        Finding::Unending { thread } => unending(way, *thread),
        Finding::Error { thread } => match machine.thread(*thread).status() {
            Status::Failed(failure) if !depends_on_order(failure.fault) => BAD_VALUE,
            _ => ERROR,
        },
    }
}

fn circle(machine: &Machine, threads: &[ThreadId]) -> Explanation {
    let joins = threads
        .iter()
        .any(|thread| matches!(wait_of(machine, *thread).map(|wait| wait.on), Some(On::Thread(_))));
    match threads {
        [_] if joins => SELF_JOIN,
        [_] => SELF_LOCK,
        _ if joins => JOIN_CIRCLE,
        _ => LOCK_CIRCLE,
    }
}

/// Nobody can go on, and nobody waits for each other in a circle of locks.
fn stuck(machine: &Machine) -> Explanation {
    let is_dead = |thread: ThreadId| machine.thread(thread).status().is_over();
    for (thread, wait) in waiting(machine) {
        let holds = machine.state().locks().iter().any(|lock| lock.owner == Some(thread));
        match wait.on {
            On::Lock(_) if awaited(machine, thread).is_some_and(is_dead) => return ABANDONED,
            On::Semaphore(_) | On::Message(_) | On::Room(_) if holds => return HOLD_AND_WAIT,
            _ => {}
        }
    }
    let any = |is: fn(On) -> bool| waiting(machine).any(|(_, wait)| is(wait.on));
    if any(|on| matches!(on, On::Condition(_))) {
        WRONG_ONE_WOKEN
    } else if any(|on| matches!(on, On::Semaphore(_))) {
        TOO_FEW_RELEASES
    } else if any(|on| matches!(on, On::Room(_))) {
        NO_ROOM
    } else {
        NO_MESSAGE
    }
}

/// Waiting for ever, while others go on.
fn starved(machine: &Machine, thread: ThreadId) -> Explanation {
    match wait_of(machine, thread).map(|wait| wait.on) {
        Some(On::Condition(_) | On::Message(_)) => NEVER_TOLD,
        _ if machine.service() == Service::Weak => OVERTAKEN,
        _ => HELD_IN_TURNS,
    }
}

/// Going on for ever, and never ending.
fn unending(way: &Way, thread: ThreadId) -> Explanation {
    let from = way.failure.repeats_from.unwrap_or_default();
    let round = &way.failure.schedule[from..];
    let own = || round.iter().filter(|step| step.thread == thread.index() as u32);
    let machine = || beginning(way.machine.program(), way.machine.service());
    if own().any(|step| step.chosen.is_some()) && !way.failure.ends_alone(machine(), thread) {
        ENDLESS_BY_CHOICE
    } else if own().count() == round.len() {
        WAITS_BY_LOOKING
    } else {
        LIVELOCK
    }
}

/// Whether it is the usual fault of one who came too early.
fn depends_on_order(fault: Fault) -> bool {
    matches!(fault, Fault::UnknownName(_) | Fault::NoObject(_) | Fault::NotHeld { .. })
}

const BAD_VALUE: Explanation = Explanation {
    kind: "an instruction is given what it cannot work with",
    why: "it fails on the values that it finds, which some schedule brings there. The way shows where they \
          come from; if it fails in every schedule, it is a mistake that has nothing to do with threads.",
    remedies: &[
        "look before: compare, and jump round it",
        "let what others may set be set under a lock, or be read once into a variable of one's own",
    ],
};

const ERROR: Explanation = Explanation {
    kind: "an instruction that fails under some schedule",
    why: "it depends on who was first whether what the instruction needs is there: a value set, a \
              thing made, a lock held.",
    remedies: &[
        "make what it needs before the threads are started that use it",
        "wait for it: a semaphore that is released when it is there (a rendezvous)",
    ],
};

const LOCK_CIRCLE: Explanation = Explanation {
    kind: "circular wait",
    why: "each of these threads holds a lock that the next one wants, and wants one that another holds \
          (Coffman, Elphick & Shoshani, 1971). None will give back what it has before it gets what it \
          lacks.",
    remedies: &[
        "take locks in one order everywhere, by number say; then no circle can close (Havender, 1968)",
        "hold one lock for all of it, or let at most one less than all threads begin (a semaphore)",
        "try the second lock; if it is held, give the first one back and begin again",
    ],
};

const SELF_LOCK: Explanation = Explanation {
    kind: "a lock is taken again by who holds it",
    why: "locks are not reentrant: who acquires one that it holds waits for itself.",
    remedies: &[
        "split the procedure: the inner part expects the lock to be held and does not take it",
        "release the lock on every path, also on those that leave early",
    ],
};

const SELF_JOIN: Explanation = Explanation {
    kind: "a thread waits for its own end",
    why: "who joins itself waits for what can only come after it.",
    remedies: &["let whoever started it join it"],
};

const JOIN_CIRCLE: Explanation = Explanation {
    kind: "a thread is joined while something that it needs is held",
    why: "who joins waits for the end of a thread that waits, itself or by others, for who joins.",
    remedies: &[
        "release locks before joining",
        "tell the thread to end first: close its queue, send it a last message",
    ],
};

const LOST_WAKEUP: Explanation = Explanation {
    kind: "lost wakeup",
    why: "a notification is no message: it is heard by who waits at that moment, and by nobody later. \
          Here it came after the thread had decided to wait and before it did.",
    remedies: &[
        "look at what is waited for, and wait, under one lock that is not released in between: \
         `lock; while not ready: wait; ...; unlock`; set it and notify under the same lock",
        "use what remembers: a semaphore's release, a message in a queue",
    ],
};

const WRONG_ONE_WOKEN: Explanation = Explanation {
    kind: "nobody is left to notify who waits",
    why: "a thread waits for a condition, and whoever would have notified it is gone or waits, too. The \
          usual cause: threads that wait for different things share one condition, and a NOTIFY woke one \
          that could not use it, which did not pass it on; or nobody notified on some path.",
    remedies: &[
        "give each thing that is waited for a condition of its own (\"not full\", \"not empty\")",
        "wake all (NOTIFY_ALL), each of which looks again",
        "notify on every path that makes true what is waited for",
    ],
};

const HOLD_AND_WAIT: Explanation = Explanation {
    kind: "hold and wait",
    why: "a thread waits for a semaphore, a message or room while it holds a lock, and whoever could \
          give it needs that lock first.",
    remedies: &[
        "wait first, then take the lock: in the bounded buffer, acquire `empty` or `filled` before the \
         mutex (Dijkstra, 1965)",
        "wait for a condition, which gives the lock back meanwhile",
    ],
};

const TOO_FEW_RELEASES: Explanation = Explanation {
    kind: "a semaphore is acquired more often than it is released",
    why: "all who could release it are gone or wait, too. On some path a release is missing, or threads \
          take their semaphores in different orders, or there are more takers than units will ever come.",
    remedies: &[
        "release on every path, and count: initial value + releases ≥ acquires",
        "let every consumer know when nothing will come any more, by a unit or a message for each",
    ],
};

const NO_MESSAGE: Explanation = Explanation {
    kind: "a message is waited for that nobody will send",
    why: "all who could send are gone, or wait themselves: consumers that do not know that nothing will \
          come any more wait for ever.",
    remedies: &[
        "send one last message for each consumer that tells it to end",
        "let consumers claim an item by counting before they wait for it",
    ],
};

const NO_ROOM: Explanation = Explanation {
    kind: "room is waited for that nobody will make",
    why: "the queue is full, and all who could receive from it are gone or wait themselves.",
    remedies: &[
        "let receivers go on until senders are done",
        "where messages go round in a circle of bounded queues, one of them must be able to refuse or \
         to grow",
    ],
};

const DEATH: Explanation = Explanation {
    kind: "a death that the others do not get over",
    why: "a thread was killed where it was. What it held stays held, and what it had yet to do for the others is \
          never done.",
    remedies: &[
        "acquire what the dead may hold robustly (in Weir `robust acquire m`, else LOCK_ACQUIRE \"robust\"), which \
         tells that its owner died, and put right what it guards",
        "before waiting for what only one thread can do, ask whether it lives (`alive`, ALIVE), or wait for so long \
         at most",
        "let what counts be done in one step, so that it is done or not",
    ],
};

const ABANDONED: Explanation = Explanation {
    kind: "a lock that the dead hold",
    why: "a thread ended, or failed, and held a lock; nobody can give it back.",
    remedies: &[
        "release it on every path out",
        "acquire it robustly (in Weir `robust acquire m`, else LOCK_ACQUIRE \"robust\"), which tells that its owner died, and put \
         right what it guards",
    ],
};

const RACE: Explanation = Explanation {
    kind: "data race",
    why: "two threads use one global, one of them sets it, and nothing puts one before the other. What \
          a real machine makes of it depends on compiler and processor; here, updates are lost.",
    remedies: &[
        "hold the same lock around both, for as long as what was read is used",
        "use an atomic counter for a single number",
        "give it to one thread, and send it messages",
    ],
};

const ASSERTION: Explanation = Explanation {
    kind: "what is asserted does not hold under some schedule",
    why: "often a check and the act that relies on it are two critical sections, and somebody came in \
          between (Lu, Park, Seo & Zhou, 2008: atomicity and order violations are nearly all of such \
          mistakes).",
    remedies: &[
        "hold one lock over the check and the act",
        "if it is an order that was relied on (a sleep is none): wait for it, by join, semaphore or \
         message",
    ],
};

const INVARIANT: Explanation = Explanation {
    kind: "what must always hold does not",
    why: "a step broke it. If it is restored a little later, it holds only outside of a critical section.",
    remedies: &[
        "do what changes it and what restores it under one lock, and claim it `when LOCK free`",
        "let the claim say what holds at every moment",
    ],
};

const OVERFLOW: Explanation = Explanation {
    kind: "something is raised past its bound",
    why: "a semaphore with a bound is released more often than it was acquired: on some path twice, or \
          by who never acquired it.",
    remedies: &[
        "release only what was acquired, once on each path",
        "if releases may come before anybody waits, and one is enough, try it instead",
    ],
};

const SPIN: Explanation = Explanation {
    kind: "endless loop",
    why: "the thread goes round and looks at nothing that another could change.",
    remedies: &[
        "look at what is shared in each round: load the global, get the counter",
        "wait for it: semaphore, condition, message",
    ],
};

const OVERTAKEN: Explanation = Explanation {
    kind: "starvation by overtaking",
    why: "whoever is quick may take what others wait for, also a newcomer, and this thread is never the \
          quick one. That each time is somebody's turn does not help it.",
    remedies: &[
        "serve first come first served: here, check without --weak; elsewhere, a fair lock, or tickets \
         (Lamport, 1974)",
        "two rooms with a door each, in which nobody is overtaken twice, where only weak semaphores are \
         to be had (Morris, 1979)",
    ],
};

const HELD_IN_TURNS: Explanation = Explanation {
    kind: "starvation: what it waits for never comes free",
    why: "others go on for ever, and nobody gives back what this thread waits for: a release is missing, or they hold \
          it in turns, and each comes before the one ahead has left. Readers that come one after the other keep a writer out like that \
          (Courtois, Heymans & Parnas, 1971).",
    remedies: &[
        "a turnstile: all pass through one lock first, and who waits for the room holds it meanwhile, so that \
         newcomers stand behind",
        "let those inside go on only in batches, each closed when somebody else waits",
    ],
};

const NEVER_TOLD: Explanation = Explanation {
    kind: "starvation: nobody has to tell who waits",
    why: "others go on for ever without the notification, or the message, that this thread waits for.",
    remedies: &[
        "notify, or send, on every path round, not on some",
        "if it is meant to wait for as long as it likes: let it be a daemon",
    ],
};

const ENDLESS_BY_CHOICE: Explanation = Explanation {
    kind: "endless by choice",
    why: "the thread chooses again and again, and may choose for ever what does not end it: what is chosen is \
          never owed to anybody.",
    remedies: &[
        "bound how often it tries",
        "let something decide that is sure to come: a count, a message, another thread",
    ],
};

const WAITS_BY_LOOKING: Explanation = Explanation {
    kind: "a loop that waits for what need not come",
    why: "the thread goes on looking for something, and nobody is left who brings it about.",
    remedies: &[
        "set what it looks for on every path, also on those that go round",
        "wait for it: semaphore, condition, message; then who waits stands in a line",
    ],
};

const LIVELOCK: Explanation = Explanation {
    kind: "livelock",
    why: "all step, and this thread gets nowhere: each time that it looks, or tries, another has just come in \
          its way; it gives way, or tries again, for ever.",
    remedies: &[
        "give way in one order: let one of them, by number say, insist (Dijkstra's asymmetric philosopher)",
        "stand in a line instead of trying again: a fair lock or semaphore, tickets (Lamport, 1974)",
        "give back and try again only so often",
    ],
};
