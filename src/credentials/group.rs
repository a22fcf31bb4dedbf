//! A program together with those that it starts, none of which outlives the interest in its answer.
//!
//! On Unix it gets a process group of its own, so that all of them can be ended at once. What a program that ended by
//! itself leaves running, such as an agent that keeps keys, goes on.
//!
//! What does not belong here: what the program is told, and what it answers.

use std::io;
use std::process::ExitStatus;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdin, Command};
use zeroize::Zeroizing;

/// The most that is read of an answer: 1 MiB.
const LIMIT: u64 = 1024 * 1024;

/// How a program ended, and what it said.
pub(super) struct Output {
    /// Its end.
    pub(super) status: ExitStatus,
    /// Its standard output.
    pub(super) stdout: Zeroizing<Vec<u8>>,
}

/// A running program. Dropped before its end, it is ended.
pub(super) struct Group {
    child: Child,
    #[cfg(unix)]
    members: Members,
}

impl Group {
    /// Starts a program.
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        #[cfg(unix)]
        let members = Members::of(&child);
        Ok(Self {
            child,
            #[cfg(unix)]
            members,
        })
    }

    /// Its standard input, once.
    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits for its end, and for the end of those that could still write to its output.
    pub(super) async fn output(mut self) -> io::Result<Output> {
        let mut stdout = Zeroizing::new(Vec::new());
        if let Some(pipe) = self.child.stdout.take() {
            pipe.take(LIMIT + 1).read_to_end(&mut stdout).await?;
        }
        if stdout.len() as u64 > LIMIT {
            return Err(io::Error::other(format!("answer is larger than the limit of {LIMIT} bytes")));
        }
        let status = self.child.wait().await?;
        #[cfg(unix)]
        self.members.release();
        Ok(Output { status, stdout })
    }
}

/// The processes of a group, ended when this is dropped.
#[cfg(unix)]
struct Members(Option<rustix::process::Pid>);

#[cfg(unix)]
impl Members {
    /// The group that a program leads which was started for that.
    fn of(leader: &Child) -> Self {
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    /// They may go on.
    fn release(&mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Members {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            // A group that has ended needs nothing.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
