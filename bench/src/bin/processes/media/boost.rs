//! boost::interprocess::message_queue, from a program in C++ that is built here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::medium::{Door, Medium, Side, Stint};
use crate::race::Course;
use crate::scratch::Scratch;
use crate::server::said;

const SOURCE: &str = include_str!("boost.cpp");

/// The program, built.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    path: PathBuf,
    /// Of boost.
    pub(crate) release: String,
}

impl Program {
    /// Builds it; says what is missing where that fails.
    pub(crate) fn build(scratch: &Scratch) -> Result<Self, String> {
        let (source, path) = (scratch.path("boost").with_extension("cpp"), scratch.path("boost"));
        fs::write(&source, SOURCE).map_err(|error| format!("{}: {error}", source.display()))?;
        let built = Command::new("g++")
            .args(["-std=c++17", "-O2", "-Wall", "-pthread", "-o"])
            .args([&path, &source])
            .arg("-lrt")
            .output();
        match built {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(said.lines().next().unwrap_or("the build failed").to_owned());
            }
            Err(error) => return Err(format!("g++: {error}")),
        }
        let release = said(&path.display().to_string(), &["release"]);
        let release = release.ok_or("the program does not start")?.trim().replace('_', ".");
        Ok(Self { path, release })
    }

    fn done(&self, arguments: &[&str]) -> Result<(), String> {
        let status = Command::new(&self.path).args(arguments).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("boost {arguments:?}: {status}")),
            Err(error) => Err(format!("{}: {error}", self.path.display())),
        }
    }
}

/// The queue, gone with this.
pub(crate) struct Boost {
    program: Program,
    name: String,
}

impl Boost {
    pub(crate) fn new(program: Program, name: String, course: &Course) -> Result<Self, String> {
        program.done(&["make", &name, &course.capacity.to_string()])?;
        Ok(Self { program, name })
    }
}

impl Medium for Boost {
    fn door(&self) -> Result<Door, String> {
        Err("boost is not of this program".to_owned())
    }

    fn command(&self, stint: Stint, gate: &Path) -> Result<Command, String> {
        let mut command = Command::new(&self.program.path);
        match stint.side {
            Side::Producer => command
                .args(["produce", &self.name])
                .arg(gate)
                .args([stint.hand.to_string(), stint.lasting.as_millis().to_string()]),
            Side::Consumer => command.args(["consume", &self.name]).arg(gate),
        };
        Ok(command)
    }

    fn end(&mut self, consumers: usize) -> Result<(), String> {
        self.program.done(&["end", &self.name, &consumers.to_string()])
    }
}

impl Drop for Boost {
    fn drop(&mut self) {
        // What boost makes by name lies where shared memory does.
        let _ = fs::remove_file(Path::new("/dev/shm").join(&self.name));
    }
}
