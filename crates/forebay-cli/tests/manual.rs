//! Man pages and completions: they hold every flag that `--help` holds, and the programs that read them
//! take them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn forebay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the command starts")
}

fn printed(arguments: &[&str]) -> String {
    let output = forebay(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

const VERBS: [&[&str]; 24] = [
    &["run"],
    &["create"],
    &["put"],
    &["take"],
    &["work"],
    &["bridge"],
    &["join"],
    &["stat"],
    &["plan"],
    &["close"],
    &["dead"],
    &["delete"],
    &["verify"],
    &["top"],
    &["demo"],
    &["vm"],
    &["vm", "run"],
    &["vm", "show"],
    &["vm", "step"],
    &["vm", "lint"],
    &["vm", "test"],
    &["vm", "programs"],
    &["completions"],
    &["man"],
];

/// The long flags that stand at the beginning of a line of help.
fn flags(help: &str) -> Vec<&str> {
    let defined = help.lines().filter(|line| line.trim_start().starts_with('-'));
    let words =
        defined.flat_map(|line| line.split([' ', ',']).take_while(|word| !word.starts_with('<')));
    words.filter(|word| word.starts_with("--") && word.len() > 2).collect()
}

#[test]
fn each_verb_has_a_page_with_every_flag() {
    for verb in VERBS {
        let help = printed(&[verb, &["--help"]].concat());
        let page = printed(&[&["man"], verb].concat()).replace("\\-", "-");
        let flags = flags(&help);
        assert!(flags.contains(&"--help"), "{help}");
        for flag in flags {
            assert!(page.contains(flag), "{verb:?}: {flag} is not in its page");
        }
    }
}

#[test]
fn what_stands_after_the_flags_is_in_the_page_as_it_is() {
    let page = printed(&["man", "run"]);
    let kept = page.split(".nf").skip(1).map(|rest| rest.split(".fi").next().unwrap());
    let kept: String = kept.collect();
    for line in [r"  {.}   without", "126, 127", r"convert {} {.}.webp"] {
        assert!(kept.replace("\\-", "-").contains(line), "{line:?} is not kept as it is: {kept}");
    }
    for heading in ["EXAMPLES", "\"EXIT STATUS\""] {
        assert!(page.lines().any(|line| line == format!(".SH {heading}")), "{heading}: {page}");
    }
}

#[test]
fn all_pages_are_written_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let man = folder.path().join("share/man1");
    let output = forebay(&["man", "--to", man.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    for verb in VERBS {
        let page = man.join(format!("forebay-{}.1", verb.join("-")));
        let name = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{page:?}: {error}"));
        assert!(name.contains(".SH NAME"), "{name}");
    }
    assert!(man.join("forebay.1").exists());
    let page = fs::read(man.join("forebay-run.1")).unwrap();
    assert_eq!(page, printed(&["man", "run"]).into_bytes());
}

#[test]
fn a_page_that_cannot_be_had_is_told() {
    let output = forebay(&["man", "rnu"]);
    assert_eq!(output.status.code(), Some(255));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("no `rnu` in `forebay`") && told.contains("run, create, put, take, work"),
        "{told}"
    );
    let output = forebay(&["man", "--to", "/dev/null/pages"]);
    assert_eq!(output.status.code(), Some(255));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/dev/null/pages"), "{output:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let line = format!("{} man run | true; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_forebay"));
    let output = Command::new("bash").arg("-c").arg(line).output().expect("bash starts");
    assert!(output.stderr.is_empty(), "{output:?}");
}

/// What bash offers when the last of these words is completed.
fn offered(words: &[&str]) -> Vec<String> {
    let script = format!(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={}; \
         _forebay forebay \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        printed(&["completions", "bash"]),
        words.join(" "),
        words.len() - 1,
    );
    let mut bash = Command::new("bash")
        .args(["--norc", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash starts");
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn bash_completes_verbs_flags_and_values() {
    assert_eq!(offered(&["forebay", "ru"]), ["run"]);
    assert_eq!(offered(&["forebay", "run", "--retr"]), ["--retries"]);
    assert_eq!(offered(&["forebay", "vm", "run", "--schedu"]), ["--scheduler"]);
    assert!(offered(&["forebay", "completions", "z"]).contains(&"zsh".to_owned()));
}

#[test]
fn every_shell_that_is_here_can_read_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let text = printed(&["completions", shell]);
        for flag in ["retries", "keep-order", "joblog"] {
            assert!(text.contains(flag), "{shell}: {flag}");
        }
        let file = folder.path().join(shell);
        fs::write(&file, text).unwrap();
        if is_here(shell) {
            let read = Command::new(shell).arg("-n").arg(&file).output().unwrap();
            assert!(read.status.success() && read.stderr.is_empty(), "{shell}: {read:?}");
        }
    }
}

fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).exists())
}
