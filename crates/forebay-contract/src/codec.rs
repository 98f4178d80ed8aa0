//! How items become bytes, and bytes items: the user's choice.

use std::fmt;

use crate::Bytes;

/// Why an item could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecError(pub String);

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}

/// Turns items of type `T` into bytes and back.
///
/// Producers and consumers of a buffer have to use codecs that understand each other: the buffer does not know.
pub trait Codec<T>: Clone + Send + Sync + 'static {
    /// The item's bytes; in `scratch`, which is empty, unless the item has them itself.
    fn encode<'a>(&self, item: &'a T, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], CodecError>;

    /// The item of these bytes. Bytes of which none can be made become a dead letter, with this error as its
    /// reason.
    fn decode(&self, bytes: Bytes) -> Result<T, CodecError>;

    /// What the item weighs, where weight is bounded (C1): its length in bytes.
    fn weight(&self, _item: &T, bytes: &[u8]) -> u64 {
        bytes.len() as u64
    }
}

/// Items that are bytes already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raw;

impl Codec<Bytes> for Raw {
    fn encode<'a>(&self, item: &'a Bytes, _: &'a mut Vec<u8>) -> Result<&'a [u8], CodecError> {
        Ok(item)
    }

    fn decode(&self, bytes: Bytes) -> Result<Bytes, CodecError> {
        Ok(bytes)
    }
}

impl Codec<Vec<u8>> for Raw {
    fn encode<'a>(&self, item: &'a Vec<u8>, _: &'a mut Vec<u8>) -> Result<&'a [u8], CodecError> {
        Ok(item)
    }

    fn decode(&self, bytes: Bytes) -> Result<Vec<u8>, CodecError> {
        Ok(bytes.into_vec())
    }
}

/// Items that are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text;

impl Codec<String> for Text {
    fn encode<'a>(&self, item: &'a String, _: &'a mut Vec<u8>) -> Result<&'a [u8], CodecError> {
        Ok(item.as_bytes())
    }

    fn decode(&self, bytes: Bytes) -> Result<String, CodecError> {
        String::from_utf8(bytes.into_vec()).map_err(|error| CodecError(error.to_string()))
    }
}

/// Items of any type that serde knows, as JSON.
#[cfg(feature = "json")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json;

#[cfg(feature = "json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> Codec<T> for Json {
    fn encode<'a>(&self, item: &'a T, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], CodecError> {
        serde_json::to_writer(&mut *scratch, item)
            .map_err(|error| CodecError(error.to_string()))?;
        Ok(scratch)
    }

    fn decode(&self, bytes: Bytes) -> Result<T, CodecError> {
        serde_json::from_slice(&bytes).map_err(|error| CodecError(error.to_string()))
    }
}
