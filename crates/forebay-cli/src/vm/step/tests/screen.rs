//! What is seen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::super::ink::Palette;
use super::super::screen::draw;
use super::super::session::{Mode, Panel, Question, Session};
use super::{PROGRAMS, play, play_text};

fn drawn(session: &Session, columns: u16, rows: u16, palette: Palette) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a terminal");
    terminal.draw(|frame| draw(frame, session, palette)).expect("it is drawn");
    terminal.backend().buffer().clone()
}

/// The screen as lines of text.
fn shown(session: &Session, columns: u16, rows: u16) -> String {
    let buffer = drawn(session, columns, rows, Palette { colored: true });
    let line = |row| (0..columns).map(|at| buffer[(at, row)].symbol()).collect::<String>();
    let lines: Vec<String> = (0..rows).map(|row| line(row).trim_end().to_owned() + "\n").collect();
    lines.concat()
}

fn session(name: &str, steps: usize) -> Session {
    let mut session = Session::new(play(name, ""), 50_000);
    for _ in 0..steps {
        session.next();
    }
    session
}

#[test]
fn every_program_fits_every_screen() {
    let sizes = [
        (1, 1),
        (2, 2),
        (1, 40),
        (200, 1),
        (9, 3),
        (40, 10),
        (71, 17),
        (80, 24),
        (119, 30),
        (200, 60),
    ];
    for name in PROGRAMS {
        for steps in [0, 40, 400] {
            let mut session = session(name, steps);
            for (columns, rows) in sizes {
                for panel in [Panel::All, Panel::Lanes, Panel::Findings] {
                    session.show(panel);
                    session.scroll = 1_000;
                    shown(&session, columns, rows);
                    session.scroll = -1_000;
                    session.listing = !session.listing;
                    shown(&session, columns, rows);
                }
                session.mode = Mode::Help;
                shown(&session, columns, rows);
                session.ask(Question::Step, "go to step:");
                shown(&session, columns, rows);
                session.mode = Mode::Looking;
            }
        }
    }
}

#[test]
fn a_deadlock_on_the_usual_terminal() {
    let session = session("philosophers_deadlock.toy", 12);
    for (columns, rows) in [(80, 24), (100, 30), (200, 60)] {
        let shown = shown(&session, columns, rows);
        for part in [
            "step 12",
            "0.012 ms",
            "over: deadlock",
            "Threads: 3, 0 ready",
            "1 Plato   waits     3",
            "for lock fork 1, which Kant holds",
            "lock fork 0 held by Plato; wait: Arendt",
            "▶  10",
            "stack []",
            "step 12: deadlock: 3 threads wait for each other in a circle",
            "Lanes",
            "║",
            "q quit",
        ] {
            assert!(shown.contains(part), "{part:?} at {columns}x{rows} in\n{shown}");
        }
    }
}

#[test]
fn a_small_screen_shows_what_matters() {
    let session = session("philosophers_deadlock.toy", 12);
    let shown = shown(&session, 40, 10);
    for part in ["▸3 Arendt", "waits", "which Plato", "▶  10", "deadlock: 3 threads"] {
        assert!(shown.contains(part), "{part:?} in\n{shown}");
    }
}

#[test]
fn sleepers_and_what_is_shared() {
    let session = session("producer_consumer.toy", 137);
    let shown = shown(&session, 130, 40);
    for part in [
        "sleeps    4  SLEEP",
        "until 51.069 ms",
        "for semaphore-1 (filled_sem), whose count is 0",
        "◂ next by round-robin",
        "lock-0 (buffer_lock) held by thread-3",
        "semaphore-1 (filled_sem) count 0; wait: thread-4",
        "queue-0 (buffer_queue) [2]",
        "counter-0 (next_id) = 2",
        "array-0 (taken) [0, 1, 0",
        "[thread-1] produced 2",
        "JUMP_IF 2 (next)",
        "vars  left=7  item=2",
        "┊",
    ] {
        assert!(shown.contains(part), "{part:?} in\n{shown}");
    }
}

#[test]
fn one_panel_large_and_scrolled() {
    let mut session = session("readers_writers.toy", 100);
    session.show(Panel::Lanes);
    let end = shown(&session, 80, 24);
    session.scroll = -40;
    let above = shown(&session, 80, 24);
    assert!(end.contains("\n  100 ") && !end.contains("\n   60 "), "{end}");
    assert!(!above.contains("\n  100 ") && above.contains("\n   60 "), "{above}");
}

#[test]
fn what_was_asked_and_typed_is_seen_to_its_end() {
    let mut session = session("mutex.toy", 3);
    session.ask(Question::File, "save the play as a trace in file:");
    let Mode::Asking { typed, .. } = &mut session.mode else { panic!("it asks") };
    typed.push_str(&"long/".repeat(30));
    typed.push_str("end.trace");
    let shown = shown(&session, 40, 10);
    assert!(shown.contains("d.trace█"), "{shown}");
}

#[test]
fn no_colours_if_none_are_wanted() {
    let session = session("philosophers_deadlock.toy", 12);
    let colours = |colored| {
        let buffer = drawn(&session, 80, 24, Palette { colored });
        buffer
            .content()
            .iter()
            .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
            .count()
    };
    assert_eq!(colours(false), 0);
    assert!(colours(true) > 0);
}

#[test]
fn texts_of_others_do_no_harm() {
    let text = "vm = ToyVM()\nt = vm.create_thread([('PUSH', 'a\\x1b[2J\\tb'), ('PRINT',), ('STORE', 'x')], 'evil\\x1b[31m')\nvm.run()\n";
    let (_folder, play) = play_text(text, "");
    let mut session = Session::new(play, 100);
    session.next();
    session.next();
    let shown = shown(&session, 100, 30);
    assert!(!shown.contains('\x1b'), "{shown}");
    assert!(shown.contains("evil·[31m") && shown.contains("a·[2J    b"), "{shown}");
}

#[test]
fn many_threads_scroll() {
    let text = "
w = [('SLEEP', 1)]
main = [('PUSH', 199), ('STORE', 'n'), ('LABEL', 'a'), ('PUSH', 0), ('THREAD_CREATE', [w]), ('POP',),
        ('LOAD', 'n'), ('PUSH', 1), ('SUB',), ('DUP',), ('STORE', 'n'), ('JUMP_IF', 'a')]";
    let (_folder, play) = play_text(text, "--scheduler priority");
    let mut session = Session::new(play, 100_000);
    while session.play.next().is_ok() {}
    session.select(150);
    let shown = shown(&session, 80, 24);
    assert!(shown.contains("▸  thread-149"), "{shown}");
    assert!(shown.contains("Threads: 201, 0 ready"), "{shown}");
}
