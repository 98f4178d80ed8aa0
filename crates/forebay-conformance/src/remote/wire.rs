//! How words go over the line between two processes of one test: both ends are of the same build, so
//! that the bytes need no version, and a word that makes no sense is a bug in the test itself.

use std::time::{Duration, Instant};

use forebay_contract::{
    Batch, DeadLetter, Death, Fault, JoinError, LeaseError, Outcome, Overflow, Patience, PutError,
    PutManyError, Refusal, Share, Statistics, TakeError,
};

use crate::{Item, Ledger, Plain, Settings};

/// What can be written as bytes and read again.
pub(super) trait Wire: Sized {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);

    /// Takes it from the front; `None` when these bytes do not say it.
    fn read(input: &mut &[u8]) -> Option<Self>;

    /// All of it.
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// From exactly these bytes.
    fn whole(mut input: &[u8]) -> Option<Self> {
        let value = Self::read(&mut input)?;
        input.is_empty().then_some(value)
    }
}

macro_rules! wire_numbers {
    ($($number:ty)*) => {
        $(impl Wire for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                let (number, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(Self::from_le_bytes(*number))
            }
        })*
    };
}

/// An enum, by a number for each variant; what a variant holds is named, or numbered where it has no
/// names.
macro_rules! wire_enum {
    ($name:ty: $($number:literal $variant:ident { $($field:tt: $value:ident),* })*) => {
        impl $crate::remote::wire::Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field: $value),* } => {
                        out.push($number);
                        $($crate::remote::wire::Wire::write($value, out);)*
                    })*
                    #[allow(unreachable_patterns)]
                    other => unreachable!("{other:?} has no number on the wire"),
                }
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                Some(match <u8 as $crate::remote::wire::Wire>::read(input)? {
                    $($number => Self::$variant {
                        $($field: $crate::remote::wire::Wire::read(input)?),*
                    },)*
                    _ => return None,
                })
            }
        }
    };
}

/// A struct, field by field, from its default.
macro_rules! wire_fields {
    ($name:ty: $($field:ident)*) => {
        impl Wire for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                let mut value = Self::default();
                $(value.$field = Wire::read(input)?;)*
                Some(value)
            }
        }
    };
}

pub(super) use wire_enum;

wire_numbers! { u8 u32 i32 u64 }

impl Wire for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(u8::read(input)? == 1)
    }
}

impl Wire for usize {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u64).write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        u64::read(input)?.try_into().ok()
    }
}

impl Wire for Duration {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_secs().write(out);
        self.subsec_nanos().write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(Self::new(u64::read(input)?, u32::read(input)?))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        for one in self {
            one.write(out);
        }
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let count = usize::read(input)?;
        (0..count).map(|_| T::read(input)).collect()
    }
}

impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_bytes().to_vec().write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::read(input)?).ok()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(one) = self {
            one.write(out);
        }
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(if bool::read(input)? { Some(T::read(input)?) } else { None })
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_ok().write(out);
        match self {
            Ok(value) => value.write(out),
            Err(error) => error.write(out),
        }
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(if bool::read(input)? { Ok(T::read(input)?) } else { Err(E::read(input)?) })
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some((A::read(input)?, B::read(input)?))
    }
}

impl Wire for Plain {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.encode());
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let (item, rest) = input.split_at_checked(16)?;
        *input = rest;
        Self::decode(item)
    }
}

/// A deadline goes as the time that is left: the other process has it a moment later.
impl Wire for Patience {
    fn write(&self, out: &mut Vec<u8>) {
        let left = match self {
            Self::Try => Ok(false),
            Self::Forever => Ok(true),
            Self::Until(deadline) => Err(deadline.saturating_duration_since(Instant::now())),
        };
        left.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(match Result::<bool, Duration>::read(input)? {
            Ok(false) => Self::Try,
            Ok(true) => Self::Forever,
            Err(left) => Self::lasting(left),
        })
    }
}

wire_enum! { Fault:
    0 Stalled { holder: holder, since: since }
    1 Poisoned {}
    2 Damaged {}
    3 Truncated {}
    4 Deleted {}
    5 Forked {}
    6 Crowded {}
    7 DeadRoom {}
    8 Codec {}
    9 System { 0: number }
    10 Unreachable {}
    11 Unanswered {}
    12 Gone {}
    13 OutOfMemory {}
    14 Denied {}
    15 Refused {}
}

wire_enum! { Refusal:
    0 Full {}
    1 TimedOut {}
    2 Closed {}
    3 Abandoned {}
    4 TooHeavy {}
    5 Unable { 0: fault }
}

wire_enum! { TakeError:
    0 Empty {}
    1 LeaseLimit {}
    2 TimedOut {}
    3 Closed {}
    4 Unable { 0: fault }
}

wire_enum! { LeaseError:
    0 Expired {}
    1 NotHeld {}
    2 Unable { 0: fault }
}

wire_enum! { JoinError:
    0 TimedOut {}
    1 Unable { 0: fault }
}

wire_enum! { Outcome:
    0 Placed {}
    1 DroppedOldest { 0: dropped }
    2 DroppedThis {}
}

wire_enum! { Overflow:
    0 Wait {}
    1 WaitFor { 0: time }
    2 Refuse {}
    3 DropOldest {}
    4 DropThis {}
}

wire_enum! { Death:
    0 Failures { 0: reason }
    1 Deliveries {}
    2 Rejected { 0: reason }
}

wire_fields! { Batch: placed dropped_oldest dropped_these }

wire_fields! { Share: consumer items waited }

wire_fields! { Statistics:
    name capacity weight_capacity weight produced finished waiting leased dead reserved dropped
    high_water closed producers consumers producers_waiting consumers_waiting producer_wait
    consumer_wait shares departed
}

impl Wire for PutError<Plain> {
    fn write(&self, out: &mut Vec<u8>) {
        self.item.write(out);
        self.refusal.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(Self { item: Wire::read(input)?, refusal: Wire::read(input)? })
    }
}

impl Wire for PutManyError<Plain> {
    fn write(&self, out: &mut Vec<u8>) {
        self.rest.write(out);
        self.refusal.write(out);
        self.done.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let (rest, refusal) = (Wire::read(input)?, Wire::read(input)?);
        Some(Self { rest, refusal, done: Wire::read(input)? })
    }
}

impl Wire for DeadLetter<Plain> {
    fn write(&self, out: &mut Vec<u8>) {
        self.item.write(out);
        self.death.write(out);
        self.deliveries.write(out);
        self.failures.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let (item, death) = (Wire::read(input)?, Wire::read(input)?);
        let (deliveries, failures) = (Wire::read(input)?, Wire::read(input)?);
        Some(Self { item, death, deliveries, failures })
    }
}

impl Wire for Settings {
    fn write(&self, out: &mut Vec<u8>) {
        self.capacity.write(out);
        self.weight_capacity.write(out);
        self.max_leased.write(out);
        self.max_failures.write(out);
        self.max_deliveries.write(out);
        self.lease_time.write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let mut settings = Self::new(Wire::read(input)?);
        settings.weight_capacity = Wire::read(input)?;
        settings.max_leased = Wire::read(input)?;
        settings.max_failures = Wire::read(input)?;
        settings.max_deliveries = Wire::read(input)?;
        settings.lease_time = Wire::read(input)?;
        Some(settings)
    }
}

/// The same item once more, not counted: what is handed back when the process that had it is gone.
pub(super) fn copy(item: &Plain) -> Plain {
    Plain::decode(&item.encode()).unwrap_or_else(|| Plain::new(item.id(), &Ledger::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back<T: Wire + PartialEq + std::fmt::Debug>(value: T) {
        assert_eq!(T::whole(&value.bytes()), Some(value));
    }

    #[test]
    fn words_come_back_as_they_went() {
        comes_back(Result::<Outcome, Refusal>::Ok(Outcome::DroppedOldest(u64::MAX)));
        let since = Duration::new(3, 999_999_999);
        comes_back(Refusal::Unable(Fault::Stalled { holder: 7, since }));
        comes_back(TakeError::Unable(Fault::System(-1)));
        comes_back(vec![Some("é".to_owned()), None, Some(String::new())]);
        comes_back(Death::Failures("no".to_owned()));
        comes_back(Settings::new(3).max_failures(2).lease_time(since));
        let mut s = Statistics::default();
        (s.capacity, s.closed, s.departed) = (Some(usize::MAX), true, 9);
        s.shares = vec![Share::default(); 3];
        comes_back(s);
        comes_back(Patience::Try);
        comes_back(Patience::Forever);
    }

    #[test]
    fn a_deadline_comes_no_earlier() {
        let deadline = Instant::now() + Duration::from_mins(1);
        let come = Patience::whole(&Patience::Until(deadline).bytes());
        assert!(matches!(come, Some(Patience::Until(there)) if there >= deadline));
    }

    #[test]
    fn what_was_cut_short_is_no_word() {
        let bytes = vec![1_u64, 2].bytes();
        for end in 0..bytes.len() {
            assert_eq!(Vec::<u64>::whole(&bytes[..end]), None);
        }
        assert_eq!(Vec::<u64>::whole(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Refusal::whole(&[250]), None);
    }
}
