//! `forebay demo NAME`: the classic scenes of the producer-consumer problem, told as they happen.
//!
//! Each scene is a file that reads like the textbook's page: who there is, what each one does. The
//! `narrator` prints what happens, `narrated` puts and takes aloud, `chance` rolls the dice.

mod cast;
mod chance;
mod interruption;
mod monitor;
mod narrated;
mod narrator;
mod random;
mod semaphores;
mod squares;
mod textbook;
mod toyvm;

use std::process::ExitCode;

use cast::Cast;

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
}

/// One scene: its defaults, and how it goes.
struct Scene {
    name: &'static str,
    about: &'static str,
    /// `None`: endless.
    items: Option<u64>,
    producers: u64,
    consumers: u64,
    capacity: u64,
    play: fn(&Cast),
}

const SCENES: [Scene; 4] = [squares::SCENE, random::SCENE, semaphores::SCENE, monitor::SCENE];

/// Each producer and each consumer is a thread.
const MOST_THREADS: u64 = 1_000;
const MOST_CAPACITY: u64 = 1_000_000;

/// Usage, as for every verb.
const USAGE: u8 = 255;

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(name) = &args.name else {
        let scenes = SCENES.iter().map(|scene| (scene.name, scene.about));
        let all = scenes.chain([(toyvm::NAME, toyvm::ABOUT)]);
        narrator::print_all(all.map(|(name, about)| format!("{name:<11} {about}")));
        return ExitCode::SUCCESS;
    };
    if name == toyvm::NAME {
        return toyvm::play(args);
    }
    let Some(scene) = SCENES.iter().find(|scene| scene.name == name) else {
        let mut names: Vec<&str> = SCENES.iter().map(|scene| scene.name).collect();
        names.push(toyvm::NAME);
        eprintln!("forebay demo: there is no scene `{name}`; there are: {}", names.join(", "));
        return ExitCode::from(USAGE);
    };
    match cast_of(scene, args) {
        Ok(cast) => {
            (scene.play)(&cast);
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            eprintln!("forebay demo: {complaint}");
            ExitCode::from(USAGE)
        }
    }
}

fn cast_of(scene: &Scene, args: &Args) -> Result<Cast, String> {
    let items = args.items.or(scene.items);
    let producers = args.producers.unwrap_or(scene.producers);
    let consumers = args.consumers.unwrap_or(scene.consumers);
    let capacity = args.capacity.unwrap_or(scene.capacity);
    Ok(Cast {
        scene: scene.name,
        items: items.map(|items| count("--items", items, u64::MAX)).transpose()?,
        producers: count("--producers", producers, MOST_THREADS)?,
        consumers: count("--consumers", consumers, MOST_THREADS)?,
        capacity: count("--capacity", capacity, MOST_CAPACITY)? as usize,
        seed: args.seed.unwrap_or_else(chance::any_seed),
    })
}

/// A count that a flag gave, if a scene can be played with it.
fn count(flag: &str, count: u64, most: u64) -> Result<u64, String> {
    match count {
        0 => Err(format!("{flag} 0: a scene needs at least 1")),
        _ if count > most => Err(format!("{flag} {count}: a scene takes at most {most}")),
        _ => Ok(count),
    }
}
