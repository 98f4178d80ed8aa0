//! What goes on by itself while a buffer is connected to: the beat that shows that this process lives, and the ear for
//! wakes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time;

use super::session::Session;

/// A process whose beat has not been heard for so long has died, for those who wait behind it.
pub(super) const LIFE: Duration = Duration::from_secs(3);
const BEAT: Duration = Duration::from_secs(1);
/// What is leased or set aside is renewed with every so many beats: at a third of the time that it holds.
const RENEWS: u64 = 10;
/// A connection on which no wake of its own has been heard for so long is dead.
const DEAF: Duration = Duration::from_secs(5);

/// Beats until the session is gone.
pub(super) async fn beat(session: Weak<Session>) {
    for number in 0.. {
        let Some(session) = session.upgrade() else { return };
        // One that is not heard is made up for by the next.
        let _ = session.beat(LIFE, number % RENEWS == 0).await;
        drop(session);
        time::sleep(BEAT).await;
    }
}

/// Listens until the session is gone. Tells `ready` once wakes will be heard, or after the first try.
pub(super) async fn listen(session: Weak<Session>, ready: tokio::sync::oneshot::Sender<()>) {
    let mut ready = Some(ready);
    loop {
        let Some(own) = session.upgrade() else { return };
        let channel = own.channel();
        let ear = own.link.open_to_listen().await;
        let waiters = Arc::clone(&own.waiters);
        drop(own);
        if let Some(mut ear) = ear
            && ear.subscribe(channel).await.is_ok()
        {
            if let Some(ready) = ready.take() {
                let _ = ready.send(());
            }
            // Some wake may have come in between.
            waiters.call_all();
            let mut wakes = ear.into_on_message();
            while session.strong_count() > 0
                && let Ok(Some(wake)) = time::timeout(DEAF, wakes.next()).await
            {
                if let Some(number) =
                    std::str::from_utf8(wake.get_payload_bytes()).ok().and_then(|n| n.parse().ok())
                {
                    waiters.call(number);
                }
            }
        }
        ready = None;
        time::sleep(Duration::from_millis(100)).await;
    }
}
