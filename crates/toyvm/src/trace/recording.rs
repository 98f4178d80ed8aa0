//! Reading a trace. Whoever wrote it may mean no good, so nothing in it is believed but the schedule,
//! and that is tried.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::header::{hash, service_word, time_word};
use super::{About, Decision, VERSION};
use crate::machine::{Service, Time};
use crate::source::{ExtraThread, LARGEST, Language, Selection};

/// The longest first line that is read, in bytes: it holds the program, each byte of which may be
/// written as six.
pub const LONGEST_HEADER: u64 = 7 * LARGEST as u64;

/// The longest other line that is read, in bytes.
pub const LONGEST_LINE: u64 = 64 << 20;

/// The most steps that are read.
pub const MOST_STEPS: usize = 50_000_000;

/// A trace that was read.
#[derive(Debug)]
pub struct Recording {
    name: String,
    text: String,
    language: Language,
    about: About,
    service: Service,
    time: Time,
    schedule: Vec<Decision>,
    findings: Vec<Finding>,
    end: Option<End>,
}

/// Something that was found out about the run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Finding {
    /// Of which kind: `cycle`, `race`.
    #[serde(rename = "finding")]
    pub kind: String,
    /// After which step.
    #[serde(default, rename = "n")]
    pub step: u64,
    /// In sentences without a full stop.
    #[serde(default)]
    pub text: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Header {
    program: Program,
    #[serde(default)]
    entry: Option<String>,
    #[serde(default)]
    extra: Vec<Extra>,
    #[serde(default)]
    constants: Vec<Constant>,
    #[serde(default)]
    scheduler: String,
    #[serde(default)]
    seed: Option<u64>,
    service: String,
    #[serde(default)]
    time: Option<String>,
    max_steps: u64,
    #[serde(default)]
    repeats_from: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Program {
    name: String,
    #[serde(default)]
    language: Option<String>,
    sha256: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Extra {
    name: String,
    list: String,
    #[serde(default)]
    priority: i64,
}

#[derive(Debug, Deserialize)]
struct Constant {
    name: String,
    value: i64,
}

#[derive(Debug, Deserialize)]
struct Version {
    #[serde(rename = "toyvm-trace")]
    version: Option<serde_json::Value>,
}

/// What kind of line it is.
#[derive(Debug, Deserialize)]
struct Kind {
    n: Option<u64>,
    thread: Option<u32>,
    pc: Option<u32>,
    chose: Option<u64>,
    #[serde(default)]
    dies: bool,
    finding: Option<serde::de::IgnoredAny>,
    end: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct End {
    end: String,
    status: u8,
}

/// Why a trace could not be read.
#[derive(Debug)]
pub struct ReadError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it, in one sentence without a full stop.
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the trace: {}", self.line, self.message)
    }
}

impl std::error::Error for ReadError {}

impl Recording {
    /// Reads a trace. One that ends early is read as far as it goes, and then has no
    /// [end](Self::end); fields and lines that are not known are passed over.
    pub fn read(reader: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = Lines { reader, number: 0, line: Vec::new() };
        if !lines.next()? {
            lines.number = 1;
            return Err(lines.error("it is empty"));
        }
        let mut recording = Self::begin(&lines)?;
        while lines.next()? {
            if let Err(error) = recording.take(&lines) {
                // Whoever wrote the last line may have been stopped in the middle of it.
                if lines.is_cut_off() {
                    break;
                }
                return Err(error);
            }
        }
        Ok(recording)
    }

    fn begin<R>(lines: &Lines<R>) -> Result<Self, ReadError> {
        let version = lines.parse::<Version>().map_err(|error| {
            lines.error(format!("this is no trace of ToyVM ({})", error.message))
        })?;
        match version.version {
            Some(version) if version == VERSION => {}
            Some(version) => {
                return Err(lines.error(format!(
                    "this is a trace of version {version}; only version {VERSION} is read here"
                )));
            }
            None => return Err(lines.error("this is no trace of ToyVM")),
        }
        let header: Header = lines.parse()?;
        let Program { name, language, sha256, text } = header.program;
        let language = match language {
            None => Language::of_file(&name),
            Some(language) => Language::parse(&language)
                .ok_or_else(|| lines.error(format!("there is no language `{language}`")))?,
        };
        if text.len() > LARGEST {
            return Err(lines.error("the program is too large"));
        }
        if hash(&text) != sha256 {
            return Err(lines.error("the program is not the one that was run: its hash is another"));
        }
        let services = [Service::InOrder, Service::Weak];
        let service = services.into_iter().find(|it| service_word(*it) == header.service);
        let Some(service) = service else {
            return Err(lines.error(format!("there is no service `{}`", header.service)));
        };
        let times = [Time::Virtual, Time::Any];
        let word = header.time.as_deref().unwrap_or(time_word(Time::Virtual));
        let Some(time) = times.into_iter().find(|it| time_word(*it) == word) else {
            return Err(lines.error(format!("there is no time `{word}`")));
        };
        let threads = header.extra.into_iter().map(|Extra { name, list, priority }| ExtraThread {
            name,
            list,
            priority,
        });
        let about = About {
            selection: Selection {
                entry: header.entry,
                threads: threads.collect(),
                constants: header.constants.into_iter().map(|it| (it.name, it.value)).collect(),
            },
            scheduler: header.scheduler,
            seed: header.seed,
            max_steps: header.max_steps,
            repeats_from: header.repeats_from,
        };
        let (schedule, findings) = (Vec::new(), Vec::new());
        Ok(Self { name, text, language, about, service, time, schedule, findings, end: None })
    }

    /// Takes one more line.
    fn take<R>(&mut self, lines: &Lines<R>) -> Result<(), ReadError> {
        if self.end.is_some() {
            return Err(lines.error("the trace has ended before"));
        }
        let kind: Kind = lines.parse()?;
        if kind.end.is_some() {
            self.end = Some(lines.parse()?);
        } else if kind.finding.is_some() {
            self.findings.push(lines.parse()?);
        } else if let Some(number) = kind.n {
            let due = self.schedule.len() as u64 + 1;
            if number != due {
                return Err(lines.error(format!("step {due} is due, not step {number}")));
            }
            if self.schedule.len() == MOST_STEPS {
                return Err(lines.error(format!("more than {MOST_STEPS} steps are not read")));
            }
            let Some(thread) = kind.thread else {
                return Err(lines.error("the step does not say whose it is"));
            };
            let (chosen, pc, dies) = (kind.chose, kind.pc, kind.dies);
            self.schedule.push(Decision { thread, chosen, pc, dies });
        }
        Ok(())
    }

    /// What the program is called.
    pub fn program_name(&self) -> &str {
        &self.name
    }

    /// The text of the program.
    pub fn program_text(&self) -> &str {
        &self.text
    }

    /// What the program is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// How it was run.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Who was served first.
    pub fn service(&self) -> Service {
        self.service
    }

    /// What time meant.
    pub fn time(&self) -> Time {
        self.time
    }

    /// After how many steps the others can be gone through again and again, if it says so and has some.
    pub fn repeats_from(&self) -> Option<usize> {
        let from = usize::try_from(self.about.repeats_from?).ok()?;
        (from < self.schedule.len()).then_some(from)
    }

    /// Who stepped, and what was chosen, step by step.
    pub fn schedule(&self) -> &[Decision] {
        &self.schedule
    }

    /// What was found out about the run.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How the run ended, in a word or two; none if the trace stops before.
    pub fn end(&self) -> Option<&str> {
        self.end.as_ref().map(|end| end.end.as_str())
    }

    /// The exit status of the run; none if the trace stops before.
    pub fn status(&self) -> Option<u8> {
        self.end.as_ref().map(|end| end.status)
    }
}

/// The lines of a file, one at a time and none too long.
struct Lines<R> {
    reader: R,
    /// The number of this line, from 1.
    number: u64,
    line: Vec<u8>,
}

impl<R> Lines<R> {
    fn error(&self, message: impl Into<String>) -> ReadError {
        ReadError { line: self.number, message: message.into() }
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        // As lists, serde would take objects too.
        if !self.line.trim_ascii_start().starts_with(b"{") {
            return Err(self.error("it is no JSON object"));
        }
        serde_json::from_slice(&self.line).map_err(|error| {
            let message = error.to_string();
            let (message, _) = message.rsplit_once(" at line ").unwrap_or((&message, ""));
            self.error(format!("{message} at column {}", error.column()))
        })
    }

    fn is_cut_off(&self) -> bool {
        !self.line.ends_with(b"\n")
    }
}

impl<R: BufRead> Lines<R> {
    /// Goes on to the next line; false after the last.
    fn next(&mut self) -> Result<bool, ReadError> {
        self.line.clear();
        self.number += 1;
        let longest = if self.number == 1 { LONGEST_HEADER } else { LONGEST_LINE };
        let mut bounded = (&mut self.reader).take(longest);
        let read: io::Result<usize> = bounded.read_until(b'\n', &mut self.line);
        match read {
            Ok(bytes) if bytes as u64 == longest && self.is_cut_off() => {
                Err(self.error(format!("it is longer than {longest} bytes")))
            }
            Ok(bytes) => Ok(bytes > 0),
            Err(error) => Err(self.error(format!("it cannot be read: {error}"))),
        }
    }
}
