//! Who keeps credentials beside the config files, by the name that a config file gives.
//!
//! What does not belong here: how each of them is asked.

use std::path::PathBuf;
use std::time::Duration;

use super::Credential;
use super::helper::Helper;
#[cfg(feature = "keyring")]
use super::keyring::Keyring;
use crate::error::Result;

/// A program, or the keyring.
pub(super) enum Keeper {
    Program(Helper),
    #[cfg(feature = "keyring")]
    Keyring(Option<Duration>),
}

impl Keeper {
    /// The keeper of that name, the time it has for an answer, and where its program is looked for if not by the
    /// system.
    pub(super) fn new(name: &str, search: Option<Vec<PathBuf>>, patience: Option<Duration>) -> Self {
        #[cfg(feature = "keyring")]
        if name == Keyring::NAME {
            return Self::Keyring(patience);
        }
        Self::Program(Helper::new(name, search, patience))
    }

    /// What it has for a key; nothing is no error.
    pub(super) async fn get(&self, key: &str) -> Result<Option<Credential>> {
        match self {
            Self::Program(helper) => helper.get(key).await,
            #[cfg(feature = "keyring")]
            Self::Keyring(patience) => {
                let login = within(*patience, Keyring.get(key)).await?;
                Ok(login.map(Credential::from))
            }
        }
    }

    /// Has it keep a credential.
    pub(super) async fn store(&self, key: &str, credential: &Credential) -> Result<()> {
        match self {
            Self::Program(helper) => helper.store(key, credential).await,
            #[cfg(feature = "keyring")]
            Self::Keyring(patience) => within(*patience, Keyring.store(key, credential.clone().into())).await,
        }
    }

    /// Has it forget what it has for a key.
    pub(super) async fn erase(&self, key: &str) -> Result<()> {
        match self {
            Self::Program(helper) => helper.erase(key).await,
            #[cfg(feature = "keyring")]
            Self::Keyring(patience) => within(*patience, Keyring.erase(key)).await,
        }
    }
}

/// The answer of the keyring, if it comes in time.
#[cfg(feature = "keyring")]
async fn within<T>(patience: Option<Duration>, answer: impl Future<Output = Result<T>>) -> Result<T> {
    use crate::error::{Error, Kind};
    let Some(patience) = patience else { return answer.await };
    let late = |_| Error::new(Kind::Credential(format!("no answer from the keyring within {patience:?}")));
    tokio::time::timeout(patience, answer).await.map_err(late)?
}
