//! The digests that oras gives to the same folders, and bytes that do not depend on the machine.

#![expect(clippy::disallowed_methods, reason = "what stands on the disk before is made as users make it")]

use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;

fn packer(temporary: &tempfile::TempDir, threads: usize) -> Packer {
    let threads = NonZero::new(threads).unwrap();
    Packer { temporary: temporary.path().to_owned(), threads, latest: None }
}

fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Sets all times below a folder.
fn date(root: &Path) {
    let time = UNIX_EPOCH + Duration::from_millis(1_699_999_999_600);
    for found in WalkDir::new(root) {
        File::open(found.unwrap().path()).unwrap().set_modified(time).unwrap();
    }
}

#[test]
fn a_folder_has_the_digest_that_oras_gives_it() {
    let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let plain = root.path().join("plain");
    for (name, content) in
        [("a", &b"hello\n"[..]), ("b/c", b""), ("blk", &[b'z'; 512]), ("blk1", &[b'z'; 513])]
    {
        write(&plain, name, content);
    }
    fs::create_dir(plain.join("empty")).unwrap();
    for found in WalkDir::new(&plain) {
        let found = found.unwrap();
        let mode = if found.file_type().is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(found.path(), fs::Permissions::from_mode(mode)).unwrap();
    }
    date(&plain);
    // Taken from `oras push` 1.3.6 of the same files, dated 2023-11-14T22:13:20Z.
    let packed = pack(&plain, "plain", &packer(&temporary, 1), &Wanted::default()).unwrap();
    assert_eq!(
        packed.content.to_string(),
        "sha256:b7bc189a5687393fafc719952c0ac6bc2e153d8464fca529ef5967c552749813"
    );
    let packed = pack(&plain, "../t/plain", &packer(&temporary, 1), &Wanted::default()).unwrap();
    assert_eq!(
        packed.content.to_string(),
        "sha256:62dc68b8cca9e9b24556c41506c9c81786c3b2b90a035d9894a2e9986bb98635"
    );
}

#[test]
fn the_number_of_threads_does_not_show_in_the_bytes() {
    let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut text = Vec::new();
    for number in 0..300_000_u64 {
        writeln!(text, "{} {}", number, number * 7919 % 1009).unwrap();
    }
    write(root.path(), "big", &text);
    write(root.path(), "small", b"x");
    let packed = |threads| {
        let packed = pack(root.path(), "d", &packer(&temporary, threads), &Wanted::default()).unwrap();
        (fs::read(&packed.file).unwrap(), packed.digest.clone(), packed.size)
    };
    let (bytes, digest, size) = packed(1);
    assert!(bytes.starts_with(b"\x1f\x8b\x08\0\0\0\0\0\0\xff"));
    assert_eq!((Digest::of(&bytes), bytes.len() as u64), (digest, size));
    for threads in [2, 8] {
        assert!(packed(threads).0 == bytes, "{threads} threads");
    }
}

#[test]
fn the_compressed_bytes_stay_what_they_are() {
    // Changes when a version of the compressor or the size of its pieces does: then packed folders get new digests.
    let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(root.path(), "a", &b"some text, some more text, and again some text\n".repeat(9000));
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(root.path().join("a"), fs::Permissions::from_mode(0o644)).unwrap();
    date(root.path());
    let packed = pack(root.path(), "d", &packer(&temporary, 1), &Wanted::default()).unwrap();
    assert_eq!(
        packed.digest.to_string(),
        "sha256:bfaac14cab7414f9df52ec72ea297781de37a5535399cfeb8fd828fa7e96a57c"
    );
}

#[test]
fn a_file_that_has_another_size_than_the_header_says_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "a", b"abc");
    let path = root.path().join("a");
    for size in [2, 4] {
        let error = content(&path, size, &mut [0; 64], &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: the file changed while it was read", path.display()));
    }
    content(&path, 3, &mut [0; 64], &mut |_| Ok(())).unwrap();
}

#[test]
fn a_failure_leaves_no_archive_behind() {
    let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(root.path(), "a", b"abc");
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("b")).unwrap();
    let error = pack(root.path(), "d", &packer(&temporary, 1), &Wanted::default()).unwrap_err();
    assert!(error.to_string().ends_with("/b: a socket cannot be packed"), "{error}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn what_is_packed_can_be_read_again() {
    let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(root.path(), "a/b", b"abc");
    let packed = pack(root.path(), "t", &packer(&temporary, 1), &Wanted::default()).unwrap();
    let compressed = fs::read(&packed.file).unwrap();
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(Cursor::new(compressed)).read_to_end(&mut tar).unwrap();
    assert_eq!(Digest::of(&tar), packed.content);
    assert!(tar.ends_with(&[0; 2 * BLOCK]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_content_has_the_same_bytes_for_any_number_of_threads(
        seed in proptest::collection::vec(any::<u8>(), 1..300),
        lengths in proptest::collection::vec(0..3 * PIECE, 0..4),
    ) {
        let (root, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (number, length) in lengths.into_iter().enumerate() {
            let content: Vec<u8> = seed.iter().copied().cycle().take(length).collect();
            write(root.path(), &number.to_string(), &content);
        }
        let packed = |threads| {
            pack(root.path(), "d", &packer(&temporary, threads), &Wanted::default()).unwrap().digest
        };
        let one = packed(1);
        prop_assert_eq!(&packed(2), &one);
        prop_assert_eq!(&packed(8), &one);
    }
}
