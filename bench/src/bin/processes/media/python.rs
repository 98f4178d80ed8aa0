//! Queues of Python between processes of Python, in an environment that is made here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::leg::Leg;
use crate::race::Course;
use crate::scratch::Scratch;

const SCRIPT: &str = include_str!("python.py");
const PROGRAM: &str = "python3";
const PACKAGE: &str = "faster-fifo==1.5.2";

/// Where the environment stays from run to run.
const ENVIRONMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python");

/// A queue of Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    FasterFifo,
    Queue,
    JoinableQueue,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::FasterFifo => "faster-fifo",
            Self::Queue => "Queue",
            Self::JoinableQueue => "JoinableQueue",
        }
    }
}

/// An interpreter that has the queues.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    program: PathBuf,
    script: PathBuf,
    /// Of Python.
    pub(crate) release: String,
    /// Of faster-fifo.
    pub(crate) faster_fifo: String,
}

impl Python {
    /// Makes the environment, where it is not there from an earlier run.
    pub(crate) fn prepare(scratch: &Scratch) -> Result<Self, String> {
        let script = scratch.path("queues").with_extension("py");
        fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
        let program = Path::new(ENVIRONMENT).join("bin/python3");
        let release = || output(Command::new(&program).arg(&script).arg("release"));
        let said = release().or_else(|_| {
            output(Command::new(PROGRAM).args(["-m", "venv", "--clear", ENVIRONMENT]))?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE];
            output(Command::new(&program).args(pip))?;
            release()
        })?;
        let (python, faster_fifo) = said.trim().split_once(' ').ok_or("no release was said")?;
        let (release, faster_fifo) = (python.to_owned(), faster_fifo.to_owned());
        Ok(Self { program, script, release, faster_fifo })
    }

    /// What producers and consumers did.
    pub(crate) fn race(&self, kind: Kind, course: &Course) -> Result<(Vec<Leg>, Vec<Leg>), String> {
        let numbers = [
            course.shape.producers,
            course.shape.consumers,
            course.capacity,
            Duration::as_millis(&course.lasting) as usize,
            course.batch,
        ];
        let mut command = Command::new(&self.program);
        command.arg(&self.script).arg(kind.name()).args(numbers.map(|number| number.to_string()));
        let said = output(&mut command)?;
        let done: Done = serde_json::from_str(&said).map_err(|error| format!("{said}: {error}"))?;
        Ok((done.producers, done.consumers))
    }
}

#[derive(Deserialize)]
struct Done {
    producers: Vec<Leg>,
    consumers: Vec<Leg>,
}

/// What it says, if it ends well.
fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}", said.lines().last().unwrap_or("it failed")))
}
