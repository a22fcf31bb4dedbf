//! Whom a secret reaches: each way on which a registry can lead a client, and each place that it can lead to.
//!
//! Everything is asked for over TLS, so that a certificate of the client is among the secrets. Where a client is led it
//! meets a question for its password, whatever it has shown already.

use std::sync::Arc;

use rustls::ServerConfig;

use crate::support::certificates::Authority;
use crate::support::hostile::{Answer, Asked, Hostile, answer};
use crate::support::{Run, World};

use Place::{Host, Plain, Port, Same};

/// Where a client is led, seen from the registry `https://localhost:PORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The registry itself, in another spelling.
    Same,
    /// Another port of its host.
    Port,
    /// The same port under another name.
    Host,
    /// Its host without TLS.
    Plain,
}

/// How a client is led.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// By a redirect of a request of this method.
    Redirect(&'static str),
    /// By the place that an upload is given.
    Upload,
    /// By the link to the next page of a list.
    Link,
    /// By the realm of a challenge.
    Realm,
    /// By a redirect of the request for a token.
    TokenRedirect,
}

/// What was seen there: each secret by its letter, and nothing of nobody who came.
type Seen = Option<&'static str>;

/// All secrets: authorization, the client's certificate, its own header, and its cookie.
const ALL: Seen = Some("ACHK");
/// It was asked, and shown no secret.
const BARE: Seen = Some("");
/// It was not even asked.
const NONE: Seen = None;

/// Each way, and what is seen at each place in the order of [`PLACES`]. `R` is the registry, `D` a blob in it.
const WAYS: &[(&str, How, [Seen; 4])] = &[
    ("manifest fetch R/r:v1", How::Redirect("GET"), [ALL, BARE, BARE, NONE]),
    ("resolve R/r:v1", How::Redirect("HEAD"), [ALL, BARE, BARE, NONE]),
    ("blob fetch R/r@D -o -", How::Redirect("GET"), [ALL, BARE, BARE, NONE]),
    ("discover R/r@D", How::Redirect("HEAD"), [ALL, BARE, BARE, NONE]),
    ("repo tags R/r", How::Redirect("GET"), [ALL, BARE, BARE, NONE]),
    ("repo ls R", How::Redirect("GET"), [ALL, BARE, BARE, NONE]),
    ("login R", How::Redirect("GET"), [ALL, BARE, BARE, NONE]),
    ("blob delete R/r@D --force", How::Redirect("DELETE"), [ALL, BARE, BARE, NONE]),
    ("manifest push R/r:v1 manifest.json", How::Redirect("PUT"), [ALL, BARE, BARE, NONE]),
    ("blob push R/r a.txt", How::Redirect("POST"), [ALL, BARE, BARE, NONE]),
    ("blob push R/r a.txt", How::Redirect("PUT"), [ALL, BARE, BARE, NONE]),
    ("blob push R/r a.txt --chunk-size 5b", How::Redirect("PATCH"), [ALL, BARE, BARE, NONE]),
    ("blob push R/r a.txt", How::Upload, [ALL, NONE, NONE, NONE]),
    ("blob push R/r a.txt --chunk-size 5b", How::Upload, [ALL, NONE, NONE, NONE]),
    ("repo tags R/r", How::Link, [ALL, NONE, NONE, NONE]),
    ("repo ls R", How::Link, [ALL, NONE, NONE, NONE]),
    // A token service is shown the password, which is what it is there for. It may not be on this machine, unless it
    // has the name of the registry.
    ("manifest fetch R/r:v1", How::Realm, [ALL, Some("A"), NONE, NONE]),
    ("manifest fetch R/r:v1", How::TokenRedirect, [ALL, BARE, NONE, NONE]),
];

const PLACES: [Place; 4] = [Same, Port, Host, Plain];

/// The digest of the blob `a`.
const BLOB: &str = "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

/// The registry, and two servers beside it.
struct Stage {
    registry: Hostile,
    secure: Hostile,
    plain: Hostile,
    authority: Authority,
}

/// What meets whoever was led somewhere.
fn lure() -> Answer {
    answer(401).header("WWW-Authenticate", "Basic realm=\"lure\"").header("Set-Cookie", "theirs=1")
}

impl Stage {
    /// A registry that wants a password and then leads on as it is told.
    fn new(leads: impl Fn(&Asked, &Ports) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let authority = Authority::named("authority");
        let tls: Arc<ServerConfig> = authority.server(&["localhost", "127.0.0.1", "tokens.test"]);
        let plain = Hostile::start(|_, _| lure());
        let back = Arc::new(std::sync::OnceLock::<u16>::new());
        let home = Arc::clone(&back);
        let secure = Hostile::secure(Arc::clone(&tls), move |asked, _| match home.get() {
            Some(port) if asked.line.ends_with("/via") => {
                answer(307).header("Location", &format!("https://localhost:{port}/led"))
            }
            _ => lure(),
        });
        let (other, open) = (secure.port(), plain.port());
        let registry = Hostile::secure(tls, move |asked, own| {
            let own = own.rsplit_once(':').unwrap().1.parse().unwrap();
            if asked.line.contains("/led") {
                return lure();
            }
            leads(asked, &Ports { own, other, open }).unwrap_or_else(|| answer(404))
        });
        back.set(registry.port()).unwrap();
        Self { registry, secure, plain, authority }
    }

    /// Runs a command, and tells what was seen where it was led to.
    fn led(&self, line: &str, more: &str) -> (Option<String>, Run) {
        let world = World::new();
        world.write("a.txt", "two chunks");
        world.write("manifest.json", crate::support::hostile::image(""));
        let (certificate, key) = self.authority.client();
        let flags = format!(
            "--plain-http=false --ca-file {} --cert-file {} --key-file {} -u alice -p wonderland \
             -H X-Secret:header-secret -H Cookie:mine=1 --retry 0 {more}",
            self.authority.file().display(),
            certificate.display(),
            key.display()
        );
        let address = format!("localhost:{}", self.registry.port());
        let line = format!("{line} {flags}").replace("@D", &format!("@{BLOB}"));
        let line = line.replace(" R/r", &format!(" {address}/r")).replace(" R ", &format!(" {address} "));
        let run = world.run(&line);
        let all = [self.registry.asked(), self.secure.asked(), self.plain.asked()].concat();
        assert!(!all.iter().any(|asked| asked.head.contains("theirs=1")), "a cookie was kept: {run}");
        let mut led = all.iter().filter(|asked| asked.line.contains("/led")).peekable();
        if led.peek().is_none() {
            assert_eq!((self.secure.connections(), self.plain.connections()), (0, 0), "{run}");
            return (None, run);
        }
        let mut letters: Vec<char> = led.flat_map(secrets).collect();
        letters.sort_unstable();
        letters.dedup();
        (Some(letters.into_iter().collect()), run)
    }
}

/// The ports of the registry and of the servers beside it, with TLS and without.
struct Ports {
    own: u16,
    other: u16,
    open: u16,
}

impl Ports {
    fn place(&self, place: Place) -> String {
        let Self { own, other, open } = self;
        match place {
            Same => format!("https://LOCALHOST:{own}/led"),
            Port => format!("https://localhost:{other}/led"),
            Host => format!("https://127.0.0.1:{own}/led"),
            Plain => format!("http://localhost:{open}/led"),
        }
    }
}

/// The letters of what a request has shown.
fn secrets(asked: &Asked) -> Vec<char> {
    let body = String::from_utf8_lossy(&asked.body);
    let shown = [
        ('A', !asked.header("authorization").is_empty() || body.contains("wonderland")),
        ('C', asked.certified),
        ('H', asked.head.contains("header-secret")),
        ('K', !asked.header("cookie").is_empty()),
    ];
    shown.into_iter().filter(|(_, shown)| *shown).map(|(letter, _)| letter).collect()
}

/// What a registry that leads on answers.
fn lead(how: How, asked: &Asked, to: &str, own: u16) -> Option<Answer> {
    let (method, path) = asked.line.split_once(' ').unwrap();
    if path.starts_with("/token") {
        return Some(answer(307).header("Location", to));
    }
    let realm = match how {
        How::Realm => Some(to.to_owned()),
        How::TokenRedirect => Some(format!("https://localhost:{own}/token")),
        _ => None,
    };
    if let Some(realm) = realm {
        return Some(answer(401).header("WWW-Authenticate", &format!("Bearer realm=\"{realm}\"")));
    }
    if asked.header("authorization").is_empty() {
        return Some(answer(401).header("WWW-Authenticate", "Basic realm=\"r\""));
    }
    match (method, how) {
        (method, How::Redirect(which)) if which == method => Some(answer(307).header("Location", to)),
        ("POST", How::Upload) => Some(answer(202).header("Location", to)),
        ("POST", _) => Some(answer(202).header("Location", "/up")),
        ("GET", How::Link) => Some(
            answer(200)
                .header("Link", &format!("<{to}>; rel=\"next\""))
                .body(r#"{"tags":["a"],"repositories":["a"]}"#),
        ),
        ("HEAD", How::Redirect("DELETE")) => Some(answer(200).header("Content-Length", "1")),
        _ => None,
    }
}

#[test]
fn each_secret_reaches_its_origin_and_nobody_else() {
    let mut wrong = Vec::new();
    for (line, how, expected) in WAYS {
        for (place, expected) in PLACES.into_iter().zip(expected) {
            let how = *how;
            let stage = Stage::new(move |asked, ports| lead(how, asked, &ports.place(place), ports.own));
            let (seen, run) = stage.led(line, "");
            if seen.as_deref() != *expected {
                wrong
                    .push(format!("--- {how:?} to {place:?}: {expected:?}, but saw {seen:?}: {line}\n{run}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn authorization_does_not_come_back_from_a_detour_and_the_rest_does() {
    let stage = Stage::new(|asked, ports| {
        let via = format!("https://localhost:{}/via", ports.other);
        lead(How::Redirect("GET"), asked, &via, ports.own)
    });
    let (seen, run) = stage.led("manifest fetch R/r:v1", "");
    assert_eq!(seen.as_deref(), Some("CHK"), "{run}");
    assert_eq!(stage.secure.asked().iter().flat_map(secrets).next(), None);
}

#[test]
fn the_tenth_redirect_is_one_too_many() {
    for (redirects, expected) in [(1, BARE), (2, BARE), (9, BARE), (10, NONE), (11, NONE)] {
        let stage = Stage::new(move |asked, ports| {
            if asked.header("authorization").is_empty() {
                return Some(answer(401).header("WWW-Authenticate", "Basic"));
            }
            let hop = asked.line.rsplit_once("/hop/").map_or(1, |(_, hop)| hop.parse::<usize>().unwrap() + 1);
            let next = if hop == redirects { ports.place(Port) } else { format!("/hop/{hop}") };
            Some(answer(307).header("Location", &next))
        });
        let (seen, run) = stage.led("manifest fetch R/r:v1", "");
        assert_eq!(seen.as_deref(), expected, "{redirects}: {run}");
        assert_eq!(run.stderr.contains("stopped after 10 redirects"), expected == NONE, "{run}");
    }
}

#[test]
fn a_token_service_is_not_on_this_machine_in_any_spelling() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fe80::1]",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "100.100.100.200",
    ] {
        for how in [How::Realm, How::TokenRedirect] {
            let stage = Stage::new(move |asked, ports| {
                lead(how, asked, &format!("https://{host}:{}/led", ports.other), ports.own)
            });
            let (seen, run) = stage.led("manifest fetch R/r:v1", "");
            assert_eq!(seen, None, "{how:?} {host}: {run}");
            assert!(run.stderr.contains("bearer realm host"), "{how:?} {host}: {run}");
        }
    }
}

#[test]
fn a_token_service_that_the_user_has_placed_is_believed() {
    let stage = Stage::new(|asked, ports| {
        lead(How::Realm, asked, &format!("https://tokens.test:{}/led", ports.other), ports.own)
    });
    let port = stage.secure.port();
    let (seen, run) = stage.led("manifest fetch R/r:v1", &format!("--resolve tokens.test:{port}:127.0.0.1"));
    assert_eq!(seen.as_deref(), Some("A"), "{run}");
}
