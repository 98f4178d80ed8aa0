//! One source of items: standard input, files, or arguments, one after another.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::vec;

use rustix::stdio;

use crate::run::intake::delimiter::Delimiter;
use crate::run::intake::upstream::Upstream;

/// The longest item that is read: far more than any argument may hold, so that such an item still
/// gets its own message, and far less than memory, so that endless input without a delimiter ends.
pub(crate) const LONGEST: usize = 64 << 20;

/// How items are told apart, and which are left out.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) delimiter: Delimiter,
    /// An item that ends its source, and is none itself.
    pub(crate) end: Option<OsString>,
    /// Leave out items of nothing but white space.
    pub(crate) skip_blank: bool,
}

impl Format {
    fn ends(&self, item: &OsStr) -> bool {
        self.end.as_deref() == Some(item)
    }
}

/// Whether there is nothing but white space in it.
pub(crate) fn is_blank(item: &OsStr) -> bool {
    item.as_bytes().iter().all(u8::is_ascii_whitespace)
}

/// One place that items come from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// `ended`: all was read. A terminal would give more.
    File {
        name: String,
        reader: BufReader<File>,
        ended: bool,
    },
    Arguments(vec::IntoIter<OsString>),
}

impl Origin {
    /// A file, or standard input, which is called `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let (name, file) = open(path)?;
        Ok(Self::file(name, file))
    }

    pub(crate) fn file(name: String, file: File) -> Self {
        Self::File { name, reader: BufReader::with_capacity(1 << 16, file), ended: false }
    }

    pub(crate) fn arguments(list: Vec<OsString>) -> Self {
        Self::Arguments(list.into_iter())
    }
}

/// Opens a file that items are read from, and tells its name for people.
pub(crate) fn open(path: &Path) -> Result<(String, File), String> {
    let (name, file) = if path.as_os_str() == "-" {
        // Unbuffered by the standard library, so that nothing is read twice or kept elsewhere.
        let file = stdio::stdin().try_clone_to_owned().map(File::from);
        ("standard input".to_owned(), file)
    } else {
        (path.display().to_string(), File::open(path))
    };
    match file {
        Ok(file) => Ok((name, file)),
        Err(error) => Err(format!("cannot open {name} to read items: {error}")),
    }
}

/// Places that items come from, one after another.
#[derive(Debug)]
pub(crate) struct Origins {
    waiting: vec::IntoIter<Origin>,
    current: Option<Origin>,
}

impl Origins {
    pub(crate) fn new(origins: Vec<Origin>) -> Self {
        Self { waiting: origins.into_iter(), current: None }
    }

    /// Whether all items are there already, as arguments.
    pub(crate) fn is_list(&self) -> bool {
        let mut origins = self.current.iter().chain(self.waiting.as_slice());
        origins.all(|origin| matches!(origin, Origin::Arguments(_)))
    }

    /// What is to be seen of the place that the next item comes from.
    pub(crate) fn upstream(&self) -> Upstream {
        match &self.current {
            Some(Origin::File { reader, .. }) => Upstream::of(reader.get_ref()),
            Some(Origin::Arguments(_)) | None => Upstream::StandsStill,
        }
    }

    /// The next item, blank or not. An error names the file, and ends that file only.
    pub(crate) fn next(&mut self, format: &Format) -> Option<Result<OsString, String>> {
        loop {
            if self.current.is_none() {
                self.current = Some(self.waiting.next()?);
            }
            let item = match self.current.as_mut()? {
                Origin::Arguments(arguments) => arguments.next(),
                Origin::File { ended: true, .. } => None,
                Origin::File { name, reader, ended } => {
                    match read_item(reader, format.delimiter.bytes(), ended) {
                        Ok(item) => item,
                        Err(error) => {
                            let message = format!("cannot read items from {name}: {error}");
                            self.current = None;
                            return Some(Err(message));
                        }
                    }
                }
            };
            match item {
                None => self.current = None,
                Some(item) if format.ends(&item) => {
                    self.end();
                    return None;
                }
                Some(item) => return Some(Ok(item)),
            }
        }
    }

    fn end(&mut self) {
        self.current = None;
        self.waiting = Vec::new().into_iter();
    }

    /// How many items there will be, if that can be known without waiting for them: the arguments,
    /// and regular files, which are read once more for it.
    pub(crate) fn count(&self, format: &Format) -> Option<u64> {
        let mut count = 0;
        for origin in self.current.iter().chain(self.waiting.as_slice()) {
            let mut ended = false;
            // Says whether to go on.
            let mut see = |item: &OsStr| {
                ended = format.ends(item);
                count += u64::from(!(ended || format.skip_blank && is_blank(item)));
                !ended
            };
            match origin {
                Origin::Arguments(arguments) => {
                    arguments.as_slice().iter().all(|item| see(item));
                }
                Origin::File { reader, .. } => {
                    look_at_file(reader.get_ref(), &format.delimiter, see)?;
                }
            }
            if ended {
                break;
            }
        }
        Some(count)
    }
}

/// Shows each item of a regular file, from where the file stands, without moving it.
fn look_at_file(
    file: &File,
    delimiter: &Delimiter,
    mut see: impl FnMut(&OsStr) -> bool,
) -> Option<()> {
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    // It may be shared.
    let start = rustix::fs::seek(file, rustix::fs::SeekFrom::Current(0)).ok()?;
    let mut reader = BufReader::with_capacity(1 << 16, FromOffset { file, offset: start });
    let mut ended = false;
    while !ended && let Some(item) = read_item(&mut reader, delimiter.bytes(), &mut ended).ok()? {
        if !see(&item) {
            break;
        }
    }
    Some(())
}

/// Reads one item, without its delimiter; the last one may have none. Tells when the file has ended.
pub(crate) fn read_item(
    reader: &mut impl BufRead,
    delimiter: &[u8],
    ended: &mut bool,
) -> io::Result<Option<OsString>> {
    let Some(&last) = delimiter.last() else { return Ok(None) };
    let mut item = Vec::new();
    loop {
        let room = (LONGEST + 1 - item.len()) as u64;
        reader.by_ref().take(room).read_until(last, &mut item)?;
        if item.ends_with(delimiter) {
            item.truncate(item.len() - delimiter.len());
            break;
        }
        if item.len() > LONGEST {
            return Err(io::Error::other(format!(
                "an item longer than {} MiB; is the delimiter the right one?",
                LONGEST >> 20
            )));
        }
        if item.last() != Some(&last) {
            *ended = true;
            if item.is_empty() {
                return Ok(None);
            }
            break;
        }
    }
    item.shrink_to_fit();
    Ok(Some(OsString::from_vec(item)))
}

/// A file from an offset on, read without moving the file's own.
struct FromOffset<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for FromOffset<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(input: &[u8], delimiter: &str) -> Vec<OsString> {
        let delimiter = Delimiter::parse("-d", OsStr::new(delimiter)).unwrap();
        let mut reader = BufReader::with_capacity(3, input);
        let mut items = Vec::new();
        let mut ended = false;
        while let Some(item) = read_item(&mut reader, delimiter.bytes(), &mut ended).unwrap() {
            items.push(item);
        }
        items
    }

    #[test]
    fn items_end_with_the_delimiter_or_the_input() {
        assert_eq!(items(b"a\n\nb", "\\n"), ["a", "", "b"]);
        assert_eq!(items(b"a\0b\nc\0", "\\0"), ["a", "b\nc"]);
        assert_eq!(items(b"a, b,, c", ", "), ["a", "b,", "c"]);
        assert_eq!(items(b"", "\\x2c"), [""; 0]);
    }
}
