//! The echo of the terminal, which is off while a secret is typed and on again whatever happens.
//!
//! What does not belong here: reading what is typed.

use oras::error::{IoContext, Result};
use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The terminal on stdin, without its echo. It comes back when this is dropped.
pub(super) struct Silence(Termios);

#[expect(clippy::disallowed_methods, reason = "part of the one place that touches the standard streams")]
impl Silence {
    /// Turns the echo off. Lines are put together, and Ctrl-C is heard, by the system.
    pub(super) fn begin() -> Result<Self> {
        let before = tcgetattr(std::io::stdin()).map_err(Into::into).at("read", "/dev/tty")?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        silent.input_modes.insert(InputModes::ICRNL);
        tcsetattr(std::io::stdin(), OptionalActions::Now, &silent)
            .map_err(Into::into)
            .at("set", "/dev/tty")?;
        Ok(Self(before))
    }
}

#[expect(clippy::disallowed_methods, reason = "part of the one place that touches the standard streams")]
impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that has gone needs no echo.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}
