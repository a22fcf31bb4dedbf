//! Archives that other programs have made, marked to be unpacked: what a pull makes of them.
//!
//! They lie in `fixtures/archives`, and the README there says where they come from.

use std::path::Path;

use crate::support::World;
use crate::support::hostile::{Artifact, Hostile};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/archives");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn pull(world: &World, title: &str, archive: &[u8]) -> crate::support::Run {
    let unpack = r#","io.deis.oras.content.unpack":"true""#;
    let registry = Hostile::registry(Artifact::new(&[(title, archive, unpack)]).things());
    world.run(&format!("pull --plain-http {}/r:v1", registry.address()))
}

#[cfg(unix)]
#[test]
fn archives_of_every_usual_program_give_the_same_tree() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let long = "long-name-".repeat(13);
    let tree = [
        "tree/".to_owned(),
        "tree/empty/".to_owned(),
        "tree/hard.txt 6".to_owned(),
        "tree/hello.txt 6".to_owned(),
        "tree/link -> hello.txt".to_owned(),
        format!("tree/{long}/"),
        format!("tree/{long}/{long}.txt 5"),
        format!("tree/longlink -> {long}/{long}.txt"),
        "tree/nothing 0".to_owned(),
        "tree/run.sh 10".to_owned(),
        "tree/setuid 4".to_owned(),
        "tree/ünïcode.txt 10".to_owned(),
    ];
    for name in [
        "bsdtar-gnu.tar.gz",
        "bsdtar-pax.tar.gz",
        "bsdtar-pax.tar.zst",
        "docker-cp.tar.gz",
        "docker-layer.tar.gz",
        "frames.tar.zst",
        "gnu-dot.tar.gz",
        "gnu-pax.tar.gz",
        "gnu.tar.gz",
        "go-addfs.tar.gz",
        "members.tar.gz",
        "python-gnu.tar.gz",
        "python-pax.tar.gz",
    ] {
        let world = World::new();
        let run = pull(&world, "tree", &fixture(name)).success();
        assert_eq!(world.tree(), tree, "{name}\n{run}");
        assert_eq!(world.read(&format!("tree/{long}/{long}.txt")), "deep\n", "{name}");
        assert_eq!(world.read("tree/hard.txt"), "hello\n", "{name}");
        let about = |path: &str| world.path(path).metadata().unwrap();
        let mode = |path: &str| about(path).permissions().mode() & 0o7777;
        assert_eq!((mode("tree/run.sh"), mode("tree/setuid")), (0o755, 0o755), "{name}");
        assert_eq!(about("tree/hello.txt").mtime(), 1_714_557_600, "{name}");
        assert_eq!(about("tree/empty").mtime(), 1_714_557_600, "{name}");
        // Pulled once more over what is there, it is the same.
        let _ = pull(&world, "tree", &fixture(name)).success();
        assert_eq!(world.tree(), tree, "{name}");
    }
}

#[test]
fn sparse_files_are_refused_and_named_so() {
    for name in ["sparse-gnu.tar.gz", "sparse-pax-0.tar.gz", "sparse-pax-1.tar.gz"] {
        let world = World::new();
        let run = pull(&world, "sparse", &fixture(name)).failure();
        assert!(
            run.stderr.contains("the archive has a sparse file, which is not supported"),
            "{name}\n{run}"
        );
        assert!(world.tree().is_empty(), "{name}: {:?}", world.tree());
    }
}

#[test]
fn an_archive_without_compression_is_unpacked_too() {
    let mut content = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::MultiGzDecoder::new(fixture("gnu.tar.gz").as_slice()),
        &mut content,
    )
    .unwrap();
    let world = World::new();
    let _ = pull(&world, "tree", &content).success();
    assert_eq!(world.read("tree/hello.txt"), "hello\n");
}
