//! Clients that mean badly, and a registry of ours that they meet.

use std::io::{Read, Write};
use std::net::TcpStream;

use oras::oci::Digest;

use crate::support::{Registry, Setup, World};

/// Sends raw bytes and returns all that came back.
fn raw(registry: &Registry, request: &str) -> String {
    let port = registry.address().rsplit_once(':').unwrap().1.to_owned();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    // Whoever refuses a request may close before all of it has come.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn send(registry: &Registry, line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    let head =
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
    raw(registry, &format!("{head}{headers}\r\n{body}"))
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

fn over(folder: &std::path::Path) -> Registry {
    Registry::start(Setup { folder: Some(folder.to_owned()), ..Setup::default() })
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let world = World::new();
    world.write("secret/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    world.write("secret/index.json", r#"{"manifests":[]}"#);
    world.write(&format!("secret/blobs/sha256/{}", Digest::of(b"private").hex()), "private");
    let registry = over(&world.path("served"));
    let blob = Digest::of(b"private");
    for name in [
        "..",
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "a/%2e%2e/%2e%2e/secret",
        "a//../secret",
        ".uploads",
        "a%00",
    ] {
        for path in [format!("blobs/{blob}"), "tags/list".to_owned(), "manifests/v1".to_owned()] {
            let answer = send(&registry, &format!("GET /v2/{name}/{path}"), "", "");
            assert!(matches!(status(&answer), 400 | 404), "{name}/{path}: {answer}");
            assert!(!answer.contains("private"), "{answer}");
        }
        let answer = send(&registry, &format!("POST /v2/{name}/blobs/uploads/?digest={blob}"), "", "private");
        assert!(matches!(status(&answer), 400 | 404), "{name}: {answer}");
        let answer = send(&registry, &format!("POST /v2/r/blobs/uploads/?mount={blob}&from={name}"), "", "");
        assert_eq!(status(&answer), 202, "{name}: {answer}");
    }
    for digest in [
        "sha256:../../../../secret/index.json",
        "sha256:%2e%2e%2f%2e%2e",
        "md5:x",
        "sha256:",
        "..",
        "%2e%2e%2fx",
    ] {
        let answer = send(&registry, &format!("GET /v2/r/blobs/{digest}"), "", "");
        assert!(matches!(status(&answer), 400 | 404), "{digest}: {answer}");
    }
    assert_eq!(std::fs::read_dir(world.work()).unwrap().count(), 2);
}

#[test]
fn heads_and_lists_are_bounded() {
    let registry = Registry::start(Setup::default());
    let answer = send(&registry, "GET /v2/", &format!("X: {}\r\n", "a".repeat(1 << 20)), "");
    assert!(matches!(status(&answer), 0 | 400 | 431), "{answer}");
    let answer = send(&registry, &format!("GET /v2/{}/tags/list", "a".repeat(300)), "", "");
    assert_eq!(status(&answer), 400);
    for (query, wanted) in
        [("n=99999999999999999999999", 400), ("n=-1", 400), ("n=0", 200), ("last=%00%1b%ff", 200)]
    {
        assert_eq!(status(&send(&registry, &format!("GET /v2/_catalog?{query}"), "", "")), wanted, "{query}");
    }
    let deep = "[".repeat(1 << 20);
    let kind = "Content-Type: application/vnd.oci.image.index.v1+json\r\n";
    assert_eq!(status(&send(&registry, "PUT /v2/r/manifests/v1", kind, &deep)), 400);
    let huge = " ".repeat((4 << 20) + 1);
    assert_eq!(status(&send(&registry, "PUT /v2/r/manifests/v1", kind, &huge)), 413);
}

#[test]
fn a_session_belongs_to_its_repository() {
    let registry = Registry::start(Setup::default());
    let answer = send(&registry, "POST /v2/one/blobs/uploads/", "", "");
    let session =
        answer.lines().find_map(|line| line.strip_prefix("location: /v2/one/blobs/uploads/")).unwrap();
    assert_eq!(session.len(), 64);
    for (line, wanted) in [
        (format!("PATCH /v2/two/blobs/uploads/{session}"), 404),
        (format!("DELETE /v2/two/blobs/uploads/{session}"), 404),
        (format!("PUT /v2/two/blobs/uploads/{session}?digest={}", Digest::of(b"x")), 404),
        (format!("PATCH /v2/one/blobs/uploads/{}", &session[..63]), 404),
        (format!("PUT /v2/one/blobs/uploads/{session}?digest={}", Digest::of(b"other")), 400),
        (format!("GET /v2/one/blobs/{}", Digest::of(b"other")), 404),
    ] {
        assert_eq!(status(&send(&registry, &line, "", "x")), wanted, "{line}");
    }
}

#[test]
fn other_hosts_and_their_pages_are_refused() {
    let registry = Registry::start(Setup::default());
    for headers in
        ["Host: evil.example\r\n", "Host: localhost.evil.example\r\n", "Host: 10.0.0.1\r\n", "Host: \r\n"]
    {
        let answer = raw(&registry, &format!("GET /v2/ HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"));
        assert_eq!(status(&answer), 421, "{headers}: {answer}");
    }
    for page in
        ["https://evil.example", "null", "http://localhost.evil.example", "http://evil@localhost.evil"]
    {
        let answer = send(&registry, "POST /v2/r/blobs/uploads/", &format!("Origin: {page}\r\n"), "");
        assert_eq!(status(&answer), 421, "{page}: {answer}");
    }
}

#[test]
fn a_token_is_good_for_what_it_says_and_nothing_else() {
    let registry = Registry::start(Setup::tokens());
    let basic = "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n";
    let answer = send(&registry, "GET /token?scope=repository:one:pull,push", basic, "");
    let token =
        answer.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let digest = Digest::of(b"x");
    for (line, headers, wanted) in [
        (format!("POST /v2/one/blobs/uploads/?digest={digest}"), bearer.as_str(), 201),
        (format!("POST /v2/two/blobs/uploads/?digest={digest}"), &bearer, 401),
        (format!("POST /v2/one%2f..%2ftwo/blobs/uploads/?digest={digest}"), &bearer, 400),
        (format!("DELETE /v2/one/blobs/{digest}"), &bearer, 401),
        ("GET /v2/_catalog".to_owned(), &bearer, 401),
        // A password is for the token service alone.
        (format!("GET /v2/one/blobs/{digest}"), basic, 401),
        ("GET /token".to_owned(), &bearer, 401),
        (format!("GET /v2/one/blobs/{digest}"), &bearer.replace(&token, &token[1..]), 401),
    ] {
        assert_eq!(status(&send(&registry, &line, headers, "x")), wanted, "{line} {headers}");
    }
    // Content of a repository that the token says nothing of cannot be mounted.
    let both = send(&registry, "GET /token?scope=repository:two:pull,push", basic, "");
    let token = both.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for from in ["&from=one", ""] {
        let mount = format!("POST /v2/two/blobs/uploads/?mount={digest}{from}");
        assert_eq!(status(&send(&registry, &mount, &bearer, "")), 202);
    }
    for wrong in ["Basic YWxpY2U6", "Basic Og==", "Basic !!!", "Basic", "Bearer ", "Negotiate x"] {
        let answer = send(&registry, "GET /token", &format!("Authorization: {wrong}\r\n"), "");
        assert_eq!(status(&answer), 401, "{wrong}");
    }
}
