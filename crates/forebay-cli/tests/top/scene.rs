//! A buffer to look at, with producers and consumers.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use forebay::processes::{Buffer, Consumer, Producer, Raw, Settings};
use tempfile::TempDir;

/// A buffer in a folder of its own.
pub(crate) struct Scene {
    _folder: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) buffer: Buffer,
    pub(crate) producer: Producer<Vec<u8>, Raw>,
    pub(crate) consumer: Consumer<Vec<u8>, Raw>,
}

impl Scene {
    pub(crate) fn new(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.fb");
        settings.create(&path).expect("made");
        let buffer = Buffer::open(&path).expect("opened");
        let producer = buffer.producer(Raw).expect("room for one");
        let consumer = buffer.consumer(Raw).expect("room for one");
        Self { _folder: folder, path, buffer, producer, consumer }
    }

    pub(crate) fn name(&self) -> &str {
        self.path.to_str().expect("text")
    }

    pub(crate) fn put(&self, items: u64) {
        for item in 0..items {
            self.producer.put(item.to_string().into_bytes()).expect("there is room");
        }
    }
}

/// What the command prints without a terminal.
pub(crate) fn top(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_forebay"))
        .arg("top")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("it starts")
}
