//! What a play begins with: a program, or the recording of a run.

use std::path::Path;
use std::sync::Arc;

use toyvm::machine::{Machine, Service};
use toyvm::program::Program;
use toyvm::scheduler::Policy;
use toyvm::trace::{About, Decision, Recording};

use super::super::file::FileArgs;
use super::super::message::say;
use super::super::recording;
use super::super::run::ScheduleArgs;

/// A program, how it is played, and what was played of it before.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) program: Arc<Program>,
    /// A machine at the beginning.
    beginning: Machine,
    pub(super) policy: Policy,
    pub(super) seed: u64,
    /// What is written into a trace of the play.
    pub(super) about: About,
    /// The whole recording, if it is one.
    pub(super) schedule: Vec<Decision>,
    /// After so many of its steps, the others can be gone through again and again.
    pub(super) repeats_from: Option<usize>,
}

impl Opening {
    /// Reads a program or a trace, and tells on standard error what is wrong with it.
    pub(super) fn read(file: &FileArgs, schedule: &ScheduleArgs) -> Option<Self> {
        if file.file == Path::new("-") {
            say("forebay vm step: standard input is for the keys; the program has to be a file");
            return None;
        }
        if let Some(read) = recording::read(&file.file) {
            return read
                .and_then(|recording| Self::of_trace(&recording, file, schedule))
                .map_err(|error| say(format_args!("forebay vm step: {error}")))
                .ok();
        }
        let program = file.load_or_tell()?;
        let seed = schedule.seed(&program);
        let about = About {
            selection: file.selection(),
            seed: Some(seed),
            max_steps: schedule.max_steps(&program),
            ..About::default()
        };
        Some(Self {
            beginning: schedule.machine(&program),
            policy: schedule.policy(&program, USUAL),
            seed,
            about,
            schedule: Vec::new(),
            repeats_from: None,
            program,
        })
    }

    fn of_trace(
        recording: &Recording,
        file: &FileArgs,
        schedule: &ScheduleArgs,
    ) -> Result<Self, String> {
        if file.entry.is_some() || !file.threads.is_empty() {
            return Err("a trace says itself what it begins with; --entry and --thread are for \
                        programs"
                .to_owned());
        }
        if schedule.weak && recording.service() != Service::Weak {
            return Err("it was recorded without --weak".to_owned());
        }
        // So that nobody is surprised in the middle of it.
        let replayed = recording.replay(()).map_err(|error| error.to_string())?;
        let program = Arc::clone(replayed.machine.program());
        let about = recording.about().clone();
        let recorded = about.scheduler.split_whitespace().next().and_then(Policy::parse);
        let seed = schedule.seed.or(about.seed).unwrap_or(0);
        Ok(Self {
            beginning: recording.machine().map_err(|error| error.to_string())?,
            policy: schedule.policy(&program, recorded.unwrap_or(USUAL)),
            seed,
            // Of a play by hand nobody says that.
            about: About { scheduler: About::default().scheduler, repeats_from: None, ..about },
            schedule: recording.schedule().to_vec(),
            repeats_from: recording.repeats_from(),
            program,
        })
    }

    /// A machine at the beginning.
    pub(super) fn machine(&self) -> Machine {
        self.beginning.clone()
    }

    /// What the program is called.
    pub(super) fn name(&self) -> &str {
        self.program.source().name()
    }
}

const USUAL: Policy = Policy::RoundRobin { quantum: 1 };
