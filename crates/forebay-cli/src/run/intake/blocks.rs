//! `--pipe`: the input in blocks, each of whole items and about as long as was asked for.
//!
//! A block is read to its full length, however slow the input is; it ends after the last delimiter in
//! it, and what is left over begins the next. An item that is longer makes its block longer. Each file
//! ends a block.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::vec;

use crate::run::intake::delimiter::Delimiter;
use crate::run::intake::origin::{LONGEST, open};
use crate::run::intake::upstream::Upstream;

/// The input, and where it is cut.
#[derive(Debug)]
pub(crate) struct Blocks {
    waiting: vec::IntoIter<(String, File)>,
    current: Option<(String, File)>,
    delimiter: Delimiter,
    /// Never 0.
    size: usize,
    /// What was read after the end of the last block.
    rest: Vec<u8>,
    awaits_terminal: bool,
}

impl Blocks {
    /// Opens all files, or standard input where there are none.
    pub(crate) fn open(
        files: &[PathBuf],
        delimiter: Delimiter,
        size: usize,
    ) -> Result<Self, String> {
        let awaits_terminal = files.is_empty() && io::stdin().is_terminal();
        let standard_input = [PathBuf::from("-")];
        let files = if files.is_empty() { &standard_input } else { files };
        let files: Result<Vec<_>, _> =
            files.iter().map(|path: &PathBuf| open(Path::new(path))).collect();
        let waiting = files?.into_iter();
        Ok(Self { waiting, current: None, delimiter, size, rest: Vec::new(), awaits_terminal })
    }

    /// Whether somebody has to type the input.
    pub(crate) fn awaits_terminal(&self) -> bool {
        self.awaits_terminal
    }

    pub(crate) fn delimiter(&self) -> &Delimiter {
        &self.delimiter
    }

    /// What is to be seen of the place that the next block comes from.
    pub(crate) fn upstream(&self) -> Upstream {
        self.current.as_ref().map_or(Upstream::StandsStill, |(_, file)| Upstream::of(file))
    }

    /// The next block, never empty. An error names the file, and ends that file only.
    pub(crate) fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        loop {
            if self.current.is_none() {
                self.current = Some(self.waiting.next()?);
            }
            let (name, file) = self.current.as_mut()?;
            let mut block = std::mem::take(&mut self.rest);
            match read_block(file, &mut block, &self.delimiter, self.size) {
                Ok(Some(end)) => {
                    self.rest = block.split_off(end);
                    return Some(Ok(block));
                }
                Ok(None) => {
                    self.current = None;
                    if !block.is_empty() {
                        return Some(Ok(block));
                    }
                }
                Err(error) => {
                    let message = format!("cannot read items from {name}: {error}");
                    self.current = None;
                    return Some(Err(message));
                }
            }
        }
    }
}

/// Reads on until a block is full, and says where it ends; `None` if the file has ended.
fn read_block(
    file: &mut impl Read,
    block: &mut Vec<u8>,
    delimiter: &Delimiter,
    size: usize,
) -> io::Result<Option<usize>> {
    let mut wanted = size;
    // Where no delimiter begins before.
    let mut seen = 0;
    loop {
        if block.len() < wanted {
            let missing = wanted - block.len();
            block.reserve(missing);
            if file.take(missing as u64).read_to_end(block)? < missing {
                return Ok(None);
            }
        }
        if let Some(end) = delimiter.last_end(block, seen) {
            return Ok(Some(end));
        }
        if block.len() > LONGEST.max(size) {
            return Err(io::Error::other(format!(
                "an item longer than {} MiB; is the delimiter the right one?",
                LONGEST.max(size) >> 20
            )));
        }
        seen = (block.len() + 1).saturating_sub(delimiter.bytes().len());
        wanted = block.len() + size.max(1 << 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(input: &[u8], delimiter: &str, size: usize) -> Vec<String> {
        let delimiter = Delimiter::parse("-d", delimiter.as_ref()).unwrap();
        let mut blocks = Vec::new();
        let (mut input, mut block) = (input, Vec::new());
        while let Some(end) = read_block(&mut input, &mut block, &delimiter, size).unwrap() {
            let rest = block.split_off(end);
            blocks.push(String::from_utf8(std::mem::replace(&mut block, rest)).unwrap());
        }
        blocks.push(String::from_utf8(block).unwrap());
        blocks
    }

    #[test]
    fn blocks_end_after_an_item() {
        assert_eq!(blocks(b"1\n2\n3\n4\n5", "\\n", 4), ["1\n2\n", "3\n4\n", "5"]);
        assert_eq!(blocks(b"1\n2\n3\n4\n5", "\\n", 5), ["1\n2\n", "3\n4\n", "5"]);
        assert_eq!(blocks(b"aa, b, cc", ", ", 5), ["aa, ", "b, ", "cc"]);
        assert_eq!(blocks(b"", "\\n", 5), [""]);
    }

    #[test]
    fn an_item_longer_than_a_block_stays_whole() {
        let long = format!("{}, ", "x".repeat(200_000));
        let input = long.clone() + &"b, ".repeat(50_000);
        let blocks = blocks(input.as_bytes(), ", ", 10);
        assert!(blocks[0].starts_with(&long) && blocks[0].len() < long.len() + (1 << 17));
        assert!(blocks[1..].iter().all(|block| block.len() <= 10));
        assert_eq!(blocks.concat(), input);
    }
}
