//! The watchers against definitions: random programs under random schedules, whose events are written
//! down whole, ordered by the transitive closure of what orders them, and compared each with each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use toyvm::Machine;
use toyvm::chance::Chance;
use toyvm::instruction::Instruction;
use toyvm::machine::{Event, On, Service, Status, ThreadId};
use toyvm::observer::Observer;
use toyvm::program::CodeId;
use toyvm::scheduler::Random;
use toyvm::value::Kind;
use toyvm::watch::{Inversions, Races};

use super::{machine, watch};

/// What this draws random numbers for.
const PURPOSE: u64 = 99;
/// How many programs, each under so many schedules.
const PROGRAMS: u64 = 400;
const SCHEDULES: u64 = 5;

/// One event, as it was told.
struct Told {
    thread: ThreadId,
    code: CodeId,
    at: u32,
    event: Event,
    /// The lock that a wait without end is for.
    waits_for: Option<u32>,
}

/// Writes all events down.
#[derive(Default)]
struct Record(Vec<Told>);

impl Observer for Record {
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        let waits_for = match machine.thread(thread).status() {
            Status::Waiting(wait) if event == Event::Waits && wait.until.is_none() => match wait.on
            {
                On::Lock(lock) => Some(lock),
                _ => None,
            },
            _ => None,
        };
        let code = machine.thread(thread).code();
        self.0.push(Told { thread, code, at, event, waits_for });
    }
}

/// A thread asks for a lock: when, who, what it holds, and which lock.
type Ask = (usize, ThreadId, BTreeSet<u32>, u32);

/// Which events come before each: `order[b][a]` if a does before b.
type Order = Vec<Vec<bool>>;

impl Record {
    /// The closure of what orders events: all of it, or only creating and joining.
    fn order(&self, machine: &Machine, only_life: bool) -> Order {
        let mut order: Order = Vec::new();
        // Everything of one thread, or of one thing, in the order in which it came.
        let mut of_thread: BTreeMap<ThreadId, Vec<usize>> = BTreeMap::new();
        let mut hears: BTreeMap<ThreadId, Vec<usize>> = BTreeMap::new();
        let mut of_lock: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut of_counter: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let [mut raised, mut lowered, mut sent, mut received] =
            [(); 4].map(|()| BTreeMap::<u32, Vec<usize>>::new());
        for (now, told) in self.0.iter().enumerate() {
            let mut before: Vec<usize> = Vec::new();
            before.extend(of_thread.get(&told.thread).and_then(|past| past.last()));
            before.extend(hears.remove(&told.thread).into_iter().flatten());
            let life = |before: &mut Vec<usize>, other| {
                before.extend(of_thread.get(&other).and_then(|past| past.last()));
            };
            match told.event {
                Event::Started(child) => hears.entry(child).or_default().push(now),
                Event::Joined(other) => life(&mut before, other),
                _ if only_life => {}
                Event::Notified { woken: Some(woken), .. } => {
                    hears.entry(woken).or_default().push(now);
                }
                Event::Acquired(lock) => {
                    let last = of_lock.get(&lock).and_then(|past| past.last()).copied();
                    before.extend(last);
                    if let Some(last) = last
                        && matches!(self.0[last].event, Event::Acquired(_))
                    {
                        life(&mut before, self.0[last].thread);
                    }
                    of_lock.entry(lock).or_default().push(now);
                }
                Event::Released(lock) => of_lock.entry(lock).or_default().push(now),
                Event::Counted(counter) => {
                    let past = of_counter.entry(counter).or_default();
                    before.extend(past.last());
                    past.push(now);
                }
                Event::Raised(semaphore) => raised.entry(semaphore).or_default().push(now),
                Event::Lowered(semaphore) => {
                    let past = lowered.entry(semaphore).or_default();
                    let declared = machine.program().declared();
                    let semaphores = declared.iter().filter(|it| it.kind == Kind::Semaphore);
                    let initial = semaphores.map(|it| it.initial as usize).nth(semaphore as usize);
                    let token = past.len().checked_sub(initial.unwrap());
                    before.extend(token.map(|token| raised[&semaphore][token]));
                    past.push(now);
                }
                Event::Sent(queue) => {
                    let past = sent.entry(queue).or_default();
                    let capacity = machine.state().queues()[queue as usize].capacity;
                    let room = capacity.and_then(|most| past.len().checked_sub(most as usize));
                    before.extend(room.map(|room| received[&queue][room]));
                    past.push(now);
                }
                Event::Received(queue) => {
                    let past = received.entry(queue).or_default();
                    before.push(sent[&queue][past.len()]);
                    past.push(now);
                }
                _ => {}
            }
            of_thread.entry(told.thread).or_default().push(now);
            let mut row = vec![false; self.0.len()];
            for past in before {
                row[past] = true;
                for (place, is_before) in order[past].iter().enumerate() {
                    row[place] |= is_before;
                }
            }
            order.push(row);
        }
        order
    }

    fn races(&self, machine: &Machine) -> BTreeSet<[(CodeId, u32); 2]> {
        let order = self.order(machine, false);
        let access = |told: &Told| match told.event {
            Event::Loaded(name) => Some((name, false)),
            Event::Stored(name) => Some((name, true)),
            _ => None,
        };
        let mut races = BTreeSet::new();
        for (later, b) in self.0.iter().enumerate() {
            for (sooner, a) in self.0[..later].iter().enumerate() {
                let (Some((x, stores)), Some((y, also))) = (access(a), access(b)) else { continue };
                if x == y && (stores || also) && !order[later][sooner] {
                    let mut places = [(a.code, a.at), (b.code, b.at)];
                    places.sort_unstable();
                    races.insert(places);
                }
            }
        }
        races
    }

    /// The circles of two and three locks in which threads can wait for each other.
    fn inversions(&self, machine: &Machine) -> BTreeSet<Vec<u32>> {
        let order = self.order(machine, true);
        let mut held: BTreeMap<ThreadId, BTreeSet<u32>> = BTreeMap::new();
        let mut asks = Vec::new();
        for (now, told) in self.0.iter().enumerate() {
            let held = held.entry(told.thread).or_default();
            let instructions = &machine.program().code(told.code).instructions;
            let got_at_once = match told.event {
                Event::Acquired(lock) => match instructions[told.at as usize] {
                    Instruction::TryLockAcquire | Instruction::LockAcquireFor(_) => None,
                    _ => Some(lock),
                },
                _ => None,
            };
            if let Some(lock) = told.waits_for.or(got_at_once) {
                asks.push((now, told.thread, held.clone(), lock));
            }
            match told.event {
                Event::Acquired(lock) => drop(held.insert(lock)),
                Event::Released(lock) => drop(held.remove(&lock)),
                _ => {}
            }
        }
        let together = |a: &Ask, b: &Ask| {
            a.1 != b.1 && !order[a.0][b.0] && !order[b.0][a.0] && a.2.is_disjoint(&b.2)
        };
        let mut found = BTreeSet::new();
        for a in &asks {
            for b in asks.iter().filter(|b| together(a, b) && b.2.contains(&a.3)) {
                if a.2.contains(&b.3) {
                    found.insert(Vec::from([a.3.min(b.3), a.3.max(b.3)]));
                }
                for c in asks.iter().filter(|c| c.2.contains(&b.3) && a.2.contains(&c.3)) {
                    if together(a, c) && together(b, c) {
                        let mut circle = vec![c.3, a.3, b.3];
                        let lowest = (0..3).min_by_key(|at| circle[*at]).unwrap();
                        circle.rotate_left(lowest);
                        found.insert(circle);
                    }
                }
            }
        }
        found
    }
}

/// Writes programs.
struct Writer {
    chance: Chance,
    labels: u32,
}

impl Writer {
    fn one_of(&mut self, choices: &[&str]) -> String {
        choices[self.chance.below(choices.len() as u64) as usize].to_owned()
    }

    /// A few instructions that leave the stack as it was.
    fn block(&mut self, depth: u32) -> String {
        let kinds = if depth == 0 { 9 } else { 12 };
        match self.chance.below(kinds) {
            0 | 1 => self.one_of(&[
                r#"("LOAD", "x"), ("POP",),"#,
                r#"("LOAD", "y"), ("POP",),"#,
            ]),
            2 | 3 => self.one_of(&[
                r#"("PUSH", 1), ("GLOBAL_STORE", "x"),"#,
                r#"("PUSH", 1), ("GLOBAL_STORE", "y"),"#,
            ]),
            4 => {
                let semaphore = self.one_of(&["s", "t"]);
                let deed = self.one_of(&[
                    r#"("SEMAPHORE_RELEASE",)"#,
                    r#"("SEMAPHORE_RELEASE",)"#,
                    r#"("SEMAPHORE_ACQUIRE",)"#,
                    r#"("SEMAPHORE_ACQUIRE_FOR", 1), ("POP",)"#,
                    r#"("TRY_SEMAPHORE_ACQUIRE",), ("POP",)"#,
                ]);
                format!("(\"PUSH\", \"{semaphore}\"), {deed},")
            }
            5 => {
                let queue = self.one_of(&[r#"("PUSH", "q")"#, r#"("LOAD", "b")"#]);
                let deed = self.one_of(&[
                    r#"("PUSH", 7), ("QUEUE_SEND",)"#,
                    r#"("PUSH", 7), ("QUEUE_SEND",)"#,
                    r#"("PUSH", 7), ("QUEUE_SEND_FOR", 1), ("POP",)"#,
                    r#"("PUSH", 7), ("TRY_QUEUE_SEND",), ("POP",)"#,
                    r#"("QUEUE_RECEIVE",), ("POP",)"#,
                    r#"("QUEUE_RECEIVE_FOR", 1), ("POP",), ("POP",)"#,
                    r#"("TRY_QUEUE_RECEIVE",), ("POP",), ("POP",)"#,
                ]);
                format!("{queue}, {deed},")
            }
            6 => self.one_of(&[
                r#"("PUSH", "n"), ("ATOMIC_INCREMENT",), ("POP",),"#,
                r#"("PUSH", "n"), ("ATOMIC_GET",), ("POP",),"#,
                r#"("PUSH", "n"), ("PUSH", 1), ("PUSH", 2), ("ATOMIC_COMPARE_AND_SWAP",), ("POP",),"#,
            ]),
            7 => self.one_of(&[
                r#"("LOAD", "c"), ("NOTIFY",),"#,
                r#"("LOAD", "c"), ("NOTIFY_ALL",),"#,
                r#"("SLEEP", 1),"#,
                r#"("SLEEP", 1),"#,
            ]),
            8 => match self.chance.below(4) {
                // It fails.
                0 => r#"("POP",),"#.to_owned(),
                _ => r#"("SLEEP", 0),"#.to_owned(),
            },
            _ => self.locked(depth),
        }
    }

    fn locked(&mut self, depth: u32) -> String {
        let lock = self.one_of(&["k", "l", "m"]);
        let waits = match self.chance.below(6) {
            0 => r#"("LOAD", "c"), ("WAIT",),"#,
            1 | 2 => r#"("LOAD", "c"), ("WAIT_FOR", 1), ("POP",),"#,
            _ => "",
        };
        // Who waits for the condition has to hold its lock.
        let waits = if lock == "m" { waits } else { "" };
        let body = self.blocks(depth - 1);
        let release = format!("(\"PUSH\", \"{lock}\"), (\"LOCK_RELEASE\",),");
        let inside = format!("{body} {waits} {release}");
        self.acquired(&lock, &inside)
    }

    /// One way or another to acquire a lock, and what is done then.
    fn acquired(&mut self, lock: &str, inside: &str) -> String {
        self.labels += 1;
        let over = format!("over{}", self.labels);
        let perhaps = |how: &str| {
            format!(
                "(\"PUSH\", \"{lock}\"), {how}, (\"JUMP_IF_FALSE\", \"{over}\"), {inside} \
                 (\"LABEL\", \"{over}\"),"
            )
        };
        match self.chance.below(8) {
            0 => perhaps("(\"TRY_LOCK_ACQUIRE\",)"),
            1 => perhaps("(\"LOCK_ACQUIRE_FOR\", 1)"),
            2 => format!(
                "(\"PUSH\", \"{lock}\"), (\"LOCK_ACQUIRE\", \"robust\"), (\"POP\",), {inside}"
            ),
            _ => format!("(\"PUSH\", \"{lock}\"), (\"LOCK_ACQUIRE\",), {inside}"),
        }
    }

    /// Some different locks, each acquired while those before it are held.
    fn nest(&mut self) -> String {
        let mut locks = vec!["k", "l", "m", "o"];
        let mut inside = String::from("(\"SLEEP\", 0),");
        for _ in 0..2 + self.chance.below(2) {
            let lock = locks.swap_remove(self.chance.below(locks.len() as u64) as usize);
            inside = format!("{inside} (\"PUSH\", \"{lock}\"), (\"LOCK_RELEASE\",),");
            inside = self.acquired(lock, &inside);
        }
        inside
    }

    /// Threads that nest locks, and a main that does so between creating and joining them.
    fn nests(&mut self) -> String {
        let mut text = String::from("vm = ToyVM()\n");
        for lock in ["k", "l", "m", "o"] {
            let _ = writeln!(text, "vm.create_lock(\"{lock}\")");
        }
        let mut main = String::new();
        for thread in 0..3 {
            let body: String = (0..=self.chance.below(2)).map(|_| self.nest()).collect();
            let _ = writeln!(text, "w{thread} = [{body}]");
            let ends = self.one_of(&["(\"POP\",),", "(\"POP\",),", "(\"THREAD_JOIN\",),"]);
            let own = if self.chance.below(3) == 0 { self.nest() } else { String::new() };
            let _ = write!(main, "(\"PUSH\", 0), (\"THREAD_CREATE\", [w{thread}]), {ends} {own}");
        }
        let _ = writeln!(text, "main = [{main}]\nvm.create_thread(main, \"main\")\nvm.run()");
        text
    }

    fn blocks(&mut self, depth: u32) -> String {
        (0..=self.chance.below(4)).map(|_| self.block(depth)).collect()
    }

    /// A few blocks, gone through once or twice.
    fn round(&mut self) -> String {
        let body = self.blocks(2) + &self.blocks(2);
        if self.chance.below(2) == 0 {
            return body;
        }
        format!(
            "(\"PUSH\", 2), (\"STORE\", \"i\"), (\"LABEL\", \"again\"), {body} (\"LOAD\", \"i\"), \
             (\"PUSH\", 1), (\"SUB\",), (\"DUP\",), (\"STORE\", \"i\"), (\"JUMP_IF_TRUE\", \"again\"),"
        )
    }

    fn program(&mut self) -> String {
        let mut text = String::from("vm = ToyVM()\n");
        for lock in ["k", "l", "m"] {
            let _ = writeln!(text, "vm.create_lock(\"{lock}\")");
        }
        for semaphore in ["s", "t"] {
            let count = self.chance.below(3);
            let _ = writeln!(text, "vm.create_semaphore({count}, \"{semaphore}\")");
        }
        text += "vm.create_message_queue(\"q\")\nvm.create_atomic_counter(0, \"n\")\n";
        text += "vm.globals[\"x\"] = 0\nvm.globals[\"y\"] = 0\n";
        let threads = 2 + self.chance.below(3);
        let capacity = 1 + self.chance.below(2);
        let mut main = format!(
            "(\"BOUNDED_QUEUE_CREATE\", {capacity}), (\"GLOBAL_STORE\", \"b\"), (\"PUSH\", \"m\"), \
             (\"CONDITION_CREATE\",), (\"GLOBAL_STORE\", \"c\"),"
        );
        for thread in 0..threads {
            let body = self.round();
            let _ = writeln!(text, "w{thread} = [{body}]");
            let _ = write!(
                main,
                "{} (\"PUSH\", 0), (\"THREAD_CREATE\", [w{thread}]), (\"STORE\", \"w{thread}\"),",
                self.block(1)
            );
        }
        for thread in 0..threads {
            let ends = self.one_of(&[
                "(\"THREAD_JOIN\",),",
                "(\"THREAD_JOIN_FOR\", 1), (\"POP\",),",
                "(\"ALIVE\",), (\"POP\",),",
            ]);
            let _ = write!(main, "(\"LOAD\", \"w{thread}\"), {ends} {}", self.blocks(2));
        }
        let _ = writeln!(text, "main = [{main}]\nvm.create_thread(main, \"main\")\nvm.run()");
        text
    }
}

/// Every run of every program, with what was written down of it.
fn each_run(
    write: fn(&mut Writer) -> String,
    mut judge: impl FnMut(&str, &Machine, &Record, &Races, &Inversions),
) {
    for seed in 0..PROGRAMS {
        let text = write(&mut Writer { chance: Chance::new(seed, PURPOSE), labels: 0 });
        let service = if seed % 4 == 0 { Service::Weak } else { Service::InOrder };
        let start = machine(&text, service);
        for schedule in 0..SCHEDULES {
            let mut machine = start.clone();
            let watchers = (Record::default(), (Races::new(), Inversions::new()));
            let ((record, (races, inversions)), _) =
                watch(&mut machine, Random::new(schedule), watchers);
            judge(&text, &machine, &record, &races, &inversions);
        }
    }
}

#[test]
fn races_are_what_nothing_orders() {
    let (mut runs, mut clean, mut found) = (0, 0, 0);
    each_run(Writer::program, |text, machine, record, races, _| {
        let wanted = record.races(machine);
        let findings = races.findings();
        let mut told = BTreeSet::new();
        for race in findings {
            let mut places = [race.first, race.second].map(|access| (access.code, access.at));
            places.sort_unstable();
            assert!(told.insert(places), "told twice: {}", race.tell(machine));
        }
        let tell = || findings.iter().map(|race| race.tell(machine)).collect::<Vec<_>>().join("\n");
        assert_eq!(told, wanted, "\n{}\n{text}", tell());
        runs += 1;
        clean += u32::from(told.is_empty());
        found += told.len();
    });
    // The programs are such that both occur.
    assert!(
        clean > runs / 50 && found > runs as usize,
        "{runs} runs, {clean} clean, {found} found"
    );
}

#[test]
fn inversions_are_circles_that_can_close() {
    let (mut twos, mut threes) = (0, 0);
    each_run(Writer::nests, |text, machine, record, _, inversions| {
        let wanted = record.inversions(machine);
        let told: Vec<Vec<u32>> = inversions
            .findings()
            .iter()
            .map(|inversion| {
                let mut locks: Vec<u32> = inversion.nestings.iter().map(|it| it.held).collect();
                let lowest = (0..locks.len()).min_by_key(|at| locks[*at]).unwrap();
                locks.rotate_left(lowest);
                locks
            })
            .collect();
        let short = told.iter().filter(|locks| locks.len() <= 3).cloned();
        assert_eq!(short.collect::<BTreeSet<_>>(), wanted, "{text}");
        twos += wanted.iter().filter(|locks| locks.len() == 2).count();
        threes += wanted.iter().filter(|locks| locks.len() == 3).count();
    });
    assert!(twos > 50 && threes > 0, "{twos} of two, {threes} of three");
}
