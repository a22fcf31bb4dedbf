//! Foreign registries as processes on free ports.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::port;
use crate::token_service::{ISSUER, SERVICE, Strangers, TokenService};

/// The user that registries with passwords know.
pub const USER: &str = "alice";
/// Her password.
pub const PASSWORD: &str = "wonderland";

/// How a registry asks who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    None,
    /// By a password with each request.
    Basic,
    /// By a token from a service: its own one, or the one that is started beside it.
    Token,
    /// The same, where everybody gets a token for pulling.
    TokenOrPull,
}

/// A registry that runs until this is dropped.
pub struct Peer {
    process: Child,
    address: String,
    auth: Auth,
    tokens: Option<TokenService>,
    copies: &'static str,
    _folder: tempfile::TempDir,
}

impl Peer {
    /// distribution, version 2 or 3: no referrers API.
    pub fn distribution(program: &Path, auth: Auth) -> Self {
        Self::distribution_with(program, auth, "")
    }

    /// The same over HTTPS and so HTTP/2, with the files of its certificate and key.
    pub fn distribution_over_https(program: &Path, certificate: &Path, key: &Path) -> Self {
        let tls = format!(", tls: {{certificate: {}, key: {}}}", certificate.display(), key.display());
        Self::distribution_with(program, Auth::None, &tls)
    }

    fn distribution_with(program: &Path, auth: Auth, tls: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens = match auth {
            Auth::None | Auth::Basic => None,
            Auth::Token => Some(TokenService::start(Strangers::Refused)),
            Auth::TokenOrPull => Some(TokenService::start(Strangers::MayPull)),
        };
        let users = match auth {
            Auth::None => String::new(),
            Auth::Basic => {
                let file = folder.path().join("htpasswd");
                std::fs::write(&file, format!("{USER}:{}\n", hash())).unwrap();
                format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", file.display())
            }
            Auth::Token | Auth::TokenOrPull => {
                let service = tokens.as_ref().unwrap();
                let file = folder.path().join("tokens.pem");
                std::fs::write(&file, service.certificate()).unwrap();
                format!(
                    "auth: {{token: {{realm: '{}', service: {SERVICE}, issuer: {ISSUER}, rootcertbundle: {}}}}}\n",
                    service.realm(),
                    file.display()
                )
            }
        };
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
             http: {{addr: '127.0.0.1:0', secret: test{tls}}}\n{users}",
            folder.path().join("content").display()
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(program);
        command.arg("serve").arg(&file).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the registry ended before it listened");
            if let Some((_, rest)) = line.split_once("listening on 127.0.0.1:") {
                break rest.chars().take_while(char::is_ascii_digit).collect::<String>();
            }
        };
        // Its log is read to the end, or it would stop when the pipe is full.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let address = format!("localhost:{port}");
        Self { process, address, auth, tokens, copies: "cp -r", _folder: folder }
    }

    /// olareg: referrers API, and a token service where it is asked for.
    pub fn olareg(peers: &Path, auth: Auth) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content = folder.path().join("content");
        std::fs::create_dir(&content).unwrap();
        Self::olareg_somewhere(peers, folder, &content, auth)
    }

    /// olareg over a folder that has content already.
    pub fn olareg_over(peers: &Path, content: &Path) -> Self {
        Self::olareg_somewhere(peers, tempfile::tempdir().unwrap(), content, Auth::None)
    }

    fn olareg_somewhere(peers: &Path, folder: tempfile::TempDir, content: &Path, auth: Auth) -> Self {
        let program = peers.join("olareg");
        // It does not tell which port it took, so one is found for it; another process may be faster.
        for _ in 0..20 {
            let port = port::free();
            if let Some(process) = olareg_on(&program, port, folder.path(), content, auth) {
                let address = format!("localhost:{port}");
                // Of two referrers of a manifest that arrive at once, it lists one only.
                let copies = "cp -r --concurrency 1";
                return Self { process, address, auth, tokens: None, copies, _folder: folder };
            }
        }
        panic!("olareg does not start");
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The command that copies a graph to it.
    pub fn copies(&self) -> &'static str {
        self.copies
    }

    /// The token service that was started beside it.
    pub fn token_service(&self) -> &TokenService {
        self.tokens.as_ref().expect("a registry with a token service beside it")
    }

    /// Whether it wants a password.
    pub fn has_users(&self) -> bool {
        self.auth != Auth::None
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts it on a port; none where that port is taken.
fn olareg_on(program: &Path, port: u16, folder: &Path, content: &Path, auth: Auth) -> Option<Child> {
    let mut command = Command::new(program);
    command.args(["serve", "--addr", "127.0.0.1", "--port", &port.to_string(), "--api-delete", "--dir"]);
    command.arg(content).stdout(Stdio::null()).stderr(Stdio::null());
    if auth != Auth::None {
        let file = folder.join("auth.yml");
        let text = format!(
            "users: {{{USER}: {{cred: \"{}\"}}}}\ngroups: {{all: {{members: [{USER}]}}}}\n\
             acls: [{{repo: '*', members: [all], access: ['*']}}, {{repo: '', members: [all], access: [read]}}]\n",
            hash()
        );
        std::fs::write(&file, text).unwrap();
        command.arg(if auth == Auth::Basic { "--auth-basic" } else { "--auth-token-opaque" }).arg(file);
        command.args(["--external-url", &format!("http://localhost:{port}")]);
    }
    let mut process = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    while !port::answers(port) {
        if process.try_wait().unwrap().is_some() {
            return None;
        }
        std::thread::yield_now();
    }
    Some(process)
}

fn hash() -> String {
    bcrypt::hash(PASSWORD, 4).unwrap()
}
