//! The keyring of the system, behind the protocol of docker's credential helpers.
//!
//! The keyring is the Secret Service on Linux and its relatives, the Keychain on macOS, the Credential Manager on
//! Windows. Who is called `oras` in a config file is this; for docker and its other relatives it answers as the program
//! `docker-credential-oras`. What is kept for a server is one entry, under the name of the server, with the user name
//! inside: a server is asked for without knowing the user.
//!
//! What does not belong here: which host is kept here, and the words of the program.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error as Reason};
use zeroize::Zeroizing;

use super::helper::{Answer, Login};
use crate::disk;
use crate::error::{Error, Kind, Result};

/// What entries are called that are ours.
const SERVICE: &str = "oras";

/// The keyring of the user that this program runs as.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keyring;

impl Keyring {
    /// The name of this keeper in config files: `docker-credential-NAME` is its program.
    pub const NAME: &'static str = "oras";

    /// Fails where there is none.
    ///
    /// # Errors
    /// There is no keyring here.
    pub async fn check(self) -> Result<()> {
        disk::work(|_| store().map(drop)).await
    }

    /// What it has for a server.
    ///
    /// # Errors
    /// There is no keyring here, it stays locked, or what it has is not of us.
    pub async fn get(self, server: &str) -> Result<Option<Login>> {
        let server = server.to_owned();
        disk::work(move |_| {
            let entry = entry(&server)?;
            let text = match entry.get_secret() {
                Ok(text) => Zeroizing::new(text),
                Err(Reason::NoEntry) => return Ok(None),
                Err(reason) => return Err(failed(&reason)),
            };
            let answer: Answer = serde_json::from_slice(&text)
                .map_err(|_| mistake(format!("the keyring has something else for {server}")))?;
            Ok(Some(Login { username: answer.username, secret: answer.secret }))
        })
        .await
    }

    /// Keeps something for a server, in place of what it had.
    ///
    /// # Errors
    /// There is no keyring here, or it stays locked.
    pub async fn store(self, server: &str, login: Login) -> Result<()> {
        let server = server.to_owned();
        disk::work(move |_| {
            let text = login.document(&server)?;
            entry(&server)?.set_secret(&text).map_err(|reason| failed(&reason))
        })
        .await
    }

    /// Forgets what it has for a server; what is not there is forgotten already.
    ///
    /// # Errors
    /// There is no keyring here, or it stays locked.
    pub async fn erase(self, server: &str) -> Result<()> {
        let server = server.to_owned();
        disk::work(move |_| match entry(&server)?.delete_credential() {
            Ok(()) | Err(Reason::NoEntry) => Ok(()),
            Err(reason) => Err(failed(&reason)),
        })
        .await
    }

    /// The servers that it has something for, with their user names.
    ///
    /// # Errors
    /// There is no keyring here, or it stays locked.
    pub async fn list(self) -> Result<BTreeMap<String, String>> {
        let servers = disk::work(|_| servers()).await?;
        let mut all = BTreeMap::new();
        for server in servers {
            if let Some(login) = self.get(&server).await? {
                all.insert(server, login.username);
            }
        }
        Ok(all)
    }
}

/// The entry of a server, which may not be there yet.
fn entry(server: &str) -> Result<Entry> {
    store()?.build(SERVICE, server, None).map_err(|reason| failed(&reason))
}

/// The servers of all entries that are ours.
fn servers() -> Result<Vec<String>> {
    // Windows looks for patterns in names, the others for what each part is.
    let wanted = if cfg!(windows) { HashMap::new() } else { HashMap::from([("service", SERVICE)]) };
    let entries = store()?.search(&wanted).map_err(|reason| failed(&reason))?;
    let names = entries.iter().filter_map(Entry::get_specifiers);
    Ok(names.filter(|(service, _)| service == SERVICE).map(|(_, server)| server).collect())
}

/// The keyring itself, which is not there without a session of a user.
fn store() -> Result<Arc<CredentialStore>> {
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new();
    #[cfg(windows)]
    let store = windows_native_keyring_store::Store::new();
    #[cfg(all(unix, not(target_vendor = "apple")))]
    let store = dbus_secret_service_keyring_store::Store::new();
    store
        .map(|store| -> Arc<CredentialStore> { store })
        .map_err(|reason| mistake(format!("there is no keyring to be reached: {reason}")))
}

fn failed(reason: &Reason) -> Error {
    mistake(format!("the keyring failed: {reason}"))
}

fn mistake(text: String) -> Error {
    Error::new(Kind::Credential(text))
}
