//! What becomes of files, links and folders, and of files that change.

#![expect(clippy::disallowed_methods, reason = "what stands on the disk before is made as users make it")]

use futures_util::TryStreamExt;

use super::*;
use crate::content::Memory;

struct World {
    root: tempfile::TempDir,
    temporary: tempfile::TempDir,
    staging: Staging,
}

fn world() -> World {
    let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let staging = Staging::new(root.path().to_owned(), temporary.path().to_owned(), None);
    World { root, temporary, staging }
}

impl World {
    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    async fn add(&self, path: &str) -> Result<Descriptor> {
        self.staging.add(path, None, Annotations::new(), &Memory::new()).await
    }
}

#[tokio::test]
async fn a_file_is_named_by_its_clean_path_and_read_at_any_offset() {
    let world = world();
    world.write("d/a.txt", "abcdef");
    let node = world.add("./d/../d//a.txt").await.unwrap();
    assert_eq!(node.title(), Some("d/a.txt"));
    assert_eq!((node.media_type.as_str(), node.size), (media_type::LAYER, 6));
    assert_eq!(node.digest, Digest::of(b"abcdef"));
    let body = world.staging.clone().fetch(&node);
    assert_eq!(body.read(9).await.unwrap(), "abcdef");
    let rest: Vec<_> = body.open(4).await.unwrap().try_collect().await.unwrap();
    assert_eq!(rest.concat(), b"ef");
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_unchecked_is_not_sent_whole() {
    let world = world();
    let path = world.write("a", &"x".repeat(3 << 20));
    let node = world.add("a").await.unwrap();
    let mut stream = world.staging.fetch(&node).for_checker().open(0).await.unwrap();
    let mut seen = stream.next().await.unwrap().unwrap().len();
    fs::write(&path, "y".repeat(3 << 20)).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(piece) => seen += piece.len(),
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(error, format!("{}: the file changed while it was read", path.display()));
    assert!(seen < 3 << 20);
}

#[tokio::test]
async fn titles_can_be_given_and_must_be_there_once() {
    let world = world();
    world.write("a", "a");
    let titled = |title: &str| Annotations::from([(annotations::TITLE.to_owned(), title.to_owned())]);
    let memory = Memory::new();
    let add = |title| world.staging.add("a", Some("text/plain"), titled(title), &memory);
    let node = add("hi.txt").await.unwrap();
    assert_eq!((node.title(), node.media_type.as_str()), (Some("hi.txt"), "text/plain"));
    assert_eq!(add("hi.txt").await.unwrap_err().to_string(), "hi.txt: duplicate name");
    assert_eq!(add("").await.unwrap_err().to_string(), "missing name");
}

#[tokio::test]
async fn a_missing_file_is_named_by_its_whole_path() {
    let world = world();
    let error = world.add("./nofile.txt").await.unwrap_err();
    let path = world.root.path().join("nofile.txt");
    assert_eq!(error.to_string(), format!("stat {}: no such file or directory", path.display()));
}

#[tokio::test]
async fn a_config_has_no_title() {
    let world = world();
    world.write("c.json", "{}");
    let node = world.staging.add_config("c.json", None, &Memory::new()).await.unwrap();
    assert_eq!(node, Descriptor::of(media_type::UNKNOWN_CONFIG, b"{}"));
}

#[tokio::test]
async fn a_file_that_changes_after_it_was_hashed_is_an_error() {
    let world = world();
    let long = "x".repeat(20_000);
    let path = world.write("a", &long);
    let node = world.add("a").await.unwrap();
    let stream = world.staging.fetch(&node).open(0).await;
    assert!(stream.is_ok());
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    for content in [long.replace('x', "y"), format!("{long}x"), "a".to_owned()] {
        fs::write(&path, content).unwrap();
        // The same time, so that only the bytes can tell.
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        let error = world.staging.fetch(&node).read(2 * SMALL).await.unwrap_err();
        assert_eq!(error.to_string(), format!("{}: the file changed while it was read", path.display()));
    }
}

#[tokio::test]
async fn a_small_file_is_what_it_was_when_it_was_hashed_as_long_as_there_is_room() {
    let world = world();
    let path = world.write("a", "abc");
    let node = world.add("a").await.unwrap();
    fs::write(&path, "other").unwrap();
    assert_eq!(world.staging.fetch(&node).read(9).await.unwrap(), "abc");
    let mut held = Held::default();
    assert_eq!((0..1000).filter(|_| held.has_room(SMALL)).count() as u64, ROOM / SMALL);
    assert!(!held.has_room(1) && !Held::default().has_room(SMALL + 1));
}

#[tokio::test]
async fn a_folder_becomes_an_archive_that_goes_with_the_staging() {
    let world = world();
    world.write("d/a", "abc");
    let node = world.add("d/").await.unwrap();
    assert_eq!((node.title(), node.media_type.as_str()), (Some("d"), media_type::LAYER_GZIP));
    assert_eq!(node.annotations.get(annotations::CONTENT_UNPACK).unwrap(), "true");
    assert!(node.annotations.get(annotations::CONTENT_DIGEST).unwrap().starts_with("sha256:"));
    assert_eq!(world.staging.fetch(&node).read(4096).await.unwrap().len() as u64, node.size);
    assert_eq!(fs::read_dir(world.temporary.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(world.root.path()).unwrap().count(), 1);
    drop(world.staging);
    assert_eq!(fs::read_dir(world.temporary.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_also_to_folders() {
    let world = world();
    world.write("d/a", "abc");
    std::os::unix::fs::symlink("d/a", world.root.path().join("file")).unwrap();
    std::os::unix::fs::symlink("d", world.root.path().join("folder")).unwrap();
    assert_eq!(world.add("file").await.unwrap().digest, Digest::of(b"abc"));
    let node = world.add("folder").await.unwrap();
    let direct = World {
        staging: Staging::new(world.root.path().into(), world.temporary.path().into(), None),
        ..world
    };
    let titled = Annotations::from([(annotations::TITLE.to_owned(), "folder".to_owned())]);
    assert_eq!(direct.staging.add("d", None, titled, &Memory::new()).await.unwrap(), node);
}

#[cfg(unix)]
#[tokio::test]
async fn the_null_device_is_an_empty_file_and_sockets_are_refused() {
    let world = world();
    let node = world.staging.add_config("/dev/null", Some("a/b"), &Memory::new()).await.unwrap();
    assert_eq!(node, Descriptor::of("a/b", b""));
    assert!(world.add("/dev/zero").await.is_err());
    let _socket = std::os::unix::net::UnixListener::bind(world.root.path().join("s")).unwrap();
    assert!(world.add("s").await.unwrap_err().is_unsupported());
}
