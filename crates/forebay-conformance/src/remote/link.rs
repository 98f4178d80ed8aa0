//! The line from a test to a process in which handles live.

use std::collections::HashMap;
use std::env;
use std::io::BufReader;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;
use std::thread;

use super::ask::{Ask, Told, receive, send};
use super::wire::Wire;

/// Set in the processes that serve handles, so that they know what they are for.
pub(super) const SERVES: &str = "FOREBAY_CONFORMANCE_SERVES";

/// The word after which the process ends.
pub(super) const END: &[u8] = &[];

/// The process was killed, as the test wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// A process, and the line to it. Dropping the last link ends the process, which ends as well when the
/// test does: its line breaks.
#[derive(Debug)]
pub(super) struct Link {
    line: Arc<UnixStream>,
    writing: Mutex<()>,
    process: Mutex<Child>,
    post: Arc<Mutex<Post>>,
    next: AtomicU64,
    killed: AtomicBool,
}

/// Who waits for what from the other end.
#[derive(Debug, Default)]
struct Post {
    ended: bool,
    answers: HashMap<u64, Sender<Vec<u8>>>,
    wakers: HashMap<u64, Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while it holds this lock")
}

impl Link {
    /// Starts this test program once more, to run the one test of that name, which serves.
    pub(super) fn start(server: &str) -> Arc<Self> {
        let (line, other) = UnixStream::pair().expect("a pair of sockets");
        let program = env::current_exe().expect("the path of this program");
        let process = Command::new(program)
            .args([server, "--exact", "--nocapture", "--test-threads=1"])
            .env(SERVES, "1")
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .spawn()
            .expect("a process for a handle can be started");
        let line = Arc::new(line);
        let post = Arc::new(Mutex::new(Post::default()));
        let (reading, delivering) = (Arc::clone(&line), Arc::clone(&post));
        thread::spawn(move || deliver(&reading, &delivering));
        Arc::new(Self {
            line,
            writing: Mutex::new(()),
            process: Mutex::new(process),
            post,
            next: AtomicU64::new(0),
            killed: AtomicBool::new(false),
        })
    }

    /// A number that nothing else on this line has.
    pub(super) fn number(&self) -> u64 {
        // Nothing but the number itself is shared by it.
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Panics
    ///
    /// When the process has ended on its own: it says why on the standard error.
    pub(super) fn ask<A: Wire>(&self, ask: Ask) -> Result<A, Gone> {
        let number = self.number();
        let mut word = number.bytes();
        ask.write(&mut word);
        drop(ask);
        let (tell, told) = channel();
        let sent = {
            let mut post = lock(&self.post);
            post.answers.insert(number, tell);
            !post.ended
        };
        let sent = sent && {
            let _one_at_a_time = lock(&self.writing);
            send(&*self.line, &word).is_ok()
        };
        if !sent {
            lock(&self.post).answers.remove(&number);
        }
        if let Ok(answer) = told.recv() {
            return Ok(A::whole(&answer).expect("an answer of the kind that was asked for"));
        }
        let killed = self.killed.load(Ordering::SeqCst);
        // A second panic, on the way out of the first, would take all tests along.
        assert!(
            killed || thread::panicking(),
            "a process in which a handle lived ended on its own"
        );
        Err(Gone)
    }

    /// Wakes this waker when the task of that number is woken over there, or the process ends.
    pub(super) fn listen(&self, task: u64, waker: &Waker) {
        let mut post = lock(&self.post);
        post.wakers.insert(task, waker.clone());
        if post.ended {
            waker.wake_by_ref();
        }
    }

    /// Nobody polls the task of that number any more.
    pub(super) fn forget(&self, task: u64) {
        let waker = lock(&self.post).wakers.remove(&task);
        drop(waker);
    }

    /// Kills the process (SIGKILL), whatever it is doing. When this returns, it is gone.
    pub(super) fn kill(&self) {
        self.killed.store(true, Ordering::SeqCst);
        let mut process = lock(&self.process);
        process.kill().expect("a process of our own can be killed");
        process.wait().expect("a process of our own can be waited for");
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // A process that has ended already need not hear it.
        let _ = send(&*self.line, END);
        let mut process = lock(&self.process);
        if let Err(error) = process.wait()
            && !thread::panicking()
        {
            panic!("a process of our own cannot be waited for: {error}");
        }
    }
}

/// Hands out what comes over the line, until it ends.
fn deliver(line: &UnixStream, post: &Mutex<Post>) {
    let mut line = BufReader::new(line);
    while let Ok(word) = receive(&mut line) {
        match Told::whole(&word).expect("a word that means something") {
            Told::Answer(number, answer) => {
                let asker = lock(post).answers.remove(&number);
                // Whoever asked may have panicked since.
                let _ = asker.map(|asker| asker.send(answer));
            }
            Told::Woken(task) => {
                let waker = lock(post).wakers.get(&task).cloned();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }
    let (askers, wakers) = {
        let mut post = lock(post);
        post.ended = true;
        (std::mem::take(&mut post.answers), std::mem::take(&mut post.wakers))
    };
    drop(askers);
    wakers.into_values().for_each(Waker::wake);
}
