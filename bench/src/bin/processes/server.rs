//! Servers that are started and stopped by the bench, never those of the system.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::deed::Deed;

const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(10);

/// A server, stopped when dropped, and its folder with it.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    socket: PathBuf,
}

impl Server {
    /// Starts it in a folder that is made for it, and waits until it listens.
    pub(crate) fn start(
        program: &str,
        arguments: Vec<String>,
        folder: &Path,
        socket: &Path,
    ) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let child = Deed::Serve { program: program.into(), arguments }
            .command(Path::new(""))?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let mut server = Self { child, folder: folder.to_owned(), socket: socket.to_owned() };
        let begun = Instant::now();
        while UnixStream::connect(socket).is_err() {
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(format!("{program} ended before it listened: {status}"));
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{program} does not listen on {}", socket.display()));
            }
            thread::sleep(LOOK);
        }
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a program says when it is asked something, if it is there and ends well.
pub(crate) fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
