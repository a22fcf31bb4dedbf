//! Docker's config file.
//!
//! The file belongs to other programs too, so every key that is not understood here is kept, in its place. A change
//! is read, made and renamed into place under a lock of the folder, so that two logins at once both last.
//!
//! What does not belong here: helper programs, and where the file lies.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::{Credential, Secret, hosts};
use crate::disk::{self, joined};
use crate::error::{Context, Error, IoContext, Kind, Result};
use crate::oci::json;

/// The most that is read of a config file: 4 MiB.
const LIMIT: u64 = 4 * 1024 * 1024;

/// What one file says.
#[derive(Default)]
pub(super) struct Config {
    pub(super) all: Map<String, Value>,
}

/// What it says is secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").finish_non_exhaustive()
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        self.all.get_mut("auths").into_iter().for_each(wipe);
    }
}

/// Wipes all text of a value.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

impl Config {
    /// Reads a file; one that is not there says nothing.
    pub(super) async fn load(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        joined(tokio::task::spawn_blocking(move || read(&path)).await)
    }

    /// The helper that has the credential of this key: the host's own one, else the one for all.
    pub(super) fn helper(&self, key: &str) -> Option<&str> {
        let own = self.all.get("credHelpers").and_then(|helpers| helpers.get(key));
        let names = [own, self.all.get("credsStore")];
        names.into_iter().flatten().filter_map(Value::as_str).find(|name| !name.is_empty())
    }

    /// The credential of a whole registry that lies in the file itself, and its key there.
    pub(super) fn credential(&self, key: &str) -> Result<Option<(&str, Credential)>> {
        let mut names = self.names().filter(|name| hosts::host_of(name) == Some(key));
        let exact = self.names().find(|name| *name == key);
        let Some(name) = exact.or_else(|| names.next()) else { return Ok(None) };
        Ok(self.entry(name)?.map(|credential| (name, credential)))
    }

    /// The keys that stand for a repository or a part of its path, the longest first.
    pub(super) fn below(&self, host: &str, repository: &str) -> Vec<&str> {
        let mut keys: Vec<&str> =
            self.names().filter(|name| hosts::is_above(name, host, repository)).collect();
        keys.sort_by_key(|name| std::cmp::Reverse(name.trim_end_matches('/').len()));
        keys
    }

    /// What lies in the file under exactly this key.
    pub(super) fn entry(&self, name: &str) -> Result<Option<Credential>> {
        self.all.get("auths").and_then(|auths| auths.get(name)).map(decode).transpose()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.all.get("auths").and_then(Value::as_object).into_iter().flat_map(Map::keys).map(String::as_str)
    }
}

/// Keeps a credential in the file.
pub(super) async fn put(path: PathBuf, key: String, credential: Credential) -> Result<()> {
    change(path, move |all| {
        let Some(entries) = fields(all, "auths") else { return false };
        let entry = entries.entry(key).or_insert_with(|| Map::new().into());
        if !entry.is_object() {
            *entry = Map::new().into();
        }
        if let Value::Object(fields) = entry {
            encode(fields, &credential);
        }
        true
    })
    .await
}

/// Forgets what the file has of a key, under each of the ways to write it.
pub(super) async fn erase(path: PathBuf, key: String) -> Result<()> {
    // Nor is there a folder to be made.
    if matches!(tokio::fs::try_exists(&path).await, Ok(false)) {
        return Ok(());
    }
    change(path, move |all| fields(all, "auths").is_some_and(|entries| forget(entries, &key))).await
}

/// Says that a helper has the credential of a key, and forgets what the file has of it.
pub(super) async fn entrust(path: PathBuf, key: String, helper: String) -> Result<()> {
    change(path, move |all| {
        let forgotten = all.contains_key("auths") && fields(all, "auths").is_some_and(|it| forget(it, &key));
        let Some(helpers) = fields(all, "credHelpers") else { return forgotten };
        let known = helpers.get(&key).and_then(Value::as_str) == Some(helper.as_str());
        helpers.insert(key, helper.into());
        forgotten || !known
    })
    .await
}

/// Removes all entries of a registry; says whether there were any.
fn forget(entries: &mut Map<String, Value>, key: &str) -> bool {
    let before = entries.len();
    entries.retain(|name, _| name != key && hosts::host_of(name) != Some(key));
    entries.len() != before
}

/// The fields of one field, which is made where there is none. Files with anything else there are not read at all.
fn fields<'a>(all: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    let value = all.entry(name).or_insert_with(|| Map::new().into());
    if value.is_null() {
        *value = Map::new().into();
    }
    value.as_object_mut()
}

/// Makes a change in a file; `make` says whether there was anything to change.
async fn change<F>(path: PathBuf, make: F) -> Result<()>
where
    F: FnOnce(&mut Map<String, Value>) -> bool + Send + 'static,
{
    let work = move || {
        // A file that is a link, as many keep their settings, stays one.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        disk::make_private_folder(folder)?;
        locked(folder, || {
            let mut config = read(&path)?;
            if make(&mut config.all) { disk::write_private(&path, &tabbed(&config.all)) } else { Ok(()) }
        })
    };
    joined(tokio::task::spawn_blocking(work).await)
}

/// Runs `work` while no other process is between reading and writing a file of the folder. The folder itself is
/// locked: a file that is replaced cannot be, and a lock file would be left behind.
#[cfg(unix)]
fn locked(folder: &Path, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut lock = fd_lock::RwLock::new(fs::File::open(folder).at("open", folder)?);
    let _held = lock.write().at("lock", folder)?;
    work()
}

/// Folders cannot be locked here, so a file is, which stays.
#[cfg(not(unix))]
fn locked(folder: &Path, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let path = folder.join(".oras-lock");
    let file = fs::File::options().write(true).create(true).truncate(false).open(&path).at("open", &path)?;
    let mut lock = fd_lock::RwLock::new(file);
    let _held = lock.write().at("lock", &path)?;
    work()
}

fn read(path: &Path) -> Result<Config> {
    let mut text = Zeroizing::new(Vec::new());
    match fs::File::open(path) {
        Ok(file) => {
            let read = file.take(LIMIT + 1).read_to_end(&mut text).at("read", path);
            read.map_err(|error| undecodable(path, &error.to_string()))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(error) => {
            let opened = Err(Error::io("open", path, error));
            return opened.within(|| format!("failed to open config file at {}", path.display()).into());
        }
    }
    if text.len() as u64 > LIMIT {
        return Err(undecodable(path, "file is too large"));
    }
    // Only the first value counts, and no value is an empty config: docker's own reader takes both.
    let Some(first) = serde_json::Deserializer::from_slice(&text).into_iter::<Value>().next() else {
        return Ok(Config::default());
    };
    let all = match first {
        Ok(Value::Object(all)) => all,
        Ok(Value::Null) => Map::new(),
        Ok(other) => return Err(undecodable(path, &wrong_type(&other, "json.RawMessage"))),
        Err(error) => return Err(undecodable(path, &json::mistake(&text, &error))),
    };
    check(&all)?;
    Ok(Config { all })
}

/// Finds fields whose type would hide what they say.
fn check(all: &Map<String, Value>) -> Result<()> {
    for (field, name, element) in
        [("auths", "auths", "json.RawMessage"), ("credHelpers", "cred helpers", "string")]
    {
        if let Some(value) = all.get(field).filter(|value| !value.is_object() && !value.is_null()) {
            let reason = wrong_type(value, element);
            let text = format!("failed to unmarshal {name} field: invalid config format: {reason}");
            return Err(Error::new(Kind::Credential(text)));
        }
    }
    Ok(())
}

fn undecodable(path: &Path, reason: &str) -> Error {
    let text = format!("failed to decode config file {}: invalid config format: {reason}", path.display());
    Error::new(Kind::Credential(text))
}

fn wrong_type(value: &Value, element: &str) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {kind} into Go value of type map[string]{element}")
}

fn decode(entry: &Value) -> Result<Credential> {
    let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
    let mut credential = Credential {
        username: text("username").to_owned(),
        password: text("password").into(),
        refresh_token: text("identitytoken").into(),
        access_token: text("registrytoken").into(),
    };
    let joined = text("auth").trim_end_matches(['=', '\n']);
    if !joined.is_empty() {
        let wrong = |reason: &str| {
            Error::new(Kind::Credential(format!(
                "failed to decode auth field: invalid config format: {reason}"
            )))
        };
        let pair = base64::engine::general_purpose::STANDARD_NO_PAD.decode(joined);
        let pair = pair.map_err(|error| wrong(&illegal(joined, &error)))?;
        let pair = String::from_utf8(pair).ok().map(Secret::from);
        // The password may have colons itself.
        let Some((username, password)) = pair.as_ref().and_then(|pair| pair.expose().split_once(':')) else {
            return Err(wrong("not the base64 of username:password"));
        };
        username.clone_into(&mut credential.username);
        credential.password = password.trim_end_matches('\0').into();
    }
    Ok(credential)
}

/// Where a text stops being base64, in the words of Go.
fn illegal(text: &str, error: &base64::DecodeError) -> String {
    let at = match error {
        base64::DecodeError::InvalidByte(at, _) => *at,
        _ => text.len(),
    };
    format!("illegal base64 data at input byte {at}")
}

/// Writes a credential into an entry, whose other fields stay.
fn encode(fields: &mut Map<String, Value>, credential: &Credential) {
    let pair = Secret::from(format!("{}:{}", credential.username, credential.password.expose()));
    let auth =
        Secret::from(if pair.expose() == ":" { String::new() } else { STANDARD.encode(pair.expose()) });
    fields.remove("username");
    fields.remove("password");
    for (field, value) in [
        ("auth", auth.expose()),
        ("identitytoken", credential.refresh_token.expose()),
        ("registrytoken", credential.access_token.expose()),
    ] {
        if value.is_empty() {
            fields.remove(field);
        } else {
            fields.insert(field.to_owned(), value.into());
        }
    }
}

/// JSON indented by tabs, as docker writes this file.
fn tabbed(all: &Map<String, Value>) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::new());
    let mut serializer = Serializer::with_formatter(&mut *text, PrettyFormatter::with_indent(b"\t"));
    // Values that were read from JSON can be written as JSON, and a vector takes all.
    let _ = all.serialize(&mut serializer);
    text
}
