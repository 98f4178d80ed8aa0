//! A buffer of each version of the format, as it lay on a disk: opened by the code of today, which makes the same one.
//!
//! `1.0.hex` is a file of 32 KiB: each line an offset and what stands there, sixteen bytes, lines of zeros left out. With
//! `WRITE_GOLDEN=1` it is made anew, which is right as long as no release has made such files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use forebay_processes::{
    Buffer, Consumer, Death, Inspection, Lease, Overflow, Producer, Raw, Settings,
};

type Bytes = Vec<u8>;

/// Where the parts of this file are; docs/file-format.md says how one knows.
const CONTROL: usize = 4096;
const PARTICIPANTS: usize = 2 * 4096;
const SLOTS: usize = 5 * 4096;
const SLOTS_END: usize = SLOTS + 8 * 128;

fn settings() -> Settings {
    Settings::new(4)
        .max_leased(2)
        .dead_room(2)
        .participants(3)
        .capacity_bytes(3000)
        .storage(1500)
        .max_failures(2)
        .lease_time(Duration::from_secs(1_000_000))
}

fn long() -> Bytes {
    (0..600_u32).map(|number| (number % 251) as u8).collect()
}

/// Whoever is at work when the picture is taken.
struct Life {
    _buffer: Buffer,
    _producer: Producer<Bytes, Raw>,
    _consumer: Consumer<Bytes, Raw>,
    _lease: Lease<Bytes, Raw>,
}

/// One item finished, one dropped, one leased, one dead, two waiting, of which one has failed once.
fn live(path: &Path) -> Life {
    settings().create(path).expect("a new buffer");
    let buffer = Buffer::open(path).expect("the buffer");
    let producer = buffer.producer::<Bytes, _>(Raw).expect("a producer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    producer.try_put(b"finished".to_vec()).expect("room");
    consumer.try_take().expect("an item");
    producer.try_put(b"dead".to_vec()).expect("room");
    consumer.try_lease().expect("an item").reject("no such photo").expect("it is held");
    producer.try_put(b"failed once".to_vec()).expect("room");
    consumer.try_lease().expect("an item").fail("for now").expect("it is held");
    producer.try_put(b"leased".to_vec()).expect("room");
    producer.try_put(long()).expect("room");
    producer.try_put(b"last".to_vec()).expect("room");
    let dropping = producer.clone().with_overflow(Overflow::DropThis);
    dropping.put(b"dropped".to_vec()).expect("it is dropped");
    let failed = consumer.try_lease().expect("an item");
    let lease = consumer.try_lease().expect("an item");
    drop(failed);
    Life { _buffer: buffer, _producer: producer, _consumer: consumer, _lease: lease }
}

/// The file that is kept of the version in which this one is.
fn golden(file: &[u8]) -> PathBuf {
    let half = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    folder().join(format!("{}.{}.hex", half(8), half(10)))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn to_text(bytes: &[u8]) -> String {
    let mut text = format!("{:06x}\n", bytes.len());
    for (line, row) in bytes.chunks(16).enumerate().filter(|(_, row)| row.iter().any(|b| *b != 0)) {
        let _ = write!(text, "{:06x}:", line * 16);
        for byte in row {
            let _ = write!(text, " {byte:02x}");
        }
        text.push('\n');
    }
    text
}

fn from_text(text: &str) -> Bytes {
    let number = |text: &str| usize::from_str_radix(text, 16).expect("a number");
    let mut lines = text.lines();
    let mut bytes = vec![0; number(lines.next().expect("its length"))];
    for line in lines {
        let (at, row) = line.split_once(':').expect("an offset");
        for (byte, value) in bytes[number(at)..].iter_mut().zip(row.split_whitespace()) {
            *byte = number(value) as u8;
        }
    }
    bytes
}

/// The words that tell of a moment, a process or a machine.
fn is_of_the_moment(at: usize) -> bool {
    let word = |start: usize, len: usize| (at - start) % len / 8;
    match at {
        CONTROL..PARTICIPANTS => matches!(word(CONTROL, 4096), 1 | 42..=44 | 46 | 47 | 54),
        PARTICIPANTS..0x3000 => matches!(word(PARTICIPANTS, 128), 1 | 4 | 6 | 9 | 10),
        SLOTS..SLOTS_END => matches!(word(SLOTS, 128), 3 | 7),
        _ => false,
    }
}

#[test]
fn a_file_made_today_is_the_one_that_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    let life = live(&path);
    let made = fs::read(&path).expect("the file");
    drop(life);
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        fs::write(golden(&made), to_text(&made)).expect("it can be written");
    }
    let kept = from_text(&fs::read_to_string(golden(&made)).expect("the golden file"));
    assert_eq!(kept.len(), made.len());
    let differs = |at: &usize| kept[*at..at + 8] != made[*at..at + 8];
    let wrong: BTreeSet<usize> =
        (0..kept.len()).step_by(8).filter(differs).filter(|at| !is_of_the_moment(*at)).collect();
    assert!(wrong.is_empty(), "another format? these words differ: {wrong:x?}");
}

#[test]
fn what_was_kept_is_found() {
    let files = fs::read_dir(folder()).expect("the golden files");
    let files = files.map(|file| file.expect("a file").path());
    let files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|is| is == "hex")).collect();
    assert!(!files.is_empty());
    for file in files {
        find_all(&from_text(&fs::read_to_string(file).expect("a golden file")));
    }
}

fn find_all(kept: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    fs::write(&path, kept).expect("a copy");

    let inspection = Inspection::open(&path).expect("it can be looked at");
    let statistics = inspection.statistics();
    let counts = (statistics.waiting, statistics.leased, statistics.dead, statistics.dropped);
    assert_eq!((counts, statistics.finished, statistics.produced), ((3, 1, 1, 1), 1, 7));
    assert_eq!(inspection.settings().get_capacity(), 4);
    assert_eq!(inspection.settings().get_max_failures(), Some(2));
    let leases = inspection.leases();
    assert_eq!((leases.len(), leases[0].position, leases[0].deliveries), (1, 3, 1));
    assert_eq!(inspection.participants().len(), 3);
    assert_eq!(fs::read(&path).expect("the copy"), kept, "whoever looks changes nothing");

    // The machine was restarted since, or the one who leased is dead.
    let buffer = Buffer::open(&path).expect("it can be opened");
    assert!(buffer.verify().expect("it can be looked at").is_sound());
    let letters = buffer.dead_letters().expect("the letters");
    assert_eq!((letters.len(), letters[0].position), (1, 1));
    let letter = &letters[0].letter;
    assert_eq!((&*letter.item, letter.deliveries, letter.failures), (b"dead".as_slice(), 1, 0));
    assert_eq!(letter.death, Death::Rejected("no such photo".to_owned()));
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    let mut found = Vec::new();
    while let Ok(lease) = consumer.try_lease() {
        let counts = (lease.position(), lease.deliveries(), lease.failures());
        found.push((lease.ack().expect("it is held"), counts));
    }
    let expected = [
        (b"failed once".to_vec(), (2, 3, 1)),
        (b"leased".to_vec(), (3, 2, 0)),
        (long(), (4, 1, 0)),
        (b"last".to_vec(), (5, 1, 0)),
    ];
    assert_eq!(found, expected);
    let producer = buffer.producer::<Bytes, _>(Raw).expect("a producer");
    producer.try_put(b"new".to_vec()).expect("room");
    assert_eq!(consumer.try_lease().expect("an item").position(), 6);
}
