//! The terminal: it is taken over, and given back as it was, whatever happens.

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEvent};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

/// What comes from outside.
pub(crate) enum News {
    Key(KeyEvent),
    /// The terminal has another size.
    Size,
    /// The process is to end; why, as a signal.
    Stop(i32),
}

/// Takes the terminal over for a conversation, which gives the signal that ended it, if one did; the exit
/// status.
pub(crate) fn hold(
    converse: impl FnOnce(&mut DefaultTerminal, &Receiver<News>) -> io::Result<Option<i32>>,
) -> io::Result<ExitCode> {
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
        (Ok(_), Ok(_)) => converse(&mut terminal, &news),
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    let restored = ratatui::try_restore();
    match ended? {
        // There may be no terminal left to give back.
        Some(signal) => Ok(ExitCode::from(128 + signal as u8)),
        None => restored.map(|()| ExitCode::SUCCESS),
    }
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
        let mut has_come = false;
        while let Ok(true) = event::poll(Duration::ZERO) {
            has_come = true;
            let it = match event::read() {
                Ok(Event::Key(key)) => News::Key(key),
                Ok(_) => continue,
                Err(_) => News::Stop(SIGHUP),
            };
            if tell.send(it).is_err() {
                return;
            }
        }
        if !has_come {
            // The library is told once of what there is to read, and forgets it if it is told of a new size together
            // with that. Attributes that are set, though they are as they were, have it told again.
            let _ =
                tcgetattr(stdin).and_then(|modes| tcsetattr(stdin, OptionalActions::Now, &modes));
            thread::sleep(Duration::from_millis(1));
        }
    }
}
