//! A session on the terminal.

use std::collections::VecDeque;
use std::io;
use std::process::ExitCode;
use std::sync::mpsc::Receiver;

use ratatui::DefaultTerminal;

use super::ink::Palette;
use super::keys::{self, Flow};
use super::screen;
use super::session::{Mode, Session};
use crate::terminal::{self, News};

/// Shows a session until somebody leaves it; the exit status.
pub(super) fn show(session: &mut Session, palette: Palette) -> io::Result<ExitCode> {
    terminal::hold(|terminal, news| converse(terminal, session, palette, news))
}

/// Draws, and does what keys say; the signal that ended it, if one did.
fn converse(
    terminal: &mut DefaultTerminal,
    session: &mut Session,
    palette: Palette,
    news: &Receiver<News>,
) -> io::Result<Option<i32>> {
    // Keys that were pressed while steps were made.
    let mut held = VecDeque::new();
    loop {
        terminal.draw(|frame| screen::draw(frame, session, palette))?;
        if is_running(session) {
            session.go_on();
            loop {
                match news.try_recv() {
                    Ok(News::Key(key)) if keys::interrupts(key) => {
                        held.clear();
                        keys::press(session, key);
                    }
                    Ok(News::Key(key)) => held.push_back(key),
                    Ok(News::Size) => {}
                    Ok(News::Stop(signal)) => return Ok(Some(signal)),
                    Err(_) => break,
                }
            }
            continue;
        }
        // All that was pressed is done before it is drawn, unless it begins to make steps.
        let mut next = held.pop_front().map(News::Key).or_else(|| news.recv().ok());
        while let Some(it) = next.take() {
            match it {
                News::Key(key) if keys::press(session, key) == Flow::Leave => return Ok(None),
                News::Key(_) | News::Size => {}
                News::Stop(signal) => return Ok(Some(signal)),
            }
            if !is_running(session) {
                next = held.pop_front().map(News::Key).or_else(|| news.try_recv().ok());
            }
        }
    }
}

fn is_running(session: &Session) -> bool {
    matches!(session.mode, Mode::Running(_))
}
