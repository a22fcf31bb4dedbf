//! What registries in the wild do, apart from what the specification says, and the tests that show it is got over.
//!
//! | Who | What it does | Shown by |
//! |---|---|---|
//! | GitLab | has no referrers API, and the image itself under the tag for the list | `the_image_itself_under_the_tag_is_no_list`, `another_document_under_the_tag_is_no_list` |
//! | Docker Hub, Google | have no referrers API, so writers of one list meet | `changes_at_the_same_time_are_all_kept`, `the_list_of_referrers_does_not_arrive` |
//! | GitHub | breaks off large blobs, with 502 and with resets of HTTP/2 | `reads_get_over_what_passes`, `streams_and_connections_that_break_are_opened_again` |
//! | Amazon | takes a chunk and refuses the end | `a_registry_that_takes_chunks_but_not_their_end_gets_everything_in_one_request` |
//! | Amazon | refuses to delete what an old list names | `nobody_deletes_old_lists` |
//! | Google | takes no chunks | `one_request_is_enough_where_chunks_are_refused` |
//! | Cloudflare | cuts requests at a size, with 413 or without a word | `what_is_too_large_for_one_request_goes_in_chunks` |
//! | Quay | refuses one request that is too large | `a_request_that_is_too_large_is_sent_in_chunks_and_so_are_all_after_it` |
//! | Harbor | has accounts for single projects | `a_credential_for_a_repository_wins_and_opens_no_other` |
//! | Harbor | wants no more in a token request than it knows | `an_anonymous_token_serves_all_requests_of_a_scope` |
//! | Azure | lists in short pages | `a_long_list_comes_in_pages` |
//! | Azure | gives tokens for refresh tokens, by a form | `a_refresh_token_is_exchanged_by_a_form` |
//! | Azure | asks for longer pauses than anything else may take | `a_pause_that_is_asked_for_is_no_stall` |
//! | Artifactory | lists no tags as `null` | `members_that_are_null_are_not_there` |
//! | Caches in front of others | have a manifest and not what it names | `parts_that_a_registry_only_says_to_have_are_sent_after_all` |
//! | Stores with signed URLs | let them expire in the middle | `a_download_that_broke_asks_the_registry_for_a_new_url` |
//! | Registries without deletion | refuse to clean up | `nobody_deletes_old_lists` |
//! | Token services | fail under load, and give tokens for a minute | `reads_get_over_what_passes`, `a_token_that_expires_in_the_middle_is_replaced`, `a_token_does_not_come_or_is_too_old` |
//! | Most | show their catalog to nobody | `a_catalog_that_is_not_shown_is_told_as_such` |
//! | GitHub | answers 403 to a token that has expired | `a_token_that_is_refused_after_it_was_taken_is_doubted_once` |

use crate::support::faults::{Fault, Faults, On};
use crate::support::{Setup, World};

#[test]
fn each_row_names_tests_that_are_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "tests"].map(|folder| walkdir::WalkDir::new(root.join(folder)));
    let files = files.into_iter().flatten().map(Result::unwrap);
    let files = files.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "rs"));
    let code: String = files.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
    let page = std::fs::read_to_string(root.join("tests/it/quirks.rs")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    let named: Vec<_> = rows.filter_map(|row| Some(row.rsplit_once(" | ")?.1)).collect();
    let named: Vec<_> = named.iter().flat_map(|names| names.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 15, "{named:?}");
    for test in named {
        assert!(code.contains(&format!("fn {test}()")), "no test is called {test}");
    }
}

#[test]
fn the_image_itself_under_the_tag_is_no_list() {
    let (world, registry, artifact) =
        World::with_artifact(Setup { referrers_api: false, ..Setup::default() });
    let digest = world.run(&format!("resolve {artifact}")).success().stdout.trim().to_owned();
    let _ = world.run(&format!("tag {artifact} {}", digest.replace(':', "-"))).success();
    let referrers = || {
        let run = world.run(&format!("discover {artifact} --format json")).success();
        run.json()["referrers"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(referrers(), 0);
    let _ = world.run(&format!("attach {artifact} --artifact-type a/b -a c=d")).success();
    assert_eq!(referrers(), 1);
    drop(registry);
}

#[test]
fn nobody_deletes_old_lists() {
    let (world, registry, artifact) =
        World::with_artifact(Setup { referrers_api: false, ..Setup::default() });
    let faults = Faults::before(registry.address(), [(On::ManifestDelete, 0..9, Fault::Answer(405, &[]))]);
    let artifact = artifact.replace(registry.address(), faults.address());
    for number in 0..2 {
        let _ = world.run(&format!("attach {artifact} --artifact-type a/{number} -a c=d")).success();
    }
    assert!(faults.seen_of(On::ManifestDelete).is_empty());
}

#[test]
fn a_pause_that_is_asked_for_is_no_stall() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let busy = (On::Tagged, 0..1, Fault::Answer(429, &[("Retry-After", "1")]));
    let faults = Faults::before(registry.address(), [busy]);
    let artifact = artifact.replace(registry.address(), faults.address());
    let run = world.run(&format!("pull {artifact} -o out --timeout 500ms")).success();
    assert!(run.stderr.contains("429"), "{run}");
    assert_eq!(world.read("out/hi.txt"), "hello\n");
}

#[test]
fn a_download_that_broke_asks_the_registry_for_a_new_url() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let signed = (On::Blob, 0..9, Fault::Redirect);
    let faults = Faults::before(registry.address(), [signed, (On::Store, 0..2, Fault::Cut(2))]);
    let artifact = artifact.replace(registry.address(), faults.address());
    let _ = world.run(&format!("pull {artifact} -o out")).success();
    assert_eq!(world.read("out/hi.txt"), "hello\n");
    // Once for each that broke and for the last, and never the old one twice in a row.
    let kinds: Vec<On> = faults.seen().iter().map(|seen| seen.on).collect();
    let kinds: Vec<On> = kinds.into_iter().filter(|on| matches!(on, On::Blob | On::Store)).collect();
    assert_eq!(kinds, [On::Blob, On::Store].repeat(3));
}

#[test]
fn a_catalog_that_is_not_shown_is_told_as_such() {
    let (world, registry, _) = World::with_artifact(Setup::default());
    for (status, words) in [(401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found")] {
        let faults = Faults::before(registry.address(), [(On::Catalog, 0..9, Fault::Answer(status, &[]))]);
        let run = world.run(&format!("repo ls {}", faults.address())).failure();
        assert!(run.stderr.contains(&format!("status code {status}: {words}")), "{run}");
        assert!(run.stderr.contains("_catalog"), "{run}");
    }
}
