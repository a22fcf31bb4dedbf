//! The program called as `docker-credential-oras`: the keyring for docker, podman, crane and whoever else speaks docker's
//! protocol of credential helpers.
//!
//! Source: docker's credential helper protocol. The action is the one argument, its input comes on stdin, and what went
//! wrong is told on stdout.
//!
//! What does not belong here: what the keyring does.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use oras::credentials::{Keyring, Login, NOTHING_THERE};

use super::app::App;
use super::env::Env;
use super::failure::Failure;
use super::log::Level;
use super::terminal::Terminal;

/// What the program is called then.
const NAME: &str = "docker-credential-oras";

/// Whether the program was called by that name.
pub(super) fn is_called(typed: &[OsString]) -> bool {
    let called = typed.first().and_then(|name| Path::new(name).file_stem());
    called.is_some_and(|called| called == NAME)
}

/// Does what the one argument says.
pub(super) fn main(terminal: &Terminal, env: Env, typed: &[OsString]) -> ExitCode {
    let app = App::new(terminal.clone(), env, NAME.to_owned(), Level::Warnings);
    let Err(failure) = app.wait(run(&typed[1..], &app)) else { return ExitCode::SUCCESS };
    let text = failure.explain(&app.scene());
    // Whoever called knows that it is an error. Where nobody reads it, nobody will miss it.
    let _ = terminal.print(&format!("{}\n", text.strip_prefix("Error: ").unwrap_or(&text)));
    if let Some(ending) = failure.signal() {
        ending.end_program();
    }
    ExitCode::FAILURE
}

async fn run(typed: &[OsString], app: &App) -> Result<(), Failure> {
    let action = match typed {
        [action] => action.to_str().unwrap_or_default(),
        _ => "",
    };
    match action {
        "get" => {
            let server = server(app).await?;
            let found = Keyring.get(&server).await?.ok_or_else(|| Failure::mistake(NOTHING_THERE))?;
            app.terminal.write(&found.document(&server)?)
        }
        "store" => {
            let (server, login) = Login::read(app.terminal.secret_from_stdin().await?.expose())?;
            let missing = [(server.as_str(), "server URL"), (login.username.as_str(), "username")];
            if let Some((_, what)) = missing.iter().find(|(text, _)| text.is_empty()) {
                return Err(Failure::mistake(format!("no credentials {what}")));
            }
            Ok(Keyring.store(&server, login).await?)
        }
        "erase" => Ok(Keyring.erase(&server(app).await?).await?),
        "list" => {
            let all = serde_json::to_value(Keyring.list().await?).unwrap_or_default();
            app.terminal.print(&format!("{all}\n"))
        }
        "version" => app.terminal.print(&format!("{NAME} (oras) {}\n", env!("CARGO_PKG_VERSION"))),
        _ => Err(Failure::mistake(format!("Usage: {NAME} <store|get|erase|list|version>"))),
    }
}

/// The server that is asked about.
async fn server(app: &App) -> Result<String, Failure> {
    let text = app.terminal.secret_from_stdin().await?;
    match text.expose().trim() {
        "" => Err(Failure::mistake("no credentials server URL")),
        server => Ok(server.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_counts_and_not_the_place() {
        let called = |name: &str| is_called(&[name.into(), "get".into()]);
        assert!(called("docker-credential-oras") && called("/usr/bin/docker-credential-oras"));
        assert!(called("docker-credential-oras.exe") && !called("/docker-credential-oras/oras"));
        assert!(!is_called(&[]));
    }
}
