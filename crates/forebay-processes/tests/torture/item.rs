//! Items that show whether a byte of them was changed: what is in one follows from its name.

use fastrand::Rng;
use forebay_processes::Bytes;

/// The item of this name, with so many bytes, or a few more for the name.
pub(crate) fn make(name: &str, len: usize) -> Bytes {
    let mut bytes = format!("{name}:{len}\n").into_bytes();
    let mut rng = Rng::with_seed(
        name.bytes()
            .fold(len as u64, |seed, byte| seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)),
    );
    while bytes.len() + 8 <= len {
        bytes.extend(rng.u64(..).to_le_bytes());
    }
    bytes.resize(bytes.len().max(len), b'.');
    Bytes::from(bytes)
}

/// The name of an item, if it is whole.
pub(crate) fn name(bytes: &[u8]) -> Result<String, String> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("it has no name")?;
    let head = str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
    let (name, len) = head.split_once(':').ok_or("its name has no length")?;
    let len = len.parse().map_err(|_| format!("its length is {len}"))?;
    if *make(name, len) == *bytes {
        Ok(name.to_owned())
    } else {
        Err(format!("{name} of {len} bytes was changed"))
    }
}
