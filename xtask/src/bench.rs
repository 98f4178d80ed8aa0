//! `cargo xtask bench NAME`: builds what is measured and its rivals, and measures.
//!
//! The measuring programs lie in `bench/`, a workspace of its own, so that rivals stay out of the
//! product's lock file.

use std::process::{Command, ExitCode};

use crate::house;

const NAMES: [&str; 16] = [
    "threads",
    "tasks",
    "batches",
    "paced",
    "pinned",
    "sizes",
    "uncontended",
    "idle",
    "memory",
    "run",
    "processes",
    "machines",
    "toyvm",
    "check",
    "web",
    "page",
];

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let names = NAMES.join(", ");
    let (name, rest) =
        arguments.split_first().ok_or_else(|| format!("bench what? There are: {names}"))?;
    if !NAMES.contains(&name.as_str()) {
        return Err(format!("there is no bench `{name}`; there are: {names}"));
    }
    let mut measure = house::cargo();
    measure
        .args(["run", "--quiet", "--release", "--manifest-path"])
        .arg(house::root().join("bench/Cargo.toml"));
    if name == "tasks" {
        // What peers need for tasks slows some of them between threads.
        measure.args(["--features", "tasks"]);
    }
    if name == "processes" {
        // Peers that no other bench needs to wait for.
        measure.args(["--features", "processes"]);
    }
    if name == "machines" {
        measure.args(["--features", "machines"]);
    }
    measure.args(["--bin", name, "--"]);
    if name == "machines" {
        measure.arg("--servers").arg(house::target()?.join("servers/servers.json"));
    }
    if measures_command(name, rest) {
        // The command under test is the product's, built as the product is released.
        succeed(house::cargo().args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "forebay-cli",
        ]))?;
        measure.arg("--forebay").arg(house::target()?.join("release/forebay"));
    }
    if name == "web" {
        succeed(house::cargo().args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "forebay-examples",
            "--example",
            "web_server",
        ]))?;
        measure.arg("--server").arg(house::target()?.join("release/examples/web_server"));
    }
    let status = measure
        .args(rest)
        // What is written, is written where the caller stands.
        .current_dir(std::env::current_dir().map_err(|error| error.to_string())?)
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the command is among what is measured: it is a part of `processes`, which are named first, or all meant.
fn measures_command(name: &str, rest: &[String]) -> bool {
    let names_parts = rest.first().is_some_and(|first| !first.starts_with('-'));
    match name {
        "run" => true,
        "processes" => !names_parts || rest.iter().any(|part| part == "command"),
        "machines" => !names_parts || rest.iter().any(|part| part == "plan"),
        _ => false,
    }
}

fn succeed(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the build failed: {status}")),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_built_where_it_is_measured() {
        let measures = |line: &str| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            measures_command(&words[0], &words[1..])
        };
        for line in [
            "run",
            "run elastic",
            "processes",
            "processes --quick",
            "processes grid command",
            "machines bound plan",
        ] {
            assert!(measures(line), "{line}");
        }
        for line in [
            "threads",
            "machines throughput --quick",
            "processes grid",
            "processes grid open --quick --only forebay,pipe",
        ] {
            assert!(!measures(line), "{line}");
        }
    }
}
