//! A print spooler: short-lived commands put documents, one process prints them, and a crash of it loses none.
//!
//! ```sh
//! alias spooler='cargo run -q -p forebay-examples --example print_spooler --'
//! spooler print spool.fb report.txt photo.png    # as often as you like, from any terminal
//! spooler run spool.fb                           # in another one; kill -9 it at its work, and start it again
//! spooler wait spool.fb                          # returns when everything is printed
//! spooler close spool.fb                         # prints what is left, and no more
//! ```
//!
//! Look for: documents that wait though nobody is there to print them; the document that was interrupted, printed again
//! and marked so, in its old place; `wait`, which comes back when the last page is out, also after a crash.

use std::env;
use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::Duration;

use forebay::processes::{Buffer, Lease, OpenError, Patience, Settings, TakeError, Text, Why};

/// The most documents that wait. Then `print` waits, too.
const CAPACITY: u64 = 100;
const PAGES: u32 = 3;
const PAGE: Duration = Duration::from_millis(150);

/// Opens the spool, and makes it if nobody has yet.
fn spool(path: &Path) -> Result<Buffer, OpenError> {
    match Settings::new(CAPACITY).create(path) {
        // Somebody was here before: then it is made already, whole.
        Err(error) if !matches!(error.why(), Why::Exists) => return Err(error),
        _ => {}
    }
    Buffer::open(path)
}

/// Puts documents. Once this returns they are printed, whatever becomes of any process.
fn print(spool: &Buffer, documents: &[String]) -> Result<(), Box<dyn Error>> {
    let producer = spool.producer(Text)?;
    for document in documents {
        producer.put(document.clone())?;
        println!("{document} is in the spool");
    }
    Ok(())
}

/// Prints, one document after another, until the spool is closed and empty.
fn run(spool: &Buffer) -> Result<(), Box<dyn Error>> {
    let consumer = spool.consumer::<String, _>(Text)?;
    println!("the spooler is ready: {} documents wait", spool.statistics().waiting);
    loop {
        match consumer.lease() {
            Ok(document) => print_one(document)?,
            Err(TakeError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The document is finished by the ack at the end. Killed before it, we have printed a part, and the next one starts it
/// again: more than once is the price of never less than once.
fn print_one(document: Lease<String, Text>) -> Result<(), Box<dyn Error>> {
    if document.deliveries() > 1 {
        println!("{}: again, because the spooler was interrupted", *document);
    }
    for page in 1..=PAGES {
        println!("{}: page {page} of {PAGES}", *document);
        thread::sleep(PAGE);
    }
    let document = document.ack()?;
    println!("{document}: printed");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [verb, path, documents @ ..] = arguments.as_slice() else {
        return Err("usage: print_spooler print|run|wait|close SPOOL [DOCUMENT...]".into());
    };
    let spool = spool(Path::new(path))?;
    match verb.as_str() {
        "print" => print(&spool, documents),
        "run" => run(&spool),
        // Waits for the document at the printer as well, not only for those that wait.
        "wait" => Ok(spool.join_within(Patience::Forever)?),
        "close" => Ok(spool.close()?),
        _ => Err(format!("there is no `{verb}`; there are print, run, wait and close").into()),
    }
}
