//! The one thread of this crate, on which all connections live.
//!
//! It is started by the first connection, and is the same for every buffer of the process. What is begun there from one
//! thread is begun in that order, and reaches its server in that order: a lease that is dropped is back before the next
//! call of its thread looks.

use std::future::{self, Future};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};

/// Where everything runs. One thread, not several: so that what is begun first is sent first.
fn handle() -> &'static Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("forebay-machines".to_owned())
            .spawn(move || runtime.block_on(future::pending::<()>()))
            .expect("a thread can be started");
        handle
    })
}

/// Begins something that goes on by itself.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(handle().spawn(task));
}

/// Runs something there, and sleeps until it is done.
pub(crate) fn wait<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let (tell, told) = mpsc::sync_channel(1);
    spawn(async move {
        // Whoever waits for it is still there.
        let _ = tell.send(task.await);
    });
    told.recv().expect("what was begun comes to its end")
}

/// Runs something there, for a task of any executor.
pub(crate) async fn wait_async<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> T {
    handle().spawn(task).await.expect("what was begun comes to its end")
}
