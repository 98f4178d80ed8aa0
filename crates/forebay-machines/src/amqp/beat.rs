//! What goes on by itself while a buffer is connected to: that its counts are brought to the record.

use std::sync::Weak;
use std::time::Duration;

use tokio::time;

use super::session::Session;

const BEAT: Duration = Duration::from_secs(1);
/// Where there is nothing new, with every so many beats it says that it is there.
const TELLS: u64 = 5;

/// Beats until the session is gone.
pub(super) async fn beat(session: Weak<Session>) {
    for number in 1.. {
        time::sleep(BEAT).await;
        let Some(session) = session.upgrade() else { return };
        let is_here = !session.out().handles.is_empty();
        if session.has_news() || (is_here && number % TELLS == 0) {
            // What is not told is told with the next.
            let _ = session.tell().await;
        }
    }
}
