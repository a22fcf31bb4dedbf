//! From what was typed to something that content can be read from or written to.
//!
//! An [`End`] is a place with the flags that say how to reach it. It is made without any I/O, so that mistakes come
//! first; opening it reads secrets from stdin, certificates and layouts, and sends nothing yet.
//!
//! What does not belong here: the flags ([`super::args`]), and what a command does with the end.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use oras::content::{Cached, Memory, Origin, Source, Target};
use oras::credentials::{Credential, Secret, Store};
use oras::error::{Result as LibraryResult, Side, reason};
use oras::layout;
use oras::registry::{Access, Host, ReferrersMode, Repository};
use oras::transport::{Action, Client, Observer, Resolve, Settings, Tokens};

use super::app::App;
use super::args::remote::Remote;
use super::args::retry::RetryFlags;
use super::failure::Failure;
use super::place::Place;

/// What every request says of this program.
const USER_AGENT: &str = concat!("oras-rs/", env!("CARGO_PKG_VERSION"), " (compatible; oras 1.3.6)");

/// One end of a command: a place and how to get there.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// Where.
    pub(crate) place: Place,
    remote: Remote,
    actions: Vec<Action>,
    referrers: ReferrersMode,
    side: Option<Side>,
    accept: Vec<String>,
    mounting_from: Option<String>,
    chunk_size: Option<u64>,
    concurrency: Option<usize>,
    tokens: Tokens,
}

impl End {
    /// A place, reached with these flags.
    pub(crate) fn new(place: Place, remote: Remote) -> Self {
        let (actions, accept) = (Vec::new(), Vec::new());
        Self {
            place,
            remote,
            actions,
            referrers: ReferrersMode::Probe,
            side: None,
            accept,
            mounting_from: None,
            chunk_size: None,
            concurrency: None,
            tokens: Tokens::default(),
        }
    }

    /// The same with all that will be done there, so that one token is enough.
    #[must_use]
    pub(crate) fn doing(mut self, actions: &[Action]) -> Self {
        self.actions = actions.to_vec();
        self
    }

    /// The same with the way to find and keep referrers.
    #[must_use]
    pub(crate) fn referrers(mut self, mode: ReferrersMode) -> Self {
        self.referrers = mode;
        self
    }

    /// The same as one side of a copy, for failures to name it.
    #[must_use]
    pub(crate) fn on(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// The same asking for these manifest types only.
    #[must_use]
    pub(crate) fn accepting(mut self, media_types: Vec<String>) -> Self {
        self.accept = media_types;
        self
    }

    /// The same with blobs that are sent in chunks of so many bytes.
    #[must_use]
    pub(crate) fn in_chunks(mut self, bytes: Option<u64>) -> Self {
        self.chunk_size = bytes;
        self
    }

    /// The same, which is sent so many requests at once, over as many connections, and no more.
    #[must_use]
    pub(crate) fn at_most(mut self, concurrency: Option<usize>) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// The same with rules for addresses that those of its own come before.
    #[must_use]
    pub(crate) fn resolving(mut self, rules: &[String]) -> Self {
        self.remote.resolve.splice(0..0, rules.iter().cloned());
        self
    }

    /// The same as the other end of a copy from that place. If both are used by the same user, what opened a registry
    /// for one opens it for the other as well; and if both are in one registry, blobs may be mounted.
    #[must_use]
    pub(crate) fn copying_from(mut self, source: &Self) -> Self {
        if !self.remote.is_same_user(&source.remote) {
            return self;
        }
        if self.remote.registry_config == source.remote.registry_config {
            self.tokens = source.tokens.clone();
        }
        if let (Some(here), Some(there)) = (self.place.reference(), source.place.reference())
            && here.registry == there.registry
            && here.repository != there.repository
        {
            self.mounting_from = Some(there.repository.clone());
        }
        self
    }

    /// The repository of the same registry that blobs may be taken from.
    pub(crate) fn mounts(&self) -> Option<Origin> {
        let registry = self.place.reference()?.registry.clone();
        Some(Origin { registry, repository: self.mounting_from.clone()? })
    }
}

impl App {
    /// Opens an end to read and write; a layout is made where there is none.
    pub(crate) async fn target(&self, end: &End) -> Result<Arc<dyn Target>, Failure> {
        if let Some(repository) = self.repository(end).await? {
            return Ok(Arc::new(repository));
        }
        let path = end.place.layout().unwrap_or_default();
        self.remember(end);
        Ok(Arc::new(layout::Directory::create(&path)?))
    }

    /// Opens an end that is only looked at, although a command would write to it: a layout that is not there is empty,
    /// and is not made.
    pub(crate) async fn looked_at(&self, end: &End) -> Result<Arc<dyn Source>, Failure> {
        match end.place.layout() {
            Some(path) if !path.exists() => {
                self.remember(end);
                Ok(Arc::new(Memory::new()))
            }
            _ => self.source(end).await,
        }
    }

    /// Opens an end to read; a layout may be a folder or a tar.
    pub(crate) async fn source(&self, end: &End) -> Result<Arc<dyn Source>, Failure> {
        if let Some(repository) = self.repository(end).await? {
            return Ok(Arc::new(repository));
        }
        let path = self.layout_path(end)?;
        Ok(layout::open(&path)?)
    }

    /// Opens an end to read, behind the user's cache if it is far away.
    pub(crate) async fn cached_source(&self, end: &End) -> Result<Arc<dyn Source>, Failure> {
        let source = self.source(end).await?;
        let Some(cache) = self.env.cache().filter(|_| end.place.reference().is_some()) else {
            return Ok(source);
        };
        let cache = layout::Directory::create(self.env.working_folder()?.join(cache))?;
        Ok(Arc::new(Cached::new(source, Arc::new(cache))))
    }

    /// A registry as a whole, with this credential or else a stored one.
    pub(crate) async fn host(
        &self,
        registry: &str,
        remote: &Remote,
        credential: Option<Credential>,
    ) -> Result<Host, Failure> {
        let client = self.client((registry, ""), remote, credential, Tokens::default(), None).await?;
        Ok(Host::new(client, registry))
    }

    /// The files of credentials, in the order in which they are asked. All of them are read once, so that one that is
    /// no such file is told before anything is sent.
    pub(crate) async fn store(&self, typed: &[PathBuf], retry: RetryFlags) -> Result<Store, Failure> {
        let (files, others) = if typed.is_empty() {
            (self.env.docker_config_file().into_iter().collect(), self.env.containers_auth_files())
        } else {
            (typed.to_vec(), Vec::new())
        };
        self.note(|scene| {
            let side = scene.places.last().and_then(|(side, _)| *side);
            for file in files.iter().map(|file| (side, file.clone())) {
                if !scene.credential_files.contains(&file) {
                    scene.credential_files.push(file);
                }
            }
        });
        let patience = Some(retry.timeout(&self.env)?).filter(|timeout| !timeout.is_zero());
        let store = Store::new(files).falling_back_to(others).waiting(patience);
        store.check().await?;
        Ok(store)
    }

    async fn repository(&self, end: &End) -> Result<Option<Repository>, Failure> {
        let Some(reference) = end.place.reference() else { return Ok(None) };
        self.remember(end);
        let credential = self.credential(&end.remote).await?;
        let place = (reference.registry.as_str(), reference.repository.as_str());
        let tokens = end.tokens.clone();
        let client = self.client(place, &end.remote, credential, tokens, end.concurrency).await?;
        let access = Access { actions: end.actions.clone() };
        let mut repository = Repository::new(client, reference, access, end.referrers);
        if !end.accept.is_empty() {
            repository = repository.accepting(&end.accept);
        }
        if let Some(most) = end.concurrency {
            repository = repository.at_most(most);
        }
        if let Some(source) = &end.mounting_from {
            repository = repository.mounting_from(source);
        }
        if let Some(bytes) = end.chunk_size {
            repository = repository.in_chunks(bytes);
        }
        Ok(Some(repository))
    }

    /// The path of a layout that must be there.
    fn layout_path(&self, end: &End) -> Result<PathBuf, Failure> {
        self.remember(end);
        let path = end.place.layout().unwrap_or_default();
        if let Err(error) = path.metadata() {
            let (raw, path) = (end.place.raw(), path.display().to_string());
            let reason = reason(&error);
            let text =
                format!("invalid argument {raw:?}: failed to find path {path:?}: stat {path}: {reason}");
            return Err(Failure::mistake(text).code("NOT_FOUND"));
        }
        Ok(path)
    }

    fn remember(&self, end: &End) {
        self.note(|scene| scene.places.push((end.side, end.place.clone())));
    }

    /// What requests go through that are for a repository of a registry, or for all of it where that has no name.
    pub(crate) async fn client(
        &self,
        (registry, repository): (&str, &str),
        remote: &Remote,
        credential: Option<Credential>,
        shared: Tokens,
        connections: Option<usize>,
    ) -> Result<Client, Failure> {
        let store = self.store(&remote.registry_config, remote.retry).await?.for_repository(repository);
        // What is kept for one repository opens no other.
        let tokens = if store.is_particular(registry).await? { Tokens::default() } else { shared };
        let settings = Settings {
            plain_http: remote.plain_http.unwrap_or_else(|| is_local(registry)),
            insecure: remote.insecure,
            user_agent: USER_AGENT.to_owned(),
            ca_file: named(remote.ca_file.as_ref()),
            authorities: self.env.authorities(),
            proxies: self.env.proxies()?,
            client_certificate: named(remote.cert_file.as_ref()).zip(named(remote.key_file.as_ref())),
            resolve: rules(&remote.resolve)?,
            headers: remote.headers.iter().map(|text| header(text)).collect::<Result<_, _>>()?,
            credential,
            store: Some(Arc::new(store)),
            observer: Some(Arc::clone(&self.log) as Arc<dyn Observer>),
            retry: remote.retry.retry(&self.env)?,
            connections,
            timeout: remote.retry.timeout(&self.env)?,
            tokens,
            ..Settings::default()
        };
        Ok(Client::new(registry, settings)?)
    }

    /// The credential that was typed, if any was.
    pub(crate) async fn credential(&self, remote: &Remote) -> Result<Option<Credential>, Failure> {
        let named = [("--password", &remote.password), ("--identity-token", &remote.identity_token)];
        for (flag, _) in named.iter().filter(|(_, value)| value.is_some() && remote.prefix.is_empty()) {
            self.terminal.warn(&format!("WARNING! Using {flag} via the CLI is insecure. Use {flag}-stdin."));
        }
        let secret = match (&remote.password, &remote.identity_token) {
            (Some(secret), _) | (None, Some(secret)) => secret.clone(),
            _ if remote.password_stdin || remote.identity_token_stdin => {
                self.terminal.secret_from_stdin().await?
            }
            _ => Secret::default(),
        };
        let credential = credential(remote.username.clone().unwrap_or_default(), secret);
        Ok(Some(credential).filter(|credential| !credential.is_empty()))
    }
}

/// The file, if the text names one at all.
fn named(path: Option<&PathBuf>) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty()).cloned()
}

/// Without a user name the secret is a token that stands for both.
pub(crate) fn credential(username: String, secret: Secret) -> Credential {
    if username.is_empty() {
        return Credential { refresh_token: secret, ..Credential::default() };
    }
    Credential { username, password: secret, ..Credential::default() }
}

/// Whether a registry is spoken to in plain HTTP without being told: only the name `localhost` is.
fn is_local(registry: &str) -> bool {
    registry.split_once(':').map_or(registry, |(host, _)| host) == "localhost"
}

/// Of several rules for one host and port the last one counts, and the client takes the first.
fn rules(typed: &[String]) -> LibraryResult<Vec<Resolve>> {
    let mut rules: Vec<Resolve> = typed.iter().map(|text| text.parse()).collect::<LibraryResult<_>>()?;
    rules.reverse();
    Ok(rules)
}

/// `Name: value`.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let invalid = || Failure::mistake(format!("invalid header: {text:?}"));
    let (name, value) = text.split_once(':').ok_or_else(invalid)?;
    let name = name.parse().map_err(|_| invalid())?;
    Ok((name, value.trim().parse().map_err(|_| invalid())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_localhost_is_spoken_to_in_plain_http() {
        assert!(is_local("localhost") && is_local("localhost:5000"));
        assert!(!is_local("127.0.0.1:5000") && !is_local("localhost.example") && !is_local("[::1]:5000"));
    }

    #[test]
    fn the_last_rule_for_a_host_counts() {
        let typed = ["h:1:127.0.0.1".to_owned(), "h:1:127.0.0.2".to_owned()];
        assert_eq!(rules(&typed).unwrap()[0].address.to_string(), "127.0.0.2:1");
    }

    #[test]
    fn a_header_needs_a_name() {
        assert_eq!(header("X-A: b").unwrap(), ("x-a".parse().unwrap(), "b".parse().unwrap()));
        assert!(header("bad").is_err() && header(" :x").is_err());
    }

    #[test]
    fn a_secret_without_a_name_is_a_token() {
        assert!(credential(String::new(), "s".into()).password.is_empty());
        assert_eq!(credential("u".into(), "s".into()).password.expose(), "s");
    }
}
