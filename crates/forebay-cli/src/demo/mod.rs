//! `forebay demo NAME`: the classic scenes of the producer-consumer problem, told as they happen.
//!
//! Each scene is a file under `scenes/` that reads like the textbook's page. The `narrator` prints what
//! happens, `narrated` puts and takes aloud, `chance` rolls the dice, `load` measures the two sides,
//! `company` starts those who are processes of their own, and
//! `table` lays out what is compared at the end.

mod cast;
mod chance;
mod company;
mod interruption;
mod litter;
mod load;
mod narrated;
mod narrator;
mod scenes;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cast::Cast;
use scenes::{Count, SCENES, Scene};

/// Show a classic scene of the producer-consumer problem
///
/// Without a name, lists the scenes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The scene to show
    name: Option<String>,
    /// Items in all, whatever the number of producers
    #[arg(long, value_name = "N")]
    items: Option<u64>,
    /// How many produce
    #[arg(long, value_name = "N")]
    producers: Option<u64>,
    /// How many consume
    #[arg(long, value_name = "N")]
    consumers: Option<u64>,
    /// The most items that may wait in the buffer
    #[arg(long, value_name = "N")]
    capacity: Option<u64>,
    /// Repeat the random choices of another run: values and pauses, not who comes first
    ///
    /// Each run says its seed. With the same one, every producer and consumer makes the same choices
    /// in the same order. What does not repeat is the interleaving: who runs when is the machine's
    /// choice, and so is which consumer meets which item.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Instead of playing the scene, list the files of the repository that show how it is made
    #[arg(long)]
    source: bool,
    /// Of `processes`: kill a consumer (SIGKILL) while it works on an item
    #[arg(long)]
    kill: bool,
    /// Of `broker`: the server, as in redis://localhost
    ///
    /// The buffer is made there, under a name that nobody has, and deleted in the end, also by Ctrl-C. A name that the URL
    /// has is taken if there is no buffer of that name. A password is best in a file: see `docs/machines.md`.
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url)]
    url: Option<PathBuf>,
}

/// Each producer and each consumer is a thread.
const MOST_THREADS: u64 = 1_000;
const MOST_CAPACITY: u64 = 1_000_000;

/// Usage, as for every verb.
const USAGE: u8 = 255;

pub(crate) fn run(args: &Args) -> ExitCode {
    match show(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("forebay demo: {complaint}");
            ExitCode::from(USAGE)
        }
    }
}

fn show(args: &Args) -> Result<(), String> {
    let Some(name) = &args.name else {
        if args.source {
            return Err(
                "--source needs the name of a scene, as in `forebay demo squares --source`"
                    .to_owned(),
            );
        }
        narrator::print_all(SCENES.iter().map(|scene| columns(11, scene.name, scene.about)));
        return Ok(());
    };
    let scene = Scene::named(name).ok_or_else(|| no_scene(name))?;
    if args.source {
        let longest = scene.source.iter().map(|(file, _)| file.len()).max().unwrap_or_default();
        narrator::print_all(
            scene.source.iter().map(|(file, reason)| columns(longest, file, reason)),
        );
        return Ok(());
    }
    let engagement = company::part_of_environment();
    let url = engagement.as_ref().and_then(|own| own.url.as_ref()).or(args.url.as_ref());
    let cast = cast_of(scene, args, url.map(PathBuf::as_path))?;
    if let (Some(own), Some(part)) = (engagement, scene.part) {
        return part(&cast, own.who, &own.folder);
    }
    (scene.play)(&cast);
    Ok(())
}

fn columns(width: usize, left: &str, right: &str) -> String {
    format!("{left:<width$} {right}")
}

fn no_scene(name: &str) -> String {
    let hint = if let Some(meant) = Scene::meant(name) {
        format!("did you mean `{}`? `forebay demo` lists all", meant.name)
    } else {
        let names: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
        format!("there are: {}", names.join(", "))
    };
    // One line, whatever was typed.
    format!("there is no scene `{}`; {hint}", name.escape_debug())
}

fn cast_of(scene: &Scene, args: &Args, url: Option<&Path>) -> Result<Cast, String> {
    let name = scene.name;
    let is_broker = name == scenes::broker::SCENE.name;
    if args.kill {
        if is_broker {
            return Err(format!("{name} takes no --kill: a consumer is killed in any case"));
        }
        if name != scenes::processes::SCENE.name {
            return Err(format!("{name} takes no --kill: nobody in it is a process"));
        }
        if args.consumers == Some(1) {
            return Err("--kill needs another consumer, who gets the item then".to_owned());
        }
    }
    if !is_broker && url.is_some() {
        return Err(format!("{name} takes no --url: its buffer is on this machine"));
    }
    let one = |flag, given, count, most| {
        Ok::<u64, String>(
            asked(name, flag, given, count, most)?.expect("only items may be endless"),
        )
    };
    Ok(Cast {
        scene: name,
        items: asked(name, "--items", args.items, scene.items, u64::MAX)?,
        producers: one("--producers", args.producers, scene.producers, MOST_THREADS)?,
        consumers: one("--consumers", args.consumers, scene.consumers, MOST_THREADS)?,
        capacity: one("--capacity", args.capacity, scene.capacity, MOST_CAPACITY)? as usize,
        seed: args.seed.or(scene.seed).unwrap_or_else(chance::any_seed),
        kill: args.kill,
        place: is_broker.then(|| scenes::broker::place(url)).transpose()?,
    })
}

/// The count that a scene is played with, if it can be played so; `None`: endless.
fn asked(
    scene: &str,
    flag: &str,
    given: Option<u64>,
    count: Count,
    most: u64,
) -> Result<Option<u64>, String> {
    let (least, usual, most) = match count {
        Count::Fixed(number) if given.is_some() => {
            return Err(format!("{scene} takes no {flag}: it is made for {number}"));
        }
        Count::Fixed(number) => return Ok(Some(number)),
        Count::Usual(usual) => (1, Some(usual), most),
        Count::Within { least, usual, most } => (least, Some(usual), most),
        Count::Endless => (1, None, most),
    };
    match given {
        None => Ok(usual),
        Some(given) if given < least => {
            Err(format!("{flag} {given}: {scene} needs at least {least}"))
        }
        Some(given) if given > most => Err(format!("{flag} {given}: {scene} takes at most {most}")),
        Some(given) => Ok(Some(given)),
    }
}
