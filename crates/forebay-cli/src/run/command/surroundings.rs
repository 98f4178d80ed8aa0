//! Where a command runs, and what it finds in its environment beside what forebay has in its own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;

use crate::run::command::phrase::Phrase;
use crate::run::command::quote;
use crate::run::command::template::Reading;
use crate::run::item::Item;

/// The directory and the variables of the commands.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    directory: Option<Phrase>,
    variables: Vec<(OsString, Phrase)>,
    signature: Vec<u8>,
}

/// The directory of an item is none.
#[derive(Debug)]
pub(crate) struct NoDirectory {
    name: OsString,
    error: io::Error,
}

impl std::fmt::Display for NoDirectory {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "--wd {}: {}", self.name.display(), self.error)
    }
}

impl std::error::Error for NoDirectory {}

impl Surroundings {
    /// Reads `--wd` and each `--env`.
    pub(crate) fn new(
        directory: Option<&OsStr>,
        variables: &[OsString],
        reading: Reading<'_>,
    ) -> Result<Self, String> {
        let mut surroundings = Self::default();
        if let Some(directory) = directory {
            let text = Phrase::read(directory, reading)?;
            if text.is_fixed() {
                check(directory).map_err(|error| error.to_string())?;
            }
            surroundings.directory = Some(text);
            surroundings.sign("--wd", directory);
        }
        for variable in variables {
            let bytes = variable.as_bytes();
            let Some(at) = bytes.iter().position(|byte| *byte == b'=').filter(|at| *at > 0) else {
                return Err(format!(
                    "--env {}: want NAME=VALUE; what forebay has in its own environment, commands \
                     have without it",
                    variable.display()
                ));
            };
            let name = OsString::from_vec(bytes[..at].to_vec());
            surroundings
                .variables
                .push((name, Phrase::read(OsStr::from_bytes(&bytes[at + 1..]), reading)?));
            surroundings.sign("--env", variable);
        }
        Ok(surroundings)
    }

    fn sign(&mut self, flag: &str, value: &OsStr) {
        self.signature.extend_from_slice(flag.as_bytes());
        self.signature.push(b' ');
        quote::push_quoted(&mut self.signature, value.as_bytes());
        self.signature.push(b' ');
    }

    /// What the joblog's header says of it.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Each variable's name and value.
    pub(crate) fn variables(&self) -> &[(OsString, Phrase)] {
        &self.variables
    }

    /// Puts the command there. An error is a [`NoDirectory`].
    pub(crate) fn apply(
        &self,
        command: &mut Command,
        item: &Item,
        consumer: usize,
    ) -> io::Result<()> {
        if let Some(directory) = &self.directory {
            let directory = directory.fill(item, consumer);
            // A program that is missing fails in the same way: look first.
            check(&directory).map_err(io::Error::other)?;
            command.current_dir(directory);
        }
        for (name, value) in &self.variables {
            command.env(name, value.fill(item, consumer));
        }
        Ok(())
    }
}

fn check(directory: &OsStr) -> Result<(), NoDirectory> {
    let found = match fs::metadata(Path::new(directory)) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => io::Error::other("is not a directory"),
        Err(error) => error,
    };
    Err(NoDirectory { name: directory.to_owned(), error: found })
}
