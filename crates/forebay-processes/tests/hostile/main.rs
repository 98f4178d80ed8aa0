//! Files that are no buffer, are damaged, or change under whoever has them open; and those who use the buffer as it was
//! not meant. Each comes to a clear error: never a panic, a hang, or a write to what is not ours.

mod bytes;
mod call;
mod child;
mod clock;
mod cut;
mod disk;
mod foreign;
mod fork;
mod limits;
mod names;
mod poison;
