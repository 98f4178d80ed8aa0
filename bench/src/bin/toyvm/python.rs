//! Another ToyVM: one as a person writes it in Python, run by the Python that is installed.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::subject::Subject;
use crate::work::Work;

const PEER: &str = include_str!("peer.py");
const PROGRAM: &str = "python3";

/// It, and which release runs it.
#[derive(Debug)]
pub(crate) struct Python {
    /// Such as `Python 3.13.1`.
    pub(crate) release: String,
}

impl Python {
    /// The one on the path, if there is one.
    pub(crate) fn installed() -> Option<Self> {
        let output = Command::new(PROGRAM).arg("--version").output().ok()?;
        let release = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !release.is_empty()).then_some(Self { release })
    }

    /// Runs a program for so many steps. What Python takes to start is not counted.
    pub(crate) fn run(&self, subject: Subject, steps: u64, folder: &Path) -> Result<Work, String> {
        let (peer, program) = (folder.join("peer.py"), folder.join("program.toy"));
        for (file, text) in [(&peer, PEER), (&program, subject.text)] {
            fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        let output = Command::new(PROGRAM)
            .args([&peer, &program])
            .args([u64::from(subject.threads).to_string(), steps.to_string()])
            .output()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let seconds: Result<Vec<f64>, _> = said.split_whitespace().map(str::parse).collect();
        match seconds.as_deref() {
            Ok([clock, processor]) => Ok(Work {
                amount: steps,
                clock: Duration::from_secs_f64(*clock),
                processor: Duration::from_secs_f64(*processor),
            }),
            _ => Err(format!(
                "{} in {}: {}",
                subject.name,
                self.release,
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }
}
