//! One cell of the grid: how many on each side, and how many items may wait.

use std::fmt;

/// A shape and a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
    pub(crate) capacity: usize,
}

const SHAPES: [(usize, usize); 5] = [(1, 1), (2, 1), (2, 2), (2, 3), (4, 4)];
const CAPACITIES: [usize; 4] = [1, 5, 64, 1024];

impl Cell {
    /// The whole grid, shape by shape.
    pub(crate) fn grid() -> impl Iterator<Item = Self> {
        SHAPES.into_iter().flat_map(|(producers, consumers)| {
            CAPACITIES.map(|capacity| Self { producers, consumers, capacity })
        })
    }

    /// Such as `2p3c`.
    pub(crate) fn shape(&self) -> String {
        format!("{}p{}c", self.producers, self.consumers)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} capacity {}", self.shape(), self.capacity)
    }
}
