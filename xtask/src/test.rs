//! `cargo xtask test`: everything that decides whether a change lands, in steps.
//!
//! The steps go from the quickest to the slowest, and the first failure ends the run. Tests are found
//! by where they lie and what they are called: `tests/loom*` are models, `tests/shuttle*` schedules,
//! `tests/conformance*.rs` and everything in `forebay-conformance` is the suite,
//! `crates/forebay-cli/tests/` runs the real command, `examples/tests/` the examples, any other `tests/*.rs` is an integration test.
//!
//! Tests that need a server which is not there say so, and are [counted](crate::skipped); with `--with-servers` the
//! servers are there while the steps run that need them.
//!
//! `bench/` is not built here: its rivals come from the network, and no rival decides whether a
//! change lands. `cargo xtask bench` builds it.

use std::collections::BTreeSet;
use std::fs;
use std::process::{ExitCode, Stdio};

use crate::house::{self, File};
use crate::servers::lent::{self, Lent};
use crate::skipped::Skipped;
use crate::step::{Invocation, Manner, Step, Work};
use crate::tidy;

/// With all features, so that what stands behind one is tested too. The same for every step, so that all is built once.
const TEST: &str = "test --workspace --all-features";

/// The steps with tests that need servers.
const WITH_SERVERS: [&str; 3] = ["integration", "conformance", "command"];

/// What was asked for.
#[derive(Debug, Default)]
struct Request {
    list: bool,
    verbose: bool,
    with_servers: bool,
    only: Vec<String>,
}

impl Request {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut request = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => request.list = true,
                "--verbose" => request.verbose = true,
                "--with-servers" => request.with_servers = true,
                "--only" => {
                    let step = arguments.next().ok_or("--only needs the name of a step")?;
                    request.only.push(step.clone());
                }
                other => {
                    return Err(format!("test does not know `{other}`; see `cargo xtask help`"));
                }
            }
        }
        Ok(request)
    }
}

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let request = Request::parse(arguments)?;
    let mut steps = steps(&house::files()?)?;
    if let Some(unknown) = request.only.iter().find(|only| steps.iter().all(|s| s.name != **only)) {
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        return Err(format!("there is no step `{unknown}`; there are: {}", names.join(", ")));
    }
    if request.list {
        for step in &steps {
            println!("{:<12} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if !request.only.is_empty() {
        steps.retain(|step| request.only.iter().any(|only| only == step.name));
    }
    require("fmt", "rustfmt", &steps)?;
    require("clippy", "clippy", &steps)?;
    let logs = house::target()?.join("xtask");
    fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
    let servers: &[&str] = if request.with_servers { &lent::TESTED } else { &[] };
    let manner = Manner { logs, is_verbose: request.verbose, servers };

    // They go when this does.
    let mut lent = None;
    let mut skipped = Skipped::default();
    let mut passed = 0;
    for (number, step) in steps.iter().enumerate() {
        if step.has_servers && request.with_servers && lent.is_none() {
            lent = Some(Lent::start()?);
        }
        let finding = step.run(&manner);
        let has_passed = finding.passed();
        skipped.add(finding.skipped);
        if has_passed {
            passed += 1;
            continue;
        }
        let rest: Vec<&str> = steps[number + 1..].iter().map(|step| step.name).collect();
        if !rest.is_empty() {
            println!("not run: {}", rest.join(", "));
        }
        println!("{passed} passed, 1 failed");
        return Ok(ExitCode::FAILURE);
    }
    drop(lent);
    print!("{passed} passed, 0 failed\n{skipped}");
    if skipped.lacks_server(&lent::TESTED) {
        println!("`cargo xtask test --with-servers` starts {}", lent::TESTED.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// A component of the toolchain that a step needs must be there.
fn require(verb: &str, component: &str, steps: &[Step]) -> Result<(), String> {
    let needs = |step: &Step| match &step.work {
        Work::Commands(commands) => commands.iter().any(|command| command.arguments[0] == verb),
        Work::Check(_) | Work::Impossible(_) => false,
    };
    if !steps.iter().any(needs) {
        return Ok(());
    }
    let there = house::cargo()
        .args([verb, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if there {
        Ok(())
    } else {
        Err(format!("{component} is not installed; get it with `rustup component add {component}`"))
    }
}

fn steps(files: &[File]) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut step = |name, about, work| {
        let has_servers = WITH_SERVERS.contains(&name);
        steps.push(Step { name, about, work, has_servers });
    };
    step("tidy", "names, imports, unsafe and atomics stand where they may", Work::Check(tidy::run));
    step("format", "rustfmt would change nothing", one(Invocation::cargo("fmt --all --check")));
    step(
        "lints",
        "clippy is silent on every target, without features and with all",
        Work::Commands(
            ["", " --all-features"]
                .map(|features| format!("clippy --workspace --all-targets --quiet{features}"))
                .map(|line| Invocation::cargo(&format!("{line} -- -D warnings")))
                .into(),
        ),
    );
    step("unit", "tests beside the code", one(Invocation::cargo(&format!("{TEST} --lib --bins"))));
    let integration = tests_named(files, |folder, stem| {
        folder != "forebay-cli"
            && folder != "forebay-conformance"
            && !stem.starts_with("conformance")
            && !stem.starts_with("loom")
            && !stem.starts_with("shuttle")
    });
    if !integration.is_empty() {
        step(
            "integration",
            "tests/*.rs of the libraries and of xtask",
            Work::Commands(vec![
                tests(TEST, &integration),
                Invocation::cargo("test --package xtask --test *"),
            ]),
        );
    }
    step("conformance", "every clause, on every buffer, and on broken ones", conformance(files));
    step(
        "command",
        "the real command, run as a user runs it",
        Work::Commands(vec![
            tests(
                TEST,
                &tests_named(files, |folder, stem| folder == "forebay-cli" && stem != "url"),
            ),
            // Many at a time: most of them wait for a server's clock.
            Invocation::cargo(&format!("{TEST} --test url -- --test-threads=4")),
            // As it is built unless more is asked for: it says what it lacks.
            Invocation::cargo("test --package forebay-cli --test url_without"),
        ]),
    );
    step(
        "examples",
        "each file of examples/, run as a user runs it",
        one(Invocation::cargo("test --package forebay-examples")),
    );
    step("doc", "the examples in the docs", one(Invocation::cargo(&format!("{TEST} --doc"))));
    step(
        "book",
        "the docs build and their links lead somewhere",
        one(Invocation::cargo("doc --workspace --all-features --no-deps --lib --quiet")
            .with("RUSTDOCFLAGS", "-D warnings")),
    );
    step("loom", "every interleaving of small cases", explored(files, "loom", &["--lib"])?);
    step("schedules", "larger cases under a seeded scheduler", explored(files, "shuttle", &[])?);
    Ok(steps)
}

fn one(invocation: Invocation) -> Work {
    Work::Commands(vec![invocation])
}

/// `line --test NAME --test NAME …`.
fn tests(line: &str, names: &BTreeSet<&str>) -> Invocation {
    let mut invocation = Invocation::cargo(line);
    for name in names {
        invocation.arguments.extend(["--test".to_owned(), (*name).to_owned()]);
    }
    invocation
}

/// The test targets `crates/FOLDER/tests/STEM.rs` that `wanted(FOLDER, STEM)`.
fn tests_named(files: &[File], wanted: impl Fn(&str, &str) -> bool) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for file in files {
        let Some(folder) = file.crate_folder() else { continue };
        let inside = &file.path["crates/".len() + folder.len() + 1..];
        let Some(name) = inside.strip_prefix("tests/") else { continue };
        let stem = name.strip_suffix("/main.rs").or_else(|| name.strip_suffix(".rs"));
        if let Some(stem) = stem.filter(|stem| !stem.contains('/') && wanted(folder, stem)) {
            names.insert(stem);
        }
    }
    names
}

fn conformance(files: &[File]) -> Work {
    let instances = tests_named(files, |_, stem| stem.starts_with("conformance"));
    if instances.is_empty() {
        return Work::Impossible(
            "no crate has tests/conformance*.rs: nothing instantiates the suite".to_owned(),
        );
    }
    let own = tests_named(files, |folder, _| folder == "forebay-conformance");
    let served = tests_named(files, |folder, stem| {
        folder == "forebay-machines" && stem.starts_with("conformance")
    });
    let mut commands = vec![tests(TEST, &(&(&instances - &served) | &own))];
    if !served.is_empty() {
        // Several at a time: they wait for servers more than they work.
        let mut servers = tests(TEST, &served);
        servers.arguments.extend(["--".to_owned(), "--test-threads=4".to_owned()]);
        commands.push(servers);
    }
    Work::Commands(commands)
}

/// The tests `tests/NAME*` of each crate that has any, and whatever else is asked of it, built with
/// `--cfg NAME` and so apart from everything else.
fn explored(files: &[File], name: &str, also: &[&str]) -> Result<Work, String> {
    let folders: BTreeSet<&str> = files.iter().filter_map(File::crate_folder).collect();
    let mut commands = Vec::new();
    for folder in folders {
        let found = tests_named(files, |there, stem| there == folder && stem.starts_with(name));
        if !found.is_empty() {
            let mut invocation =
                tests(&format!("test --profile explored --package {folder}"), &found);
            invocation.arguments.extend(also.iter().map(ToString::to_string));
            commands.push(invocation.built_apart(name)?);
        }
    }
    Ok(if commands.is_empty() {
        Work::Impossible(format!("no crate has tests/{name}*: there is nothing to explore"))
    } else {
        Work::Commands(commands)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> File {
        File { path: path.to_owned(), text: String::new() }
    }

    #[test]
    fn tests_are_found_by_where_they_lie() {
        let files = [
            file("crates/a/tests/smoke.rs"),
            file("crates/a/tests/big/main.rs"),
            file("crates/a/tests/big/part.rs"),
            file("crates/a/src/tests/no.rs"),
            file("crates/b/tests/loom.rs"),
        ];
        let found: Vec<&str> = tests_named(&files, |_, _| true).into_iter().collect();
        assert_eq!(found, ["big", "loom", "smoke"]);
        assert!(matches!(conformance(&files), Work::Impossible(_)));
        let explored = |name| explored(&files, name, &["--lib"]);
        assert!(matches!(explored("loom"), Ok(Work::Commands(commands)) if commands.len() == 1));
        assert!(matches!(explored("shuttle"), Ok(Work::Impossible(_))));
    }

    #[test]
    fn what_is_asked_for_is_understood_or_refused() {
        let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
        let request = Request::parse(&words("--only tidy --verbose --only loom")).unwrap();
        assert_eq!(request.only, ["tidy", "loom"]);
        assert!(request.verbose && !request.list && !request.with_servers);
        assert!(Request::parse(&words("--with-servers")).unwrap().with_servers);
        assert!(Request::parse(&words("--only")).is_err());
        assert!(Request::parse(&words("--onyl tidy")).unwrap_err().contains("--onyl"));
    }
}
