//! Where items come from: standard input, files, or the arguments after `:::`, one after another.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::vec;

use rustix::stdio;

use super::upstream::Upstream;

/// What ends an item.
#[derive(Debug, Clone)]
pub(crate) struct Delimiter(Vec<u8>);

impl Delimiter {
    pub(crate) fn byte(byte: u8) -> Self {
        Self(vec![byte])
    }

    /// Reads `-d`'s argument.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("-d {}: {why}", text.display()));
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [byte, after @ ..] = rest {
            rest = after;
            if *byte != b'\\' {
                bytes.push(*byte);
                continue;
            }
            let (byte, after) = match rest {
                [b'n', after @ ..] => (b'\n', after),
                [b't', after @ ..] => (b'\t', after),
                [b'r', after @ ..] => (b'\r', after),
                [b'0', after @ ..] => (0, after),
                [b'\\', after @ ..] => (b'\\', after),
                [b'x', high, low, after @ ..]
                    if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
                {
                    let digit = |hex: u8| (hex as char).to_digit(16).unwrap_or(0) as u8;
                    (digit(*high) * 16 + digit(*low), after)
                }
                _ => return refuse(r"after a backslash comes n, t, r, 0, \ or xHH"),
            };
            bytes.push(byte);
            rest = after;
        }
        if bytes.is_empty() {
            return refuse("the delimiter is empty");
        }
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The longest item that is read: far more than any argument may hold, so that such an item still
/// gets its own message, and far less than memory, so that endless input without a delimiter ends.
const LONGEST: usize = 64 << 20;

/// One place that items come from.
#[derive(Debug)]
enum Origin {
    File { name: String, reader: BufReader<File> },
    Arguments(vec::IntoIter<OsString>),
}

/// All items of a run, in order.
#[derive(Debug)]
pub(crate) struct Source {
    origins: vec::IntoIter<Origin>,
    current: Option<Origin>,
    delimiter: Delimiter,
    skip_blank: bool,
}

impl Source {
    /// Opens everything, so that a file that is missing is told before anything runs.
    pub(crate) fn open(
        files: &[PathBuf],
        arguments: Option<Vec<OsString>>,
        delimiter: Delimiter,
        skip_blank: bool,
    ) -> Result<Self, String> {
        let mut origins = Vec::new();
        for path in files {
            origins.push(open(path)?);
        }
        if origins.is_empty() && arguments.is_none() {
            origins.push(open(Path::new("-"))?);
        }
        origins.extend(arguments.map(|arguments| Origin::Arguments(arguments.into_iter())));
        Ok(Self { origins: origins.into_iter(), current: None, delimiter, skip_blank })
    }

    /// What a producer's command writes.
    pub(crate) fn of_command(
        name: String,
        output: File,
        delimiter: Delimiter,
        skip_blank: bool,
    ) -> Self {
        let reader = BufReader::with_capacity(1 << 16, output);
        let origins = vec![Origin::File { name, reader }].into_iter();
        Self { origins, current: None, delimiter, skip_blank }
    }

    /// Whether all items are there already, as arguments.
    pub(crate) fn is_list(&self) -> bool {
        self.origins.as_slice().iter().all(|origin| matches!(origin, Origin::Arguments(_)))
    }

    /// How many items there will be, if that can be known without waiting for them: the arguments,
    /// and regular files, which are read once more for it.
    pub(crate) fn count(&self) -> Option<u64> {
        let mut count = 0;
        for origin in self.current.iter().chain(self.origins.as_slice()) {
            count += match origin {
                Origin::Arguments(arguments) => {
                    arguments.as_slice().iter().filter(|item| !self.is_skipped(item)).count() as u64
                }
                Origin::File { reader, .. } => self.count_file(reader.get_ref())?,
            };
        }
        Some(count)
    }

    fn count_file(&self, file: &File) -> Option<u64> {
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        // From where the file stands now, without moving it: it may be shared.
        let start = rustix::fs::seek(file, rustix::fs::SeekFrom::Current(0)).ok()?;
        let mut reader = BufReader::with_capacity(1 << 16, FromOffset { file, offset: start });
        let mut count = 0;
        while let Some(item) = read_item(&mut reader, &self.delimiter.0).ok()? {
            count += u64::from(!self.is_skipped(&item));
        }
        Some(count)
    }

    /// What is to be seen of the place that the next item comes from.
    pub(crate) fn upstream(&self) -> Upstream {
        match &self.current {
            Some(Origin::File { reader, .. }) => Upstream::of(reader.get_ref()),
            Some(Origin::Arguments(_)) | None => Upstream::StandsStill,
        }
    }

    fn is_skipped(&self, item: &OsStr) -> bool {
        self.skip_blank && item.as_bytes().iter().all(u8::is_ascii_whitespace)
    }

    /// The next item. An error names the file, and ends that file only.
    pub(crate) fn next(&mut self) -> Option<Result<OsString, String>> {
        loop {
            if self.current.is_none() {
                self.current = Some(self.origins.next()?);
            }
            let item = match self.current.as_mut()? {
                Origin::Arguments(arguments) => arguments.next(),
                Origin::File { name, reader } => match read_item(reader, &self.delimiter.0) {
                    Ok(item) => item,
                    Err(error) => {
                        let message = format!("cannot read items from {name}: {error}");
                        self.current = None;
                        return Some(Err(message));
                    }
                },
            };
            match item {
                None => self.current = None,
                Some(item) if self.is_skipped(&item) => {}
                Some(item) => return Some(Ok(item)),
            }
        }
    }
}

fn open(path: &Path) -> Result<Origin, String> {
    let (name, file) = if path.as_os_str() == "-" {
        // Unbuffered by the standard library, so that nothing is read twice or kept elsewhere.
        let file = stdio::stdin().try_clone_to_owned().map(File::from);
        ("standard input".to_owned(), file)
    } else {
        (path.display().to_string(), File::open(path))
    };
    match file {
        Ok(file) => Ok(Origin::File { name, reader: BufReader::with_capacity(1 << 16, file) }),
        Err(error) => Err(format!("cannot open {name} to read items: {error}")),
    }
}

/// Reads one item, without its delimiter; the last one may have none.
fn read_item(reader: &mut impl BufRead, delimiter: &[u8]) -> io::Result<Option<OsString>> {
    let Some(&last) = delimiter.last() else { return Ok(None) };
    let mut item = Vec::new();
    loop {
        let room = (LONGEST + 1 - item.len()) as u64;
        let read = reader.by_ref().take(room).read_until(last, &mut item)?;
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
        if read == 0 {
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
        let delimiter = Delimiter::parse(OsStr::new(delimiter)).unwrap();
        let mut reader = BufReader::with_capacity(3, input);
        let mut items = Vec::new();
        while let Some(item) = read_item(&mut reader, &delimiter.0).unwrap() {
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

    #[test]
    fn wrong_delimiters_are_refused() {
        for wrong in ["", "\\", "\\q", "\\x1", "\\xgg"] {
            assert!(Delimiter::parse(OsStr::new(wrong)).is_err(), "{wrong:?}");
        }
    }
}
