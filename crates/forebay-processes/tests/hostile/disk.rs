//! Disks that are full, or read-only.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use forebay_processes::{
    Buffer, Fault, Inspection, OpenError, Raw, Refusal, Settings, TakeError, Why,
};

use crate::child;

fn buffer_on(folder: &Path) -> PathBuf {
    let path = folder.join("jobs.fb");
    Settings::new(5).storage(100 << 10).create(&path).expect("there is room");
    path
}

/// Runs a test of this file with a disk of 1 MiB, which is gone with its process.
fn pass_on_small_disk(name: &str) {
    if !child::is_root() {
        eprintln!("not root: no small disk to mount");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script =
        format!("mount -t tmpfs -o size=1m none {0} && exec \"$@\"", folder.path().display());
    child::pass(name, folder.path(), &["unshare", "-m", "sh", "-c", &script, "sh"]);
}

#[test]
fn a_disk_without_room_refuses_the_whole_buffer() {
    pass_on_small_disk("disk::child_finds_no_room");
}

#[test]
fn a_copy_with_holes_needs_room_for_them() {
    pass_on_small_disk("disk::child_has_a_copy_with_holes");
}

#[test]
#[ignore = "is run by a_copy_with_holes_needs_room_for_them"]
fn child_has_a_copy_with_holes() {
    let Some(folder) = child::folder() else { return };
    let path = buffer_on(&folder);
    let buffer = Buffer::open(&path).expect("the buffer");
    buffer.producer(Raw).expect("a producer").put(b"first".to_vec()).expect("room");
    drop(buffer);
    let copy = folder.join("copy.fb");
    let bytes = fs::read(&path).expect("the file");
    let file = File::create(&copy).expect("a file");
    file.set_len(bytes.len() as u64).expect("it can be as long");
    for (page, bytes) in bytes.chunks(4096).enumerate() {
        if bytes.iter().any(|byte| *byte != 0) {
            file.write_all_at(bytes, page as u64 * 4096).expect("a page that is not empty");
        }
    }
    let filler = folder.join("filler");
    fs::write(&filler, vec![1; 2 << 20]).expect_err("full");
    // Where there is no page to write to, there is a fault: no signal, and nothing that nobody put.
    let item = vec![7_u8; 3000];
    let put = |buffer: &Buffer| {
        let producer = buffer.producer(Raw)?;
        producer.put(item.clone()).map_err(|error| match error.refusal {
            Refusal::Unable(fault) => fault,
            refusal => panic!("{refusal:?}"),
        })
    };
    let full = Buffer::open(&copy).expect("the pages of its participants are there");
    assert_eq!(put(&full), Err(Fault::Truncated));
    assert_eq!(put(&full), Err(Fault::Truncated));
    drop(full);
    // And with room again, all is as it was.
    fs::remove_file(&filler).expect("the filler");
    let buffer = Buffer::open(&copy).expect("the copy");
    assert!(buffer.verify().expect("it can be looked at").is_sound());
    put(&buffer).expect("room");
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
    assert_eq!(consumer.take().expect("an item"), b"first");
    assert_eq!(consumer.take().expect("an item"), item);
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
}

#[test]
fn on_a_disk_that_is_read_only_one_can_look() {
    pass_on_small_disk("disk::child_has_a_read_only_disk");
}

#[test]
#[ignore = "is run by on_a_disk_that_is_read_only_one_can_look"]
fn child_has_a_read_only_disk() {
    let Some(folder) = child::folder() else { return };
    let path = buffer_on(&folder);
    let buffer = Buffer::open(&path).expect("the buffer");
    buffer.producer(Raw).expect("a producer").put(vec![1]).expect("room");
    drop(buffer);
    let mount = |options| {
        let mut mount = Command::new("mount");
        mount.args(["-o", options]).arg(&folder).status().expect("mount runs").success()
    };
    // Nobody takes a disk away from whoever writes to it.
    let buffer = Buffer::open(&path).expect("the buffer");
    assert!(!mount("remount,ro"));
    drop(buffer);
    assert!(mount("remount,ro"));
    let is_refused = |error: &OpenError| matches!(error.why(), Why::System(error) if error.kind() == ErrorKind::ReadOnlyFilesystem);
    assert!(is_refused(&Buffer::open(&path).expect_err("it cannot be written")));
    let other = Settings::new(5).create(folder.join("other.fb"));
    assert!(is_refused(&other.expect_err("no place for it")));
    assert_eq!(Inspection::open(&path).expect("it can be read").statistics().waiting, 1);
}

#[test]
#[ignore = "is run by a_disk_without_room_refuses_the_whole_buffer"]
fn child_finds_no_room() {
    let Some(folder) = child::folder() else { return };
    let path = folder.join("large.fb");
    let error = Settings::new(5).storage(10 << 20).create(&path).expect_err("there is no room");
    assert!(
        matches!(error.why(), Why::System(error) if error.kind() == ErrorKind::StorageFull),
        "{error}"
    );
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);
    // One that fits has its space for good, however full the disk is.
    let path = folder.join("small.fb");
    Settings::new(5).storage(100 << 10).create(&path).expect("there is room");
    let filler = fs::write(folder.join("filler"), vec![1; 2 << 20]);
    assert_eq!(filler.expect_err("full").kind(), ErrorKind::StorageFull);
    let buffer = Buffer::open(&path).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
    for _ in 0..10 {
        producer.put(vec![9; 90 << 10]).expect("room");
        assert_eq!(consumer.take().expect("an item").len(), 90 << 10);
    }
}
