//! What goes on by itself while a buffer is connected to: the beat that shows that this process lives, and the ear for
//! wakes and for the beats of others.

use std::sync::{PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::select;
use tokio::sync::oneshot;
use tokio::time;

use super::session::Session;

const BEAT: Duration = Duration::from_secs(1);
/// With every so many beats it is looked whether anything lies there that should not.
const SWEEPS: u64 = 10;

/// Beats until the session is gone.
pub(super) async fn beat(session: Weak<Session>) {
    for number in 0_u64.. {
        let Some(session) = session.upgrade() else { return };
        if let Some(connection) = session.store.link.current() {
            let subject = session.store.names.beats();
            // One that is not heard is made up for by the next.
            let _ = connection.client.publish(subject, session.own.clone().into()).await;
        }
        let _ = session.tend().await;
        if number % SWEEPS == 1 {
            let _ = session.sweep().await;
        }
        drop(session);
        time::sleep(BEAT).await;
    }
}

/// Listens until the session is gone. Tells `ready` once wakes will be heard, or after the first try.
pub(super) async fn listen(session: Weak<Session>, ready: oneshot::Sender<()>) {
    let mut ready = Some(ready);
    loop {
        let Some(own) = session.upgrade() else { return };
        let connection = own.store.link.connection(Instant::now() + BEAT).await;
        if let Ok(connection) = connection {
            let names = &own.store.names;
            let wakes = connection.client.subscribe(names.wakes(&own.own)).await;
            let beats = connection.client.subscribe(names.beats()).await;
            if let (Ok(wakes), Ok(beats)) = (wakes, beats)
                && connection.client.flush().await.is_ok()
            {
                if let Some(ready) = ready.take() {
                    let _ = ready.send(());
                }
                // Whoever lives is heard again, and some wake may have come in between.
                own.hear_anew().await;
                own.waiters.call_all();
                let number = connection.number;
                drop(connection);
                drop(own);
                let wakes = wakes.map(|message| (true, message.payload));
                let mut heard = select(wakes, beats.map(|message| (false, message.payload)));
                while let Some(own) = session.upgrade()
                    && own.store.link.current().is_some_and(|there| there.number == number)
                {
                    drop(own);
                    match time::timeout(BEAT, heard.next()).await {
                        Ok(Some((is_wake, payload))) => {
                            let Some(own) = session.upgrade() else { return };
                            let Ok(text) = std::str::from_utf8(&payload) else { continue };
                            if !is_wake {
                                own.hear(text);
                            } else if let Ok(number) = text.parse() {
                                own.waiters.call(number);
                            }
                        }
                        Ok(None) => break,
                        Err(_) => {}
                    }
                }
            }
        }
        ready = None;
        time::sleep(Duration::from_millis(50)).await;
    }
}

impl Session {
    /// A beat of another process; or, without a name, something that concerns all.
    fn hear(&self, name: &str) {
        if name.is_empty() {
            self.waiters.call_all();
        } else if name != self.own {
            let heard = (name.to_owned(), Instant::now());
            self.news.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        }
    }

    /// Sees to what has been left undone, and that its handles are counted.
    async fn tend(&self) -> Result<(), forebay_contract::Fault> {
        self.step(None, |draft| {
            // As they are at this moment: one that has just gone must not come again.
            let handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
            for (handle, role) in handles.iter() {
                draft.state.enroll(draft.own, *handle, *role);
            }
        })
        .await
        .map(drop)
    }
}
