//! Text of others, wherever it can stand, and whatever shows it: nothing in it drives a terminal.
//!
//! Only content that was asked for as it is comes as it is.

use oras::oci::Digest;

use crate::support::hostile::{Answer, Hostile, INDEX, MANIFEST, answer, manifest};
use crate::support::{Run, World};

/// A text as it stands in JSON: controls of all kinds, the ends of lines, and marks that turn the direction of writing.
const EVIL: &str = r"a\u001b[2J\u001b]0;x\u0007\u0000\u007f\u009b31m\u202e\u2066\u200f\u061c\r\n\tFORGED";
/// As much of it as can stand in a header.
const HEADER: &str = "a\u{9b}31m\u{202e}\u{2066}\u{200f}\u{61c}";

/// Letters that nothing which is shown may have.
fn is_raw(letter: char) -> bool {
    let marks = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'];
    let turns = ('\u{202a}'..='\u{202e}').contains(&letter) || ('\u{2066}'..='\u{2069}').contains(&letter);
    (letter.is_control() && letter != '\n') || turns || marks.contains(&letter)
}

/// Whether what is shown is fit for a terminal.
fn fit(run: &Run) -> bool {
    let fit = |text: &str| !text.contains(is_raw) && !text.lines().any(|line| line.starts_with("FORGED"));
    fit(&run.stdout) && fit(&run.stderr)
}

fn evil_map() -> String {
    format!(
        r#"{{"org.opencontainers.image.title":"{EVIL}","{EVIL}":"{EVIL}","org.opencontainers.image.created":"{EVIL}"}}"#
    )
}

/// A node in which everything that can be is evil.
fn node(kind: &str, content: &str) -> String {
    let (digest, size) = (Digest::of(content.as_bytes()), content.len());
    format!(
        r#"{{"mediaType":"{kind}","digest":"{digest}","size":{size},"artifactType":"{EVIL}","annotations":{},"urls":["{EVIL}"],"platform":{{"os":"{EVIL}","architecture":"{EVIL}","variant":"{EVIL}"}},"{EVIL}":"{EVIL}"}}"#,
        evil_map()
    )
}

fn root() -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","artifactType":"{EVIL}","config":{},"layers":[{}],"annotations":{}}}"#,
        node(EVIL, "{}"),
        node(EVIL, "layer"),
        evil_map()
    )
}

fn index() -> String {
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","artifactType":"{EVIL}","manifests":[{}],"annotations":{}}}"#,
        node(MANIFEST, &root()),
        evil_map()
    )
}

/// Of a referrer of the root.
fn referrer() -> String {
    root().replacen('{', &format!("{{\"subject\":{},", node(MANIFEST, &root())), 1)
}

/// A registry that has the evil artifact, and says evil things besides.
fn registry() -> Hostile {
    Hostile::start(|asked, _| {
        let (method, target) = asked.line.split_once(' ').unwrap();
        let path = target.split('?').next().unwrap();
        let has = |text: &str| path.ends_with(&Digest::of(text.as_bytes()).to_string());
        let given = |kind: &str, text: &str| {
            let digest = Digest::of(text.as_bytes()).to_string();
            manifest(kind, text).header("Docker-Content-Digest", &digest)
        };
        let found = match path {
            _ if path.starts_with("/v2/denied/") || !["GET", "HEAD"].contains(&method) => refusal(403),
            "/v2/r/manifests/v1" => given(MANIFEST, &root()),
            "/v2/r/manifests/index" => given(INDEX, &index()),
            "/v2/r/tags/list" => answer(200).body(format!(r#"{{"name":"{EVIL}","tags":["v1","{EVIL}"]}}"#)),
            "/v2/_catalog" => answer(200).body(format!(r#"{{"repositories":["{EVIL}","r/{EVIL}"]}}"#)),
            path if path.contains("/referrers/") => {
                let subject = path.ends_with(&Digest::of(root().as_bytes()).to_string());
                let entry = if subject { node(MANIFEST, &referrer()) } else { String::new() };
                manifest(INDEX, &format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#))
            }
            _ => {
                let all = [(MANIFEST, root()), (MANIFEST, referrer()), (INDEX, index())];
                if let Some((kind, text)) = all.iter().find(|(_, text)| has(text)) {
                    given(kind, text)
                } else if let Some(text) = ["{}", "layer"].iter().find(|text| has(text)) {
                    answer(200).body(text)
                } else {
                    refusal(404)
                }
            }
        };
        found.header("Warning", &format!("299 - \"{HEADER}\"")).header("X-Evil", HEADER)
    })
}

/// What a registry says when it says no.
fn refusal(status: u16) -> Answer {
    let text =
        format!(r#"{{"errors":[{{"code":"{EVIL}","message":"{EVIL}","detail":{{"{EVIL}":"{EVIL}"}}}}]}}"#);
    answer(status).header("Content-Type", "application/json").body(text)
}

/// Commands that show something of it. Content goes to files only.
const SHOWN: &[&str] = &[
    "pull R/r:v1 -o out",
    "pull R/r:v1 -o out --format json",
    "pull R/r:v1 -o out --format go-template={{.reference}}",
    "pull R/r:v1 -o out --debug",
    "pull R/r:v1 -o out --file x*",
    "pull R/r:v1 --output - --file x*",
    "discover R/r:v1",
    "discover R/r:v1 -v",
    "discover R/r:v1 --format json",
    "discover R/r:v1 --format table",
    "discover R/r:v1 --format tree",
    "discover R/r:v1 --format mermaid",
    "discover R/r:v1 --format dot",
    "discover R/r:v1 -o json",
    "discover R/r:v1 -o table",
    "repo tags R/r",
    "repo tags R/r --format json",
    "repo tags R/r --debug",
    "repo ls R",
    "repo ls R --format json",
    "manifest fetch R/r:v1 --format json",
    "manifest fetch-config R/r:v1 --descriptor",
    "manifest fetch R/denied:v1",
    "cp R/r:v1 --to-oci-layout copy:v1",
    "cp -r R/r:v1 --to-oci-layout copy:v1",
    "cp -r R/r:v1 --to-oci-layout copy:v1 --format json",
    "cp -r R/r:v1 --to-oci-layout copy:v1 --dry-run",
    "cp -r R/r:v1 --to-oci-layout copy:v1 --verify",
    "cp --all-tags R/r --to-oci-layout copy",
    "cp R/r:v1 R/s:v1",
    "backup -o saved R/r",
    "backup --include-referrers -o saved R/r:v1",
    "push R/r:new a.txt",
    "push R/r:new a.txt --debug",
    "attach R/r:v1 --artifact-type a/b a.txt",
    "tag R/r:v1 new",
    "blob push R/r a.txt",
    "manifest push R/r:new manifest.json",
    "manifest delete R/r:v1 --force",
    "manifest delete R/r:v1 --force --recursive",
    "manifest index create R/r:new v1",
    "manifest index update R/r:index --add v1",
    "login R -u a -p b",
    "login R -u a -p b --debug",
];

#[test]
fn nothing_that_others_say_drives_a_terminal() {
    let registry = registry();
    let mut unfit = Vec::new();
    for line in SHOWN {
        let world = World::new();
        world.write("a.txt", "a");
        world.write("manifest.json", crate::support::hostile::image(""));
        let plain = if line.starts_with("cp") { "--from-plain-http --to-plain-http" } else { "--plain-http" };
        let line = line.replace("R/", &format!("{}/", registry.address()));
        let line = line.replace(" R", &format!(" {}", registry.address()));
        let run = world.run(&format!("{line} {plain} --retry 0"));
        let shows =
            run.stdout.contains("FORGED") || run.stderr.contains("FORGED") || run.stderr.contains("31m");
        if !fit(&run) || !shows {
            unfit.push(format!("--- {line}: {shows}\n{:?}\n{:?}", run.stdout, run.stderr));
        }
    }
    assert!(unfit.is_empty(), "{}", unfit.join("\n"));
}
