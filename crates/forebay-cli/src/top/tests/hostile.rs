//! Any size, any numbers, any names.

use ratatui::style::Color;

use super::super::plain;
use super::*;

#[test]
fn every_screen_fits() {
    let mut looks = vec![Look::default(), busy()];
    let mut greatest = busy();
    let counts = &mut greatest.counts;
    (counts.waiting, counts.leased, counts.dead, counts.finished) =
        (u64::MAX, 1 << 63, u64::MAX, u64::MAX);
    (counts.produced, counts.high_water, counts.weight) = (u64::MAX, u64::MAX, u64::MAX);
    greatest.oldest = Some(Duration::MAX);
    greatest.members[1].waits = Some((Awaited::Room, Duration::MAX));
    greatest.holds[0].age = Duration::MAX;
    greatest
        .members
        .extend((0..300).map(|number| member(number, Role::Consumer, u64::MAX / 1_000)));
    looks.push(greatest);
    for look in looks {
        let history = history(&look, 3);
        for (columns, rows) in [
            (1, 1),
            (2, 2),
            (1, 40),
            (200, 1),
            (9, 3),
            (12, 12),
            (40, 10),
            (71, 17),
            (96, 15),
            (300, 90),
        ] {
            shown(&look, &history, columns, rows);
        }
        for columns in [0, 1, 20, 500] {
            let picture =
                Picture { look: &look, history: &history, palette: Palette { colored: false } };
            plain::picture(&picture, columns);
        }
    }
}

#[test]
fn no_colours_if_none_are_wanted() {
    let look = busy();
    let history = history(&look, 3);
    let colours = |colored| {
        let buffer = drawn(&look, &history, 80, 24, colored);
        buffer
            .content()
            .iter()
            .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
            .count()
    };
    assert_eq!(colours(false), 0);
    assert!(colours(true) > 0);
}
