//! Sets of small numbers, as words of bits.

/// Sets of small numbers, all of one size.
pub(super) type Bits = Box<[u64]>;

pub(super) fn no_bits(size: usize) -> Bits {
    vec![0; size.div_ceil(64).max(1)].into()
}

pub(super) fn has_bit(bits: &[u64], at: usize) -> bool {
    bits[at / 64] & (1 << (at % 64)) != 0
}

pub(super) fn set_bit(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

/// Adds what another set has; whether that was news.
pub(super) fn add_bits(into: &mut [u64], from: &[u64]) -> bool {
    let mut news = false;
    for (into, from) in into.iter_mut().zip(from) {
        news |= *from & !*into != 0;
        *into |= from;
    }
    news
}

pub(super) fn share_bits(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

pub(super) fn bits_of(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    (0..bits.len() * 64).filter(|at| has_bit(bits, *at))
}
