//! Functions given to a builder live as long as the buffer, which may be for ever.

use forebay_threads::Builder;

fn main() {
    let factor = 3;
    let _ = Builder::<u64>::bounded(1).weighing(10, |item| item * factor).build();
    let _ = Builder::<u64>::bounded(2).watermarks(0, 1, |_| println!("{factor}")).build();
}
