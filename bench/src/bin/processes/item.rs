//! What is carried: a number, eight times over.

/// So many bytes is an item.
pub(crate) const BYTES: usize = 64;

/// An item.
pub(crate) type Item = [u8; BYTES];

/// The number of an item behind which no other comes: whoever takes it stops.
pub(crate) const LAST: u64 = u64::MAX;

/// The item with this number.
#[inline]
pub(crate) fn item(number: u64) -> Item {
    let mut item = [0; BYTES];
    for word in item.as_chunks_mut().0 {
        *word = number.to_le_bytes();
    }
    item
}

/// The number of an item; fails if it is not one that was put, whole.
#[inline]
pub(crate) fn number(bytes: &[u8]) -> Result<u64, String> {
    let torn = || format!("an item arrived in pieces: {bytes:?}");
    let (words, rest) = bytes.as_chunks::<8>();
    let (Some(first), Some(last), []) = (words.first(), words.last(), rest) else {
        return Err(torn());
    };
    if first != last || bytes.len() != BYTES {
        return Err(torn());
    }
    Ok(u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_keeps_its_number() {
        assert_eq!(number(&item(7)), Ok(7));
        assert!(number(&item(7)[..56]).is_err());
        let mut torn = item(7);
        torn[60] = 1;
        assert!(number(&torn).is_err());
    }
}
