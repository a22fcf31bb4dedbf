//! How much of each document is read, and what is made of one that is none: each document, each way to be wrong.
//!
//! A command that meets one fails with an error that names it, prints little, leaves no file, and ends although the
//! registry does not.

use oras::oci::Digest;

use crate::support::hostile::{Answer, Asked, Hostile, INDEX, MANIFEST, answer, image, manifest};
use crate::support::{Run, World};

use Document::{Catalog, Child, Config, Fallback, Manifest, Referrers, Tags, Token};

/// What a registry is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    /// A manifest by its tag.
    Manifest,
    /// A manifest by its digest, which an index names.
    Child,
    /// The config of an image, which says for which platform it is.
    Config,
    Tags,
    Catalog,
    Referrers,
    /// The list of referrers under a tag.
    Fallback,
    Token,
}

/// Each document: its type, the command that reads it, in which `R` is the registry, and how an error names it.
const DOCUMENTS: [(Document, &str, &str, &str); 8] = [
    (Manifest, MANIFEST, "pull R/r:v1 -o out", "DIGEST: invalid manifest"),
    (Child, MANIFEST, "pull R/r:index -o out --platform linux/amd64", "DIGEST: invalid manifest"),
    (Config, "", "pull R/r:image -o out --platform linux/amd64", "invalid config DIGEST"),
    (Tags, "application/json", "repo tags R/r", "GET \"http://R/v2/r/tags/list\": failed to decode response"),
    (Catalog, "application/json", "repo ls R", "GET \"http://R/v2/_catalog\": failed to decode response"),
    (Referrers, INDEX, "discover R/r:v1", "failed to decode response"),
    (Fallback, INDEX, "discover R/r:v1", "invalid referrers index from referrers tag TAG"),
    (Token, "application/json", "resolve R/r:v1", "failed to decode response"),
];

/// Fields of all documents, each with this value.
fn fields(value: &str) -> String {
    let names = ["config", "layers", "manifests", "tags", "repositories", "token", "access_token", "os"];
    let fields: Vec<_> = names.iter().map(|name| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// What comes in place of a document, and why it is none.
fn wrong() -> Vec<(String, &'static str)> {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    vec![
        ("<html>\u{1b}[2J</html>".to_owned(), "invalid character '<' looking for beginning of value"),
        (String::new(), "EOF"),
        (fields("null").replace('}', ""), "unexpected EOF"),
        (format!("{{}}{}", fields("null")), "trailing characters"),
        ("[]".to_owned(), "expected an object, found a list"),
        (format!("[{}]", fields("null")), "expected an object, found a list"),
        ("7".to_owned(), "expected an object, found a number"),
        ("\"\\u001b[2J\"".to_owned(), "expected an object, found a string"),
        ("null".to_owned(), "expected an object, found null"),
        (fields("7"), "invalid type: integer `7`"),
        (fields("\"x\\u001b[2J\""), "invalid type: string"),
        (fields(&nested(1000)), ""),
        (nested(10_000), ""),
    ]
}

/// A good registry, but for one document.
fn respond(asked: &Asked, own: &str, bad: Document, other: &Answer) -> Answer {
    let (method, target) = asked.line.split_once(' ').unwrap();
    let path = target.split('?').next().unwrap();
    if bad == Token && path != "/token" && asked.header("authorization").is_empty() {
        return answer(401).header("WWW-Authenticate", &format!("Bearer realm=\"http://{own}/token\""));
    }
    let document = match path.strip_prefix("/v2/").unwrap_or(path) {
        "/token" => Token,
        "r/tags/list" => Tags,
        "_catalog" => Catalog,
        "r/manifests/v1" => Manifest,
        "r/manifests/index" => return manifest(INDEX, &index(other.content())),
        "r/manifests/image" => return manifest(MANIFEST, &platformed(other.content())),
        path if path.starts_with("r/referrers/") => Referrers,
        path if path.starts_with("r/manifests/sha256-") => Fallback,
        path if path.starts_with("r/manifests/sha256:") && method == "GET" => Child,
        path if path.starts_with("r/blobs/sha256:") && method == "GET" => Config,
        _ => return answer(404),
    };
    match document {
        document if document == bad && method == "GET" => other.clone(),
        Manifest => manifest(MANIFEST, &image("")),
        _ => answer(404),
    }
}

/// The index of an image whose only manifest has this content.
fn index(child: &[u8]) -> String {
    let (digest, size) = (Digest::of(child), child.len());
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{MANIFEST}","digest":"{digest}","size":{size},"platform":{{"architecture":"amd64","os":"linux"}}}}]}}"#
    )
}

/// A manifest whose config, which says for which platform it is, has this content.
fn platformed(config: &[u8]) -> String {
    let (digest, size) = (Digest::of(config), config.len());
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}},"layers":[]}}"#
    )
}

/// Runs the command of a document that comes so. What it says has the registry as `R`.
#[track_caller]
fn run(document: Document, line: &str, other: Answer) -> Run {
    let registry = Hostile::start(move |asked, own| respond(asked, own, document, &other));
    let mut world = World::new();
    world.show(registry.address(), "R");
    let run = world.run(&format!("{} --plain-http --retry 0", line.replace('R', &registry.address())));
    let raw = |text: &str| text.chars().any(|letter| letter.is_control() && letter != '\n');
    assert!(!raw(&run.stderr) && !raw(&run.stdout), "{document:?}: {run}");
    assert!(run.stderr.len() < 2000 && run.stdout.len() < 2000, "{document:?}: {run}");
    assert!(world.tree().iter().all(|name| name.ends_with('/')), "{document:?}: {run}");
    assert!(world.left_over().is_empty());
    run
}

fn typed(kind: &str) -> Answer {
    answer(200).header("Content-Type", kind)
}

/// The same document with blanks at its end.
fn padded(text: &str, length: usize) -> String {
    format!("{text}{}", " ".repeat(length - text.len()))
}

#[test]
fn what_is_no_document_is_refused_and_named() {
    let mut wrongly = Vec::new();
    for (document, kind, line, name) in DOCUMENTS {
        for (text, why) in wrong() {
            if matches!(document, Config | Token) && why == "invalid type: string" {
                // There it is what it should be.
                continue;
            }
            let name = name.replace("DIGEST", &Digest::of(text.as_bytes()).to_string());
            let name = name.replace("TAG", &Digest::of(image("").as_bytes()).to_string().replace(':', "-"));
            let run = run(document, line, typed(kind).body(&text));
            let told = run.stderr.contains(&format!("{name}: ")) && run.stderr.contains(why);
            if run.code != Some(1) || !told {
                let start: String = text.chars().take(60).collect();
                wrongly.push(format!("--- {document:?} {start:?}, {name}: {why}\n{run}"));
            }
        }
    }
    assert!(wrongly.is_empty(), "{}", wrongly.join("\n"));
}

#[test]
fn members_that_are_null_are_not_there() {
    for (document, kind, line, _) in DOCUMENTS {
        let run = run(document, line, typed(kind).body(fields("null")));
        match document {
            Token => assert!(run.stderr.contains("empty token returned"), "{run}"),
            Config => assert!(run.stderr.contains("does not match target platform"), "{run}"),
            _ => assert_eq!(run.code, Some(0), "{document:?}: {run}"),
        }
    }
}

#[test]
fn no_document_is_read_without_end() {
    for (document, kind, line, _) in DOCUMENTS {
        let run = run(document, line, typed(kind).endless("          ")).failure();
        let says = match document {
            // The size of these is known from what names them.
            Child | Config => "content is longer than the 10 bytes of",
            Token => "answer is larger than the limit of 131072 bytes",
            _ => "answer is larger than the limit of 4194304 bytes",
        };
        assert!(run.stderr.contains(says), "{document:?}: {run}");
    }
}

#[test]
fn a_document_may_be_as_long_as_the_limit() {
    for (document, text, limit) in [
        (Manifest, image(""), 4 << 20),
        (Tags, r#"{"tags":["a"]}"#.to_owned(), 4 << 20),
        (Catalog, r#"{"repositories":["a"]}"#.to_owned(), 4 << 20),
        (Referrers, r#"{"manifests":[]}"#.to_owned(), 4 << 20),
        (Fallback, r#"{"manifests":[]}"#.to_owned(), 4 << 20),
        (Token, r#"{"token":"t"}"#.to_owned(), 128 << 10),
    ] {
        let (_, kind, line, _) = DOCUMENTS.into_iter().find(|(other, ..)| *other == document).unwrap();
        for (length, code) in [(limit, 0), (limit + 1, 1)] {
            let run = run(document, line, typed(kind).body(padded(&text, length)));
            assert_eq!(run.code, Some(code), "{document:?} {length}: {run}");
            let told = run.stderr.contains(&format!("limit of {limit} bytes"));
            assert_eq!(told, code == 1, "{document:?} {length}: {run}");
        }
    }
}

#[test]
fn of_a_refusal_8_kib_are_read() {
    let refusal = r#"{"errors":[{"code":"DENIED","message":"the words"}]}"#;
    for (document, kind, line, _) in DOCUMENTS {
        for (length, heard) in [(8192, true), (8193, false)] {
            let text = padded(refusal, length);
            let run = run(document, line, answer(403).header("Content-Type", kind).body(text)).failure();
            let told = if heard { "denied: the words" } else { "status code 403: Forbidden" };
            assert!(run.stderr.contains(told), "{document:?} {length}: {run}");
        }
        let run = run(document, line, answer(403).endless("<p>\u{1b}[2J")).failure();
        assert!(run.stderr.contains("status code 403: Forbidden"), "{document:?}: {run}");
    }
}

#[test]
fn descriptors_that_cannot_be_are_refused() {
    let hex = "a".repeat(64);
    for (member, list) in [("layers", true), ("config", false), ("subject", false)] {
        for (digest, size, why) in [
            (format!("sha256:{hex}"), "-1", "invalid value: integer `-1`"),
            (format!("sha256:{hex}"), "1.5", "invalid type: floating point `1.5`"),
            (format!("sha256:{hex}"), "1e30", "invalid type: floating point `1e+30`"),
            (format!("sha256:{hex}"), "\"7\"", "invalid type: string"),
            (format!("sha256:{hex}"), "18446744073709551616", "invalid type: floating point"),
            (format!("md5:{}", "a".repeat(32)), "1", "unsupported digest algorithm"),
            (format!("sha256:{}", "A".repeat(64)), "1", "invalid"),
            (format!("sha256:{}", "a".repeat(63)), "1", "invalid"),
            ("sha256".to_owned(), "1", "invalid"),
            ("sha256:../../../etc/passwd".to_owned(), "1", "invalid"),
        ] {
            let node = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":{size}}}"#);
            let node = if list { format!("[{node}]") } else { node };
            let text = format!(r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","{member}":{node}}}"#);
            let run = run(Manifest, "pull R/r:v1 -o out", manifest(MANIFEST, &text)).failure();
            assert!(run.stderr.contains("invalid manifest: ") && run.stderr.contains(why), "{member}: {run}");
        }
    }
}

#[test]
fn headers_that_cannot_be_are_told() {
    for (document, kind, line, _) in DOCUMENTS {
        for length in ["-1", "1e3", "18446744073709551616", "7, 8"] {
            let run = run(document, line, typed(kind).header("Content-Length", length)).failure();
            assert!(run.stderr.contains("malformed HTTP response"), "{document:?} {length}: {run}");
        }
        let long = typed(kind).header("X-Long", &"a".repeat(1 << 20)).body("{}");
        let run = run(document, line, long).failure();
        assert!(run.stderr.contains("malformed HTTP response"), "{document:?}: {run}");
    }
}

#[test]
fn a_list_that_leads_back_ends() {
    for (document, kind, line, _) in DOCUMENTS {
        let path = match document {
            Tags => "/v2/r/tags/list",
            Catalog => "/v2/_catalog",
            Referrers => &format!("/v2/r/referrers/{}", Digest::of(image("").as_bytes())),
            _ => continue,
        };
        let page = typed(kind).body(r#"{"tags":["a"],"repositories":["a"],"manifests":[]}"#);
        for (link, says) in [
            (format!("<{path}>; rel=\"next\""), "the page was already read"),
            ("<http://127.0.0.1:1/x>".to_owned(), "not the same origin as"),
            ("<https://R/x>".to_owned(), "not the same origin as"),
            ("<file:///etc/passwd>".to_owned(), "not the same origin as"),
            ("<http://[x>".to_owned(), "invalid next link"),
            ("x".to_owned(), "missing '<'"),
            ("<x".to_owned(), "missing '>'"),
        ] {
            let run = run(document, line, page.clone().header("Link", &link)).failure();
            assert!(run.stderr.contains("invalid next link"), "{document:?} {link}: {run}");
            assert!(run.stderr.contains(says), "{document:?} {link}: {run}");
        }
    }
}
