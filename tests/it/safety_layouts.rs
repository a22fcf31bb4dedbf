//! Layouts that others have made: folders with links, wrong documents, tars with odd members.

use oras::oci::Digest;

use crate::support::World;
use crate::support::hostile::{MANIFEST, image};

/// A layout in `layout` whose manifest, tagged `v1`, has one file, and the path of that file's blob.
fn layout(world: &World, content: &[u8]) -> String {
    let (digest, size) = (Digest::of(content), content.len());
    let layer = format!(
        r#"{{"mediaType":"a/b","digest":"{digest}","size":{size},"annotations":{{"org.opencontainers.image.title":"x"}}}}"#
    );
    let manifest = image(&layer);
    let node = Digest::of(manifest.as_bytes());
    world.write("layout/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    world.write(
        "layout/index.json",
        format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{MANIFEST}","digest":"{node}","size":{},"annotations":{{"org.opencontainers.image.ref.name":"v1"}}}}]}}"#,
            manifest.len()
        ),
    );
    world.write(&format!("layout/blobs/sha256/{}", node.hex()), manifest);
    world.write(&format!("layout/blobs/sha256/{}", Digest::of(b"{}").hex()), "{}");
    format!("layout/blobs/sha256/{}", digest.hex())
}

#[cfg(unix)]
#[test]
fn a_blob_that_links_to_a_file_of_the_user_gives_nothing_away() {
    let world = World::new();
    let secret = "private".repeat(100_000);
    world.write("secret", &secret);
    // As large as the secret, which a stranger may guess.
    let blob = layout(&world, &vec![b'x'; secret.len()]);
    world.link(&blob, "../../../secret");
    let run = world.run("pull --oci-layout layout:v1 -o out").failure();
    assert!(run.stderr.contains("mismatched digest"), "{run}");
    assert!(!world.path("out/x").exists());
    let _ = world.run("cp --from-oci-layout layout:v1 --to-oci-layout copy:v1").failure();
    let copied = walkdir::WalkDir::new(world.path("copy")).into_iter().filter_map(Result::ok);
    assert!(
        copied
            .filter(|entry| entry.file_type().is_file())
            .all(|entry| entry.metadata().unwrap().len() < 1000)
    );
}

#[test]
fn an_index_that_is_none_is_told() {
    let entry = |digest: &str, size: &str| {
        format!(
            r#"{{"manifests":[{{"mediaType":"{MANIFEST}","digest":"{digest}","size":{size},"annotations":{{"org.opencontainers.image.ref.name":"v1"}}}}]}}"#
        )
    };
    let hex = "a".repeat(64);
    for index in [
        "[".repeat(100_000),
        r#"{"manifests":7}"#.to_owned(),
        "\u{1b}[2J".to_owned(),
        entry("sha256:../../../../etc/passwd", "1"),
        entry(&format!("sha256:{hex}"), "-1"),
        entry(&format!("sha256:{hex}"), "99999999999"),
        " ".repeat((64 << 20) + 1),
    ] {
        let world = World::new();
        layout(&world, b"content");
        world.write("layout/index.json", &index);
        let run = world.run("pull --oci-layout layout:v1 -o out").failure();
        assert!(!run.stderr.contains('\u{1b}') && run.stderr.len() < 1000, "{run}");
        assert!(!world.path("out/x").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_tar_is_read_where_its_members_lie_and_nowhere_else() {
    let world = World::new();
    world.write("secret", "content");
    let blob = layout(&world, b"content");
    let member = blob.strip_prefix("layout/").unwrap().to_owned();
    let with = |odd: &dyn Fn(&mut tar::Builder<std::fs::File>)| {
        let mut builder = tar::Builder::new(std::fs::File::create(world.path("layout.tar")).unwrap());
        builder.follow_symlinks(false);
        builder.append_dir_all(".", world.path("layout")).unwrap();
        odd(&mut builder);
        builder.finish().unwrap();
        drop(builder);
        world.run("pull --oci-layout layout.tar:v1 -o out").failure()
    };
    let header = |kind, size| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header
    };
    let secret = world.path("secret");
    let run = with(&|builder| {
        builder.append_link(&mut header(tar::EntryType::Symlink, 0), &member, &secret).unwrap();
        builder.append_link(&mut header(tar::EntryType::Link, 0), &member, &secret).unwrap();
    });
    assert!(run.stderr.contains("not found"), "{run}");
    let run = with(&|builder| {
        builder.append_data(&mut header(tar::EntryType::Regular, 7), &member, &b"CONTENT"[..]).unwrap();
    });
    assert!(run.stderr.contains("mismatched digest"), "{run}");
    let run = with(&|builder| {
        let mut huge = header(tar::EntryType::Regular, 1 << 40);
        huge.set_path(&member).unwrap();
        huge.set_cksum();
        std::io::Write::write_all(builder.get_mut(), huge.as_bytes()).unwrap();
    });
    assert!(run.stderr.contains("unexpected EOF"), "{run}");
    assert!(!world.path("out/x").exists());
}
