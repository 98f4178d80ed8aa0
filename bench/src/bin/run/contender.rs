//! Programs that run a command over items, each with two workers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process;
pub(crate) use crate::process::Race;

/// One of those who run.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// As a person would type it.
    pub(crate) line: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    items: Items,
    report: Option<PathBuf>,
}

/// How a program wants its items.
enum Items {
    /// One on a line, on standard input.
    Input(PathBuf),
    /// As its last arguments.
    Arguments(u32),
}

impl Contender {
    /// `forebay run`, with its report and accounting on.
    pub(crate) fn forebay(program: &Path, folder: &Path, items: &Path) -> Self {
        let report = folder.join("report.json");
        let mut arguments = words("run -j2 --report-json");
        arguments.push(report.display().to_string());
        arguments.extend(words("-- /bin/true {}"));
        Self {
            name: "forebay run",
            line: "forebay run -j2 -- /bin/true {}",
            program: program.to_path_buf(),
            arguments,
            items: Items::Input(items.to_path_buf()),
            report: Some(report),
        }
    }

    /// The peers that are installed, and the names of those that are not.
    pub(crate) fn peers(count: u32, items: &Path) -> (Vec<Self>, Vec<&'static str>) {
        let input = || Items::Input(items.to_path_buf());
        let (mut peers, mut missing) = (Vec::new(), Vec::new());
        let mut add = |name, line, program: Option<&str>, arguments, items| match program {
            Some(program) => peers.push(Self {
                name,
                line,
                program: program.into(),
                arguments: words(arguments),
                items,
                report: None,
            }),
            None => missing.push(name),
        };
        let xargs = Some("xargs").filter(|xargs| answers(xargs, &["true"], ""));
        add("xargs", "xargs -P2 -n1 /bin/true", xargs, "-P2 -n1 /bin/true", input());
        // Debian calls it parallel.moreutils where GNU's is installed too.
        let moreutils = ["parallel.moreutils", "parallel"]
            .into_iter()
            .find(|program| answers(program, &["-j", "1", "true", "--", "1"], ""))
            .filter(|program| !answers(program, &["--version"], "GNU parallel"));
        add(
            "moreutils parallel",
            "parallel -j 2 /bin/true -- 1 2 3 …",
            moreutils,
            "-j 2 /bin/true --",
            Items::Arguments(count),
        );
        let gnu =
            Some("parallel").filter(|program| answers(program, &["--version"], "GNU parallel"));
        add("GNU parallel", "parallel -j2 /bin/true {}", gnu, "-j2 /bin/true {}", input());
        (peers, missing)
    }

    /// Runs once over all items; fails if the work was not done.
    pub(crate) fn race(&self, count: u32) -> Result<Race, String> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        match &self.items {
            Items::Input(file) => {
                let file = File::open(file).map_err(|error| self.complaint(&error.to_string()))?;
                command.stdin(file);
            }
            Items::Arguments(count) => {
                command.args((1..=*count).map(|item| item.to_string())).stdin(Stdio::null());
            }
        }
        if let Some(report) = &self.report {
            // One of an earlier round says nothing about this one.
            let _ = fs::remove_file(report);
        }
        let race = process::run(&mut command).map_err(|complaint| self.complaint(&complaint))?;
        if let Some(report) = &self.report {
            self.believe(report, count)?;
        }
        Ok(race)
    }

    /// The report has to say that every item was produced and finished.
    fn believe(&self, report: &Path, count: u32) -> Result<(), String> {
        let text = fs::read_to_string(report)
            .map_err(|error| self.complaint(&format!("it wrote no report: {error}")))?;
        let report: Value =
            serde_json::from_str(&text).map_err(|error| self.complaint(&error.to_string()))?;
        for key in ["produced", "finished"] {
            if report[key] != count {
                return Err(self.complaint(&format!(
                    "its report says {key} {}, and there were {count} items",
                    report[key]
                )));
            }
        }
        Ok(())
    }

    fn complaint(&self, what: &str) -> String {
        format!("{}: {what}", self.name)
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(String::from).collect()
}

/// Whether a program is there, ends well, and its output has `word` in it.
fn answers(program: &str, arguments: &[&str], word: &str) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| {
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains(word)
        })
}
