//! A sync that fails: from then on, nobody is told that anything is safe, until somebody has repaired the buffer.
//!
//! A filter of system calls lets `msync` fail in a process of its own; and, for those who may mount, a disk that has
//! no place for what is written to it.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_processes::{
    Buffer, Durability, Fault, Inspection, JoinError, LeaseError, Patience, Raw, Refusal, Settings,
    TakeError,
};
use rustix::fs::FallocateFlags;
use rustix::io::Errno;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::call::Bytes;
use crate::child;

fn new(path: &Path) -> Buffer {
    let settings = Settings::new(16).storage(64 << 10).durability(Durability::Power);
    settings.create(path).expect("a new buffer");
    Buffer::open(path).expect("the buffer")
}

const POISONED: Refusal = Refusal::Unable(Fault::Poisoned);

#[test]
fn a_sync_that_fails_poisons_the_buffer_for_everybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    let buffer = new(&path);
    let producer = buffer.producer(Raw).expect("a producer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    for number in 0..4 {
        producer.put(vec![number]).expect("room");
    }
    let lease = consumer.lease().expect("an item");
    child::pass("poison::child_cannot_sync", folder.path(), &[]);
    assert_eq!(producer.put(vec![9]).unwrap_err().refusal, POISONED);
    assert_eq!(producer.reserve().map(drop), Err(POISONED));
    assert_eq!(consumer.take(), Err(TakeError::Unable(Fault::Poisoned)));
    assert_eq!(lease.ack(), Err(LeaseError::Unable(Fault::Poisoned)));
    let newcomer = Buffer::open(&path).expect("it can be looked at");
    assert!(newcomer.verify().expect("it can be looked at").is_poisoned);
    let inspection = Inspection::open(&path).expect("it can be looked at");
    assert_eq!(inspection.fault(), Some(Fault::Poisoned));

    assert!(newcomer.repair().expect("it can be repaired").is_poisoned);
    assert!(newcomer.verify().expect("it can be looked at").is_sound());
    assert_eq!(inspection.fault(), None);
    producer.put(vec![10]).expect("room");
    let mut taken = Vec::new();
    while let Ok(item) = consumer.try_lease() {
        taken.push(item.ack_synced().expect("it is held")[0]);
    }
    // What was leased is so still; what was put, and could not be synced, is there.
    assert_eq!(taken, [1, 2, 3, 7, 10]);
}

#[test]
#[ignore = "is run by a_sync_that_fails_poisons_the_buffer_for_everybody"]
fn child_cannot_sync() {
    let Some(folder) = child::folder() else { return };
    let buffer = Buffer::open(folder.join("jobs.fb")).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    let error = SeccompAction::Errno(Errno::IO.raw_os_error() as u32);
    let call = nix::libc::SYS_msync;
    let arch = std::env::consts::ARCH.try_into().expect("a known processor");
    let filter = SeccompFilter::new([(call, vec![])].into(), SeccompAction::Allow, error, arch);
    let program: BpfProgram = filter.expect("a filter").try_into().expect("a program");
    seccompiler::apply_filter_all_threads(&program).expect("it is taken");

    let waiting = buffer.clone();
    let waiting = thread::spawn(move || waiting.join_within(Patience::Forever));
    thread::sleep(Duration::from_millis(50));
    let put = producer.put(vec![7]).unwrap_err();
    assert_eq!(put.refusal, Refusal::Unable(Fault::System(Errno::IO.raw_os_error())));
    assert_eq!(put.item, [7]);
    let end = watch("a join", PATIENCE, move || waiting.join().expect("no panic"));
    assert_eq!(end, Ok(Err(JoinError::Unable(Fault::Poisoned))));
    // Never a second time, as if it had come right.
    assert_eq!(producer.put(vec![8]).unwrap_err().refusal, POISONED);
    assert_eq!(producer.put_many([vec![8]]).unwrap_err().refusal, POISONED);
    let repair = buffer.repair().unwrap_err();
    assert_eq!(repair, Fault::System(Errno::IO.raw_os_error()));
    assert_eq!(producer.put(vec![8]).unwrap_err().refusal, POISONED);
}

/// An item of several pages.
fn most() -> Bytes {
    vec![b'm'; 20_000]
}

#[test]
fn what_a_disk_could_not_write_is_written_by_the_repair() {
    if !child::is_root() {
        eprintln!("not root: no disk to mount");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // A page of the buffer's is a page of the disk's file.
    let script = format!(
        "mount -t tmpfs -o size=4m none {0} && cd {0} && truncate -s 8M disk && \
         mkfs.ext4 -q -b 4096 -O ^has_journal disk && mkdir on && mount -o loop disk on && exec \"$@\"",
        folder.path().display()
    );
    let before = ["unshare", "-m", "sh", "-c", &script, "sh"];
    let output =
        Command::new(before[0]).args(&before[1..]).arg("true").output().expect("unshare runs");
    if !output.status.success() {
        eprintln!("no loop device to be had: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    child::pass("poison::child_has_a_disk_without_room", folder.path(), &before);
}

#[test]
#[ignore = "is run by what_a_disk_could_not_write_is_written_by_the_repair"]
fn child_has_a_disk_without_room() {
    let Some(folder) = child::folder() else { return };
    let path = folder.join("on/jobs.fb");
    {
        let buffer = new(&path);
        let producer = buffer.producer(Raw).expect("a producer");
        let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
        producer.put(vec![1]).expect("there is room as yet");
        producer.put(most()).expect("there is room as yet");
        // The disk loses the places of its pages, and nothing is left for others. Of all its pages, not only of the item's:
        // the kernel may write those together with what lies before, and of a write that is cut short, a loop device says
        // that it went well.
        let disk = File::options().write(true).open(folder.join("disk")).expect("the disk");
        let bytes = fs::read(folder.join("disk")).expect("the disk");
        let first = bytes.windows(8).position(|word| word == b"FOREBAY\n").expect("the buffer");
        let last = bytes.windows(64).rposition(|bytes| *bytes == [b'm'; 64]).expect("the item");
        let (first, last) = ((first / 4096) as u64, (last / 4096) as u64);
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        rustix::fs::fallocate(&disk, flags, first * 4096, (last + 1 - first) * 4096)
            .expect("a hole");
        let mut filler = File::create(folder.join("filler")).expect("a file");
        while filler.write_all(&[1; 4096]).is_ok() {}
        assert_eq!(consumer.take().expect("an item"), [1]);
        assert_eq!(consumer.take().expect("an item"), most());
        let refused = producer.put(most()).expect_err("there is no place for it");
        assert!(matches!(refused.refusal, Refusal::Unable(Fault::System(_))), "{refused:?}");
        assert_eq!(producer.put(vec![2]).unwrap_err().refusal, POISONED);
        drop(filler);
        fs::remove_file(folder.join("filler")).expect("it is there");
        assert!(buffer.repair().expect("there is room again").is_poisoned);
        producer.put(vec![3]).expect("room");
    }
    // What is read now comes from the disk.
    let run = |command: &str, arguments: &[&str]| {
        let status = Command::new(command).args(arguments).current_dir(&folder).status();
        assert!(status.expect("it runs").success(), "{command} {arguments:?}");
    };
    run("umount", &["on"]);
    run("mount", &["-o", "loop", "disk", "on"]);
    let buffer = Buffer::open(&path).expect("the buffer");
    let findings = buffer.verify().expect("it can be looked at");
    assert!(findings.is_sound(), "{findings:?}");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    let mut taken = Vec::new();
    while let Ok(item) = consumer.try_take() {
        taken.push(item);
    }
    assert_eq!(taken, [most(), vec![3]]);
    drop((buffer, consumer));
    run("umount", &["on"]);
}
