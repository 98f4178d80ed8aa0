//! A buffer on a server, asked again and again beside the screen: an answer may take as long as an outage.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Fault, Statistics};

use crate::buffer::place::Buffer;

/// What the server told last, and when.
type Told = (Instant, Result<Statistics, Fault>);

pub(super) struct Remote {
    last: Arc<Mutex<Told>>,
}

impl Remote {
    /// Asks now, and from here on so often that each interval has an answer of its own.
    pub(super) fn begin(buffer: Buffer, interval: Duration) -> io::Result<Self> {
        let ask = move || (Instant::now(), buffer.statistics());
        let last = Arc::new(Mutex::new(ask()));
        let told = Arc::downgrade(&last);
        thread::Builder::new().name("asking".to_owned()).spawn(move || {
            while let Some(last) = told.upgrade() {
                let answer = ask();
                *last.lock().unwrap_or_else(PoisonError::into_inner) = answer;
                drop(last);
                thread::sleep(interval / 2);
            }
        })?;
        Ok(Self { last })
    }

    pub(super) fn last(&self) -> Told {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
