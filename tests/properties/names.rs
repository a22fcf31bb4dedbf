//! References, digests, tags, platforms and file arguments: what is typed.

use oras::files::FileArgument;
use oras::oci::{Algorithm, Digest, LayoutReference, Platform, Reference, Tag};
use proptest::prelude::*;

use super::cases;

/// Text that is nearly a name: parts of good ones, and what separates them, in any order.
fn nearly() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just(format!("sha256:{}", "a".repeat(64))),
        Just("localhost".to_owned()),
        Just("[::1]".to_owned()),
        "[a-z0-9._-]{0,5}",
        "[:/@,\\[\\]\\\\. ]{1,2}",
        "[0-9]{1,6}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![nearly(), any::<String>()]
}

fn good_digest() -> impl Strategy<Value = String> {
    (proptest::sample::select(Algorithm::ALL.to_vec()), any::<[u8; 8]>())
        .prop_map(|(algorithm, seed)| algorithm.digest(&seed).to_string())
}

fn good_reference() -> impl Strategy<Value = String> {
    let registry = "([a-z0-9]{1,8}(\\.[a-z0-9]{1,4}){0,2}|\\[::1\\])(:[1-9][0-9]{0,3})?";
    let repository = "[a-z0-9]{1,4}(([._]|__|-{1,3})[a-z0-9]{1,3}){0,2}(/[a-z0-9]{1,4}){0,2}";
    let tag = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}".prop_map(|tag| format!(":{tag}"));
    let digest = good_digest().prop_map(|digest| format!("@{digest}"));
    let locator = prop_oneof![Just(String::new()), tag, digest];
    (registry, repository, locator).prop_map(|(host, path, rest)| format!("{host}/{path}{rest}"))
}

/// The grammar of repositories in the distribution specification, read letter by letter.
fn is_repository(text: &str) -> bool {
    text.split('/').all(|part| {
        let words: Vec<&str> = part.split(['.', '_', '-']).collect();
        let ends = [words.first(), words.last()];
        let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let separated = part.split(good).filter(|between| !between.is_empty());
        ends.iter().all(|word| word.is_some_and(|word| !word.is_empty()))
            && words.iter().all(|word| word.chars().all(good))
            && separated.into_iter().all(|mark| {
                mark == "." || mark == "_" || mark == "__" || mark.chars().all(|letter| letter == '-')
            })
    })
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_reference_that_is_accepted_is_within_the_grammar_and_reads_as_it_is_shown(text in text()) {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert!(is_repository(&reference.repository), "{text:?}");
            prop_assert!(!reference.registry.contains(['/', '@', ' ']));
            prop_assert!(text.starts_with(&reference.path()));
            prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
    }

    #[test]
    fn a_good_reference_is_shown_as_it_was_typed(text in good_reference()) {
        prop_assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
    }

    #[test]
    fn digests_and_tags_that_are_accepted_are_those_of_the_grammar(text in prop_oneof![text(), good_digest()]) {
        if let Ok(digest) = text.parse::<Digest>() {
            let hex = digest.hex();
            prop_assert_eq!(hex.len(), digest.algorithm().hex_length());
            prop_assert!(hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
            prop_assert_eq!(digest.to_string(), text.clone());
        }
        if let Ok(tag) = text.parse::<Tag>() {
            let good = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
            prop_assert!(text.len() <= 128 && text.chars().all(good) && !text.starts_with(['.', '-']));
            prop_assert_eq!(tag.as_str(), text);
        }
    }

    #[test]
    fn a_layout_reference_has_a_path_and_loses_nothing(text in text()) {
        if let Ok(reference) = text.parse::<LayoutReference>() {
            prop_assert!(!reference.path.is_empty());
            let named = reference.locator.map_or(0, |locator| locator.to_string().len() + 1);
            // A separator with nothing behind it names nothing.
            prop_assert!(text.starts_with(&reference.path) && text.len() - reference.path.len() - named <= 1);
        }
    }

    #[test]
    fn a_platform_reads_as_it_is_shown(text in prop_oneof![text(), "[a-z]{0,3}(/[a-z0-9]{0,3}){0,3}(:[0-9.]{0,4})?"]) {
        if let Ok(platform) = text.parse::<Platform>() {
            prop_assert!(!platform.os.is_empty() && !platform.architecture.is_empty());
            let shown = platform.to_string();
            prop_assert_eq!(shown.parse::<Platform>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn a_file_argument_is_a_path_and_what_stands_behind_the_last_colon(text in text()) {
        if let Ok(argument) = text.parse::<FileArgument>() {
            let kind = argument.media_type.map(|kind| format!(":{kind}")).unwrap_or_default();
            prop_assert_eq!(format!("{}{kind}", argument.path), text);
        }
    }
}
