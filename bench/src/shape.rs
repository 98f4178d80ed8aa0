//! How many stand on each side of a buffer, and how many items may wait in it.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use clap::Args;

/// Producers and consumers, at least one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many put.
    pub producers: usize,
    /// How many take.
    pub consumers: usize,
}

impl Shape {
    /// One of each.
    pub const PAIR: Self = Self { producers: 1, consumers: 1 };
}

/// Every shape with every capacity, or those that are asked for.
#[derive(Debug, Args)]
pub struct Grid {
    /// Only this shape, such as 2p3c
    #[arg(long)]
    shape: Option<Shape>,
    /// Only this capacity
    #[arg(long)]
    capacity: Option<NonZeroUsize>,
}

impl Grid {
    const SHAPES: [Shape; 5] = [
        Shape::PAIR,
        Shape { producers: 2, consumers: 1 },
        Shape { producers: 2, consumers: 2 },
        Shape { producers: 2, consumers: 3 },
        Shape { producers: 4, consumers: 4 },
    ];
    const CAPACITIES: [usize; 4] = [1, 5, 64, 1024];

    /// Shape by shape.
    pub fn cells(&self) -> Vec<(Shape, usize)> {
        self.cells_of(&Self::CAPACITIES)
    }

    /// With these capacities, unless another one is asked for.
    pub fn cells_of(&self, capacities: &[usize]) -> Vec<(Shape, usize)> {
        let shapes = self.shape.map_or(Self::SHAPES.to_vec(), |shape| vec![shape]);
        let capacities = self.capacity.map_or(capacities.to_vec(), |asked| vec![asked.get()]);
        let row = |shape| capacities.iter().map(move |capacity| (shape, *capacity));
        shapes.into_iter().flat_map(row).collect()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}p{}c", self.producers, self.consumers)
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.parse().ok().filter(|count| *count > 0);
        text.strip_suffix('c')
            .and_then(|text| text.split_once('p'))
            .and_then(|(producers, consumers)| {
                Some(Self { producers: side(producers)?, consumers: side(consumers)? })
            })
            .ok_or_else(|| "a shape looks like 2p3c".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_reads_as_it_is_written() {
        for shape in [Shape::PAIR, Shape { producers: 2, consumers: 3 }] {
            assert_eq!(shape.to_string().parse(), Ok(shape));
        }
        assert!("2p".parse::<Shape>().is_err());
        assert!("0p1c".parse::<Shape>().is_err());
    }

    #[test]
    fn the_grid_can_be_one_cell() {
        let all = Grid { shape: None, capacity: None };
        assert_eq!(all.cells().len(), 20);
        let one = Grid { shape: Some(Shape::PAIR), capacity: NonZeroUsize::new(3) };
        assert_eq!(one.cells(), [(Shape::PAIR, 3)]);
    }
}
