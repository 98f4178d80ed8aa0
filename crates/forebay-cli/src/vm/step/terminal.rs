//! The terminal: it is taken over, and given back as it was, whatever happens.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::ink::Palette;
use super::keys::{self, Flow};
use super::screen;
use super::session::{Mode, Session};

/// How long a signal may wait to be seen.
const PATIENCE: Duration = Duration::from_millis(100);

/// Shows a session until somebody leaves it; the exit status.
pub(super) fn show(session: &mut Session, palette: Palette) -> io::Result<ExitCode> {
    let stopped = Arc::new(AtomicUsize::new(0));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_usize(signal, Arc::clone(&stopped), signal as usize)?;
    }
    // A panic gives the terminal back before it is told.
    let mut terminal = ratatui::try_init()?;
    let ended = converse(&mut terminal, session, palette, &stopped);
    let restored = ratatui::try_restore();
    let signal = ended?;
    restored?;
    Ok(match signal {
        Some(signal) => ExitCode::from(128 + signal as u8),
        None => ExitCode::SUCCESS,
    })
}

/// Draws, and takes keys; the signal that ended it, if one did.
fn converse(
    terminal: &mut DefaultTerminal,
    session: &mut Session,
    palette: Palette,
    stopped: &AtomicUsize,
) -> io::Result<Option<usize>> {
    loop {
        terminal.draw(|frame| screen::draw(frame, session, palette))?;
        let is_running = matches!(session.mode, Mode::Running(_));
        let mut changed = is_running;
        session.go_on();
        while !changed || event::poll(Duration::ZERO)? {
            // Relaxed: nothing else is told by it.
            match stopped.load(Ordering::Relaxed) {
                0 => {}
                signal => return Ok(Some(signal)),
            }
            if !event::poll(PATIENCE)? {
                continue;
            }
            match event::read()? {
                Event::Key(key) => {
                    if keys::press(session, key) == Flow::Leave {
                        return Ok(None);
                    }
                    changed = true;
                }
                Event::Resize(..) => changed = true,
                _ => {}
            }
        }
        if let signal @ 1.. = stopped.load(Ordering::Relaxed) {
            return Ok(Some(signal));
        }
    }
}
