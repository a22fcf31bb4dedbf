//! Programs that keep credentials: `docker-credential-*`.
//!
//! Source: docker's credential helper protocol: the action is the one argument, the host or a JSON document comes on
//! standard input, JSON or a plain text error on standard output.
//!
//! What does not belong here: which host has which helper.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::group::{Group, Output};
use super::{Credential, Secret};
use crate::error::{Error, Kind, Result};

/// What a helper says where it has nothing, with exit code 1.
pub const NOTHING_THERE: &str = "credentials not found in native keychain";

/// One helper program.
pub(super) struct Helper {
    program: String,
    search: Option<Vec<PathBuf>>,
    patience: Option<Duration>,
}

/// What a helper keeps for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user name; [`Login::TOKEN`] for a token that stands for both.
    pub username: String,
    /// The password or the token.
    pub secret: Secret,
}

impl Login {
    /// The user name under which a token is kept.
    pub const TOKEN: &'static str = "<token>";

    /// Reads the document in which it is given to a helper: the server that it is for, and the login.
    ///
    /// # Errors
    /// Text that is no such document.
    pub fn read(text: &str) -> Result<(String, Self)> {
        let answer: Answer = serde_json::from_str(text)
            .map_err(|error| Error::new(Kind::Credential(format!("invalid credentials{}", place(&error)))))?;
        Ok((answer.server, Self { username: answer.username, secret: answer.secret }))
    }

    /// The document in which it is given to a helper, and which a helper gives.
    ///
    /// # Errors
    /// None that is known.
    pub fn document(&self, server: &str) -> Result<Zeroizing<Vec<u8>>> {
        let entry = Entry { server, username: &self.username, secret: self.secret.expose() };
        let text = serde_json::to_vec(&entry).map_err(|error| Error::invalid(error.to_string()))?;
        Ok(Zeroizing::new(text))
    }
}

impl From<Login> for Credential {
    fn from(login: Login) -> Self {
        let Login { username, secret } = login;
        if username == Login::TOKEN {
            return Self { refresh_token: secret, ..Self::default() };
        }
        Self { username, password: secret, ..Self::default() }
    }
}

impl From<Credential> for Login {
    fn from(credential: Credential) -> Self {
        if credential.refresh_token.is_empty() {
            return Self { username: credential.username, secret: credential.password };
        }
        Self { username: Self::TOKEN.to_owned(), secret: credential.refresh_token }
    }
}

/// What a helper is told to keep.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(rename = "ServerURL")]
    server: &'a str,
    username: &'a str,
    secret: &'a str,
}

/// What a helper has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    #[serde(rename = "ServerURL", default)]
    server: String,
    #[serde(default)]
    pub(super) username: String,
    #[serde(default)]
    pub(super) secret: Secret,
}

impl Helper {
    /// The helper of that name, looked for in these folders or by the system, and the time it has for an answer.
    pub(super) fn new(name: &str, search: Option<Vec<PathBuf>>, patience: Option<Duration>) -> Self {
        Self { program: format!("docker-credential-{name}"), search, patience }
    }

    /// What it has for a key; nothing is no error.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Credential>> {
        let output = self.run("get", key.as_bytes()).await?;
        if !output.status.success() {
            return if said(&output) == NOTHING_THERE { Ok(None) } else { Err(self.failed("get", &output)) };
        }
        let answer: Answer = serde_json::from_slice(&output.stdout).map_err(|error| {
            Error::new(Kind::Credential(format!("{} get: invalid answer{}", self.program, place(&error))))
        })?;
        Ok(Some(Login { username: answer.username, secret: answer.secret }.into()))
    }

    /// Has it keep a credential.
    pub(super) async fn store(&self, key: &str, credential: &Credential) -> Result<()> {
        self.done("store", &Login::from(credential.clone()).document(key)?).await
    }

    /// Has it forget what it has for a key.
    pub(super) async fn erase(&self, key: &str) -> Result<()> {
        self.done("erase", key.as_bytes()).await
    }

    async fn done(&self, action: &str, input: &[u8]) -> Result<()> {
        let output = self.run(action, input).await?;
        // To forget what is not there is done.
        if output.status.success() || (action == "erase" && said(&output) == NOTHING_THERE) {
            return Ok(());
        }
        Err(self.failed(action, &output))
    }

    async fn run(&self, action: &str, input: &[u8]) -> Result<Output> {
        let mut command = Command::new(self.find()?);
        command.arg(action).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let run = async {
            let mut child = Group::spawn(&mut command)?;
            if let Some(mut stdin) = child.stdin() {
                // A helper may answer without having read everything.
                match stdin.write_all(input).await {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                    _ => {}
                }
            }
            child.output().await
        };
        let Some(patience) = self.patience else {
            return run.await.map_err(|error| self.unstarted(&error));
        };
        match tokio::time::timeout(patience, run).await {
            Ok(done) => done.map_err(|error| self.unstarted(&error)),
            Err(_) => Err(self.error(action, &format!("no answer within {patience:?}"))),
        }
    }

    /// The program's file: looked for in the given folders, or left to the system.
    fn find(&self) -> Result<PathBuf> {
        let Some(folders) = &self.search else { return Ok(PathBuf::from(&self.program)) };
        let file = format!("{}{}", self.program, if cfg!(windows) { ".exe" } else { "" });
        folders
            .iter()
            .map(|folder| folder.join(&file))
            .find(|path| path.is_file())
            .ok_or_else(|| self.unstarted(&io::ErrorKind::NotFound.into()))
    }

    fn unstarted(&self, error: &io::Error) -> Error {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "executable file not found in $PATH".to_owned(),
            _ => crate::error::reason(error),
        };
        Error::new(Kind::Credential(format!("exec: {:?}: {reason}", self.program)))
    }

    fn failed(&self, action: &str, output: &Output) -> Error {
        let text = said(output);
        let text = if text.is_empty() { output.status.to_string() } else { text };
        self.error(action, &text)
    }

    fn error(&self, action: &str, text: &str) -> Error {
        Error::new(Kind::Credential(format!("error calling {} {action}: {text}", self.program)))
    }
}

/// Where a document is not as it must be. What stands there may be a secret.
fn place(error: &serde_json::Error) -> String {
    format!(" at line {}, column {}", error.line(), error.column())
}

/// What a helper that failed says of it.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().chars().take(1024).collect()
}
