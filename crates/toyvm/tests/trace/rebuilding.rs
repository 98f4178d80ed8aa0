//! Whoever reads only the lines of a trace knows the whole state after each step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value as Json, json};
use toyvm::Machine;
use toyvm::machine::{On, Status, Stepped, ThreadId};
use toyvm::observer::Observer;
use toyvm::value::{Kind, Value};

use crate::programs;

type Things = BTreeMap<u64, Json>;

/// A state, as the format documents it. What is not told has not changed.
#[derive(Debug, Default, Clone, PartialEq)]
struct State {
    clock: u64,
    stacks: BTreeMap<u64, Vec<Json>>,
    variables: BTreeMap<(u64, String), Json>,
    globals: BTreeMap<String, Json>,
    owners: Things,
    counts: Things,
    counters: Things,
    queues: BTreeMap<u64, VecDeque<Json>>,
    arrays: BTreeMap<u64, Vec<Json>>,
    /// In a word, with what is waited for or until when.
    status: BTreeMap<u64, Json>,
    enabled: BTreeSet<u64>,
    /// Who stands in line for what, the first first.
    lines: BTreeMap<String, Vec<u64>>,
}

fn number(json: &Json) -> u64 {
    json.as_u64().unwrap_or_else(|| panic!("{json} is no number"))
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

impl State {
    fn of_header(header: &Json) -> Self {
        let mut state = Self::default();
        for new in list(&header["threads"]).iter().chain(list(&header["objects"])) {
            state.meet(new);
        }
        for (name, value) in header["globals"].as_object().unwrap() {
            state.globals.insert(name.clone(), value.clone());
        }
        state.enabled = list(&header["enabled"]).iter().map(number).collect();
        state
    }

    fn meet(&mut self, new: &Json) {
        let index = number(&new["index"]);
        match new["kind"].as_str().unwrap() {
            "thread" => {
                self.stacks.insert(index, Vec::new());
                self.status.insert(index, json!({"is": "runnable"}));
            }
            "lock" => drop(self.owners.insert(index, Json::Null)),
            "semaphore" => drop(self.counts.insert(index, new["count"].clone())),
            "counter" => drop(self.counters.insert(index, new["value"].clone())),
            "queue" => drop(self.queues.insert(index, VecDeque::new())),
            "array" => {
                let length = number(&new["length"]) as usize;
                self.arrays.insert(index, vec![json!(0); length]);
            }
            "condition" => {}
            other => panic!("{other}"),
        }
    }

    fn apply(&mut self, line: &Json) {
        let clock = if line["n"].is_null() { &line["clock"] } else { &line["t"] };
        self.clock = number(clock);
        if let Some(thread) = line["thread"].as_u64() {
            let stack = self.stacks.get_mut(&thread).unwrap();
            let left = stack.len() - line["pop"].as_u64().unwrap_or(0) as usize;
            stack.truncate(left);
            stack.extend_from_slice(list(&line["push"]));
            for (name, value) in line["vars"].as_object().into_iter().flatten() {
                self.variables.insert((thread, name.clone()), value.clone());
            }
        }
        for (name, value) in line["globals"].as_object().into_iter().flatten() {
            self.globals.insert(name.clone(), value.clone());
        }
        if !line["new"].is_null() {
            self.meet(&line["new"]);
        }
        for set in list(&line["set"]) {
            let index = number(&set[1]);
            match set[0].as_str().unwrap() {
                "lock" => drop(self.owners.insert(index, set[2].clone())),
                "semaphore" => drop(self.counts.insert(index, set[2].clone())),
                "counter" => drop(self.counters.insert(index, set[2].clone())),
                "array" => {
                    let place = number(&set[2]) as usize;
                    self.arrays.get_mut(&index).unwrap()[place] = set[3].clone();
                }
                "queue" if set[2] == "+" => {
                    self.queues.get_mut(&index).unwrap().push_back(set[3].clone());
                }
                "queue" => drop(self.queues.get_mut(&index).unwrap().pop_front().unwrap()),
                other => panic!("{other}"),
            }
        }
        for told in list(&line["threads"]) {
            let thread = number(&told["thread"]);
            let stack = self.stacks.get_mut(&thread).unwrap();
            stack.extend_from_slice(list(&told["push"]));
            let status = json!({"is": told["is"], "for": told["for"], "until": told["until"]});
            let was = self.status.insert(thread, without_nulls(&status));
            assert_ne!(was.as_ref(), self.status.get(&thread), "nothing new of {thread} in {line}");
            // Who is told of no longer stands where it stood; who waits stands last.
            for others in self.lines.values_mut() {
                others.retain(|other| *other != thread);
            }
            if told["is"] == "waiting" {
                self.lines.entry(told["for"].to_string()).or_default().push(thread);
            }
        }
        self.lines.retain(|_, threads| !threads.is_empty());
        self.enabled.extend(list(&line["on"]).iter().map(number));
        for off in list(&line["off"]) {
            self.enabled.remove(&number(off));
        }
    }

    /// As it really is.
    fn of(machine: &Machine) -> Self {
        let state = machine.state();
        let value = |value: Value| match value {
            Value::Int(int) => json!(int),
            Value::Text(text) => json!(machine.text(text)),
            Value::Handle(handle) => json!({handle.kind.word(): handle.index}),
        };
        let place = |at: usize| at as u64;
        let mut all = Self { clock: state.clock(), ..Self::default() };
        for thread in state.thread_ids() {
            let (it, at) = (machine.thread(thread), place(thread.index()));
            all.stacks.insert(at, it.stack().iter().copied().map(value).collect());
            let names = &machine.program().code(it.code()).variables;
            for (slot, set) in it.variables().iter().enumerate() {
                if let Some(set) = set {
                    let name = machine.program().name(names[slot]).to_owned();
                    all.variables.insert((at, name), value(*set));
                }
            }
            let status = match it.status() {
                Status::Waiting(wait) => {
                    let until = wait.until.map(|until| until.0);
                    json!({"is": "waiting", "for": on(wait.on), "until": until})
                }
                Status::Sleeping { until, .. } => json!({"is": "sleeping", "until": until.0}),
                other => json!({"is": other.word()}),
            };
            all.status.insert(at, without_nulls(&status));
        }
        for (name, set) in machine.program().names().iter().zip(state.globals()) {
            if let Some(set) = set {
                all.globals.insert(machine.text(*name).to_owned(), value(*set));
            }
        }
        let mut line = |key: Json, threads: Vec<ThreadId>| {
            if !threads.is_empty() {
                let threads = threads.into_iter().map(|it| place(it.index())).collect();
                all.lines.insert(key.to_string(), threads);
            }
        };
        for (at, it) in state.locks().iter().enumerate() {
            all.owners.insert(place(at), json!(it.owner.map(ThreadId::index)));
            line(json!({"lock": at}), it.line.iter().copied().collect());
        }
        for (at, it) in state.semaphores().iter().enumerate() {
            all.counts.insert(place(at), json!(it.count));
            line(json!({"semaphore": at}), it.line.iter().copied().collect());
        }
        for (at, it) in state.queues().iter().enumerate() {
            all.queues.insert(place(at), it.messages.iter().copied().map(value).collect());
            line(json!({"message": at}), it.receivers.iter().copied().collect());
            line(json!({"room": at}), it.senders.iter().copied().collect());
        }
        for (at, it) in state.conditions().iter().enumerate() {
            line(json!({"condition": at}), it.line.iter().copied().collect());
        }
        for thread in state.thread_ids() {
            let joins = |other: &ThreadId| {
                matches!(machine.thread(*other).status(),
                    Status::Waiting(wait) if wait.on == On::Thread(thread))
            };
            let joiners = state.thread_ids().filter(joins).collect();
            line(json!({"thread": thread.index()}), joiners);
        }
        for (at, it) in state.counters().iter().enumerate() {
            all.counters.insert(place(at), json!(it.value));
        }
        for (at, it) in state.arrays().iter().enumerate() {
            all.arrays.insert(place(at), it.values.iter().copied().map(value).collect());
        }
        all.enabled = state.ready().iter().map(|it| place(it.index())).collect();
        all
    }
}

fn on(on: On) -> Json {
    match on {
        On::Lock(at) => json!({"lock": at}),
        On::Semaphore(at) => json!({"semaphore": at}),
        On::Message(at) => json!({"message": at}),
        On::Room(at) => json!({"room": at}),
        On::Condition(at) => json!({"condition": at}),
        On::Thread(at) => json!({"thread": at.index()}),
    }
}

fn without_nulls(json: &Json) -> Json {
    let fields = json.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    Json::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Each state after a step.
#[derive(Default)]
struct States(Vec<State>);

impl Observer for States {
    fn after(&mut self, machine: &Machine, _: ThreadId, _: Stepped) {
        self.0.push(State::of(machine));
    }
}

#[test]
fn the_lines_tell_the_whole_state_after_each_step() {
    let mut kinds = BTreeSet::new();
    for (name, run) in programs::runs() {
        let replayed = run.recording().replay(States::default()).unwrap();
        let lines = run.lines();
        let mut state = State::of_header(&lines[0]);
        let mut real = replayed.observer.0.iter();
        for line in &lines[1..] {
            if !line["n"].is_null() && line["finding"].is_null() {
                state.apply(line);
                let real = real.next().unwrap();
                assert_eq!(&state, real, "{name}: after {line}");
                kinds.extend(real.lines.keys().map(|line| line[..5].to_owned()));
            } else if !line["clock"].is_null() {
                state.apply(line);
            }
        }
        assert!(real.next().is_none());
        state.clock = run.machine.state().clock();
        assert_eq!(state, State::of(&run.machine), "{name}: at the end");
    }
    // The programs do what they are for.
    assert_eq!(kinds.len(), 6, "not every kind of wait occurs: {kinds:?}");
    let _ = Kind::COUNT;
}
