//! The picture at several sizes, of what was seen of no real buffer.

mod golden;
mod hostile;
mod standing;

use std::time::Duration;

use forebay::processes::{Awaited, Role};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::history::{History, Sample};
use super::ink::Palette;
use super::look::{Dead, Hold, Look, Member};
use super::picture::Picture;
use super::screen::draw;
use super::scroll::Scroll;

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn member(number: u64, role: Role, items: u64) -> Member {
    Member {
        number,
        role,
        pid: 4_000 + number as u32,
        command: "forebay".to_owned(),
        items,
        leased: 0,
        waited: seconds(1.5),
        waits: None,
        lives: true,
    }
}

/// Two producers wait for three consumers, one of which was killed.
fn busy() -> Look {
    let mut look = Look {
        path: "/var/spool/jobs.fb".to_owned(),
        capacity: 200,
        capacity_bytes: Some(65_536),
        max_leased: 64,
        dead_room: Some(64),
        oldest: Some(seconds(3.2)),
        ..Look::default()
    };
    let counts = &mut look.counts;
    (counts.waiting, counts.leased, counts.dead, counts.finished) = (150, 3, 2, 845);
    (counts.produced, counts.high_water, counts.weight) = (1_000, 190, 20_000);
    let mut waiting = member(1, Role::Producer, 600);
    waiting.waits = Some((Awaited::Room, seconds(1.25)));
    let mut holding = member(3, Role::Consumer, 500);
    (holding.leased, holding.waited) = (2, Duration::ZERO);
    let mut killed = member(4, Role::Consumer, 347);
    (killed.leased, killed.lives) = (1, false);
    look.members = vec![
        member(0, Role::Other, 0),
        waiting,
        member(2, Role::Producer, 400),
        holding,
        killed,
        member(5, Role::Consumer, 3),
    ];
    let hold = |position, consumer, age, deliveries| Hold {
        position,
        consumer,
        pid: 4_000 + consumer as u32,
        deliveries,
        age: seconds(age),
        left: None,
    };
    look.holds = vec![hold(841, 4, 62.0, 1), hold(846, 3, 1.5, 2), hold(848, 3, 0.25, 1)];
    let dead = |position, reason: &str| Dead { position, reason: reason.to_owned() };
    look.deaths = vec![dead(797, "3 failures: exit status 1"), dead(17, "rejected: not a picture")];
    look
}

/// 100 items put in a second and 80 finished, for so long, while producers wait a half of their time.
fn history(look: &Look, seconds: u64) -> History {
    let mut history = History::default();
    for second in 0..=seconds {
        let mut then = look.clone();
        then.counts.produced = second * 100 + second % 3 * 10;
        then.counts.finished = second * 80;
        then.counts.producer_wait = Duration::from_secs(second);
        history.add(Sample::of(&then, Duration::from_secs(second)));
    }
    history
}

fn drawn(look: &Look, history: &History, columns: u16, rows: u16, colored: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
    let picture = Picture { look, history, palette: Palette { colored } };
    terminal
        .draw(|frame| draw(frame, picture, Duration::from_secs(1), &mut Scroll::default()))
        .expect("it is drawn");
    terminal.backend().buffer().clone()
}

/// The screen as lines of text.
fn shown(look: &Look, history: &History, columns: u16, rows: u16) -> String {
    let buffer = drawn(look, history, columns, rows, true);
    let line = |row| (0..columns).map(|at| buffer[(at, row)].symbol()).collect::<String>();
    let lines: Vec<String> = (0..rows).map(|row| line(row).trim_end().to_owned() + "\n").collect();
    lines.concat()
}
