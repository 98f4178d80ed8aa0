//! `forebay vm show`: a program as the machine sees it.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use toyvm::program::Program;
use toyvm::reference;

use super::USAGE;
use super::file::FileArgs;

/// Show a program as the machine sees it; without a file, the instructions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program; `-` is standard input
    file: Option<PathBuf>,
    /// Begin with this list or function, not with `main`
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let text = match &args.file {
        None => reference::page(),
        Some(file) => {
            let file = FileArgs { entry: args.entry.clone(), ..FileArgs::of(file) };
            match file.load_or_tell() {
                Some(program) => disassembly(&program),
                None => return ExitCode::from(USAGE),
            }
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("forebay vm: cannot write: {error}");
            ExitCode::from(USAGE)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// What the file makes, and each list with the line, the address and the effect of each instruction.
fn disassembly(program: &Program) -> String {
    let mut text = String::new();
    for declared in program.declared() {
        let name = declared.name.map_or("(unnamed)", |name| program.text(name));
        let _ = write!(text, "{} {name}", declared.kind.word());
        let _ = match declared.bound {
            Some(bound) => writeln!(text, " = {}, at most {bound}", declared.initial),
            None => writeln!(text, " = {}", declared.initial),
        };
    }
    for (name, value) in program.globals() {
        let value = program.show_literal(*value);
        let _ = writeln!(text, "global {} = {value}", program.name(*name));
    }
    for entry in program.entries() {
        let name = entry.name.map_or("(unnamed)", |name| program.text(name));
        let code = &program.code(entry.code).name;
        let daemon = if entry.daemon { ", daemon" } else { "" };
        let _ = writeln!(text, "thread {name} runs {code}, priority {}{daemon}", entry.priority);
    }
    for id in program.code_ids() {
        let code = program.code(id);
        let _ = writeln!(text, "\n{}:", code.name);
        for (at, instruction) in code.instructions.iter().enumerate() {
            let line = program.line_of(id, at as u32).unwrap_or(0);
            let effect = format!("-{} +{}", instruction.takes(), instruction.gives());
            let shown = instruction.show(program, id);
            let _ = writeln!(text, "{line:>6}  {at:>5}  {effect:<6} {shown}");
        }
    }
    text
}
