//! Starting the program and looking at what it did.

use std::fs;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A hang ends here. Nothing is ever measured against it.
const WATCHDOG: Duration = Duration::from_mins(5);

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Exactly these lines on standard output.
    #[track_caller]
    pub(crate) fn prints(self, lines: &[&str]) -> Self {
        assert_eq!(self.out.lines().collect::<Vec<_>>(), lines, "err: {}", self.err);
        self
    }

    /// Exactly these lines on standard error.
    #[track_caller]
    pub(crate) fn tells(self, lines: &[&str]) -> Self {
        assert_eq!(self.err.lines().collect::<Vec<_>>(), lines, "out: {}", self.out);
        self
    }

    /// A line on standard error with all these words.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let said = self.err.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(said, "no line with {words:?} in: {}", self.err);
        self
    }

    /// All these texts on standard output.
    #[track_caller]
    pub(crate) fn has(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.out.contains(text), "no {text:?} in: {}", self.out);
        }
        self
    }

    /// Standard output, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("JSON")
    }
}

/// A folder of programs, gone afterwards, in which commands run.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// With the programs that ship.
    pub(crate) fn of_programs() -> Self {
        let folder = Self::new();
        for entry in fs::read_dir(programs()).expect("programs") {
            let path = entry.expect("entry").path();
            fs::copy(&path, folder.path(path.file_name().expect("name"))).expect("copied");
        }
        folder
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("written");
    }

    /// Runs `forebay vm` with these words in the folder.
    pub(crate) fn vm(&self, words: &str) -> Ended {
        self.vm_with(words, "")
    }

    /// Likewise, with an input.
    pub(crate) fn vm_with(&self, words: &str, input: &str) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        command.arg("vm").args(words.split_whitespace());
        self.run(command, input)
    }

    /// Runs a line in a shell that finds `forebay`.
    pub(crate) fn shell(&self, line: &str) -> Ended {
        let forebay = Path::new(env!("CARGO_BIN_EXE_forebay"));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.arg("-c").arg(line);
        command.env("PATH", format!("{}:{path}", forebay.parent().expect("a folder").display()));
        self.run(command, "")
    }

    fn run(&self, mut command: Command, input: &str) -> Ended {
        let mut child = command
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = read_all(child.stdout.take().expect("piped"));
        let err = read_all(child.stderr.take().expect("piped"));
        // It may read none of it.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        let code = wait(&mut child);
        Ended { code, out: out.join().expect("reader"), err: err.join().expect("reader") }
    }
}

/// Runs `forebay vm` with these words on a program on standard input, which stands for `-`.
pub(crate) fn vm_of(words: &str, program: &str) -> Ended {
    Folder::new().vm_with(words, program)
}

/// Where the programs that ship are.
pub(crate) fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../toyvm/programs")
}

fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + WATCHDOG;
    loop {
        if let Some(status) = child.try_wait().expect("wait") {
            return status.code();
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
