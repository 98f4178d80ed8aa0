//! From the flags to what a run is made of: its input, its command, its buffer, the files that it writes.

use std::collections::HashSet;
use std::fs::File;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use forebay::{Builder, Consumer, Producer};

use super::args::Args;
use super::command::measure::Measure;
use super::command::quote;
use super::command::surroundings::Surroundings;
use super::command::template::{Reading, Template};
use super::intake::input::Input;
use super::intake::packing::{Fitting, Portion};
use super::intake::resume::Finished;
use super::intake::source::{Columns, Given};
use super::item::Item;
use super::message::say;
use super::observer::Observer;
use super::observer::json_lines::JsonLines;
use super::observer::picture::Picture;
use super::observer::trace::Trace;
use super::outlet::joblog::Joblog;
use super::outlet::results::Results;
use super::shared::opening::{Work, most_in_memory};
use super::watermark::Marks;
use super::{IN_BACKOFF, claim, standard, worker};
use crate::buffer::place::Place;

/// How many columns an item has.
pub(super) fn columns(args: &Args, input: Option<&Input>) -> Result<Columns, String> {
    let of_producers = if args.items.colsep.is_some() { Columns::Split } else { Columns::Known(1) };
    if let (Some(flag), Some(Columns::Known(2..))) = (worker::flag(args), input.map(Input::columns))
    {
        return Err(format!(
            "{flag}: a worker gets one item a line, and several sources give more; give it one source"
        ));
    }
    match input.map(Input::columns) {
        Some(columns) if columns != of_producers && !args.items.producer.is_empty() => Err(
            "--producer: its items have one column, and several sources give more; split items into columns \
             with --colsep instead"
                .to_owned(),
        ),
        columns => Ok(columns.unwrap_or(of_producers)),
    }
}

/// How placeholders in a text are read that is no command.
pub(super) fn of_text(args: &Args, columns: Columns) -> Reading<'_> {
    Reading {
        replace: args.command_line.replace.as_deref(),
        shell: false,
        repeat: false,
        by_row: false,
        by_input: None,
        columns,
        most_rows: args.items.most_rows().map(NonZeroUsize::get),
        signature: (b"", b""),
    }
}

/// The command, and where it runs.
pub(super) fn command(args: &Args, columns: Columns) -> Result<(Template, Surroundings), String> {
    let reading = Reading {
        repeat: args.items.repeats(),
        by_row: args.items.repeats() && args.items.is_filling(),
        shell: args.command_line.shell,
        by_input: worker::flag(args).or(args.items.pipe.then_some("--pipe")),
        ..of_text(args, columns)
    };
    let surroundings = Surroundings::new(
        args.command_line.directory.as_deref(),
        &args.command_line.variables,
        reading,
    )?;
    let mut before = Vec::new();
    if let Some(flag) = worker::flag(args) {
        before.extend_from_slice(flag.as_bytes());
        before.push(b' ');
    }
    if let Some(separator) = &args.items.colsep {
        before.extend_from_slice(b"--colsep ");
        quote::push_quoted(&mut before, separator.as_bytes());
        before.push(b' ');
    }
    before.extend_from_slice(surroundings.signature());
    let after = match columns {
        Columns::Known(sources @ 2..) => " ::: ...".repeat(sources),
        Columns::Known(_) | Columns::Split => String::new(),
    };
    let reading = Reading { signature: (&before, after.as_bytes()), ..reading };
    Ok((Template::new(&args.command, reading)?, surroundings))
}

/// How much one command gets.
pub(super) fn portion(
    args: &Args,
    template: &Template,
    surroundings: &Surroundings,
) -> Result<Portion, String> {
    let rows = args.items.most_rows().map_or(usize::MAX, NonZeroUsize::get);
    if !args.items.is_filling() {
        return Ok(Portion { rows, fitting: None });
    }
    let most_bytes = args.items.max_chars.map(NonZeroUsize::get);
    let measure = Measure::new(template, surroundings, most_bytes)?;
    Ok(Portion { rows, fitting: Some(Fitting { measure, consumers: args.consumers().most }) })
}

/// The buffer. Where items come out of a shared one, it holds what is leased there for the consumers.
pub(super) fn buffer(
    args: &Args,
    marks: Option<&Arc<Marks>>,
    is_shared: bool,
    retries: u32,
) -> Result<(Producer<Item>, Consumer<Item>), String> {
    let capacity = if is_shared { most_in_memory(args) } else { args.capacity() };
    let mut builder = Builder::bounded(capacity)
        .name("run")
        .max_leased(args.consumers().most * args.most_in_flight() + IN_BACKOFF)
        .max_failures(retries);
    if let Some(weight) = args.flow.weight {
        builder = builder.weighing(weight.get(), Item::weight);
    }
    if let Some(marks) = marks.cloned() {
        builder = builder.watermarks(marks.low, marks.high, move |mark| marks.cross(mark));
    }
    let (producer, buffer) = builder.build().map_err(|error| error.to_string())?;
    Ok((producer.with_overflow(args.flow.on_full), buffer))
}

/// Those who look on.
pub(super) fn observers(
    args: &Args,
    template: &Template,
    began: Instant,
    capacity: usize,
) -> Result<Vec<Box<dyn Observer>>, String> {
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if args.output.json && !args.command_line.dry_run {
        observers.push(Box::new(JsonLines::new()));
    }
    if let Some(path) = &args.output.report_html {
        observers.push(Box::new(Picture::create(path, began, template.signature())?));
    }
    if let Some(path) = &args.output.trace {
        observers.push(Box::new(Trace::create(path, began, capacity)?));
    }
    Ok(observers)
}

/// Refuses files that two flags name, before any is opened.
pub(super) fn check_claims(
    args: &Args,
    given: &[Given],
    work: Option<&Work>,
) -> Result<(), String> {
    let stdin = ("standard input", Path::new("/dev/stdin"));
    let files = args.items.arg_file.iter().map(|path| ("--arg-file", &**path));
    let files = files.chain(given.iter().filter_map(|source| Some(("::::", source.file()?))));
    let mut read: Vec<_> =
        files.map(|file| if file.1.as_os_str() == "-" { stdin } else { file }).collect();
    if work.is_none() && read.is_empty() && given.is_empty() && args.reads_itself(given) {
        read.push(stdin);
    }
    let place = args.flow.buffer.as_deref().map(Place::of).transpose()?;
    let buffer = work.and_then(|work| Some(("the buffer", work.place.file()?)));
    let buffer = buffer.or(place.as_ref().and_then(|place| Some(("--buffer", place.file()?))));
    let beside = place.as_ref().filter(|_| args.failure.joblog.is_none()).map(Place::joblog);
    let written = [
        ("--joblog", &args.failure.joblog),
        ("the joblog of --buffer", &beside),
        ("--dead", &args.failure.dead),
        ("--report-json", &args.output.report_json),
        ("--report-html", &args.output.report_html),
        ("--trace", &args.output.trace),
    ];
    let written = written.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?)));
    claim::refuse_shared(&read, &written.chain(buffer).collect::<Vec<_>>())
}

/// Before anything runs, so that a report that has no place is no surprise at the end.
pub(super) fn report_file(path: &Path) -> Result<File, String> {
    standard::stream(path)
        .unwrap_or_else(|| File::create(path))
        .map_err(|error| format!("cannot open {} for the report: {error}", path.display()))
}

/// The joblog, and what it says has finished.
pub(super) fn joblog(
    args: &Args,
    template: &Template,
    columns: Columns,
) -> Result<(Option<Joblog>, Finished), String> {
    let Some(path) = &args.failure.joblog else { return Ok((None, Finished::default())) };
    if args.failure.resume {
        let has_columns = !columns.is_one();
        let (joblog, finished) =
            Joblog::resume(path, template.signature(), has_columns, false, &HashSet::new())?;
        tell_damaged(path, &finished);
        return Ok(((!args.command_line.dry_run).then_some(joblog), finished));
    }
    if args.command_line.dry_run {
        return Ok((None, Finished::default()));
    }
    Ok((Some(Joblog::create(path, template.signature())?), Finished::default()))
}

/// Says which lines of the joblog could not be read.
pub(super) fn tell_damaged(path: &Path, finished: &Finished) {
    for line in finished.damaged.iter().take(3) {
        say(format_args!(
            "{} line {line} is damaged and ignored; its item may be run again",
            path.display()
        ));
    }
    if finished.damaged.len() > 3 {
        say(format_args!("{}: {} damaged lines in all", path.display(), finished.damaged.len()));
    }
}

/// The folder of results. Where items come out of a shared buffer, the folder may hold those of others already.
pub(super) fn results(args: &Args, is_shared: bool) -> Result<Option<Results>, String> {
    if args.command_line.dry_run {
        return Ok(None);
    }
    let dir = args.output.results.as_deref();
    dir.map(|dir| Results::open(dir, args.failure.resume || is_shared)).transpose()
}
