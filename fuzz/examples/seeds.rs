//! Writes what fuzzing begins with: the shipped programs, a trace of each, and the dictionary.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use toyvm::instruction::TABLE;
use toyvm::machine::{Limits, Machine, Service};
use toyvm::run::{self, Pace, Stage};
use toyvm::scheduler::Random;
use toyvm::source::{Selection, Source, load};
use toyvm::trace::{About, Recorder};
use toyvm::weir::{BUILT_IN, KEYWORDS, SOFT_KEYWORDS};

/// Pieces of Python, and of scripts round a `ToyVM` object.
const PYTHON: &[&str] = &[
    "main = [",
    "def ",
    "return ",
    "lambda ",
    "if ",
    "else:",
    "elif ",
    "for ",
    " in range(",
    "while ",
    "try:",
    "except ",
    "class ",
    "import ",
    "from ",
    "with ",
    "yield ",
    "await ",
    "async ",
    "match ",
    "case ",
    "True",
    "None",
    " and ",
    " or ",
    "not ",
    "**",
    "//",
    "<<",
    ":=",
    "f\"{",
    "}\"",
    "\"\"\"",
    "\n    ",
    "\n",
    ".append(",
    ".extend(",
    " += [",
    "vm = ToyVM()\n",
    "vm.create_lock(\"m\")",
    "vm.create_semaphore(1, \"s\")",
    "vm.create_bounded_semaphore(1, 1, \"s\")",
    "vm.create_message_queue(\"q\")",
    "vm.create_bounded_queue(1, \"q\")",
    "vm.create_condition(m, \"c\")",
    "vm.create_atomic_counter(0, \"n\")",
    "vm.create_array(3, \"a\")",
    "vm.globals[\"x\"] = ",
    "vm.create_thread(",
    "priority=",
    "vm.scheduler_type = \"random\"",
    "vm.run(max_steps=9)",
    "if __name__ == \"__main__\":",
    "# expect: ",
    "# verdict: ",
    "\"mod\"",
    "\"daemon\"",
    "\"robust\"",
    " when m free",
    "{}",
    "9223372036854775807",
    "-1",
    "0",
];

/// Fields of traces.
const TRACE: &[&str] = &[
    "\"n\":",
    "\"t\":",
    "\"thread\":",
    "\"pc\":",
    "\"do\":",
    "\"chose\":",
    "\"end\":",
    "\"status\":",
    "\"finding\":",
    "\"text\":",
    "\"clock\":",
    "\"service\":\"weak\"",
    "\"service\":\"in order\"",
];

fn main() -> Result<(), Box<dyn Error>> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = |target: &str| fuzz.join("corpus").join(target);
    for target in ["load", "run", "trace", "weir"] {
        fs::create_dir_all(corpus(target))?;
    }
    let names = TABLE.iter().map(|row| format!("(\"{}\",)", row.name));
    let python = PYTHON.iter().chain(TRACE).map(ToString::to_string);
    let weir = [KEYWORDS, SOFT_KEYWORDS, BUILT_IN].into_iter().flatten();
    let weir = weir.map(|word| format!("{word} "));
    let words: BTreeSet<String> = names.chain(python).chain(weir).collect();
    let mut dictionary = String::new();
    for word in words {
        let word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\x0a");
        writeln!(dictionary, "\"{word}\"")?;
    }
    fs::write(fuzz.join("corpus/words.dict"), dictionary)?;
    for program in fs::read_dir(fuzz.join("../crates/toyvm/programs"))? {
        let path = program?.path();
        let text = fs::read(&path)?;
        let name = path.file_name().expect("a file has a name");
        if path.extension().is_some_and(|ending| ending == "weir") {
            fs::write(corpus("weir").join(name), &text)?;
            continue;
        }
        fs::write(corpus("load").join(name), &text)?;
        fs::write(corpus("run").join(name), &text)?;
        let Ok(source) = Source::new("seed.toy", text) else { continue };
        let Ok(loaded) = load(source, &Selection::default()) else { continue };
        fs::write(corpus("trace").join(name), trace(loaded.program)?)?;
    }
    Ok(())
}

/// A short run of a program, recorded.
fn trace(program: toyvm::Program) -> std::io::Result<Vec<u8>> {
    let mut machine = Machine::with(Arc::new(program), Service::Weak, Limits::default());
    let recorder = Recorder::new(Vec::new(), &machine, &About::default());
    let mut stage = Stage { choices: run::choices(1), observer: recorder };
    let pace = Pace { max_steps: 200, realtime: false };
    let outcome = run::run(&mut machine, Random::new(1), &mut stage, pace);
    stage.observer.finish(&machine, &outcome, outcome.status())
}
