//! Who I am for a host: docker's config file, those of its relatives, credential helpers.
//!
//! A [`Store`] looks through config files in order and writes only the first of them, as oras does. Each file says for
//! each host whether the credential lies in the file itself or with a helper program, and may have others for single
//! repositories. Where the files lie is the
//! caller's business: nothing here reads the environment or knows a home folder.
//!
//! What does not belong here: HTTP, and what a registry does with a credential.

mod config;
mod group;
mod helper;
mod hosts;
mod keeper;
#[cfg(feature = "keyring")]
mod keyring;
mod secret;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use helper::{Login, NOTHING_THERE};
#[cfg(feature = "keyring")]
pub use keyring::Keyring;
pub use secret::Secret;

use self::config::Config;
use self::keeper::Keeper;
use crate::error::{Error, Kind, Result};

/// How long a helper may take for its answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a host knows somebody by. Any part may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credential {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// A token that is exchanged for access tokens; oras calls it identity token.
    pub refresh_token: Secret,
    /// A token that is sent as it is; docker's file calls it registry token.
    pub access_token: Secret,
}

impl Credential {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A credential, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The credential.
    pub credential: Credential,
    /// The config file that has it, or says who has it.
    pub file: PathBuf,
    /// The name of the helper that has it; none where it lies in the file itself.
    pub helper: Option<String>,
    /// The key under which it is kept.
    pub key: String,
}

/// The config files in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    files: Vec<PathBuf>,
    others: Vec<PathBuf>,
    repository: String,
    search: Option<Vec<PathBuf>>,
    patience: Option<Duration>,
}

impl Store {
    /// These files, with helpers found as the system finds programs and given a minute to answer.
    pub fn new(files: Vec<PathBuf>) -> Self {
        let (others, repository) = (Vec::new(), String::new());
        Self { files, others, repository, search: None, patience: Some(PATIENCE) }
    }

    /// The same with files of other programs, asked where the own files know nothing of a registry, and never written.
    #[must_use]
    pub fn falling_back_to(mut self, others: Vec<PathBuf>) -> Self {
        self.others = others;
        self
    }

    /// The same for work in one repository: what is kept for it, or for a part of its path, wins over what is kept for
    /// the registry as a whole.
    #[must_use]
    pub fn for_repository(mut self, repository: &str) -> Self {
        repository.clone_into(&mut self.repository);
        self
    }

    /// The same with helpers looked for in these folders.
    #[must_use]
    pub fn searching(mut self, folders: Vec<PathBuf>) -> Self {
        self.search = Some(folders);
        self
    }

    /// The same with another time that a helper has for its answer; none is as long as it takes.
    #[must_use]
    pub fn waiting(mut self, patience: Option<Duration>) -> Self {
        self.patience = patience;
        self
    }

    /// The files it asks first. The first of them is the one that is written.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Reads every file, so that one that is no docker config is told before anything is sent.
    ///
    /// # Errors
    /// A file that is no docker config or cannot be read.
    pub async fn check(&self) -> Result<()> {
        for file in self.all() {
            Config::load(file).await?;
        }
        Ok(())
    }

    /// Whether a file has something for the repository and not for all of the registry.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub async fn is_particular(&self, host: &str) -> Result<bool> {
        for file in self.all() {
            if !Config::load(file).await?.below(host, &self.repository).is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The credential of a registry: of the first file that has one.
    ///
    /// # Errors
    /// A file that is no docker config; a helper that is missing, fails or does not answer.
    pub async fn get(&self, host: &str) -> Result<Option<Credential>> {
        Ok(self.find(host).await?.map(|stored| stored.credential))
    }

    /// The same, and where it was found.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn find(&self, host: &str) -> Result<Option<Stored>> {
        for file in self.all() {
            let config = Config::load(file).await?;
            if let Some(found) = self.found(&config, file, host).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn found(&self, config: &Config, file: &Path, host: &str) -> Result<Option<Stored>> {
        let stored = |credential: Credential, key: &str, helper: Option<&str>| Stored {
            credential,
            file: file.to_owned(),
            helper: helper.map(str::to_owned),
            key: key.to_owned(),
        };
        for key in config.below(host, &self.repository) {
            if let Some(found) = config.entry(key)?.filter(|found| !found.is_empty()) {
                return Ok(Some(stored(found, key, None)));
            }
        }
        let key = hosts::key(host);
        let found = match config.helper(key) {
            Some(name) => self.helper(name).get(key).await?.map(|found| stored(found, key, Some(name))),
            None => config.credential(key)?.map(|(key, found)| stored(found, key, None)),
        };
        Ok(found.filter(|found| !found.credential.is_empty()))
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().chain(&self.others)
    }

    /// Keeps a credential in the first file, or with the helper it names.
    ///
    /// # Errors
    /// A user name with a colon; no file; those of [`Store::get`], and the disk's.
    pub async fn put(&self, host: &str, credential: &Credential) -> Result<()> {
        let (file, key) = (self.first()?, hosts::key(host));
        let config = Config::load(file).await?;
        if let Some(name) = config.helper(key) {
            return self.helper(name).store(key, credential).await;
        }
        if credential.username.contains(':') {
            let text = "bad credential format: colons(:) are not allowed in username";
            return Err(Error::new(Kind::Credential(text.to_owned())));
        }
        config::put(file.clone(), key.to_owned(), credential.clone()).await
    }

    /// Keeps a credential with the helper of that name, and nothing in the first file but that the helper has it.
    ///
    /// # Errors
    /// As [`Store::put`]. Then the file is as it was.
    pub async fn put_with(&self, helper: &str, host: &str, credential: &Credential) -> Result<()> {
        let (file, key) = (self.first()?, hosts::key(host));
        Config::load(file).await?;
        self.helper(helper).store(key, credential).await?;
        config::entrust(file.clone(), key.to_owned(), helper.to_owned()).await
    }

    /// Forgets the credential of a registry in the first file, or with the helper it names. One that is not there is
    /// forgotten already.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub async fn erase(&self, host: &str) -> Result<()> {
        let (file, key) = (self.first()?, hosts::key(host));
        let config = Config::load(file).await?;
        if let Some(name) = config.helper(key) {
            return self.helper(name).erase(key).await;
        }
        config::erase(file.clone(), key.to_owned()).await
    }

    fn first(&self) -> Result<&PathBuf> {
        let none = || Error::new(Kind::Credential("no file to keep credentials in".to_owned()));
        self.files.first().ok_or_else(none)
    }

    fn helper(&self, name: &str) -> Keeper {
        Keeper::new(name, self.search.clone(), self.patience)
    }
}

#[cfg(test)]
mod tests;
