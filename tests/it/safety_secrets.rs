//! Secrets go to their origin and nowhere else, and are never printed.

use crate::support::World;
use crate::support::hostile::{Answer, Artifact, Hostile, answer};

/// What must not be seen anywhere else: the password as typed, the two as Basic sends them, the header of the user.
const SECRETS: [&str; 3] = ["wonderland", "YWxpY2U6d29uZGVybGFuZA==", "header-secret"];
const FLAGS: &str = "--plain-http --username alice --password wonderland -H X-Secret:header-secret --debug";

/// Runs a command against a registry that asks for a password and then answers so, with somebody else's server at
/// hand. Nothing secret is printed or reaches the other server.
#[track_caller]
fn kept(line: &str, answers: impl Fn(&str, &str, &str) -> Option<Answer> + Send + Sync + 'static) -> Hostile {
    let other = Hostile::start(|asked, _| {
        if asked.line.starts_with("HEAD ") {
            answer(404)
        } else {
            answer(401).header("WWW-Authenticate", "Basic")
        }
    });
    let elsewhere = other.address();
    let registry = Hostile::start(move |asked, own| {
        if !asked.head.to_lowercase().contains("authorization: basic") {
            return answer(401).header("WWW-Authenticate", "Basic realm=\"r\"");
        }
        answers(&asked.line, own, &elsewhere).unwrap_or_else(|| answer(404))
    });
    let world = World::new();
    world.write("a.txt", "a");
    let moves_content = line.starts_with("push ") || line.starts_with("pull ");
    let events = if moves_content { "--progress json" } else { "" };
    for form in ["", "--error-format json", events] {
        let run = world.run(&format!("{line} {FLAGS} {form}").replace("ADDRESS", &registry.address()));
        for secret in SECRETS {
            assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{secret}\n{run}");
            assert!(!other.has_heard(secret), "{secret} went elsewhere");
        }
        assert!(
            registry.has_heard("header-secret") && registry.has_heard("YWxpY2U6d29uZGVybGFuZA=="),
            "{run}"
        );
    }
    other
}

#[test]
fn a_redirect_of_a_manifest_or_blob_takes_no_secret_along() {
    for status in [301, 302, 303, 307, 308] {
        let other = kept("manifest fetch ADDRESS/r:v1", move |line, _, elsewhere| {
            line.contains("/manifests/").then(|| {
                answer(status).header("Location", &format!("http://alice:pw@{elsewhere}/x?sig=secret"))
            })
        });
        assert!(!other.asked().is_empty(), "{status}: the redirect was not followed");
    }
    let artifact = Artifact::new(&[("a", b"a", "")]).things();
    let other = kept("pull ADDRESS/r:v1 -o out", move |line, _, elsewhere| {
        if line.contains("/blobs/") {
            return Some(answer(307).header("Location", &format!("http://{elsewhere}/x")));
        }
        artifact.iter().find(|(name, _)| line.ends_with(name)).map(|(_, answer)| answer.clone())
    });
    assert!(!other.asked().is_empty());
}

#[test]
fn an_upload_is_not_led_elsewhere_with_a_secret() {
    let other = kept("push ADDRESS/r:v1 a.txt", |line, _, elsewhere| {
        line.starts_with("POST ")
            .then(|| answer(202).header("Location", &format!("http://{elsewhere}/upload")))
    });
    assert!(other.asked().is_empty(), "an upload location on another host was followed");
    kept("push ADDRESS/r:v1 a.txt", |line, own, elsewhere| match line.split(' ').next() {
        Some("POST") => Some(answer(202).header("Location", &format!("http://{own}/upload"))),
        Some("PUT") => Some(answer(307).header("Location", &format!("http://{elsewhere}/upload"))),
        _ => None,
    });
}

#[test]
fn a_list_is_not_led_elsewhere() {
    let other = kept("repo tags ADDRESS/r", |line, _, elsewhere| {
        line.contains("/tags/list").then(|| {
            let link = format!("<http://{elsewhere}/v2/r/tags/list?last=a>; rel=\"next\"");
            answer(200)
                .header("Content-Type", "application/json")
                .header("Link", &link)
                .body(r#"{"tags":["a"]}"#)
        })
    });
    assert!(other.asked().is_empty());
}

#[test]
fn a_token_request_that_is_redirected_takes_no_secret_along() {
    let other = Hostile::start(|_, _| answer(200).body(r#"{"token":"t"}"#));
    let elsewhere = other.address();
    let registry = Hostile::start(move |asked, own| {
        if asked.line.contains("/token") {
            return answer(307).header("Location", &format!("http://{elsewhere}/token"));
        }
        answer(401).header("WWW-Authenticate", &format!("Bearer realm=\"http://{own}/token\",service=\"s\""))
    });
    let world = World::new();
    let run = world.run(&format!("manifest fetch {}/r:v1 {FLAGS}", registry.address())).failure();
    for secret in SECRETS {
        assert!(!run.stderr.contains(secret) && !other.has_heard(secret), "{secret}\n{run}");
    }
    assert!(registry.has_heard("header-secret") && registry.has_heard("YWxpY2U6d29uZGVybGFuZA=="), "{run}");
    assert!(!other.asked().is_empty(), "{run}");
}

#[test]
fn services_of_this_machine_and_other_schemes_are_no_token_services() {
    for realm in [
        "http://127.0.0.2:1/t",
        "http://169.254.169.254/t",
        "http://[::ffff:127.0.0.2]/t",
        "file:///etc/passwd",
        "x",
    ] {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        let registry = Hostile::start(move |_, _| answer(401).header("WWW-Authenticate", &challenge));
        let world = World::new();
        let run = world.run(&format!("manifest fetch {}/r:v1 {FLAGS}", registry.address())).failure();
        assert!(run.stderr.contains("bearer realm"), "{realm}: {run}");
        assert_eq!(registry.asked().len(), 1, "{realm}");
    }
}
