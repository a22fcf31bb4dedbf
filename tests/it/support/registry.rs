//! The embedded registry in this process, with a log of what it was asked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use oras::server::{Authentication, Config, Heard, Others, Referrers, Scheme, Storage, Users, bind};
use tokio::runtime::Builder;

use super::World;
use super::background::Background;

/// The user that registries with passwords know.
pub const USER: &str = "alice";
/// Her password.
pub const PASSWORD: &str = "wonderland";

/// What kind of registry it is.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Whether it has the referrers API.
    pub referrers_api: bool,
    /// How it asks for passwords, if it does.
    pub scheme: Option<Scheme>,
    /// Where content is kept; in memory where there is none.
    pub folder: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { referrers_api: true, scheme: None, folder: None }
    }
}

impl Setup {
    /// With a password for each request.
    pub fn passwords() -> Self {
        Self { scheme: Some(Scheme::Basic), ..Self::default() }
    }

    /// With a token service.
    pub fn tokens() -> Self {
        Self { scheme: Some(Scheme::Token), ..Self::default() }
    }
}

/// A registry that runs until this is dropped.
pub struct Registry {
    address: String,
    log: Arc<Mutex<Vec<String>>>,
    _server: Background,
}

impl Registry {
    /// Starts one on a free port.
    pub fn start(setup: Setup) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let config = setup.config(&log);
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(2);
        let server = Background::run(runtime, |tell, ended| async move {
            let bound = bind(config).await.unwrap();
            tell.send(bound.address().port()).unwrap();
            // A sender that is gone means the end as well.
            bound.run(async { drop(ended.await) }).await.unwrap();
        });
        Self { address: server.address(), log, _server: server }
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What it was asked, as `GET hello/manifests/v1 200`, with what differs from run to run made the same.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Forgets what it was asked.
    pub fn clear_log(&self) {
        self.log.lock().unwrap().clear();
    }

    /// Logs in the user of this registry.
    pub fn log_in(&self, world: &World) {
        let line = format!("login {} -u {USER} --password-stdin", self.address);
        assert_eq!(world.run_with_input(&line, PASSWORD).success().stdout, "Login Succeeded\n");
    }
}

impl Setup {
    fn config(self, log: &Arc<Mutex<Vec<String>>>) -> Config {
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)));
        let log = Arc::clone(log);
        let heard: Heard = Arc::new(move |method, path, status| {
            log.lock().unwrap().push(format!("{method} {} {}", steady(path), status.as_u16()));
        });
        config.heard = Some(heard);
        if !self.referrers_api {
            config.referrers = Referrers::TagSchema;
        }
        if let Some(folder) = self.folder {
            config.storage = Storage::Folder(folder);
        }
        config.authentication = self.scheme.map(|scheme| {
            let hash = bcrypt::hash(PASSWORD, 4).unwrap();
            let users = Users::parse(&format!("{USER}:{hash}\n")).unwrap();
            Authentication { users, scheme, others: Others::Refused }
        });
        config
    }
}

/// A path without its beginning, with digests, sessions and tags of the tag schema replaced by what they are.
fn steady(path: &str) -> String {
    let path = path.strip_prefix("/v2/").unwrap_or(path);
    if let Some((repository, _)) =
        path.split_once("/blobs/uploads/").filter(|(_, rest)| !rest.is_empty() && !rest.starts_with('?'))
    {
        return format!("{repository}/blobs/uploads/<session>");
    }
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        parts.push(match part {
            part if part.starts_with("sha256:") && !part.contains('?') => "<digest>".to_owned(),
            part if part.starts_with("sha256-") => "<schema>".to_owned(),
            part => part.to_owned(),
        });
    }
    parts.join("/")
}
