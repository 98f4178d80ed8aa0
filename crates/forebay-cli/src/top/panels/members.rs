//! Who is there, and what each does.

use std::fmt::Write as _;

use forebay::processes::Role;

use super::super::ink::{Ink, Palette};
use super::super::look::{Look, Member};
use super::super::wording;
use super::Panel;
use super::table::{Column, number, table, text};

const HEADS: [Column; 9] = [
    number("no.", 5, 90),
    text("role", 8, 0),
    number("pid", 7, 0),
    text("command", 14, 60),
    number("items", 9, 0),
    number("share", 5, 60),
    number("leased", 6, 90),
    number("waited", 9, 96),
    text("waits", 0, 36),
];

pub(in crate::top) fn members(look: &Look, columns: usize, palette: Palette) -> Panel {
    let items = |role: Role| -> u64 {
        look.members.iter().filter(|member| member.role == role).map(|member| member.items).sum()
    };
    let (put, taken) = (items(Role::Producer), items(Role::Consumer));
    let rows = look.members.iter().filter(|member| is_told(member)).map(|member| {
        let (role, ink) = wording::role(member.role);
        let all = match member.role {
            Role::Producer => put,
            Role::Consumer => taken,
            _ => 0,
        };
        let share = if all == 0 {
            String::new()
        } else {
            format!("{:.0} %", member.items as f64 * 100.0 / all as f64)
        };
        let plain = |text: String| (text, Ink::Plain);
        // Zeros of those who cannot have more are noise.
        let is_consumer = member.role == Role::Consumer;
        let count =
            |count: u64, shown: bool| plain(if shown { count.to_string() } else { String::new() });
        [
            (member.number.to_string(), Ink::Quiet),
            (role.to_owned(), ink),
            plain(member.pid.to_string()),
            plain(member.command.clone()),
            count(member.items, all > 0 || is_consumer || member.role == Role::Producer),
            plain(share),
            count(member.leased, is_consumer),
            plain(wording::age(member.waited)),
            wording::deed(member),
        ]
    });
    let mut lines = table(&HEADS, rows, columns, palette);
    if lines.len() == 1 {
        lines.clear();
    }
    Panel { title: title(look), lines }
}

fn title(look: &Look) -> String {
    let counted = |role, side: &str| match look.here(role) {
        0 => format!("no {side}s"),
        1 => format!("1 {side}"),
        many => format!("{many} {side}s"),
    };
    let mut title = format!(
        "Participants: {}, {}",
        counted(Role::Producer, "producer"),
        counted(Role::Consumer, "consumer")
    );
    let dead = look.members.iter().filter(|member| is_told(member) && !member.lives).count();
    if dead > 0 {
        let _ = write!(title, ", {dead} dead");
    }
    title
}

/// Every opening is a participant as well: one that does nothing is not worth a line.
fn is_told(member: &Member) -> bool {
    member.role != Role::Other || member.waits.is_some()
}
