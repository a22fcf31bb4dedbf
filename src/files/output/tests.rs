//! Titles good and bad, what is left after a failure, and any small tree there and back.

#![expect(clippy::disallowed_methods, reason = "what stands on the disk before is made as users make it")]

use super::*;
use crate::content::landed;
use crate::files::Staging;
use crate::oci::{Annotations, media_type};

struct World {
    home: tempfile::TempDir,
}

fn world() -> World {
    World { home: tempfile::tempdir().unwrap() }
}

impl World {
    fn folder(&self) -> PathBuf {
        self.home.path().join("out")
    }

    fn output(&self, rules: Rules) -> Output {
        Output::new(self.folder(), rules)
    }

    fn names(&self) -> Vec<String> {
        let found = walkdir::WalkDir::new(self.folder()).min_depth(1).sort_by_file_name();
        let relative = |path: &Path| path.strip_prefix(self.folder()).unwrap().to_str().unwrap().to_owned();
        found.into_iter().filter_map(Result::ok).map(|found| relative(found.path())).collect()
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }
}

/// More than is had in memory before it is written.
const LONG: &[u8] = &[b'x'; 200 * 1024];
/// As many other bytes.
const WRONG: &[u8] = &[b'y'; LONG.len()];

fn titled(title: &str, content: &str) -> Descriptor {
    let mut node = Descriptor::of(media_type::LAYER, content.as_bytes());
    node.annotations.insert(annotations::TITLE.to_owned(), title.to_owned());
    node
}

async fn put(output: &Output, title: &str, content: &'static str) -> Result<Put> {
    output.put(&titled(title, content), Body::bytes(content)).await
}

const KEEP: Rules = Rules { existing: Existing::Keep, traversal: Traversal::Refuse };
const ALLOW: Rules = Rules { existing: Existing::Replace, traversal: Traversal::Allow };

#[tokio::test]
async fn a_titled_node_becomes_a_file_and_can_be_read_back() {
    let world = world();
    let output = world.output(Rules::default());
    assert_eq!(put(&output, "a/./b/../c", "abc").await.unwrap(), Put::Stored);
    assert_eq!(put(&output, "a/./b/../c", "abc").await.unwrap(), Put::AlreadyThere);
    let node = titled("a/./b/../c", "abc");
    assert_eq!(output.written(), [Written { node: node.clone(), path: world.folder().join("a/c") }]);
    assert!(output.exists(&node).await.unwrap() && !output.exists(&titled("x", "abc")).await.unwrap());
    assert_eq!(output.fetch(&node).read(9).await.unwrap(), "abc");
    output.keep();
    drop(output);
    assert_eq!(world.names(), ["a", "a/c"]);
    assert_eq!(world.read("a/c"), "abc");
}

#[cfg(unix)]
#[tokio::test]
async fn what_comes_before_its_turn_waits_in_the_file() {
    let world = world();
    let output = world.output(Rules::default());
    let long = std::str::from_utf8(LONG).unwrap();
    output.put(&titled("a", long), landed(LONG)).await.unwrap();
    assert_eq!(world.read("a"), long);
    let wrong = output.put(&titled("b", long), landed(WRONG)).await.unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "failed to copy content to OUT: mismatched digest"
            .replace("OUT", &world.folder().join("b").display().to_string())
    );
    assert_eq!(world.names(), ["a"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    let output = world.output(Rules::default());
    put(&output, "a", "abc").await.unwrap();
    world.write("other", "");
    let mode = |name: &str| fs::metadata(world.folder().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("a"), mode("other"));
}

#[tokio::test]
async fn titles_that_lead_out_are_refused() {
    let world = world();
    let says = "failed to resolve path for writing: path traversal disallowed";
    let output = world.output(Rules::default());
    for title in ["../x", "..", "a/../../x", "/x", "../outer/x"] {
        assert_eq!(output.claim(&titled(title, "a")).unwrap_err().to_string(), says, "{title}");
        assert_eq!(put(&output, title, "a").await.unwrap_err().to_string(), says, "{title}");
    }
    assert!(put(&output, "a\0b", "a").await.is_err());
    let inside = world.folder().join("in");
    put(&output, inside.to_str().unwrap(), "a").await.unwrap();
    put(&world.output(ALLOW), "../x", "a").await.unwrap();
    assert!(!world.home.path().join("x").exists(), "not kept, so removed");
}

#[cfg(unix)]
#[tokio::test]
async fn links_on_the_way_may_not_lead_out_and_one_at_the_end_is_replaced() {
    let world = world();
    world.write("sub/x", "");
    fs::write(world.home.path().join("victim"), "old").unwrap();
    std::os::unix::fs::symlink(world.home.path(), world.folder().join("away")).unwrap();
    std::os::unix::fs::symlink("sub", world.folder().join("near")).unwrap();
    std::os::unix::fs::symlink("../victim", world.folder().join("last")).unwrap();
    let output = world.output(Rules::default());
    let error = put(&output, "away/victim", "new").await.unwrap_err();
    assert_eq!(error.to_string(), "failed to resolve path for writing: path traversal disallowed");
    assert!(put(&output, "away/none/x", "new").await.is_err());
    put(&output, "near/y", "new").await.unwrap();
    put(&output, "last", "new").await.unwrap();
    output.keep();
    assert_eq!(world.read("sub/y"), "new");
    assert_eq!(world.read("last"), "new");
    assert_eq!(fs::read(world.home.path().join("victim")).unwrap(), b"old");
}

#[tokio::test]
async fn what_is_there_can_be_kept() {
    let world = world();
    world.write("a", "old");
    let error = put(&world.output(KEEP), "a", "new").await.unwrap_err();
    assert_eq!(error.to_string(), "failed to resolve path for writing: overwrite disallowed");
    assert_eq!(world.read("a"), "old");
    let output = world.output(KEEP);
    put(&output, "b", "new").await.unwrap();
    assert_eq!(put(&output, "b", "new").await.unwrap(), Put::AlreadyThere);
}

#[tokio::test]
async fn a_folder_in_the_way_of_a_file_is_an_error() {
    let world = world();
    world.write("a/b", "old");
    let error = put(&world.output(Rules::default()), "a", "new").await.unwrap_err();
    assert_eq!(error.to_string(), format!("open {}: is a directory", world.folder().join("a").display()));
    assert!(put(&world.output(Rules::default()), ".", "new").await.is_err());
    let error = put(&world.output(Rules::default()), "a/b/c", "new").await.unwrap_err();
    assert!(error.to_string().contains("not a directory"), "{error}");
    assert_eq!(world.read("a/b"), "old");
}

#[cfg(unix)]
#[tokio::test]
async fn a_device_or_socket_in_the_way_is_an_error() {
    let world = world();
    world.write("x", "");
    let _socket = std::os::unix::net::UnixListener::bind(world.folder().join("s")).unwrap();
    let error = put(&world.output(Rules::default()), "s", "new").await.unwrap_err();
    assert!(error.to_string().ends_with("/s: not a regular file"), "{error}");
}

#[tokio::test]
async fn two_contents_for_one_file_are_refused_before_anything_is_written() {
    let world = world();
    let output = world.output(Rules::default());
    output.claim(&titled("a", "one")).unwrap();
    output.claim(&titled("a", "one")).unwrap();
    let error = output.claim(&titled("./a", "two")).unwrap_err();
    assert_eq!(error.to_string(), "./a: duplicate name");
    assert!(!world.folder().exists());
}

#[tokio::test]
async fn wrong_content_leaves_the_old_file_and_nothing_new() {
    let world = world();
    world.write("a", "old");
    let output = world.output(Rules::default());
    put(&output, "b/c/d", "new").await.unwrap();
    for title in ["a", "n/e/w"] {
        let error = output.put(&titled(title, "abc"), Body::bytes("abd")).await.unwrap_err();
        let path = world.folder().join(title);
        assert_eq!(
            error.to_string(),
            format!("failed to copy content to {}: mismatched digest", path.display())
        );
    }
    output.undo().await;
    assert_eq!(world.names(), ["a"]);
    assert_eq!(world.read("a"), "old");
}

#[tokio::test]
async fn equal_content_is_copied_from_another_title() {
    let world = world();
    let output = world.output(Rules::default());
    assert!(!output.restore(&titled("b", "abc")).await.unwrap());
    put(&output, "a", "abc").await.unwrap();
    assert!(output.restore(&titled("b", "abc")).await.unwrap());
    assert_eq!(world.read("b"), "abc");
    assert_eq!(output.written().len(), 2);
}

#[tokio::test]
async fn what_has_no_title_is_kept_in_memory_up_to_a_limit() {
    let world = world();
    let output = world.output(Rules::default());
    let node = Descriptor::of(media_type::MANIFEST, b"{\"schemaVersion\":2}");
    output.put(&node, Body::bytes("{\"schemaVersion\":2}")).await.unwrap();
    assert!(output.exists(&node).await.unwrap());
    assert_eq!(output.fetch(&node).read(99).await.unwrap(), "{\"schemaVersion\":2}");
    let large = Descriptor { size: (4 << 20) + 1, ..Descriptor::of(media_type::LAYER, b"") };
    let error = output.put(&large, Body::bytes("")).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::TooLarge(_)));
    assert!(!world.folder().exists());
}

/// Packs a folder and unpacks it again, under the title that the annotations give.
async fn there_and_back(world: &World, path: &str, title: &str) -> Output {
    let staging = Staging::new(world.home.path().to_owned(), world.home.path().to_owned(), None);
    let named = Annotations::from([(annotations::TITLE.to_owned(), title.to_owned())]);
    let node = staging.add(path, None, named, &Memory::new()).await.unwrap();
    let output = world.output(Rules::default());
    output.put(&node, staging.fetch(&node)).await.unwrap();
    assert_eq!(output.written()[0].path.to_str().unwrap().chars().last(), Some(std::path::MAIN_SEPARATOR));
    output
}

#[tokio::test]
async fn a_folder_that_was_made_is_removed_with_all_in_it() {
    let world = world();
    fs::create_dir_all(world.home.path().join("in/sub")).unwrap();
    fs::write(world.home.path().join("in/sub/f"), "x").unwrap();
    let output = there_and_back(&world, "in", "deep/d").await;
    assert_eq!(world.names(), ["deep", "deep/d", "deep/d/sub", "deep/d/sub/f"]);
    output.undo().await;
    assert!(world.names().is_empty());
    there_and_back(&world, "in", ".").await.keep();
    assert_eq!(world.names(), ["sub", "sub/f"]);
    world.write("mine", "mine");
    drop(there_and_back(&world, "in", ".").await);
    assert_eq!(world.names(), ["mine", "sub", "sub/f"]);
}

#[tokio::test]
async fn a_refused_archive_says_where_and_leaves_the_old_folder() {
    let world = world();
    world.write("d/a", "old");
    let mut node = titled("d", "no archive at all");
    node.annotations.insert(annotations::CONTENT_UNPACK.to_owned(), "true".to_owned());
    let output = world.output(Rules::default());
    let error = output.put(&node, Body::bytes("no archive at all")).await.unwrap_err();
    let path = world.folder().join("d");
    let start = format!("failed to extract tar to {}: ", path.display());
    assert!(error.to_string().starts_with(&start), "{error}");
    drop(output);
    assert_eq!(world.names(), ["d", "d/a"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_swapped_for_a_link_while_content_arrives_leads_nothing_out() {
    let long = std::str::from_utf8(LONG).unwrap();
    let (world, outside, put) = put_while_swapped(long).await;
    put.unwrap();
    let theirs = fs::read_to_string(outside.join("x")).unwrap();
    assert_eq!((world.read("moved/x").as_str(), theirs.as_str()), (long, "theirs"));
    assert_eq!(world.names(), ["a", "moved", "moved/x"]);
    // Nothing is begun before all of a small one is there.
    let (world, outside, put) = put_while_swapped("new").await;
    assert_eq!(put.unwrap_err().to_string(), "path traversal disallowed");
    let theirs = fs::read_to_string(outside.join("x")).unwrap();
    assert_eq!((world.read("moved/x").as_str(), theirs.as_str()), ("old", "theirs"));
    assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
}

/// Puts content as `a/x`, while `a` becomes a link to the folder that is told, in which somebody has an `x`.
#[cfg(unix)]
async fn put_while_swapped(content: &'static str) -> (World, PathBuf, Result<Put>) {
    let world = world();
    world.write("a/x", "old");
    let outside = world.home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("x"), "theirs").unwrap();
    let (a, moved, link) = (world.folder().join("a"), world.folder().join("moved"), outside.clone());
    let swap = move || {
        fs::rename(&a, &moved).unwrap();
        // As if they knew the name of the draft.
        for entry in fs::read_dir(&moved).unwrap() {
            let name = entry.unwrap().file_name();
            if name != "x" {
                fs::write(link.join(name), "fake").unwrap();
            }
        }
        std::os::unix::fs::symlink(&link, &a).unwrap();
    };
    let body = Body::reopening(None, move |_| {
        swap();
        async move { Body::bytes(content).open(0).await }
    });
    let put = world.output(Rules::default()).put(&titled("a/x", content), body).await;
    (world, outside, put)
}
