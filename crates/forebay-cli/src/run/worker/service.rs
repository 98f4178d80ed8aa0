//! The loop of a consumer that has a worker: leases items, hands them over, and finishes what is answered.

use std::os::unix::ffi::OsStrExt;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use forebay::{Consumer, Lease};

use super::Workers;
use super::answers::{Answers, Read};
use super::death::Fate;
use super::process::Process;
use super::window::Window;
use crate::run::Run;
use crate::run::command::Ended;
use crate::run::command::starting::{is_shortage, never_runs, patiently, show_command};
use crate::run::consumer::next;
use crate::run::ending::{Command, acknowledge, acknowledge_all, deliver, deliver_answers, fail};
use crate::run::item::Item;
use crate::run::message::say;
use crate::run::observer::event::Event;
use crate::run::outlet::capture::Output;
use crate::run::outlet::escape::escaped;

/// How it goes on after an exchange with the worker.
#[derive(Debug)]
enum Course {
    On,
    /// With another worker.
    Dead(Fate),
    /// Not at all.
    Stop,
}

/// A consumer and its worker.
#[derive(Debug)]
pub(super) struct Service<'a> {
    pub(super) run: &'a Run,
    pub(super) workers: &'a Workers,
    /// The consumer, from 0.
    pub(super) number: usize,
    /// Started when there is a first item.
    pub(super) process: Option<Process>,
    pub(super) window: Window,
    pub(super) answers: Answers,
    /// Workers in a row that have ended without an answer.
    pub(super) fruitless: u32,
    /// Whether it was said that one ended with nothing to do.
    pub(super) told_of_idle_death: bool,
    /// Whether it was said that one closed its standard output.
    pub(super) told_of_closed_output: bool,
    /// Whether it is left to others, as no worker can be started.
    pub(super) has_given_up: bool,
    /// How often it was looked why the worker is silent.
    pub(super) looks: u32,
}

/// Serves items until there are no more, or the run stops. `number` counts from 0.
pub(crate) fn consume(run: &Run, workers: &Workers, mut consumer: Consumer<Item>, number: usize) {
    let mut service = Service {
        run,
        workers,
        number,
        process: None,
        window: Window::new(),
        answers: Answers::new(workers.end),
        fruitless: 0,
        told_of_idle_death: false,
        told_of_closed_output: false,
        has_given_up: false,
        looks: 0,
    };
    while let Ok(lease) = next(run, &consumer, number) {
        if run.stop.is_stopping() || !run.pace.pass() {
            // Dropping the lease gives the item back; it remains.
            break;
        }
        let busy = run.busy.begin();
        service.look_at_idle_worker();
        service.admit(lease);
        let in_backoff = service.serve(&consumer);
        drop(busy);
        if service.has_given_up {
            break;
        }
        if in_backoff {
            // The item is now another's to give back: the buffer closes for a consumer that has
            // leases itself, but for this one there may be more to come.
            consumer = consumer.clone();
        }
    }
    service.end();
}

impl Service<'_> {
    /// The worker's name in messages.
    pub(super) fn name(&self) -> String {
        format!("worker {}", self.number + 1)
    }

    /// Puts the item in flight, unless the protocol has no place for it.
    fn admit(&mut self, lease: Lease<Item>) {
        let delivery = Item::deliveries(&lease);
        self.run.tell(&Event::Lease { consumer: self.number, item: &lease, delivery });
        if !self.run.begin_duty(self.number, &lease) {
            return self.run.give_back(lease);
        }
        let end = self.workers.end;
        if lease.args.iter().any(|arg| arg.as_bytes().contains(&end)) {
            return self.refuse(lease);
        }
        if self.window.is_empty() {
            self.window.begin();
        }
        self.window.push(lease, end);
    }

    fn refuse(&self, lease: Lease<Item>) {
        let reason = if self.workers.end == 0 {
            "holds a zero byte, which ends an item for --worker-0; use --worker, whose items end with a \
             newline"
        } else {
            "holds a newline, which ends an item for --worker; use --worker-0, whose items end with a \
             zero byte"
        };
        say(format_args!("item {}: {reason}", lease.label()));
        let argv = self.run.template.worker_argv(self.number + 1);
        let times = (SystemTime::now(), Duration::ZERO);
        let command = Command { argv: &argv, times, ended: Err(126) };
        fail(self.run, self.number, lease, &mut Output::default(), &command, reason);
    }

    /// Serves what is in flight, and what can be had beside it, until nothing is in flight any more. Says
    /// whether an item went to the backoff.
    fn serve(&mut self, consumer: &Consumer<Item>) -> bool {
        let mut in_backoff = false;
        while !self.window.is_empty() {
            if self.process.is_none() && !self.start() {
                break;
            }
            self.fetch(consumer);
            match self.exchange() {
                Course::On => {}
                Course::Dead(fate) => in_backoff |= self.bury(fate),
                Course::Stop => self.abandon(),
            }
        }
        in_backoff
    }

    /// Fetches what may go along.
    fn fetch(&mut self, consumer: &Consumer<Item>) {
        let takes_input = self.process.as_ref().is_some_and(Process::takes_input);
        // Each item under a rate waits for its turn by itself.
        let is_alone = self.run.pace.is_set();
        if !takes_input || !self.window.wants_more() || is_alone || self.run.stop.is_stopping() {
            return;
        }
        let mut fetched = 0;
        while self.window.has_room()
            && let Ok(lease) = consumer.try_lease()
        {
            self.admit(lease);
            fetched += 1;
        }
        self.run.took(fetched);
    }

    /// Starts a worker. Says whether there is one then; if not, the run stops and everything was given back.
    fn start(&mut self) -> bool {
        if self.run.stop.is_stopping() {
            self.give_all_back();
            return false;
        }
        let argv = self.run.template.worker_argv(self.number + 1);
        show_command(self.run, &argv);
        match patiently(self.run, || Process::start(self.run, self.number, argv.clone())) {
            Ok(process) => {
                self.process = Some(process);
                self.looks = 0;
                self.window.begin();
                true
            }
            Err(error) if is_shortage(&error) && self.workers.give_up() => {
                say(format_args!(
                    "{} cannot be started: {error}; its items go to the others. More could be started with \
                     a higher limit (`ulimit -n`, `ulimit -u`)",
                    self.name()
                ));
                self.has_given_up = true;
                self.give_all_back();
                false
            }
            Err(error) => {
                if let Some(first) = self.window.items().next() {
                    never_runs(self.run, &argv[0], first, &error);
                }
                self.give_all_back();
                false
            }
        }
    }

    /// Writes what can be written, waits until there is something to read, or to do, and does it.
    fn exchange(&mut self) -> Course {
        let Some(process) = &mut self.process else { return Course::Stop };
        while process.takes_input() && !self.window.pending().is_empty() {
            match process.write(self.window.pending()) {
                Ok(0) => break,
                Ok(written) => self.window.wrote(written),
                Err(_) => {
                    for lease in self.window.cut(process.unread()) {
                        self.run.give_back(lease);
                    }
                    process.end_input();
                }
            }
        }
        if !process.takes_input() && self.window.read_whole(0) == 0 {
            return Course::Dead(Fate::ClosedInput);
        }
        let has_input = !self.window.pending().is_empty();
        let patience = self.patience();
        let Some(process) = &mut self.process else { return Course::Stop };
        let ready = process.wait(has_input, patience);
        if ready.readable {
            match self.answers.read(process.stdout()) {
                Ok(Read::Some) => return self.take_answers(),
                Ok(Read::Nothing) => {}
                Ok(Read::End) | Err(_) if ready.exited => {}
                Ok(Read::End) | Err(_) => return Course::Dead(Fate::ClosedOutput),
            }
        }
        if ready.exited {
            return Course::Dead(Fate::Exited);
        }
        if let Some(timeout) = self.run.timeout
            && self.window.age() >= timeout
        {
            return Course::Dead(Fate::TimedOut(timeout));
        }
        self.look_why_silent();
        Course::On
    }

    /// How long there is nothing to do unless the worker does something.
    fn patience(&self) -> Option<Duration> {
        let age = self.window.age();
        let timeout = self.run.timeout.map(|timeout| timeout.saturating_sub(age));
        timeout.into_iter().chain(self.until_look(age)).min()
    }

    /// Finishes what has been answered in what was just read.
    fn take_answers(&mut self) -> Course {
        let Some(process) = &mut self.process else { return Course::Stop };
        let run = self.run;
        let count = self.answers.count();
        let unread = process.unread();
        if count > self.window.read_whole(unread)
            || (!self.answers.after(count).is_empty() && !self.window.has_begun(count, unread))
        {
            self.protest();
            return Course::Stop;
        }
        if count == 0 {
            self.answers.keep(&run.spill);
            return Course::On;
        }
        let time = self.window.age();
        let each = time / u32::try_from(count).unwrap_or(u32::MAX);
        let began = SystemTime::now();
        let began = began.checked_sub(time).unwrap_or(began);
        let ended = Ended { status: ExitStatus::default(), timed_out: false, stopped: false };
        let mut command = Command { argv: &process.argv, times: (began, each), ended: Ok(ended) };
        // One by one what may be long, and what has a folder of results of its own; the rest in one go.
        let mut from = 0;
        let mut long = self.answers.first(&run.spill);
        while from < count
            && (long.is_some() || run.results.is_some())
            && let Some(lease) = self.window.pop()
        {
            let mut output = long.take().unwrap_or_else(|| {
                let mut output = Output::default();
                let answer = self.answers.whole(from).next().unwrap_or_default();
                output.stdout.push(answer, &run.spill);
                output
            });
            if !deliver(run, self.number, &lease, &mut output, Some(&command)) {
                run.give_back(lease);
                return Course::Stop;
            }
            acknowledge(run, self.number, lease);
            command.times.0 += each;
            from += 1;
        }
        let answers = self.window.items().zip(self.answers.whole(from));
        if !deliver_answers(run, self.number, answers, &command) {
            return Course::Stop;
        }
        let answered = (from..count).map_while(|_| self.window.pop()).collect();
        acknowledge_all(run, self.number, answered);
        process.answered += count as u64;
        self.answers.keep(&run.spill);
        self.workers.have_answered.store(true, Ordering::Relaxed);
        run.tally.serve(count as u64, time);
        self.window.learn(count, time);
        self.window.begin();
        run.check_halt();
        Course::On
    }

    /// The worker has printed what answers nothing.
    pub(super) fn protest(&self) {
        let mut printed = self.answers.part().to_vec();
        printed.extend_from_slice(self.answers.after(0));
        printed.truncate(60);
        self.run.stop_broken_now(format_args!(
            "{} printed '{}' when it had read no item that it had not answered; a worker prints one \
             answer for each item and nothing else, or its answers cannot be told apart. Stopping; what is \
             unanswered remains",
            self.name(),
            escaped(printed.trim_ascii_end()),
        ));
    }

    /// A worker that has had nothing to do has printed nothing meanwhile, and still lives; or another
    /// will be started.
    fn look_at_idle_worker(&mut self) {
        let Some(process) = &self.process else { return };
        let ready = process.wait(false, Some(Duration::ZERO));
        if !ready.readable && !ready.exited {
            return;
        }
        match self.answers.read(process.stdout()) {
            Ok(Read::Some) => {
                self.protest();
                self.abandon();
            }
            Ok(Read::Nothing) if !ready.exited => {}
            Ok(Read::End) | Err(_) if !ready.exited => {
                self.bury(Fate::ClosedOutput);
            }
            _ => {
                self.bury(Fate::Exited);
            }
        }
    }

    /// Gives back what is in flight.
    pub(super) fn give_all_back(&mut self) {
        while let Some(lease) = self.window.pop() {
            self.run.give_back(lease);
        }
        self.window.start_over();
        self.answers.start_over(&self.run.spill);
    }
}
