//! `forebay vm count`: how many schedules a program has.

use std::process::ExitCode;

use indicatif::HumanCount;
use toyvm::check::{Stopped, count};

use super::UNCHECKED;
use super::check::{SearchArgs, Watch};
use super::file::FileArgs;
use super::message::{self, say};

/// Count the schedules of a program
///
/// Two schedules are one if they differ only in the order of steps that commute: of threads that do not
/// meet, there is one. The exit status is 0, or 3 if there are more than were counted; 2 for wrong usage
/// and for a file that is no program.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    search: SearchArgs,
    /// Count no further than this
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Write it as JSON on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(program) = args.file.load_or_tell() else { return ExitCode::from(UNCHECKED) };
    if args.search.deaths().most > 0 {
        say(format_args!("forebay vm count: schedules in which threads die are not counted"));
        return ExitCode::from(UNCHECKED);
    }
    let watch = Watch::new(&args.search);
    let counted = count(&program, &watch.plan(&args.search), args.limit);
    watch.finish();
    let (schedules, s) = (counted.schedules, if counted.schedules == 1 { "" } else { "s" });
    let is_all = counted.stopped.is_none();
    let told = if args.json {
        serde_json::json!({
            "schedules": schedules,
            "complete": is_all,
            "longest": counted.longest,
            "seconds": counted.elapsed.as_secs_f64(),
        })
        .to_string()
    } else {
        let number = HumanCount(schedules);
        let longest = HumanCount(counted.longest as u64);
        match counted.stopped {
            None => format!("{number} schedule{s}; the longest has {longest} steps"),
            Some(Stopped::Cancelled) => format!("more than {number}; interrupted"),
            Some(Stopped::Timeout) => format!("more than {number}; the time is over"),
            Some(_) if schedules >= args.limit => {
                format!("more than {number}; --limit N counts further")
            }
            Some(_) => {
                format!("more than {number}; one has over {longest} steps, and may have no end")
            }
        }
    };
    message::write(told).err().unwrap_or(ExitCode::from(if is_all { 0 } else { 3 }))
}
