//! What is out on lease.

use forebay::processes::Role;

use super::super::ink::{Ink, Palette};
use super::super::look::Look;
use super::super::wording;
use super::Panel;
use super::table::{Column, number, table, text};

const fn heads(left: &'static str) -> [Column; 5] {
    [
        number("position", 9, 0),
        text("held by", 14, 0),
        number("for", 10, 0),
        number("delivery", 8, 34),
        text(left, 0, 44),
    ]
}

pub(in crate::top) fn holds(look: &Look, columns: usize, palette: Palette) -> Panel {
    let rows = look.holds.iter().map(|hold| {
        let is_again = hold.deliveries > 1;
        let lives = look.living(Role::Consumer).any(|member| member.number == hold.consumer);
        [
            (hold.position.to_string(), Ink::Plain),
            (
                format!("{}, no. {}", hold.pid, hold.consumer),
                if lives { Ink::Consumer } else { Ink::Wrong },
            ),
            (wording::age(hold.age), Ink::Plain),
            (hold.deliveries.to_string(), if is_again { Ink::Waits } else { Ink::Plain }),
            (hold.left.map(wording::age).unwrap_or_default(), Ink::Plain),
        ]
    });
    let is_limited = look.holds.iter().any(|hold| hold.left.is_some());
    let lines = table(&heads(if is_limited { "left" } else { "" }), rows, columns, palette);
    Panel {
        title: format!("Leases: {} of {}, oldest first", look.counts.leased, look.max_leased),
        lines,
    }
}
