//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::keys::{Flow, press};
use super::super::session::{Mode, Panel, Session};
use super::{play, play_text};

fn key(session: &mut Session, code: KeyCode) -> Flow {
    let flow = press(session, KeyEvent::new(code, KeyModifiers::NONE));
    while matches!(session.mode, Mode::Running(_)) {
        session.go_on();
    }
    flow
}

fn keys(session: &mut Session, text: &str) -> Flow {
    let mut flow = Flow::GoOn;
    for char in text.chars() {
        flow = key(session, if char == '\n' { KeyCode::Enter } else { KeyCode::Char(char) });
    }
    flow
}

fn session(name: &str) -> Session {
    Session::new(play(name, ""), 50_000)
}

#[test]
fn select_step_and_go_back() {
    let mut session = session("philosophers_deadlock.toy");
    keys(&mut session, "2\n ");
    assert_eq!((session.play.at(), session.selected.index()), (2, 1));
    assert_eq!(session.message, "Kant acquires lock fork 1");
    keys(&mut session, "k");
    assert_eq!(session.selected.index(), 0);
    keys(&mut session, "9");
    assert_eq!((session.selected.index(), session.message.as_str()), (0, "there is no thread 9"));
    keys(&mut session, "bb");
    assert_eq!((session.play.at(), session.play.len()), (0, 2));
    keys(&mut session, "b");
    assert_eq!(session.message, "this is the beginning");
    key(&mut session, KeyCode::End);
    assert_eq!((session.play.at(), session.selected.index()), (2, 1));
    key(&mut session, KeyCode::Home);
    keys(&mut session, "1\n");
    assert!(session.message.contains("a new branch: 2 steps played before were dropped"));
    assert_eq!(session.play.len(), 1);
}

#[test]
fn run_on_until_something_happens() {
    let mut session = session("no_mutex.toy");
    keys(&mut session, "r");
    assert!(session.message.contains("race on `counter`"), "{}", session.message);
    let at = session.play.at();
    keys(&mut session, "rr");
    assert!(session.play.at() > at);
    while session.play.end().is_none() {
        keys(&mut session, "r");
    }
    keys(&mut session, "r");
    assert_eq!(session.message, "the run is over: finished");
    assert_eq!(session.play.log().printed().len(), 1);
}

#[test]
fn an_endless_run_stops_by_itself_or_by_a_key() {
    let text = "main = [('LABEL', 'a'), ('NOP',), ('JUMP', 'a')]";
    let (_folder, play) = play_text(text, "");
    let mut session = Session::new(play, 9_000);
    keys(&mut session, "r");
    assert_eq!(session.play.at(), 9_000);
    assert!(session.message.contains("press r to go on"), "{}", session.message);
    press(&mut session, KeyEvent::new(KeyCode::Char('r'), KeyModifiers::NONE));
    session.go_on();
    assert!(matches!(session.mode, Mode::Running(_)));
    key(&mut session, KeyCode::Esc);
    assert_eq!((session.play.at(), session.message.as_str()), (11_000, "stopped"));
}

#[test]
fn go_to_a_step_also_past_the_end() {
    let mut session = session("mutex.toy");
    keys(&mut session, "g50\n");
    assert_eq!((session.play.at(), session.play.len()), (50, 50));
    keys(&mut session, "g7\n");
    assert_eq!((session.play.at(), session.play.len()), (7, 50));
    keys(&mut session, "gx\n");
    assert_eq!(session.message, "that is no number of a step");
    keys(&mut session, "g1");
    key(&mut session, KeyCode::Esc);
    assert_eq!(session.mode, Mode::Looking);
}

#[test]
fn a_number_is_asked_for() {
    let text = "main = [('CHOOSE', 300), ('PRINT',), ('RANDOM', 5)]";
    let (_folder, play) = play_text(text, "");
    let mut session = Session::new(play, 100);
    keys(&mut session, "\n");
    let Mode::Asking { text, .. } = &session.mode else { panic!("it asks") };
    assert!(text.contains("main chooses: 0 to 299"), "{text}");
    keys(&mut session, "300\n");
    assert_eq!((session.play.at(), session.message.as_str()), (0, "choose a number from 0 to 299"));
    keys(&mut session, "\n217\n\n");
    assert_eq!(session.play.log().printed(), [(2, "[main] 217".to_owned())]);
    keys(&mut session, "\n\n");
    assert_eq!(session.play.at(), 3);
    assert!(session.play.end().is_some());
}

#[test]
fn save_asks_for_a_name_and_before_it_writes_over() {
    let (folder, play) = play_text("main = [('NOP',), ('NOP',)]", "");
    let path = folder.path().join("x.trace").display().to_string();
    let mut session = Session::new(play, 100);
    keys(&mut session, &format!("\ns{path}\n"));
    assert!(session.message.starts_with("saved 1 step in"), "{}", session.message);
    let old = std::fs::read(&path).expect("there");
    keys(&mut session, &format!("\ns{path}\nn\n"));
    assert_eq!(session.message, "it is not saved");
    assert_eq!(std::fs::read(&path).expect("there"), old);
    keys(&mut session, &format!("s{path}\ny\n"));
    assert!(session.message.starts_with("saved 2 steps in"), "{}", session.message);
    assert_ne!(std::fs::read(&path).expect("there"), old);
}

#[test]
fn leaving_asks_only_if_something_would_be_lost() {
    let mut session = session("mutex.toy");
    assert_eq!(keys(&mut session, "nnq"), Flow::Leave);
    assert_eq!(keys(&mut session, "\nq"), Flow::GoOn);
    assert_eq!(keys(&mut session, "n\n"), Flow::GoOn);
    assert_eq!(keys(&mut session, "qy\n"), Flow::Leave);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(press(&mut session, control_c), Flow::GoOn);
    assert_eq!(press(&mut session, control_c), Flow::Leave);
}

#[test]
fn panels_help_and_scrolling() {
    let mut session = session("mutex.toy");
    key(&mut session, KeyCode::Tab);
    assert_eq!(session.panel, Panel::Source);
    key(&mut session, KeyCode::PageDown);
    assert!(session.scroll > 0);
    key(&mut session, KeyCode::BackTab);
    assert_eq!((session.panel, session.scroll), (Panel::All, 0));
    keys(&mut session, "?");
    assert_eq!(session.mode, Mode::Help);
    keys(&mut session, "n");
    assert_eq!((&session.mode, session.play.at()), (&Mode::Looking, 0));
}
