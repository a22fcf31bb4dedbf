//! What is read of a line, and what is offered without asking anybody.

use super::*;

/// What is offered after these words, parted by blanks; what comes after the last blank is begun.
fn offered(line: &str) -> (Vec<String>, u8) {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let app = App::new(Terminal::default(), Env::default(), "oras".to_owned(), Level::Warnings);
    let offers = offers(&app, &words, Instant::now());
    (offers.words.into_iter().map(|(word, _)| word).collect(), offers.directive)
}

#[test]
fn commands_flags_and_words_are_offered() {
    for (line, wanted) in [
        ("pu", &["pull", "push"][..]),
        ("repo ", &["ls", "tags"]),
        ("repository t", &["tags"]),
        ("push --export", &["--export-manifest"]),
        ("push -a x=y -", &[]),
        ("discover --format ta", &["table"]),
        ("discover --format=me", &["mermaid"]),
        ("pull --format ta", &[]),
        ("cp --to-dist", &["--to-distribution-spec"]),
        ("cp --to-distribution-spec v1.1-referrers-t", &["v1.1-referrers-tag"]),
        ("help manifest fetch-", &["fetch-config"]),
        ("help bogus ", &[]),
        ("bogus ", &[]),
        ("push --verb", &[]),
    ] {
        let (words, directive) = offered(line);
        assert_eq!(directive, NO_FILES, "{line}");
        if !line.ends_with('-') {
            assert_eq!(words, wanted, "{line}");
        }
    }
}

#[test]
fn a_flag_takes_the_word_behind_it_if_it_takes_any() {
    for (line, files) in [
        ("push h/r:v1 ", true),
        ("push --debug h/r:v1 ", true),
        ("push --plain-http h/r:v1 x ", true),
        ("push -d -u me h/r:v1 ", true),
        ("push -du me h/r:v1 ", true),
        ("push -ume h/r:v1 ", true),
        ("push --username=me h/r:v1 ", true),
        ("push -- h/r:v1 -", true),
        ("push --config ", true),
        ("push --username ", false),
        ("pull h/r:v1 ", false),
        ("pull -o ", true),
        ("pull -o x", true),
        ("version ", false),
    ] {
        assert_eq!(offered(line), (Vec::new(), if files { 0 } else { NO_FILES }), "{line}");
    }
}

#[test]
fn a_tag_follows_the_colon_of_no_port() {
    for (name, layout, place) in [
        ("localhost:5000", false, None),
        ("localhost:5000/r", false, None),
        ("localhost:5000/r:", false, Some("localhost:5000/r")),
        ("h/a/b:v", false, Some("h/a/b")),
        ("folder:v", true, Some("folder")),
        ("folder:v", false, None),
        (r"C:\folder", true, None),
    ] {
        assert_eq!(line::tagged(name, layout), place, "{name}");
    }
}
