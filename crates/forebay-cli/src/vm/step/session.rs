//! A person at a play: what they look at, what they are asked, what they are told.

use std::path::PathBuf;

use toyvm::machine::ThreadId;

use super::ink::Ink;
use super::play::{Made, Play};
use super::save::{Unsaved, save};
use super::wording;

/// What fills the room below the threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Panel {
    /// All of them, as far as there is room.
    All,
    Source,
    Listing,
    Lanes,
    Shared,
    Output,
    Findings,
}

impl Panel {
    const ORDER: [Self; 7] = [
        Self::All,
        Self::Source,
        Self::Listing,
        Self::Lanes,
        Self::Shared,
        Self::Output,
        Self::Findings,
    ];

    /// The next one, or the one before.
    pub(super) fn turn(self, back: bool) -> Self {
        let count = Self::ORDER.len();
        let at = Self::ORDER.iter().position(|panel| *panel == self).unwrap_or(0);
        Self::ORDER[(at + if back { count - 1 } else { 1 }) % count]
    }
}

/// What is asked, and typed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Which number a thread chooses.
    Number(ThreadId),
    /// To which step to go.
    Step,
    /// In which file to save.
    File,
    /// Whether to write over a trace.
    Over(PathBuf),
    /// Whether to leave a play that is not saved.
    Leave,
}

/// What is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// Somebody looks at it.
    Looking,
    /// An answer is being typed.
    Asking {
        /// What is asked.
        question: Question,
        /// In words.
        text: String,
        /// The answer so far.
        typed: String,
    },
    /// Steps are made until there is something to see.
    Running(Goal),
    /// The keys are explained.
    Help,
}

/// Until when steps are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// Something is found or printed, by whomever the scheduler steps.
    Something,
    /// So many steps were made: those that were played, then the scheduler's.
    Step(usize),
    /// All that was played was made again.
    End,
}

/// A person at a play.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) play: Play,
    pub(super) selected: ThreadId,
    pub(super) panel: Panel,
    /// Whether instructions are shown rather than the source, if there is no room for both.
    pub(super) listing: bool,
    /// How many lines the panel is scrolled from where it would stand.
    pub(super) scroll: i32,
    pub(super) mode: Mode,
    /// What there is to say, and in which ink.
    pub(super) message: String,
    pub(super) tone: Ink,
    /// Steps that a run of steps may have before it stops by itself.
    most: usize,
    /// Where a run of steps began: steps, printed lines, findings.
    began: (usize, usize, usize),
    /// How many steps, played before, were dropped on the way.
    dropped: usize,
}

impl Session {
    /// Steps that are made before the screen is shown again.
    const AT_ONCE: usize = 2_000;

    pub(super) fn new(play: Play, most: usize) -> Self {
        let first = play.upcoming().or(play.advice());
        let selected = first.or_else(|| play.machine().state().thread_at(0));
        Self {
            selected: selected.expect("a program has a thread"),
            play,
            panel: Panel::All,
            listing: false,
            scroll: 0,
            mode: Mode::Looking,
            message: String::new(),
            tone: Ink::Used,
            most,
            began: (0, 0, 0),
            dropped: 0,
        }
    }

    pub(super) fn say(&mut self, message: impl Into<String>) {
        self.message = message.into();
        self.tone = Ink::Used;
    }

    pub(super) fn refuse(&mut self, message: impl Into<String>) {
        self.message = message.into();
        self.tone = Ink::Waits;
    }

    /// Selects the thread of that place, if there is one.
    pub(super) fn select(&mut self, place: usize) {
        match self.play.machine().state().thread_at(place) {
            Some(thread) => self.selected = thread,
            None => self.refuse(format!("there is no thread {}", place + 1)),
        }
    }

    pub(super) fn select_by(&mut self, distance: isize) {
        let last = self.play.machine().state().threads().len() - 1;
        self.select(self.selected.index().saturating_add_signed(distance).min(last));
    }

    pub(super) fn show(&mut self, panel: Panel) {
        self.panel = panel;
        self.scroll = 0;
    }

    /// Steps the selected thread; asks first if it chooses a number.
    pub(super) fn step(&mut self) {
        let can_step = self.play.machine().state().ready().contains(self.selected);
        if self.play.end().is_none()
            && can_step
            && let Some(asked) = self.play.asks(self.selected)
        {
            let text = wording::question(self.play.machine(), self.selected, asked);
            self.ask(Question::Number(self.selected), format!("{text} (Enter: by chance)"));
            return;
        }
        self.step_with(None);
    }

    fn step_with(&mut self, pick: Option<u64>) {
        let made = self.play.step(self.selected, pick);
        self.tell(made);
    }

    /// Kills the selected thread.
    pub(super) fn kill(&mut self) {
        let made = self.play.kill(self.selected);
        self.tell(made);
    }

    /// Lets the scheduler decide.
    pub(super) fn next(&mut self) {
        let made = self.play.next();
        if let Ok(made) = made {
            self.selected = made.thread;
        }
        self.tell(made);
    }

    fn tell(&mut self, made: Result<Made, String>) {
        self.scroll = 0;
        match made {
            Ok(made) => self.arrived(made.dropped),
            Err(why) => self.refuse(why),
        }
    }

    /// Says what the last step was.
    fn arrived(&mut self, dropped: usize) {
        let mut message = wording::last_step(&self.play);
        if let Some(end) = self.play.end() {
            message = format!("{message} — {}", wording::run_is_over(end));
        }
        if let Some(dropped) = wording::dropped(dropped) {
            message = format!("{message} — {dropped}");
        }
        self.say(message);
        // What was found in this very step is more important.
        let mut found = self.play.log().findings().iter();
        if let Some(found) = found.find(|found| found.step == self.play.at()) {
            self.message = found.lines[0].clone();
            self.tone = Ink::Wrong;
        }
    }

    fn follow(&mut self) {
        self.scroll = 0;
        if let Some(thread) = self.play.last() {
            self.selected = thread;
        }
    }

    pub(super) fn back(&mut self) {
        let undone = self.play.last();
        if self.play.back() {
            self.scroll = 0;
            self.selected = undone.unwrap_or(self.selected);
            let last = wording::last_step(&self.play);
            self.say(format!("back: {last}"));
        } else {
            self.refuse("this is the beginning");
        }
    }

    pub(super) fn forward(&mut self) {
        if self.play.forward() {
            self.follow();
            self.arrived(0);
        } else {
            self.refuse("this is the end of what was played");
        }
    }

    pub(super) fn home(&mut self) {
        self.play.go_back(0);
        self.scroll = 0;
        if let Some(first) = self.play.upcoming() {
            self.selected = first;
        }
        self.say("the beginning");
    }

    /// Begins to make steps until the goal is reached.
    pub(super) fn run(&mut self, goal: Goal) {
        if let Goal::Step(to) = goal
            && to < self.play.at()
        {
            self.play.go_back(to);
            self.follow();
            self.arrived(0);
            return;
        }
        let log = self.play.log();
        self.began = (self.play.at(), log.printed().len(), log.findings().len());
        self.dropped = 0;
        self.mode = Mode::Running(goal);
    }

    /// Goes on making steps, for a moment.
    pub(super) fn go_on(&mut self) {
        for _ in 0..Self::AT_ONCE {
            let Mode::Running(goal) = self.mode else { return };
            let (began, printed, findings) = self.began;
            let log = self.play.log();
            let reached = match goal {
                Goal::Something => log.printed().len() > printed || log.findings().len() > findings,
                Goal::Step(to) => self.play.at() >= to,
                Goal::End => false,
            };
            let made = self.play.at() - began;
            let along = goal != Goal::Something && self.play.at() < self.play.len();
            if reached || (goal == Goal::End && !along) {
                self.stop(None);
            } else if along {
                self.play.forward();
            } else if made >= self.most {
                let steps = wording::steps(made);
                self.stop(Some(format!("nothing to see after {steps}; press r to go on")));
            } else {
                match self.play.next() {
                    Ok(made) => self.dropped += made.dropped,
                    Err(_) => self.stop(None),
                }
            }
        }
    }

    /// Makes no more steps.
    pub(super) fn stop(&mut self, why: Option<String>) {
        self.mode = Mode::Looking;
        let made = self.play.at() - self.began.0;
        if made > 0 {
            self.follow();
        }
        match why {
            Some(why) => self.refuse(why),
            None if made == 0 => match self.play.end().map(wording::run_is_over) {
                Some(over) => self.refuse(over),
                None => self.say(wording::last_step(&self.play)),
            },
            None => {
                self.arrived(self.dropped);
                if made > 1 {
                    self.message = format!("{}: {}", wording::steps(made), self.message);
                }
            }
        }
    }

    pub(super) fn ask(&mut self, question: Question, text: impl Into<String>) {
        self.mode = Mode::Asking { question, text: text.into(), typed: String::new() };
    }

    /// Takes the answer that was typed; true if that was the last thing to do.
    pub(super) fn answer(&mut self) -> bool {
        let Mode::Asking { question, typed, .. } = std::mem::replace(&mut self.mode, Mode::Looking)
        else {
            return false;
        };
        let yes = matches!(typed.trim(), "y" | "Y" | "yes");
        match question {
            Question::Number(thread) => {
                self.selected = thread;
                let below = self.play.asks(thread).map_or(0, |(_, below)| below);
                match typed.trim().parse() {
                    _ if typed.trim().is_empty() => self.step_with(None),
                    Ok(number) if number < below => self.step_with(Some(number)),
                    _ => self.refuse(format!("choose a number from 0 to {}", below.max(1) - 1)),
                }
            }
            Question::Step => match typed.trim().parse() {
                Ok(to) => self.run(Goal::Step(to)),
                Err(_) => self.refuse("that is no number of a step"),
            },
            Question::File if typed.trim().is_empty() => self.refuse("it is not saved"),
            Question::File => self.save(PathBuf::from(typed.trim()), false),
            Question::Over(path) if yes => self.save(path, true),
            Question::Over(_) => self.refuse("it is not saved"),
            Question::Leave => return yes,
        }
        false
    }

    fn save(&mut self, path: PathBuf, over: bool) {
        match save(&mut self.play, &path, over) {
            Ok(()) => {
                let steps = wording::steps(self.play.len());
                self.say(format!("saved {steps} in {}", path.display()));
            }
            Err(Unsaved::Exists) => {
                let text = format!("write over the trace {}? (y/N)", path.display());
                self.ask(Question::Over(path), text);
            }
            Err(Unsaved::Failed(why)) => self.refuse(why),
        }
    }
}
