//! That no file which is written is used twice: the flag that opens it last would empty it, or write over what is
//! there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::standard;

/// A flag that names a file, and the file.
pub(crate) type Claim<'a> = (&'a str, &'a Path);

/// What tells files apart.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Of one that is there: its device and its number on it.
    File(u64, u64),
    /// Of one that is not there yet.
    Path(PathBuf),
}

/// Refuses a file that is written and also read, or written by two.
pub(crate) fn refuse_shared(read: &[Claim<'_>], written: &[Claim<'_>]) -> Result<(), String> {
    let known = |claims: &[Claim<'_>]| -> Vec<_> {
        claims
            .iter()
            .filter_map(|(flag, path)| Some(((*flag).to_owned(), identity(path)?)))
            .collect()
    };
    let mut seen = known(read);
    for (flag, path) in written {
        let Some(identity) = identity(path) else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, other)| *other == identity) {
            return Err(format!(
                "{other} and {flag} name the same file, {}: give each its own",
                path.display()
            ));
        }
        seen.push(((*flag).to_owned(), identity));
    }
    Ok(())
}

/// Standard streams, devices and pipes have none: they may have several readers and writers.
fn identity(path: &Path) -> Option<Identity> {
    if standard::stream(path).is_some() {
        return None;
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Some(Identity::File(metadata.dev(), metadata.ino())),
        Ok(_) => None,
        Err(_) => {
            let name = path.file_name()?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
            Some(Identity::Path(folder.join(name)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_under_two_names_is_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "").expect("written");
        fs::hard_link(path("a"), path("b")).expect("linked");
        fs::write(path("c"), "").expect("written");
        let two = |a: &Path, b: &Path| refuse_shared(&[], &[("--x", a), ("--z", b)]);
        let error = two(&path("a"), &path("b")).expect_err("one file");
        assert!(error.starts_with("--x and --z name the same file"), "{error}");
        assert!(two(&folder.path().join("./new"), &path("new")).is_err());
        assert!(refuse_shared(&[("--r", &path("a"))], &[("--x", &path("b"))]).is_err());
        // To read a file twice does no harm.
        assert_eq!(refuse_shared(&[("--r", &path("a")), ("--r", &path("b"))], &[]), Ok(()));
        assert_eq!(two(&path("a"), &path("c")), Ok(()));
        assert_eq!(two(&path("a"), &path("new")), Ok(()));
        for many in ["-", "/dev/null"] {
            assert_eq!(two(Path::new(many), Path::new(many)), Ok(()));
        }
    }
}
