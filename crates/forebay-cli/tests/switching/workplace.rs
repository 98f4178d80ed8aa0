//! A folder with some files in it, in which a line is run.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a line did. The lines of its output are sorted: several run at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Done {
    pub(crate) succeeded: bool,
    pub(crate) output: Vec<String>,
    /// Files that are new or changed, and what is in them. The names of folders end with `/`.
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) removed: BTreeSet<String>,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", if self.succeeded { "succeeded" } else { "failed" })?;
        for line in &self.output {
            writeln!(f, "> {line}")?;
        }
        for (name, text) in &self.files {
            if name.ends_with('/') {
                writeln!(f, "folder {name}")?;
            } else {
                writeln!(f, "file {name} = {}", serde_json::Value::from(text.as_str()))?;
            }
        }
        for name in &self.removed {
            writeln!(f, "removed {name}")?;
        }
        Ok(())
    }
}

/// What a tool keeps for itself is not what the line was for; each has its own form for it.
const THEIR_OWN: [&str; 4] = ["home", "j.log", "done.log", "results"];

/// The folder.
pub(crate) struct Workplace {
    folder: TempDir,
    before: BTreeMap<String, String>,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it lies in the folder")).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a.txt", "one\ntwo\n");
        write("b.txt", "three\n");
        write("with space.txt", "four\nfive\nsix\n");
        write("src/main.c", "int main() {}\n");
        write("src/lib/list.c", "list\n");
        write("items", "1\n2\n3\n4\n5\n6\n7\n");
        write("pairs", "a,1\nb,2\nc,3\n");
        write("words", "alpha beta\ngamma\n");
        write("commands", "echo first\necho second\n");
        write("copies", "a.txt copy-of-a\nb.txt copy-of-b\n");
        write("names", "a.txt\nsrc/main.c\n");
        write("letters", "a\nb\n");
        let before = files(folder.path());
        Self { folder, before }
    }

    /// Runs the line by `bash`, with `forebay` on the path.
    pub(crate) fn run(&self, line: &str) -> Done {
        let forebay =
            Path::new(env!("CARGO_BIN_EXE_forebay")).parent().expect("it lies in a folder");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(forebay.to_path_buf()).chain(env::split_paths(&path));
        let output = Command::new("timeout")
            .args(["120", "bash", "-c", line])
            .current_dir(self.folder.path())
            .env("PATH", env::join_paths(path).unwrap())
            .env("LC_ALL", "C")
            .env("HOME", self.folder.path().join("home"))
            .env("PARALLEL_HOME", "/tmp/parallel-home")
            .stdin(Stdio::null())
            .output()
            .expect("bash starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        let mut files = files(self.folder.path());
        let removed =
            self.before.keys().filter(|name| !files.contains_key(*name)).cloned().collect();
        files.retain(|name, text| self.before.get(name) != Some(text));
        Done { succeeded: output.status.success(), output: lines, files, removed }
    }
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
            if name.starts_with('.') || THEIR_OWN.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                found.insert(name + "/", String::new());
            } else {
                let text = fs::read(&path).unwrap_or_default();
                found.insert(name, String::from_utf8_lossy(&text).into_owned());
            }
        }
    }
    found
}
