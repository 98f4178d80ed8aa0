//! The checks, one file for each clause; a second file where a clause has two sides.
//!
//! A check is a function whose name begins with its clause. It builds what it needs, and panics
//! with a message that begins with the clause it found broken.

pub mod accounting;
pub mod bad_input;
pub mod batch;
pub mod bound;
pub mod cancel;
pub mod close;
pub mod drop_oldest;
pub mod expiry;
pub mod fairness;
pub mod join;
pub mod killed;
pub mod linear;
pub mod nothing_lost;
pub mod nothing_twice;
pub mod order;
pub mod overflow;
pub mod permit;
pub mod put_many;
pub mod take_many;
pub mod waiting;
pub mod weight;
