//! What the buffer carries: one item, or the group of items that one command gets.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use forebay::Lease;

use super::arguments::Arguments;
use super::outlet::escape;
use super::shared::duty::Duty;

/// The arguments of one command, and its numbers.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// `{#}`: from 1, in the order of the input. Items that `--resume` leaves out are counted. Of what came
    /// out of a shared buffer it is the position there.
    pub(crate) seq: u64,
    /// From 0, without gaps, in the order put. Output is kept in this order.
    pub(crate) place: u64,
    pub(crate) args: Arguments,
    /// Where it came out of a shared buffer: what is owed there.
    pub(crate) duty: Option<Arc<Duty>>,
}

impl Item {
    /// What is put into the command of a process that is no item's.
    pub(crate) const NONE: Self = Self { seq: 0, place: 0, args: Arguments::NONE, duty: None };

    /// Its bytes, which `--weight` bounds.
    pub(crate) fn weight(&self) -> u64 {
        self.args.iter().map(|arg| arg.len() as u64).sum()
    }

    /// How often the item has failed.
    pub(crate) fn failures(lease: &Lease<Self>) -> u32 {
        lease.duty.as_ref().map_or_else(|| lease.failures(), |duty| duty.failures())
    }

    /// How often it was leased, this time included.
    pub(crate) fn deliveries(lease: &Lease<Self>) -> u32 {
        // In memory it is leased again where a consumer gave it back before it began.
        lease.duty.as_ref().map_or(0, |duty| duty.deliveries() - 1) + lease.deliveries()
    }

    /// Nothing works on it any more.
    pub(crate) fn end_duty(&self) {
        if let Some(duty) = &self.duty {
            duty.end();
        }
    }

    /// The item in a message: on one line, without loss up to a length that one can read.
    pub(crate) fn label(&self) -> String {
        const LONGEST: usize = 60;
        if self.args.input().is_some() {
            return self.args[0].to_string_lossy().into_owned();
        }
        let mut label = String::new();
        for (index, arg) in self.args.iter().enumerate() {
            if index > 0 {
                label.push(' ');
            }
            label.push_str(&shown(arg, LONGEST));
            if label.len() > 2 * LONGEST && index + 1 < self.args.len() {
                let _ = write!(label, " and {} more", self.args.len() - index - 1);
                break;
            }
        }
        label
    }
}

/// An argument in quotes, escaped, cut after about `longest` characters.
pub(crate) fn shown(arg: &OsStr, longest: usize) -> String {
    let bytes = arg.as_bytes();
    let escaped = escape::escaped(&bytes[..bytes.len().min(longest)]);
    if bytes.len() > longest {
        format!("'{escaped}'... ({} bytes)", bytes.len())
    } else {
        format!("'{escaped}'")
    }
}
