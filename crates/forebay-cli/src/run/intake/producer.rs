//! A producer: reads its source, leaves out what has finished before, and puts the rest.
//!
//! There is one for each `--producer`, and one for the files and arguments, or standard input.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Outcome, Overflow, Producer, PutError, Refusal};
use rustix::process::Signal;

use crate::run::command::GRACE;
use crate::run::intake::dropped::caught;
use crate::run::intake::input::Input;
use crate::run::intake::packing::{Next, Packing, Portion};
use crate::run::intake::producer_command::ProducerCommand;
use crate::run::intake::resume::Finished;
use crate::run::intake::upstream::Clock;
use crate::run::item::Item;
use crate::run::message::say;
use crate::run::observer::event::{Event, Side};
use crate::run::{Args, Run};

/// What is known once the last item of all has been put.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Production {
    /// Since the run began.
    pub(crate) ended: Duration,
    /// How long consumers had waited until then. Later they wait for each other, not for items.
    pub(crate) consumer_wait: Duration,
    /// Items put, and not dropped.
    pub(crate) items: u64,
}

/// Where a producer's items come from, and the command that writes them, if one does.
#[derive(Debug)]
pub(crate) struct Feed {
    packing: Packing,
    command: Option<ProducerCommand>,
}

/// Whether there may be more to put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    On,
    /// The run has stopped.
    Stopped,
    /// Nothing can be put any more.
    Shut,
}

/// Puts all items, unless the run stops first. `number` counts from 0.
fn produce(run: &Run, number: usize, producer: &Producer<Item>, feed: Feed) {
    let Feed { mut packing, command } = feed;
    let mut clock = Clock::default();
    let mut items = 0;
    let is_whole = loop {
        let args = match packing.next() {
            None => break true,
            Some(Next::Args(args)) => args,
            Some(Next::LeftOut) => {
                items += 1;
                run.skip();
                // What is given to commands in groups is numbered by the group.
                if run.max_args == 1 {
                    run.intake.leave_out();
                }
                continue;
            }
            Some(Next::Unread(message)) => {
                say(message);
                run.note_fault();
                continue;
            }
        };
        items += args.len() as u64;
        let item = run.intake.number(args);
        let mut waited = |since: Instant| {
            clock.waited(packing.upstream(), since.elapsed(), run.began.elapsed());
            run.intake.waited(number, since.elapsed());
            run.tell(&Event::Wait { side: Side::Producer(number), since });
        };
        let course = match &run.shared {
            None => put(run, number, producer, item, &mut waited),
            Some(shared) => shared.put(run, number, &item, &mut waited),
        };
        match course {
            Course::On => {}
            Course::Stopped => break false,
            Course::Shut => break true,
        }
    };
    let ended = run.began.elapsed();
    if run.stop.is_stopping() {
        // Before it dies of the pipe by itself, and what it started stays.
        run.groups.stop_producers(Signal::TERM);
    }
    // Whoever still writes is told by SIGPIPE that nobody reads.
    drop(packing);
    match command.map(|command| command.end(&run.groups, items)) {
        // Stopped by us, so that its end is no end of the items.
        Some(None) => return,
        Some(Some(Err(_))) if run.stop.is_stopping() => return,
        Some(Some(Err(message))) => {
            say(message);
            run.note_fault();
        }
        Some(Some(Ok(()))) | None => {}
    }
    if is_whole && run.intake.end(number, ended, clock.free(ended)) {
        let statistics = producer.statistics();
        run.end_production(Production {
            ended: run.began.elapsed(),
            consumer_wait: statistics.consumer_wait,
            items: statistics.produced - statistics.dropped,
        });
        match &run.shared {
            None => producer.close(),
            // The supply closes once they have all come to their end.
            Some(shared) => shared.end_input(),
        }
    }
}

/// Puts the item as `--on-full` says, and calls `waited` if it waited, with since when. Says whether
/// there may be more to put: the run has not stopped.
fn put(
    run: &Run,
    number: usize,
    producer: &Producer<Item>,
    item: Item,
    waited: &mut impl FnMut(Instant),
) -> Course {
    let overflow = producer.overflow();
    let told = (!run.observers.is_empty()).then(|| item.clone());
    let (mut outcome, dropped) = if overflow.drops() {
        caught(|| producer.try_put(item))
    } else {
        (producer.try_put(item), Vec::new())
    };
    if matches!(overflow, Overflow::Wait | Overflow::WaitFor(_)) {
        outcome = outcome.or_else(|refused| {
            if refused.refusal != Refusal::Full {
                return Err(refused);
            }
            let full = Instant::now();
            let outcome = producer.put(refused.item);
            waited(full);
            outcome
        });
    }
    let is_placed = match outcome {
        Ok(Outcome::DroppedThis) => false,
        Ok(Outcome::Placed | Outcome::DroppedOldest(_)) => true,
        Err(PutError { item, refusal }) => return refuse(run, number, &item, refusal),
    };
    run.intake.put(number);
    for item in &dropped {
        run.tell(&Event::Dropped { producer: number, item, has_waited: is_placed });
        pass(run, item);
    }
    if is_placed && let Some(item) = &told {
        run.tell(&Event::Put { producer: number, item });
    }
    Course::On
}

/// The item was refused, for lack of room or as too heavy.
pub(crate) fn refuse(run: &Run, number: usize, item: &Item, refusal: Refusal) -> Course {
    let is_too_heavy = match refusal {
        Refusal::Full | Refusal::TimedOut => false,
        Refusal::TooHeavy => true,
        // Closed: the run has stopped.
        _ => return Course::Stopped,
    };
    if is_too_heavy {
        let label = item.label();
        match &run.shared {
            None => say(format_args!(
                "item {label} is refused: it weighs {} bytes, more than --weight lets wait at all",
                item.weight()
            )),
            Some(shared) => say(format_args!(
                "item {label} is refused: it has {} bytes, and an item of {} {}",
                shared.form.bytes(&item.args).len(),
                shared.name(),
                match shared.buffer.longest_item() {
                    Some(most) => format!("at most {most}"),
                    None => "fewer".to_owned(),
                }
            )),
        }
        run.note_fault();
        if !run.set_aside(item) {
            return Course::Stopped;
        }
    }
    run.intake.refuse(number, is_too_heavy);
    let reason = refusal.to_string();
    run.tell(&Event::Refused { producer: number, item, reason: &reason });
    if run.shared.is_none() {
        pass(run, item);
    }
    Course::On
}

/// Under `--keep-order` nobody waits for what never comes.
fn pass(run: &Run, item: &Item) {
    if let Err(error) = run.printer.end_turn(item.place) {
        run.stop_without_output(&error);
    }
}

impl Run {
    /// What the producers read. The commands come first, and are started.
    pub(crate) fn feeds(
        &self,
        args: &Args,
        input: Option<Input>,
        portion: &Portion,
        finished: Finished,
    ) -> Result<Vec<Feed>, String> {
        let finished = Arc::new(finished);
        // What lies in a shared buffer is put together when it comes out.
        let alone = Portion { rows: 1, fitting: None };
        let portion = if self.shared.is_some() { &alone } else { portion };
        let packing = |input| Packing::new(input, portion.clone(), Arc::clone(&finished));
        let mut feeds = Vec::new();
        for (command, output) in ProducerCommand::start_all(&self.groups, &args.items.producer)? {
            let input = Input::of_command(args, command.label(), output)?;
            feeds.push(Feed { packing: packing(input), command: Some(command) });
        }
        feeds.extend(input.map(|input| Feed { packing: packing(input), command: None }));
        Ok(feeds)
    }

    /// Starts a thread for each producer. They are never joined: one may be reading from a source that
    /// never ends.
    pub(crate) fn start_producers(
        self: &Arc<Self>,
        producer: Producer<Item>,
        feeds: Vec<Feed>,
    ) -> io::Result<()> {
        for (number, feed) in feeds.into_iter().enumerate() {
            let (run, producer) = (Arc::clone(self), producer.clone());
            self.spawn(&format!("producer {}", number + 1), (), move || {
                produce(&run, number, &producer, feed);
            })?;
        }
        // Each has one of its own: when the last is gone, the buffer is closed.
        drop(producer);
        // Whoever stopped the run before now did not find them all.
        if self.stop.is_stopping() {
            self.stop_producers();
        }
        Ok(())
    }

    /// Stops the producers that are commands: nobody takes their items any more.
    pub(crate) fn stop_producers(&self) {
        if self.groups.producers_run() {
            self.groups.stop_producers(Signal::TERM);
            self.after_grace(|groups| groups.stop_producers(Signal::KILL));
        }
    }

    /// Waits until producers that were told to stop have done so, no longer than they have time to.
    pub(crate) fn wait_for_producers(&self) {
        let deadline = Instant::now() + 2 * GRACE;
        while self.groups.producers_run() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
