//! The bytes of an item.

use smallvec::SmallVec;

/// The bytes of an item: short ones without a place of their own in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Bytes(SmallVec<[u8; Bytes::SHORT]>);

impl Bytes {
    /// The most that are short.
    pub const SHORT: usize = 64;

    /// The first of these, at most [`SHORT`](Self::SHORT).
    pub fn short(bytes: [u8; Self::SHORT], len: usize) -> Self {
        Self(SmallVec::from_buf_and_len(bytes, len.min(Self::SHORT)))
    }

    /// Makes room for so many more.
    pub fn reserve_exact(&mut self, more: usize) {
        self.0.reserve_exact(more);
    }

    /// Adds some at the end.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Hands the bytes over.
    pub fn into_vec(self) -> Vec<u8> {
        self.0.into_vec()
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let is_short = bytes.len() <= Self::SHORT;
        Self(if is_short { SmallVec::from_slice(&bytes) } else { bytes.into() })
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}
