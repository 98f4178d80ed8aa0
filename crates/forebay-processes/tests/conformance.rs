//! Every clause of the contract, on a buffer in a file that one process uses.

mod files;

use forebay_conformance::{Factory, Plain, Settings};
use forebay_processes::{Buffer, Consumer, Producer};

use files::{Files, Weighed};

#[derive(Clone)]
struct InOneProcess(Files);

impl Factory for InOneProcess {
    type Item = Plain;
    type Producer = Producer<Plain, Weighed>;
    type Consumer = Consumer<Plain, Weighed>;

    const STAYS_OPEN: bool = true;
    const ITEMS_ARE_BYTES: bool = true;

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        let path = self.0.create(settings)?;
        let buffer = Buffer::open(&path).map_err(|error| error.to_string())?;
        let producer = buffer.producer(Weighed).map_err(|error| error.to_string())?;
        let consumer = buffer.consumer(Weighed).map_err(|error| error.to_string())?;
        Ok((producer, consumer))
    }
}

forebay_conformance::suite!(file, InOneProcess(Files::new()));
