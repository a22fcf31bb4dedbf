//! Who I am for a host: docker's config file, credential helpers.
//!
//! A [`Store`] looks through config files in order and writes only the first of them, as oras does. Each file says for
//! each host whether the credential lies in the file itself or with a helper program. Where the files lie is the
//! caller's business: nothing here reads the environment or knows a home folder.
//!
//! What does not belong here: HTTP, and what a registry does with a credential.

mod config;
mod group;
mod helper;
mod hosts;
mod secret;

use std::path::PathBuf;

pub use secret::Secret;

use self::config::Config;
use self::helper::Helper;
use crate::error::{Error, Kind, Result};

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

/// The config files in the order in which they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Store {
    files: Vec<PathBuf>,
    search: Option<Vec<PathBuf>>,
}

impl Store {
    /// These files, with helpers found as the system finds programs.
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self { files, search: None }
    }

    /// The same with helpers looked for in these folders.
    #[must_use]
    pub fn searching(mut self, folders: Vec<PathBuf>) -> Self {
        self.search = Some(folders);
        self
    }

    /// The files it asks.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Reads every file, so that one that is no docker config is told before anything is sent.
    ///
    /// # Errors
    /// A file that is no docker config or cannot be read.
    pub async fn check(&self) -> Result<()> {
        for file in &self.files {
            Config::load(file).await?;
        }
        Ok(())
    }

    /// The credential of a registry: of the first file that has one.
    ///
    /// # Errors
    /// A file that is no docker config; a helper that is missing or fails.
    pub async fn get(&self, host: &str) -> Result<Option<Credential>> {
        let key = hosts::key(host);
        for file in &self.files {
            let config = Config::load(file).await?;
            let found = match config.helper(key) {
                Some(name) => self.helper(name).get(key).await?,
                None => config.credential(key)?,
            };
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                return Ok(Some(found));
            }
        }
        Ok(None)
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

    fn helper(&self, name: &str) -> Helper {
        Helper::new(name, self.search.clone())
    }
}

#[cfg(test)]
mod tests;
