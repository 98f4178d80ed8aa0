//! The file that holds a program.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toyvm::source::{
    self, Diagnostic, ExtraThread, LARGEST, Language, Selection, Severity, Source,
};
use toyvm::{Program, source::Rejected};

use super::message::say;
use super::{diagnosis, recording};

/// Which program: flags that all verbs share.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct FileArgs {
    /// The program; `-` is standard input
    pub(super) file: PathBuf,
    /// Begin with this list or function, not with `main`
    #[arg(long, value_name = "NAME")]
    pub(super) entry: Option<String>,
    /// Start one more thread that runs a list of the file; repeat it for more
    #[arg(long = "thread", value_name = "NAME=LIST[:PRIORITY]", value_parser = extra_thread)]
    pub(super) threads: Vec<ExtraThread>,
    /// Tell what of the file was skipped because it is Python's business
    #[arg(short, long)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) notation: NotationArgs,
}

/// How the text of a program is to be read.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct NotationArgs {
    /// Read it as python or as weir, whatever the file is called [default: weir if its name ends in
    /// .weir, else python]
    #[arg(long, value_name = "NAME", value_parser = language)]
    pub(super) language: Option<Language>,
    /// Set a constant of a program in Weir to another value; repeat it for more
    #[arg(long = "const", value_name = "NAME=VALUE", value_parser = constant)]
    pub(super) constants: Vec<(String, i64)>,
}

fn language(name: &str) -> Result<Language, String> {
    let names = Language::ALL.map(Language::name);
    Language::parse(name).ok_or_else(|| format!("there are {}", names.join(", ")))
}

fn constant(text: &str) -> Result<(String, i64), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let value = value.parse().map_err(|_| format!("`{value}` is no integer"))?;
    Ok((name.to_owned(), value))
}

fn extra_thread(text: &str) -> Result<ExtraThread, String> {
    let (name, rest) = text.split_once('=').ok_or("write it as NAME=LIST or NAME=LIST:PRIORITY")?;
    let (list, priority) = match rest.split_once(':') {
        Some((list, priority)) => {
            let number = priority.parse();
            (list, number.map_err(|_| format!("`{priority}` is no priority, which is an integer"))?)
        }
        None => (rest, 0),
    };
    if name.is_empty() || list.is_empty() {
        return Err("write it as NAME=LIST or NAME=LIST:PRIORITY".to_owned());
    }
    Ok(ExtraThread { name: name.to_owned(), list: list.to_owned(), priority })
}

impl FileArgs {
    /// A file with nothing chosen.
    pub(super) fn of(file: &Path) -> Self {
        let (entry, threads, notation) = (None, Vec::new(), NotationArgs::default());
        Self { file: file.to_owned(), entry, threads, verbose: false, notation }
    }

    pub(super) fn selection(&self) -> Selection {
        Selection {
            entry: self.entry.clone(),
            threads: self.threads.clone(),
            constants: self.notation.constants.clone(),
        }
    }

    /// The program, or what is wrong with the file.
    pub(super) fn load(&self) -> Result<source::Loaded, Unreadable> {
        let source = read(&self.file)?;
        let source = match self.notation.language {
            Some(language) => source.in_language(language),
            None => source,
        };
        if recording::begins(source.text()) {
            let name = source.name();
            let is_trace = Diagnostic::error(format!("{name} is a trace, and no program"));
            let help = format!(
                "`forebay vm step {name}` goes along it, `forebay vm show {name}` draws it"
            );
            return Err(Unreadable::File(is_trace.help(help)));
        }
        source::load(source, &self.selection()).map_err(Unreadable::Rejected)
    }

    /// Likewise, with everything that is wrong told on standard error.
    pub(super) fn load_or_tell(&self) -> Option<Arc<Program>> {
        match self.load() {
            Ok(loaded) => {
                let told = if self.verbose { Severity::Note } else { Severity::Warning };
                for note in loaded.notes.iter().filter(|note| note.severity >= told) {
                    diagnosis::tell(loaded.program.source(), note);
                }
                Some(Arc::new(loaded.program))
            }
            Err(unreadable) => {
                unreadable.tell();
                None
            }
        }
    }
}

/// Why there is no program.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// The file cannot be read, or is no text.
    File(Diagnostic),
    /// Its text is no program.
    Rejected(Rejected),
}

impl Unreadable {
    pub(super) fn tell(&self) {
        match self {
            Self::File(diagnostic) => {
                say(format_args!("forebay vm: {}", diagnostic.message));
                if let Some(help) = &diagnostic.help {
                    say(format_args!("  {help}"));
                }
            }
            Self::Rejected(rejected) => {
                for diagnostic in &rejected.diagnostics {
                    diagnosis::tell(&rejected.source, diagnostic);
                }
            }
        }
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::File(diagnostic) => diagnostic.message.clone(),
            Self::Rejected(rejected) => match rejected.diagnostics.first() {
                Some(first) => first.line(&rejected.source),
                None => format!("{} is no program", rejected.source.name()),
            },
        }
    }
}

/// The text of a file; no more of it than a program may have is ever read.
pub(super) fn read(path: &Path) -> Result<Source, Unreadable> {
    let refuse = |error: io::Error| {
        Unreadable::File(Diagnostic::error(format!("cannot read {}: {error}", path.display())))
    };
    let mut bytes = Vec::new();
    let most = LARGEST as u64 + 1;
    let name = if path == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(refuse)?;
        "standard input".to_owned()
    } else {
        let file = File::open(path).map_err(refuse)?;
        file.take(most).read_to_end(&mut bytes).map_err(refuse)?;
        path.display().to_string()
    };
    Source::new(name, bytes).map_err(Unreadable::File)
}
