//! `forebay vm show`: a program as the machine sees it, or a trace as a picture.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use toyvm::program::Program;
use toyvm::reference;
use toyvm::trace::{ExportError, Recording, dot, lanes, mermaid, perfetto, shiviz};

use super::file::{FileArgs, NotationArgs};
use super::message::{self, say};
use super::{USAGE, diagnosis, recording};

/// Show a program as the machine sees it, or a trace as a picture; without a file, the instructions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The program, or the trace; `-` is a program on standard input
    file: Option<PathBuf>,
    /// Begin with this list or function, not with `main`
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
    #[command(flatten)]
    notation: NotationArgs,
    /// What to make of a trace [default: lanes]
    #[arg(long = "as", value_enum, value_name = "PICTURE")]
    picture: Option<Picture>,
    /// The graph of who waits for whom is that after so many steps, not that at the end
    #[arg(long, value_name = "STEPS")]
    at: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Picture {
    /// A lane for each thread, for the terminal
    Lanes,
    /// Trace events, for Chrome and Perfetto
    Perfetto,
    /// A log with vector clocks, for ShiViz
    Shiviz,
    /// A sequence diagram, for Mermaid
    Mermaid,
    /// Who waits for whom, for Graphviz
    Dot,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let written = match &args.file {
        None => io::stdout().write_all(reference::page().as_bytes()),
        Some(file) => match recording::read(file) {
            Some(Ok(recording)) => match draw(args, &recording) {
                Ok(()) => Ok(()),
                Err(ExportError::Write(error)) => Err(error),
                Err(error @ ExportError::TooManyThreads { .. }) => {
                    say(format_args!(
                        "forebay vm show: {} is too large for this: {error}",
                        file.display()
                    ));
                    return ExitCode::from(USAGE);
                }
                Err(ExportError::Replay(error)) => {
                    say(format_args!(
                        "forebay vm show: {} cannot be replayed: {error}",
                        file.display()
                    ));
                    return ExitCode::from(USAGE);
                }
            },
            Some(Err(complaint)) => {
                say(format_args!("forebay vm show: {complaint}"));
                return ExitCode::from(USAGE);
            }
            None if args.picture.is_some() || args.at.is_some() => {
                say(format_args!(
                    "forebay vm show: {} is no trace, and --as and --at are for traces; \
                     `forebay vm run --trace FILE` records one",
                    file.display()
                ));
                return ExitCode::from(USAGE);
            }
            None => {
                let (entry, notation) = (args.entry.clone(), args.notation.clone());
                let file = FileArgs { entry, notation, ..FileArgs::of(file) };
                let Some(program) = file.load_or_tell() else { return ExitCode::from(USAGE) };
                io::stdout().write_all(disassembly(&program).as_bytes())
            }
        },
    };
    message::written(written).err().unwrap_or(ExitCode::SUCCESS)
}

fn draw(args: &Args, recording: &Recording) -> Result<(), ExportError> {
    let terminal = io::stdout();
    let out = BufWriter::new(terminal.lock());
    let mut out = match args.picture.unwrap_or(Picture::Lanes) {
        Picture::Lanes => lanes::export(recording, style(), out)?,
        Picture::Perfetto => perfetto::export(recording, out)?,
        Picture::Shiviz => shiviz::export(recording, out)?,
        Picture::Mermaid => mermaid::export(recording, mermaid::MOST, out)?,
        Picture::Dot => dot::export(recording, args.at, out)?,
    };
    Ok(out.flush()?)
}

/// How lanes are drawn on standard output.
pub(super) fn style() -> lanes::Style {
    lanes::Style {
        columns: columns(),
        color: io::stdout().is_terminal() && diagnosis::wants_colour(),
        ascii: false,
        end: true,
    }
}

/// How wide the terminal is; elsewhere, as wide as people read.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.map(|size| usize::from(size.ws_col)).ok().filter(|columns| *columns > 0).unwrap_or(100)
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
        let _ = writeln!(text, "\n{}:\n  line     pc  stack", code.name);
        for (at, instruction) in code.instructions.iter().enumerate() {
            let line = program.line_of(id, at as u32).unwrap_or(0);
            let effect = format!("-{} +{}", instruction.takes(), instruction.gives());
            let shown = instruction.show(program, id);
            let _ = writeln!(text, "{line:>6}  {at:>5}  {effect:<6} {shown}");
        }
    }
    text
}
