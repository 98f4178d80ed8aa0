//! The first page: what the file is, and what it was made with. Written once, before the file has its
//! name, and never again.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::geometry::Geometry;
use crate::settings::{Durability, Settings};

/// Bytes of the header, its checksum included.
pub(crate) const LEN: usize = 192;
const MAGIC: [u8; 8] = *b"FOREBAY\n";
/// A change that older programs would misread.
pub(crate) const MAJOR: u16 = 1;
/// A change that older programs can do without.
pub(crate) const MINOR: u16 = 0;
/// Written as a number: another byte order reads another one.
const ORDER: u32 = 0x0102_0304;
const NO_LIMIT: u64 = u64::MAX;

/// What is wrong with a first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misread {
    /// Not a buffer.
    Foreign,
    /// Of another byte order.
    ByteOrder,
    /// Of a format that this program does not know.
    Version(u16, u16),
    /// With features that this program does not know.
    Features(u64),
    /// Damaged.
    Damaged,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) settings: Settings,
    pub(crate) geometry: Geometry,
    pub(crate) minor: u16,
}

impl Header {
    pub(crate) fn encode(settings: &Settings, geometry: &Geometry) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&MAJOR.to_le_bytes());
        bytes[10..12].copy_from_slice(&MINOR.to_le_bytes());
        bytes[12..16].copy_from_slice(&ORDER.to_ne_bytes());
        let lease_time = settings
            .lease_time
            .map_or(NO_LIMIT, |time| u64::try_from(time.as_nanos()).unwrap_or(NO_LIMIT - 1));
        let limit = |limit: Option<u32>| limit.map_or(NO_LIMIT, u64::from);
        let numbers = [
            0, // features
            settings.capacity,
            settings.capacity_bytes.unwrap_or(NO_LIMIT),
            settings.lease_limit(),
            settings.dead_limit(),
            limit(settings.max_failures),
            limit(settings.max_deliveries),
            lease_time,
            settings.durability as u64,
            u64::from(geometry.handles),
            u64::from(geometry.slots),
            u64::from(geometry.blocks),
            geometry.len,
        ];
        for (index, number) in numbers.into_iter().enumerate() {
            bytes[16 + index * 8..24 + index * 8].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = xxh3_64(&bytes[..LEN - 8]);
        bytes[LEN - 8..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; LEN]) -> Result<Self, Misread> {
        if bytes[..8] != MAGIC {
            return Err(Misread::Foreign);
        }
        let order = u32::from_ne_bytes(bytes[12..16].try_into().expect("four bytes"));
        if order != ORDER {
            return Err(if order == ORDER.swap_bytes() {
                Misread::ByteOrder
            } else {
                Misread::Damaged
            });
        }
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let (major, minor) = (half(8), half(10));
        if major != MAJOR {
            return Err(Misread::Version(major, minor));
        }
        let number = |at: usize| {
            let at = 16 + at * 8;
            u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
        };
        let checksum = u64::from_le_bytes(bytes[LEN - 8..].try_into().expect("eight bytes"));
        if xxh3_64(&bytes[..LEN - 8]) != checksum {
            return Err(Misread::Damaged);
        }
        if number(0) != 0 {
            return Err(Misread::Features(number(0)));
        }
        let told = |number: u64| (number != NO_LIMIT).then_some(number);
        let narrow = |number: u64| u32::try_from(number).map_err(|_| Misread::Damaged);
        let limit = |number: u64| told(number).map(narrow).transpose();
        let settings = Settings {
            capacity: number(1),
            capacity_bytes: told(number(2)),
            storage: None,
            max_leased: Some(number(3)),
            dead_room: Some(number(4)),
            max_failures: limit(number(5))?,
            max_deliveries: limit(number(6))?,
            lease_time: told(number(7)).map(Duration::from_nanos),
            durability: match number(8) {
                0 => Durability::Process,
                1 => Durability::Power,
                _ => return Err(Misread::Damaged),
            },
            participants: narrow(number(9))?,
            mode: 0,
        };
        let (slots, blocks) = (narrow(number(10))?, narrow(number(11))?);
        // Whoever wrote a checksum over nonsense is refused as well.
        let fits = settings.geometry().is_ok_and(|geometry| geometry.slots == slots);
        if !fits || blocks == u32::MAX {
            return Err(Misread::Damaged);
        }
        let geometry = Geometry::new(settings.participants, slots, blocks);
        if geometry.len != number(12) {
            return Err(Misread::Damaged);
        }
        Ok(Self { settings, geometry, minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> [u8; LEN] {
        let settings = Settings::new(5).capacity_bytes(1000).lease_time(Duration::from_secs(3));
        Header::encode(&settings, &settings.geometry().expect("these settings fit"))
    }

    #[test]
    fn what_is_written_is_read() {
        let header = Header::decode(&sample()).expect("our own header");
        assert_eq!(header.settings.capacity, 5);
        assert_eq!(header.settings.capacity_bytes, Some(1000));
        assert_eq!(header.settings.lease_time, Some(Duration::from_secs(3)));
        assert_eq!(header.settings.max_failures, None);
        assert_eq!(header.settings.lease_limit(), 64);
    }

    #[test]
    fn every_changed_byte_is_seen() {
        for index in 0..LEN {
            let mut bytes = sample();
            bytes[index] ^= 0x10;
            assert!(Header::decode(&bytes).is_err(), "byte {index}");
        }
    }

    #[test]
    fn each_refusal_says_what_it_is() {
        let mut bytes = sample();
        bytes[8] = 9;
        assert_eq!(Header::decode(&bytes), Err(Misread::Version(9, 0)));
        let mut bytes = sample();
        bytes[12..16].reverse();
        assert_eq!(Header::decode(&bytes), Err(Misread::ByteOrder));
        assert_eq!(Header::decode(&[b'a'; LEN]), Err(Misread::Foreign));
    }
}
