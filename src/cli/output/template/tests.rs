//! Templates and what they make of the result of `manifest fetch`.
//!
//! `golden.txt` was written by oras 1.3.6: a template, and what it printed after `=` or failed with after `!`.

use serde_json::{Value, json};

use super::*;

/// What `--format json` prints of an artifact.
fn fetched() -> Value {
    let config = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let digest = "sha256:f15350a8ca32d07ebe9e8d80379e96bcd1b5c150c838ffd5024332721c4ff3e3";
    let layer = |title: &str, digest: &str, kind: &str, size: u64| {
        let annotations = json!({ "org.opencontainers.image.title": title });
        json!({ "annotations": annotations, "digest": digest, "mediaType": kind, "size": size })
    };
    let one = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    let two = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    let created = "2024-05-01T10:00:00Z";
    json!({
        "reference": format!("lay@{digest}"),
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest,
        "size": 748,
        "annotations": {
            "k": "<v>", "org.opencontainers.image.created": created, "org.opencontainers.image.ref.name": "v1"
        },
        "artifactType": "a/b",
        "content": {
            "annotations": { "k": "<v>", "org.opencontainers.image.created": created },
            "artifactType": "a/b",
            "config": {
                "data": "e30=", "digest": config, "mediaType": "application/vnd.oci.empty.v1+json", "size": 2
            },
            "layers": [
                layer("hi.txt", one, "application/vnd.oci.image.layer.v1.tar", 6),
                layer("b.txt", two, "text/plain", 1),
            ],
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "schemaVersion": 2,
        },
    })
}

/// What is printed, and the failure after it.
fn run(template: &str, data: &Value) -> (String, Option<String>) {
    let mut output = Vec::new();
    let failure = render(template, data, &mut output).err();
    let failure = failure.map(|failure| failure.explain(&crate::cli::failure::Scene::default()));
    (String::from_utf8(output).unwrap(), failure)
}

fn printed(template: &str, data: &Value) -> String {
    let (output, failure) = run(template, data);
    assert_eq!(failure, None, "{template}");
    output
}

fn failure(template: &str) -> String {
    run(template, &fetched()).1.unwrap_or_else(|| panic!("{template} does not fail"))
}

#[test]
fn templates_print_and_fail_as_those_of_oras() {
    let data = fetched();
    let mut lines = include_str!("golden.txt").lines();
    let mut count = 0;
    while let (Some(template), Some(expected)) = (lines.next(), lines.next()) {
        let (output, failure) = run(template, &data);
        let (mark, found) = failure.map_or(("= ", output), |failure| ("! ", failure));
        let expected: Option<String> =
            expected.strip_prefix(mark).and_then(|text| serde_json::from_str(text).ok());
        assert_eq!(Some(found), expected, "{template}");
        count += 1;
    }
    assert!(count > 900, "only {count}");
}

#[test]
fn a_number_without_a_fraction_is_shown_as_it_is() {
    let data = json!({ "size": 12_345_678, "large": u64::MAX, "half": 1_048_576.5, "whole": 3.0 });
    let shown =
        printed("{{.size}} {{.large}} {{.half}} {{.whole}} {{printf \"%d\" .size}} {{toJson .size}}", &data);
    assert_eq!(shown, "12345678 18446744073709551615 1.0485765e+06 3 12345678 12345678");
    assert_eq!(
        printed("{{add .size 1}} {{mulf .size 2}} {{kindOf .size}} {{typeOf .half}}", &data),
        "12345679 24691356 int float64"
    );
    assert_eq!(printed("{{if gt .size 1000}}large{{end}}", &data), "large");
}

#[test]
fn what_is_better_than_in_oras() {
    let data = fetched();
    for (template, expected) in [
        // oras takes the time of day for any text.
        (r#"{{index .annotations "org.opencontainers.image.created" | date "2006-01-02"}}"#, "2024-05-01"),
        (r#"{{date "15:04" "2024-05-01T10:30:00+02:00"}}"#, "08:30"),
        // oras has these in an order of chance.
        (r#"{{keys (dict "b" 1 "a" 2)}} {{values (dict "b" 1 "a" 2)}}"#, "[a b] [2 1]"),
        ("{{duration 61}}", "1m1s"),
        // oras takes letters apart here.
        (r#"{{nospace "a\u00a0b"}}"#, "ab"),
        // oras cannot compare these.
        (r#"{{eq 1 "1"}} {{eq (list 1) (list 1)}} {{eq .size 748}}"#, "false true true"),
    ] {
        assert_eq!(printed(template, &data), expected, "{template}");
    }
}

#[test]
fn what_oras_ends_by_a_panic_or_hides_in_the_output_is_an_error() {
    for (template, reason) in [
        (r#"{{b64dec "!"}}"#, "error calling b64dec: "),
        (r#"{{b32dec "!"}}"#, "error calling b32dec: illegal base32 data at input byte"),
        (r#"{{first "abc"}}"#, "expected list; found abc"),
        ("{{chunk 0 (list 1)}}", "the size of a chunk must be greater than 0"),
        (r#"{{date "2006" "yesterday"}}"#, "expected time; found yesterday"),
        (
            r#"{{dateInZone "2006" 0 "Europe/Berlin"}}"#,
            "the time zone \"Europe/Berlin\" is not known, only UTC",
        ),
        (r#"{{dig "a" "b" "d" (dict "a" 1)}}"#, "expected a dict; found int"),
        (r#"{{mustRegexFind "(" ""}}"#, "error parsing regexp: unclosed group: `(`"),
    ] {
        let failure = failure(template);
        assert!(failure.contains(reason), "{template}: {failure}");
    }
}

#[test]
fn a_failure_says_where_it_happened() {
    assert_eq!(
        failure("{{.mediaType}}\n{{ fail .artifactType }}"),
        "Error: template: format output:2:3: executing \"format output\" at <fail .artifactType>: error calling fail: a/b"
    );
    assert_eq!(failure("{{nope}}"), "Error: template: format output:1: function \"nope\" not defined");
    let reason = "function \"env\" not defined: a template sees nothing but the result";
    assert_eq!(failure("{{env \"HOME\"}}"), format!("Error: template: format output:1: {reason}"));
    assert!(failure("{{index .content.layers 7}}").ends_with("error calling index: index out of range: 7"));
}

#[test]
fn a_failure_shows_no_control_characters_of_the_data() {
    let failure = run("{{fail .text}}", &json!({ "text": "\u{1b}[2J\n" })).1.unwrap();
    assert!(failure.ends_with("error calling fail: \\x1b[2J\\x0a"), "{failure}");
}

#[test]
fn on_a_terminal_the_data_cannot_move_the_cursor() {
    assert_eq!(harmless("a\tb\n\u{1b}[2Jc\rd\n\n"), "a\tb\n\\x1b[2Jc\\x0dd\n\n");
}

#[test]
fn what_was_made_before_a_failure_is_shown() {
    assert_eq!(run("a{{fail \"b\"}}c", &json!({})).0, "a");
}

#[test]
fn what_a_few_words_would_blow_up_is_refused() {
    for (template, reason) in [
        ("{{until 1000000000}}", "the list would be longer than"),
        ("{{seq 1000000000}}", "the list would be longer than"),
        ("{{untilStep -9223372036854775808 9223372036854775807 1}}", "the list would be longer than"),
        (r#"{{repeat 1000000000 "abc"}}"#, "the result would be longer than"),
        (r#"{{indent 100000000 "a"}}"#, "the result would be longer than"),
        (r#"{{define "x"}}{{template "x" .}}{{end}}{{template "x" .}}"#, "nesting depth"),
        (
            r#"{{regexMatch "(a{1000}){1000}" "a" | ternary "" (mustRegexMatch "(a{1000}){1000}" "")}}"#,
            "regexp",
        ),
        (r#"{{$s := "x"}}{{range until 100}}{{$s = print $s $s}}{{end}}"#, "larger than"),
        ("{{range 100000000}}{{end}}", "iterations"),
    ] {
        let failure = failure(template);
        assert!(failure.contains(reason), "{template}: {failure}");
    }
}

#[test]
fn a_pair_of_certificate_and_key_is_taken_if_it_is_one() {
    let made = rcgen::generate_simple_self_signed(["example.com".to_owned()]).unwrap();
    let data = json!({ "certificate": made.cert.pem(), "key": made.signing_key.serialize_pem() });
    let pair = "{{$pair := buildCustomCert (b64enc .certificate) (b64enc .key)}}";
    assert_eq!(
        printed(&format!("{pair}{{{{eq $pair.Cert .certificate}}}} {{{{eq $pair.Key .key}}}}"), &data),
        "true true"
    );
    let exchanged = run("{{buildCustomCert (b64enc .certificate) (b64enc .certificate)}}", &data).1.unwrap();
    assert!(exchanged.contains("error parsing private key"), "{exchanged}");
}

#[test]
fn what_was_encrypted_is_read_with_its_password_alone() {
    let encrypted = printed("{{encryptAES \"one\" \"text\"}}", &json!({}));
    let data = json!({ "text": encrypted });
    assert_eq!(printed("{{decryptAES \"one\" .text}}", &data), "text");
    for wrong in ["{{decryptAES \"one\" \"YQ==\"}}", "{{decryptAES \"one\" (trunc 30 .text | b64enc)}}"] {
        let failure = run(wrong, &data).1.unwrap();
        assert!(failure.ends_with("the text was not encrypted with this password"), "{failure}");
    }
}

#[test]
fn every_function_has_one_meaning() {
    let mut names: Vec<_> = sprig::functions().map(|(name, _)| name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), count), (211, 211));
}
