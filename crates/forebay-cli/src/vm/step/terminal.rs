//! The terminal: it is taken over, and given back as it was, whatever happens.

use std::collections::VecDeque;
use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEvent};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::ink::Palette;
use super::keys::{self, Flow};
use super::screen;
use super::session::{Mode, Session};

/// What comes from outside.
enum News {
    Key(KeyEvent),
    /// The terminal has another size.
    Size,
    /// The process is to end; why, as a signal.
    Stop(i32),
}

/// Shows a session until somebody leaves it; the exit status.
pub(super) fn show(session: &mut Session, palette: Palette) -> io::Result<ExitCode> {
    let (tell, news) = channel();
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGWINCH])?;
    // A panic gives the terminal back before it is told.
    let mut terminal = ratatui::try_init()?;
    let tell_signals = tell.clone();
    let listening = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let it = if signal == SIGWINCH { News::Size } else { News::Stop(signal) };
            let _ = tell_signals.send(it);
        }
    });
    let reading = thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&tell));
    let ended = match (listening, reading) {
        (Ok(_), Ok(_)) => converse(&mut terminal, session, palette, &news),
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    let restored = ratatui::try_restore();
    match ended? {
        // There may be no terminal left to give back.
        Some(signal) => Ok(ExitCode::from(128 + signal as u8)),
        None => restored.map(|()| ExitCode::SUCCESS),
    }
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

/// Tells which keys are pressed, for as long as there is a terminal.
fn read_keys(tell: &Sender<News>) {
    loop {
        // The library goes round in a circle once its terminal has hung up: so it is only asked when
        // there is something to read.
        let stdin = rustix::stdio::stdin();
        let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut waiting, None) {
            Err(Errno::INTR) => continue,
            Ok(_) if waiting[0].revents() == PollFlags::IN => {}
            _ => {
                let _ = tell.send(News::Stop(SIGHUP));
                return;
            }
        }
        while let Ok(true) = event::poll(Duration::ZERO) {
            let it = match event::read() {
                Ok(Event::Key(key)) => News::Key(key),
                Ok(_) => continue,
                Err(_) => News::Stop(SIGHUP),
            };
            if tell.send(it).is_err() {
                return;
            }
        }
    }
}
