//! Watchers: what is wrong with a run although nothing failed in it.
//!
//! Each is an [`Observer`](crate::observer::Observer) that is shown a run from its beginning, keeps
//! what it finds, and tells it in sentences.

mod clock;
pub mod inversions;
pub mod races;
mod tokens;
pub mod wakeups;

pub use inversions::Inversions;
pub use races::Races;
pub use wakeups::Wakeups;

/// The place of that number, made if it is not there yet.
fn grown<T: Default>(places: &mut Vec<T>, index: usize) -> &mut T {
    if places.len() <= index {
        places.resize_with(index + 1, T::default);
    }
    &mut places[index]
}
