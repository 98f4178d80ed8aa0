//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::session::{Goal, Mode, Panel, Question, Session};

/// Keys and what they do, as the help shows them.
pub(super) const KEYS: [(&str, &str); 18] = [
    ("↑ ↓ k j", "select a thread; 1 … 9 select it by its number, 0 the tenth"),
    ("Enter, space", "step the selected thread"),
    ("K", "kill the selected thread"),
    ("n", "let the scheduler decide who steps"),
    ("r", "run on until something is printed or found; Esc stops"),
    ("b ←", "one step back"),
    ("f →", "one step forward again, along what was played"),
    ("Home", "to the beginning"),
    ("End", "to the end of what was played"),
    ("g", "go to a step by its number; past the end the scheduler plays on"),
    ("s", "save all that was played as a trace"),
    ("Tab, Shift-Tab", "show one panel large, or all of them again"),
    ("i", "instructions instead of the source, and back"),
    ("PgUp PgDn", "scroll the large panel, else the threads"),
    ("q, Ctrl-C", "leave"),
    ("?", "this help"),
    ("║ ┊ │", "in the lanes: it waits, it sleeps, it could go on"),
    ("▶", "where the selected thread stands; numbers: where the others do"),
];

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    GoOn,
    Leave,
}

/// Does what a key says.
pub(super) fn press(session: &mut Session, key: KeyEvent) -> Flow {
    if key.kind == KeyEventKind::Release {
        return Flow::GoOn;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control
        && matches!(key.code, KeyCode::Char('c' | 'd'))
        && !matches!(session.mode, Mode::Running(_))
    {
        return leave(session);
    }
    match &mut session.mode {
        Mode::Running(_) if interrupts(key) => session.stop(Some("stopped".to_owned())),
        Mode::Help => session.mode = Mode::Looking,
        Mode::Asking { .. } if key.code == KeyCode::Enter => {
            return if session.answer() { Flow::Leave } else { Flow::GoOn };
        }
        Mode::Asking { typed, .. } => match key.code {
            KeyCode::Esc => session.mode = Mode::Looking,
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Char('u') if control => typed.clear(),
            KeyCode::Char(char) if !control => typed.push(char),
            _ => {}
        },
        Mode::Looking if !control => return look(session, key.code),
        Mode::Looking | Mode::Running(_) => {}
    }
    Flow::GoOn
}

/// Whether a key stops a run of steps.
pub(super) fn interrupts(key: KeyEvent) -> bool {
    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release && (key.code == KeyCode::Esc || control_c)
}

fn look(session: &mut Session, key: KeyCode) -> Flow {
    const PAGE: i32 = 8;
    match key {
        KeyCode::Up | KeyCode::Char('k') => session.select_by(-1),
        KeyCode::Down | KeyCode::Char('j') => session.select_by(1),
        KeyCode::Char('0') => session.select(9),
        KeyCode::Char(digit @ '1'..='9') => session.select(digit as usize - '1' as usize),
        KeyCode::Enter | KeyCode::Char(' ') => session.step(),
        KeyCode::Char('K') => session.kill(),
        KeyCode::Char('n') => session.next(),
        KeyCode::Char('r') => session.run(Goal::Something),
        KeyCode::Char('b') | KeyCode::Left | KeyCode::Backspace => session.back(),
        KeyCode::Char('f') | KeyCode::Right => session.forward(),
        KeyCode::Home => session.home(),
        KeyCode::End => session.run(Goal::End),
        KeyCode::Char('g') => session.ask(Question::Step, "go to step:"),
        KeyCode::Char('s') => session.ask(Question::File, "save the play as a trace in file:"),
        KeyCode::Char('i') => {
            session.listing = !session.listing;
            session.scroll = 0;
        }
        KeyCode::Tab => session.show(session.panel.turn(false)),
        KeyCode::BackTab => session.show(session.panel.turn(true)),
        KeyCode::Esc => session.show(Panel::All),
        KeyCode::PageUp if session.panel == Panel::All => session.select_by(-PAGE as isize),
        KeyCode::PageDown if session.panel == Panel::All => session.select_by(PAGE as isize),
        KeyCode::PageUp => session.scroll = session.scroll.saturating_sub(PAGE),
        KeyCode::PageDown => session.scroll = session.scroll.saturating_add(PAGE),
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => session.mode = Mode::Help,
        KeyCode::Char('q') => return leave(session),
        _ => {}
    }
    Flow::GoOn
}

/// Leaves, unless a play would be lost; who asks twice is let go.
fn leave(session: &mut Session) -> Flow {
    let asked = matches!(session.mode, Mode::Asking { question: Question::Leave, .. });
    if asked || !session.play.is_unsaved() {
        return Flow::Leave;
    }
    session.ask(Question::Leave, "the play is not saved; leave all the same? (y/N)");
    Flow::GoOn
}
