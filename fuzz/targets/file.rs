//! Any words as a buffer's file: it is refused, or everything that is asked of it comes to an answer, and a repair makes
//! it sound. Some words are written before it is opened, some between two calls.
#![no_main]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use forebay_processes::{Buffer, Durability, Inspection, Patience, Raw, Settings, TakeError};
use libfuzzer_sys::fuzz_target;

/// The locks: whoever writes there can make everybody wait, and may.
const LOCKS: [u64; 2] = [4096, 4096 + 64 * 8];

fuzz_target!(|input: (bool, Vec<(u16, u64)>, Vec<(u8, u16, u64)>)| {
    let (power, before, between) = input;
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let path = folder.path().join("jobs.fb");
    let durability = if power { Durability::Power } else { Durability::Process };
    let settings = Settings::new(4).max_leased(3).dead_room(2).participants(4).storage(4000);
    let settings = settings.max_failures(2).durability(durability);
    settings.lease_time(Duration::from_millis(1)).create(&path).expect("a new buffer");
    let file = File::options().read(true).write(true).open(&path).expect("the file");
    let len = file.metadata().expect("its length").len();
    let write = |word: u16, value: u64| {
        let at = u64::from(word) * 8 % len;
        let value = if LOCKS.contains(&at) { value | 0x7fff } else { value };
        file.write_all_at(&value.to_le_bytes(), at).expect("it may be written");
    };
    for (word, value) in before {
        write(word, value);
    }
    if let Ok(inspection) = Inspection::open(&path) {
        inspection.statistics();
        inspection.participants();
        inspection.leases();
        inspection.oldest();
        let _ = inspection.dead_letters();
    }
    let Ok(buffer) = Buffer::open(&path) else { return };
    {
        let Ok(producer) = buffer.producer::<Vec<u8>, _>(Raw) else { return };
        let Ok(consumer) = buffer.consumer::<Vec<u8>, _>(Raw) else { return };
        let mut leases = Vec::new();
        let moment = || Patience::lasting(Duration::from_micros(100));
        for (call, word, value) in between {
            // Not the first page: nobody looks at it again.
            if word >= 512 {
                write(word, value);
            }
            let item = vec![call; usize::from(call) * 4];
            match call % 12 {
                0 | 1 => drop(producer.put_within(item, moment())),
                2 => drop(producer.put_many_within([item, vec![1], vec![2]], moment())),
                3 => drop(producer.reserve_within(moment()).map(|permit| permit.put(item))),
                4 => drop(consumer.take_within(moment())),
                5 | 6 => leases.extend(consumer.lease_within(moment())),
                7 => drop(leases.pop().map(|lease| lease.ack())),
                8 => drop(leases.pop().map(|lease| lease.fail("no"))),
                9 => drop(leases.pop().map(|lease| lease.reject("never"))),
                10 => {
                    for letter in buffer.dead_letters().unwrap_or_default() {
                        let _ = buffer.retry(&letter);
                    }
                }
                _ => drop(buffer.verify()),
            }
        }
    }
    buffer.repair().expect("it can be repaired");
    assert!(buffer.verify().expect("it can be looked at").is_sound());
    let Ok(consumer) = buffer.consumer::<Vec<u8>, _>(Raw) else { return };
    for letter in buffer.dead_letters().expect("the letters") {
        assert_eq!(buffer.purge(&letter), Ok(true));
    }
    loop {
        match consumer.take_within(Patience::Try) {
            Ok(_) => {}
            Err(TakeError::Empty | TakeError::Closed) => break,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(buffer.verify().expect("it can be looked at").is_sound());
});
