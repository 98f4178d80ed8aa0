//! What is no buffer, or not ours to use: refused by name, and left as it was.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use forebay_processes::{Buffer, Inspection, OpenError, Raw, Settings, Why};
use xxhash_rust::xxh3::xxh3_64;

use crate::child;

/// The length of the first page's record, its checksum included; docs/file-format.md.
const HEADER: usize = 192;

fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).ok();
    let looked = Inspection::open(path).expect_err("it is not to be looked at");
    let error = Buffer::open(path).expect_err("it is not to be opened");
    assert_eq!(looked.to_string(), error.to_string());
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    if path.symlink_metadata().is_ok() {
        let there = Settings::new(5).create(path).expect_err("something is there");
        assert!(matches!(there.why(), Why::Exists), "{there}");
    }
    assert_eq!(fs::read(path).ok(), before, "{error}");
    error
}

fn buffer_in(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("jobs.fb");
    Settings::new(5).create(&path).expect("a new buffer");
    path
}

#[test]
fn a_file_of_anything_else_is_no_buffer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    let mut random = fastrand::Rng::with_seed(3);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(100_000).collect();
    let zeros = vec![0; 70_000];
    let text = "Dear diary,\n".repeat(1000);
    for bytes in [b"".as_slice(), b"FOREBAY\n", b"FOREBAY", &zeros, text.as_bytes(), &noise] {
        fs::write(&path, bytes).expect("a file");
        assert!(matches!(refused(&path).why(), Why::NotABuffer));
    }
    assert!(matches!(Buffer::open("/proc/version").map(drop).unwrap_err().why(), Why::NotABuffer));
    let missing = folder.path().join("no/such");
    assert!(matches!(refused(&missing).why(), Why::Missing));
    assert!(Settings::new(5).create(&missing).is_err());
}

#[test]
fn what_is_no_file_is_called_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let buffer = buffer_in(folder.path());
    symlink(&buffer, at("link")).expect("a link");
    let _listener = UnixListener::bind(at("socket")).expect("a socket");
    let made = Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    fs::create_dir(at("folder")).expect("a folder");
    let devices = [("/dev/null", "a device"), ("/dev/zero", "a device"), ("/dev/full", "a device")];
    let others = [
        (at("link"), "a symbolic link"),
        (at("folder"), "a directory"),
        (at("pipe"), "a named pipe"),
        (at("socket"), "a socket"),
    ];
    for (path, what) in others.into_iter().chain(devices.map(|(path, what)| (path.into(), what))) {
        for error in [
            Buffer::open(&path).expect_err("it is no file"),
            Inspection::open(&path).expect_err("it is no file"),
        ] {
            assert!(matches!(error.why(), Why::NotAFile(_)), "{error}");
            assert!(error.to_string().contains(what), "{error}");
        }
        assert!(matches!(Settings::new(5).create(&path).unwrap_err().why(), Why::Exists));
    }
    // Folders on the way may be links.
    symlink(folder.path(), at("around")).expect("a link");
    Buffer::open(at("around").join("jobs.fb")).expect("the last part is a file");
}

#[test]
fn a_first_page_that_is_not_ours_says_how() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = buffer_in(folder.path());
    let good = fs::read(&path).expect("the file");
    let with = |change: &dyn Fn(&mut [u8])| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let sum = xxh3_64(&bytes[..HEADER - 8]);
        bytes[HEADER - 8..HEADER].copy_from_slice(&sum.to_le_bytes());
        fs::write(&path, bytes).expect("the file");
        refused(&path).to_string()
    };
    let newer = with(&|bytes| bytes[8] = 2);
    assert!(newer.contains("has the format 2.0; this program knows 1.0"), "{newer}");
    let order = with(&|bytes| bytes[12..16].reverse());
    assert!(order.contains("another byte order"), "{order}");
    let feature = with(&|bytes| bytes[18] = 1);
    assert!(feature.contains("features (0x10000)"), "{feature}");
    // A checksum over nonsense: each number of the record in turn.
    for at in (24..120).step_by(8) {
        if at == 72 {
            // A lease may last as long as it likes.
            continue;
        }
        let nonsense = with(&|bytes| bytes[at..at + 8].copy_from_slice(&[0, 0, 0, 1, 1, 1, 1, 1]));
        assert!(nonsense.contains("damaged"), "{at}: {nonsense}");
    }
    // A minor version more is for older programs, too.
    let mut bytes = good.clone();
    bytes[10] = 7;
    let sum = xxh3_64(&bytes[..HEADER - 8]);
    bytes[HEADER - 8..HEADER].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, bytes).expect("the file");
    Buffer::open(&path).expect("a newer minor version");
}

#[test]
fn a_file_of_another_length_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = buffer_in(folder.path());
    let len = fs::metadata(&path).expect("the file").len();
    for other in [200, 4096, len - 4096, len - 1, len + 1, len * 2] {
        File::options().write(true).open(&path).and_then(|file| file.set_len(other)).expect("cut");
        let error = refused(&path);
        assert!(error.to_string().contains("not as long as its first page says"), "{error}");
    }
}

#[test]
fn who_may_only_read_looks_and_changes_nothing() {
    if !child::is_root() {
        eprintln!("not root: nobody else to be");
        return;
    }
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let path = buffer_in(folder.path());
    let buffer = Buffer::open(&path).expect("the buffer");
    buffer.producer(Raw).expect("a producer").put(b"secret".to_vec()).expect("room");
    drop(buffer);
    assert_eq!(fs::metadata(&path).expect("the file").mode() & 0o7777, 0o600);
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    // Where others may not look, a copy of this test runs.
    let own = folder.path().join("test");
    fs::copy(std::env::current_exe().expect("this test"), &own).expect("a copy");
    let be_nobody = |name: &str| {
        let output = Command::new(nobody[0])
            .args(&nobody[1..])
            .arg(&own)
            .args([name, "--exact", "--ignored", "--nocapture"])
            .env("FOREBAY_HOSTILE_FOLDER", folder.path())
            .output()
            .expect("setpriv runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{name}: {output:?}");
    };
    be_nobody("foreign::child_may_not_even_read");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
    let before = fs::read(&path).expect("the file");
    be_nobody("foreign::child_may_read");
    assert_eq!(fs::read(&path).expect("the file"), before);
    // Who may write it uses it, whoever made it.
    fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("it is ours");
    be_nobody("foreign::child_may_write");
}

fn is_refused_by_the_system(error: &OpenError) -> bool {
    matches!(error.why(), Why::System(error) if error.kind() == std::io::ErrorKind::PermissionDenied)
}

#[test]
#[ignore = "is run by who_may_only_read_looks_and_changes_nothing"]
fn child_may_not_even_read() {
    let Some(folder) = child::folder() else { return };
    let path = folder.join("jobs.fb");
    assert!(is_refused_by_the_system(&Buffer::open(&path).expect_err("it is not ours")));
    assert!(is_refused_by_the_system(&Inspection::open(&path).expect_err("it is not ours")));
    let other = Settings::new(5).create(folder.join("other.fb")).expect_err("no place of ours");
    assert!(is_refused_by_the_system(&other), "{other}");
}

#[test]
#[ignore = "is run by who_may_only_read_looks_and_changes_nothing"]
fn child_may_read() {
    let Some(folder) = child::folder() else { return };
    let path = folder.join("jobs.fb");
    assert!(is_refused_by_the_system(&Buffer::open(&path).expect_err("it is not ours")));
    let inspection = Inspection::open(&path).expect("it may be read");
    assert_eq!(inspection.statistics().waiting, 1);
    assert_eq!((inspection.fault(), inspection.leases().len()), (None, 0));
    assert!(inspection.oldest().is_some() && inspection.dead_letters().expect("none").is_empty());
    // A lock that a reader can place fakes no life and stops nobody: see `life.rs`.
}

#[test]
#[ignore = "is run by who_may_only_read_looks_and_changes_nothing"]
fn child_may_write() {
    let Some(folder) = child::folder() else { return };
    let buffer = Buffer::open(folder.join("jobs.fb")).expect("it may be written");
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("a consumer");
    assert_eq!(consumer.try_take().expect("an item"), b"secret");
}

#[test]
fn nobody_needs_more_than_a_bounded_part_of_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("n".repeat(300));
    for error in [
        Buffer::open(&path).expect_err("too long"),
        Settings::new(5).create(&path).expect_err("too long"),
    ] {
        assert!(matches!(error.why(), Why::System(_)), "{error}");
    }
    let unfit = Settings::new(0).create(folder.path().join("a")).expect_err("no capacity");
    assert!(matches!(unfit.why(), Why::Settings(_)), "{unfit}");
}
