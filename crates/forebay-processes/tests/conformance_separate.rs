//! Every clause of the contract, on a buffer in a file whose every handle is in a process of its own; and
//! what is left when those processes are killed.

mod files;

use forebay_conformance::remote::{Distance, Remote, serve};
use forebay_conformance::{Plain, Settings};
use forebay_processes::{Buffer, Consumer, Producer};

use files::{Files, Weighed};

#[derive(Clone)]
struct Separate(Files);

impl Distance for Separate {
    type Producer = Producer<Plain, Weighed>;
    type Consumer = Consumer<Plain, Weighed>;

    const SERVER: &'static str = "a_handle_is_served";
    const STAYS_OPEN: bool = true;
    const EFFORT: u64 = 15;

    fn create(&self, settings: &Settings) -> Result<String, String> {
        let path = self.0.create(settings)?;
        path.into_os_string().into_string().map_err(|path| format!("{} is no text", path.display()))
    }

    fn producer(place: &str, _: &Settings) -> Result<Self::Producer, String> {
        let buffer = Buffer::open(place).map_err(|error| error.to_string())?;
        buffer.producer(Weighed).map_err(|error| error.to_string())
    }

    fn consumer(place: &str, _: &Settings) -> Result<Self::Consumer, String> {
        let buffer = Buffer::open(place).map_err(|error| error.to_string())?;
        buffer.consumer(Weighed).map_err(|error| error.to_string())
    }
}

/// Not a check: the process in which a handle of the others lives.
#[test]
fn a_handle_is_served() {
    serve::<Separate>();
}

forebay_conformance::suite!(separate, Remote(Separate(Files::new())));
forebay_conformance::mortal_suite!(killed, Remote(Separate(Files::new())));
