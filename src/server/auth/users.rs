//! Users and their passwords, as an htpasswd file has them.
//!
//! bcrypt only: the other forms of such a file can be guessed at millions a second. A check costs its time on purpose,
//! so one that succeeded is remembered, by a digest with a key that nobody outside has; and a user who is not there
//! costs the same time as one who is.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use http::{HeaderMap, header};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::oci::{Algorithm, Digest, Hasher};
use crate::server::random;

/// How many checks go on at once: each takes a core.
const CHECKS: usize = 4;

/// User names with the bcrypt hashes of their passwords.
#[derive(Clone)]
pub struct Users(BTreeMap<String, String>);

impl Users {
    /// The users of an htpasswd file: lines of `name:hash`; empty ones and those with `#` mean nothing.
    ///
    /// # Errors
    /// A line of another form, a hash other than bcrypt; no users at all.
    pub fn parse(text: &str) -> Result<Self> {
        let mut users = BTreeMap::new();
        for (position, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad =
                |why: &str| Error::invalid(format!("line {} of the htpasswd file: {why}", position + 1));
            let (name, hash) = line.split_once(':').ok_or_else(|| bad("it is not user:hash"))?;
            bcrypt::HashParts::from_str(hash).map_err(|_| bad("the password is not hashed with bcrypt"))?;
            users.insert(name.to_owned(), hash.to_owned());
        }
        if users.is_empty() {
            return Err(Error::invalid("the htpasswd file has no users"));
        }
        Ok(Self(users))
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The check of passwords.
pub(super) struct Checker {
    users: Users,
    key: [u8; 32],
    known: Mutex<HashMap<String, Digest>>,
    turns: Semaphore,
}

impl Checker {
    pub(super) fn new(users: Users) -> Result<Self> {
        let key = random::bytes()?;
        Ok(Self { users, key, known: Mutex::default(), turns: Semaphore::new(CHECKS) })
    }

    /// Whether there is such a user and the password is theirs.
    pub(super) async fn knows(&self, user: &str, password: &str) -> bool {
        let mark = self.mark(user, password);
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).get(user) == Some(&mark) {
            return true;
        }
        let own = self.users.0.get(user);
        let Some(hash) = own.or_else(|| self.users.0.values().next()).cloned() else { return false };
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let typed = password.to_owned();
        let check = tokio::task::spawn_blocking(move || bcrypt::verify(typed, &hash).unwrap_or(false));
        let right = check.await.unwrap_or(false) && own.is_some();
        if right {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(user.to_owned(), mark);
        }
        right
    }

    fn mark(&self, user: &str, password: &str) -> Digest {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        for part in [&self.key, user.as_bytes(), &[0], password.as_bytes()] {
            hasher.update(part);
        }
        hasher.finish()
    }
}

/// User name and password of a request with Basic authentication.
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = sent.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok();
    let (user, password) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| {
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    })?;
    Some((user, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let hash = bcrypt::hash("secret", 4).unwrap();
        let users = Users::parse(&format!("# people\n\nalice:{hash}\n")).unwrap();
        assert_eq!(format!("{users:?}"), "{\"alice\"}");
        let checker = Checker::new(users).unwrap();
        for _ in 0..2 {
            assert!(checker.knows("alice", "secret").await);
            assert!(!checker.knows("alice", "Secret").await);
            assert!(!checker.knows("bob", "secret").await);
        }
    }

    #[test]
    fn other_hashes_are_refused_by_line() {
        for weak in ["alice:$apr1$x$y", "alice:{SHA}abc", "alice:secret", "alice"] {
            let error = Users::parse(&format!("\n{weak}")).unwrap_err().to_string();
            assert!(error.starts_with("line 2 of the htpasswd file: "), "{error}");
        }
        assert!(Users::parse("").is_err());
    }
}
