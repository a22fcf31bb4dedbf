//! Ways to a registry that the environment names: proxies, and the certificates of authorities.
//!
//! The registries are called `reg.test`, which only the proxies know.

use std::ffi::OsStr;

use crate::support::certificates::Authority;
use crate::support::hostile::{Artifact, Hostile, answer};
use crate::support::proxy::{Manner, Proxy};
use crate::support::{Run, World};

fn artifact() -> Artifact {
    Artifact::new(&[("hello.txt", b"hello", "")])
}

/// A registry with an artifact that everybody may pull.
fn registry() -> Hostile {
    Hostile::registry(artifact().things())
}

/// The same over TLS.
fn secure(authority: &Authority) -> Hostile {
    let things = artifact().things();
    Hostile::secure(authority.server(&["reg.test", "localhost"]), move |asked, _| {
        let path = asked.line.split([' ', '?']).nth(1).unwrap_or_default();
        let found = things.iter().find(|(name, _)| path.ends_with(name.as_str()));
        found.map_or_else(|| answer(404), |(_, answer)| answer.clone())
    })
}

/// Pulls with these variables.
fn pull(world: &World, from: &str, flags: &str, variables: &[(&str, &str)]) -> Run {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, OsStr::new(*value))).collect();
    world.run_with(&format!("pull {from}/r:v1 -o out --retry 0 {flags}"), "", &variables)
}

#[track_caller]
fn pulled(world: &World, run: Run) {
    let _ = run.success();
    assert_eq!(world.read("out/hello.txt"), "hello");
}

#[test]
fn plain_http_goes_through_a_proxy() {
    let registry = registry();
    let proxy = Proxy::before(registry.port(), Manner::Http);
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let world = World::new();
        let run = pull(&world, "reg.test:5000", "--plain-http", &[(variable, &proxy.address())]);
        pulled(&world, run);
    }
    assert!(proxy.heard()[0].starts_with("GET http://reg.test:5000/v2/r/manifests/v1 HTTP/1.1\r\n"));
    assert_eq!(registry.asked().len(), proxy.heard().len());
}

#[test]
fn https_goes_through_a_tunnel_of_which_the_proxy_sees_the_name_only() {
    let authority = Authority::named("authority");
    let registry = secure(&authority);
    // "user:pass word"
    let proxy = Proxy::before(registry.port(), Manner::Asks("Basic dXNlcjpwYXNzIHdvcmQ="));
    let world = World::new();
    let flags = format!("--ca-file {} -H X-Secret:mine", authority.file().display());
    let url = format!("http://user:pass%20word@{}", proxy.address());
    pulled(&world, pull(&world, "reg.test", &flags, &[("HTTPS_PROXY", &url)]));
    for head in proxy.heard() {
        assert!(head.starts_with("CONNECT reg.test:443 HTTP/1.1\r\n") && !head.contains("mine"), "{head}");
    }
    for asked in registry.asked() {
        assert!(!asked.head.to_lowercase().contains("proxy-authorization"), "{}", asked.head);
    }
}

#[test]
fn a_proxy_is_not_shown_the_client_certificate() {
    let authority = Authority::named("authority");
    let (certificate, key) = authority.client();
    let [ca, certificate, key] =
        [&authority.file(), &certificate, &key].map(|path| path.display().to_string());
    let flags = format!("--ca-file {ca} --cert-file {certificate} --key-file {key}");
    // It takes part in no tunnel, but would be told of the certificate on the way to it.
    let proxy = secure(&authority);
    let url = format!("https://localhost:{}", proxy.port());
    let world = World::new();
    let run = pull(&world, "reg.test", &flags, &[("HTTPS_PROXY", &url)]).failure();
    assert!(
        run.stderr.contains(&format!("certificate for reg.test:443 would be shown to the proxy {url}")),
        "{run}"
    );
    assert!(proxy.asked().is_empty());
    // Nobody asks for it on the way to a registry without TLS.
    let run = pull(&world, "reg.test", &format!("{flags} --plain-http"), &[("HTTP_PROXY", &url)]);
    pulled(&world, run);
    assert!(proxy.asked().iter().all(|asked| !asked.certified) && !proxy.asked().is_empty());
    // A proxy that is reached without TLS only sees a tunnel.
    let registry = secure(&authority);
    let proxy = Proxy::before(registry.port(), Manner::Http);
    let world = World::new();
    pulled(
        &world,
        pull(&world, "reg.test", &flags, &[("HTTPS_PROXY", &format!("http://{}", proxy.address()))]),
    );
    assert!(registry.asked().iter().all(|asked| asked.certified));
}

#[test]
fn socks_goes_with_and_without_a_name() {
    let authority = Authority::named("authority");
    let flags = format!("--ca-file {}", authority.file().display());
    for (manner, userinfo) in
        [(Manner::Socks, ""), (Manner::SocksAsks("user", "pass word"), "user:pass%20word@")]
    {
        for scheme in ["socks5", "socks5h"] {
            let registry = secure(&authority);
            let (world, proxy) = (World::new(), Proxy::before(registry.port(), manner));
            let url = format!("{scheme}://{userinfo}{}", proxy.address());
            pulled(&world, pull(&world, "reg.test", &flags, &[("HTTPS_PROXY", &url)]));
            assert!(proxy.heard().iter().all(|place| place == "reg.test:443"), "{:?}", proxy.heard());
        }
    }
}

#[test]
fn a_proxy_that_asks_is_not_answered_with_what_is_for_the_registry() {
    let authority = Authority::named("authority");
    let ca = format!("--ca-file {}", authority.file().display());
    let registry = registry();
    for (variable, flags) in [("HTTP_PROXY", "--plain-http"), ("HTTPS_PROXY", ca.as_str())] {
        let (world, proxy) = (World::new(), Proxy::before(registry.port(), Manner::Asks("Basic eA==")));
        let flags = format!("{flags} -u alice -p wonderland --debug");
        let url = format!("http://user:other-secret@{}", proxy.address());
        let run = pull(&world, "reg.test", &flags, &[(variable, &url)]).failure();
        assert!(run.stderr.contains("Proxy Authentication Required"), "{run}");
        assert!(run.stderr.contains(&format!("through the proxy http://{}", proxy.address())), "{run}");
        for secret in ["wonderland", "YWxpY2U6", "other-secret", "dXNlcjpvdGhl"] {
            assert!(!run.stderr.contains(secret), "{secret}: {run}");
        }
        assert_eq!(proxy.heard().len(), 1, "{run}");
        assert!(!proxy.heard()[0].contains("\r\nauthorization") && !proxy.heard()[0].contains("YWxpY2U6"));
    }
    assert!(registry.asked().is_empty());
}

#[test]
fn failures_through_a_proxy_name_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    let refusing = Proxy::before(1, Manner::Says("403 Forbidden"));
    let socks = Proxy::before(1, Manner::SocksAsks("a", "b"));
    let other = Proxy::before(registry().port(), Manner::Http);
    let socks_nobody = format!("socks5://u:secret@{nobody}");
    for (proxy, says) in [
        (format!("http://u:secret@{nobody}"), "connect: connection refused, through"),
        (socks_nobody, "it cannot be reached, through"),
        (format!("http://u:secret@{}", refusing.address()), "the way there was refused, through"),
        (format!("socks5://u:secret@{}", socks.address()), "SOCKS error: "),
        (format!("http://u:secret@{}", other.address()), ""),
    ] {
        let world = World::new();
        let run = pull(&world, "reg.test", "", &[("HTTPS_PROXY", &proxy)]).failure();
        let named = format!("through the proxy {}", proxy.replace("u:secret@", ""));
        assert!(run.stderr.contains(&named) && run.stderr.contains(says), "{run}");
        assert!(!run.stderr.contains("secret"), "{run}");
        let dialled = format!("proxyconnect tcp: dial tcp {nobody}: ");
        assert_eq!(run.stderr.contains(&dialled), says.starts_with("connect:"), "{run}");
    }
}

#[test]
fn this_machine_and_those_of_a_list_are_reached_without() {
    let registry = registry();
    let refusing = Proxy::before(1, Manner::Says("403 Forbidden"));
    let world = World::new();
    let run = pull(&world, &registry.address(), "--plain-http", &[("HTTP_PROXY", &refusing.address())]);
    pulled(&world, run);
    let rule = format!("--resolve reg.test:80:127.0.0.1:{}", registry.port());
    let run =
        pull(&world, "reg.test", &format!("--plain-http {rule}"), &[("HTTP_PROXY", &refusing.address())]);
    pulled(&world, run);
    assert!(refusing.heard().is_empty());
    let variables = [("HTTP_PROXY", refusing.address()), ("NO_PROXY", "other,.test:80".to_owned())];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let run = pull(&world, "reg.test", "--plain-http", &variables).failure();
    assert!(refusing.heard().is_empty() && !run.stderr.contains("proxy"), "{run}");
    let run = pull(&world, "reg.test:5000", "--plain-http", &variables).failure();
    assert!(!refusing.heard().is_empty() && run.stderr.contains("403"), "{run}");
    let run = pull(&world, "reg.test", "--plain-http", &[("HTTP_PROXY", "ftp://u:secret@h")]).failure();
    assert!(run.stderr.contains("HTTP_PROXY: a proxy cannot speak \"ftp\""), "{run}");
    assert!(!run.stderr.contains("secret"), "{run}");
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn authorities_come_from_the_environment() {
    let (ours, other) = (Authority::named("ours"), Authority::named("other"));
    let registry = secure(&ours);
    let host = format!("localhost:{}", registry.port());
    let (file, folder) = (ours.file().display().to_string(), ours.folder().display().to_string());
    let folders = format!("{}:{folder}", other.folder().display());
    for variable in [("SSL_CERT_FILE", &file), ("SSL_CERT_DIR", &folder), ("SSL_CERT_DIR", &folders)] {
        let world = World::new();
        pulled(&world, pull(&world, &host, "--plain-http=false", &[(variable.0, variable.1)]));
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn certificates_that_are_not_believed_are_told_with_issuer_and_files() {
    let (ours, other) = (Authority::named("ours"), Authority::named("other"));
    let server = |names: &[&str], year: Option<i32>| {
        let tls = ours.server_with(names, |params| {
            if let Some(year) = year {
                params.not_after = rcgen::date_time_ymd(year, 1, 1);
            }
        });
        Hostile::secure(tls, |_, _| answer(404))
    };
    let (good, old, misnamed) =
        (server(&["localhost"], None), server(&["localhost"], Some(2001)), server(&["elsewhere.test"], None));
    let missing = other.folder().join("none.pem");
    for (registry, file, why) in [
        (&good, other.file(), "x509: certificate signed by unknown authority"),
        (&good, missing, "x509: certificate signed by unknown authority"),
        (&old, ours.file(), "x509: certificate has expired or is not yet valid"),
        (&misnamed, ours.file(), "x509: certificate is valid for elsewhere.test, not localhost"),
    ] {
        let file = file.display().to_string();
        let host = format!("localhost:{}", registry.port());
        let world = World::new();
        let system = pull(&world, &host, "--plain-http=false", &[("SSL_CERT_FILE", &file)]).failure();
        let mut told = vec![system];
        if std::path::Path::new(&file).exists() {
            told.push(pull(&world, &host, &format!("--plain-http=false --ca-file {file}"), &[]).failure());
        }
        for run in told {
            assert!(run.stderr.contains(why), "{run}");
            assert!(run.stderr.contains("its issuer is \"ours\", and trusted are those in "), "{run}");
            assert!(run.stderr.contains(&file), "{run}");
        }
    }
}
