//! `forebay verify`: looks whether a buffer is whole, and repairs it.

use std::path::PathBuf;
use std::process::ExitCode;

use forebay::processes;

/// Look whether a buffer is whole
///
/// Every item is compared with its checksum, and all that is counted is counted again. Processes may go on
/// using the buffer meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit status:
  0    it is whole, or is so again
  1    it is not, and was not repaired
  255  it could not be opened")]
pub(crate) struct Args {
    /// The buffer
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// Repair what can be: what cannot be read any more is set aside and told
    #[arg(long)]
    repair: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("verify", verify(args))
}

fn verify(args: &Args) -> Result<u8, String> {
    let look = if args.repair { processes::repair } else { processes::verify };
    let findings = look(&args.file).map_err(|error| error.to_string())?;
    println!("{findings:?}");
    Ok(0)
}
