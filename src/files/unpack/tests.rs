//! Archives that no honest tool would write, made by hand.

#![expect(clippy::disallowed_methods, reason = "what stands on the disk before is made as users make it")]

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use flate2::write::GzEncoder;

use super::*;
use crate::files::header::{BLOCK, padding};
use crate::files::ledger::Ledger;

/// A header with any letter, any name and a right checksum, and content behind it.
fn raw(kind: u8, name: &str, link: &str, content: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0000755\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    block[136..148].copy_from_slice(b"14524770400\0");
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link.as_bytes());
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    let mut all = block.to_vec();
    all.extend_from_slice(content);
    all.resize(all.len() + padding(content.len() as u64), 0);
    all
}

fn seal(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn file(name: &str) -> Vec<u8> {
    raw(b'0', name, "", b"new")
}

fn folder(name: &str) -> Vec<u8> {
    raw(b'5', name, "", b"")
}

fn link(name: &str, target: &str) -> Vec<u8> {
    raw(b'2', name, target, b"")
}

fn hard(name: &str, target: &str) -> Vec<u8> {
    raw(b'1', name, target, b"")
}

fn extended(records: &[(&str, &str)]) -> Vec<u8> {
    // Two digits are right for the length of all that is written here.
    let record = |(key, value): &(&str, &str)| format!("{} {key}={value}\n", key.len() + value.len() + 5);
    let data: String = records.iter().map(record).collect();
    raw(b'x', "x", "", data.as_bytes())
}

struct World {
    home: TempDir,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("out")).unwrap();
        fs::write(home.path().join("victim"), "old").unwrap();
        Self { home }
    }

    fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    /// Unpacks bytes as the title `dir`, and says what went wrong. The archive is what all writers end it with.
    fn unpack(&self, parts: &[Vec<u8>]) -> Result<PathBuf> {
        self.unpack_bytes(&[parts.concat(), vec![0; 2 * BLOCK]].concat(), None)
    }

    fn unpack_bytes(&self, bytes: &[u8], content: Option<&Digest>) -> Result<PathBuf> {
        let mut archive = tempfile::tempfile().unwrap();
        archive.write_all(bytes).unwrap();
        let target = self.out().join("dir");
        let place = Place { target: &target, title: "dir" };
        let unpacked = unpack(&archive, place, content, &self.out(), &Wanted::default())?;
        let (from, out) = (unpacked.folder()?, Handle::open(&self.out()).unwrap());
        Ledger::default().settle((&from, ROOT.as_ref()), (&out, "dir".as_ref()), &target)?;
        unpacked.finish(&out.enter("dir".as_ref()).unwrap(), &target)?;
        Ok(target)
    }

    #[track_caller]
    fn refused(&self, parts: &[Vec<u8>], says: &str) {
        let error = self.unpack(parts).unwrap_err().to_string().replace(self.out().to_str().unwrap(), "OUT");
        assert_eq!(error, says);
        assert_eq!(fs::read(self.home.path().join("victim")).unwrap(), b"old");
        assert_eq!(fs::read_dir(self.out()).unwrap().count(), 0, "debris after: {says}");
        assert_eq!(fs::read_dir(self.home.path()).unwrap().count(), 2, "outside after: {says}");
    }
}

#[test]
fn names_that_lead_out_are_refused() {
    let world = World::new();
    for name in ["dir/../../victim", "../victim", "victim", "dirt/a", "/victim", "dir/../x", ".", "dir/.."] {
        world.refused(&[file(name)], &format!("{name:?} is outside of \"dir\""));
    }
    let absolute = world.home.path().join("victim");
    let absolute = absolute.to_str().unwrap();
    world.refused(&[file(absolute)], &format!("{absolute:?} is outside of \"dir\""));
    world.refused(
        &[extended(&[("path", "dir/../../victim")]), file("dir/a")],
        "\"dir/../../victim\" is outside of \"dir\"",
    );
    world.refused(
        &[raw(b'L', "././@LongLink", "", b"../victim\0"), file("dir/a")],
        "\"../victim\" is outside of \"dir\"",
    );
    world.refused(
        &[extended(&[("path", "dir/a\0b")]), file("dir/a")],
        "an archive entry whose name has a zero byte",
    );
}

#[test]
fn links_that_lead_out_are_refused() {
    let world = World::new();
    let home = world.home.path().to_str().unwrap();
    world.refused(&[link("dir/l", "/etc")], "\"/etc\" is outside of \"dir\"");
    world.refused(&[link("dir/l", "..")], "\"OUT\" is outside of \"dir\"");
    world.refused(&[link("dir/s/l", "../../../victim")], &format!("\"{home}/victim\" is outside of \"dir\""));
    // Each of them stays inside by its text; followed one after the other they do not.
    let up = [folder("dir/a"), link("dir/a/up", ".."), link("dir/escape", "a/up/..")];
    world.refused(&up, "\"dir/escape\" is outside of \"dir\"");
    world.refused(&[link("dir", "x")], "\"dir\" is not a directory");
}

#[test]
fn nothing_is_written_through_a_link() {
    let world = World::new();
    let through = [folder("dir/a"), link("dir/l", "a"), file("dir/l/f")];
    world.refused(&through, "no symbolic link allowed between \"dir\" and \"dir/l/f\"");
    let swapped = [file("dir/a/f"), link("dir/a", "b")];
    world.refused(&swapped, "remove OUT/dir/a: is a directory");
    let folder_through = [folder("dir/a"), link("dir/l", "a"), folder("dir/l/sub")];
    world.refused(&folder_through, "no symbolic link allowed between \"dir\" and \"dir/l/sub\"");
    // A link that a file or folder replaces is gone, and what it named is as it was.
    let replaced = [file("dir/a"), link("dir/l", "a"), raw(b'0', "dir/l", "", b"other")];
    let dir = world.unpack(&replaced).unwrap();
    assert_eq!(fs::read(dir.join("a")).unwrap(), b"new");
    assert_eq!(fs::read(dir.join("l")).unwrap(), b"other");
}

#[test]
fn hard_links_name_files_of_the_archive_only() {
    let world = World::new();
    world.refused(&[hard("dir/h", "../victim")], "\"../victim\" is outside of \"dir\"");
    world.refused(&[hard("dir/h", "/etc/passwd")], "\"/etc/passwd\" is outside of \"dir\"");
    world.refused(
        &[hard("dir/h", "dir/no")],
        "hard link \"dir/no\": lstat OUT/dir/no: no such file or directory",
    );
    world.refused(
        &[link("dir/l", "a"), hard("dir/h", "dir/l")],
        "hard link target \"dir/l\" is a symbolic link",
    );
    let through = [folder("dir/a"), link("dir/l", "a"), file("dir/a/f"), hard("dir/h", "dir/l/f")];
    world.refused(&through, "no symbolic link allowed between \"dir\" and \"dir/l/f\"");
    let dir = world.unpack(&[file("dir/a"), hard("dir/b", "dir/a"), hard("dir/a", "dir/a")]).unwrap();
    assert_eq!(fs::metadata(dir.join("a")).unwrap().ino(), fs::metadata(dir.join("b")).unwrap().ino());
}

#[test]
fn damaged_and_unknown_archives_are_refused() {
    let world = World::new();
    let mut wrong_sum = file("dir/a");
    wrong_sum[0] = b'x';
    world.refused(&[wrong_sum], "invalid tar header");
    world.refused(&[raw(b'S', "dir/a", "", b"")], "the archive has a sparse file, which is not supported");
    let sparse = [extended(&[("GNU.sparse.major", "1")]), file("dir/a")];
    world.refused(&sparse, "the archive has a sparse file, which is not supported");
    world.refused(&[raw(b'x', "x", "", b"99 path=a\n"), file("dir/a")], "invalid tar header");
    world.refused(&[raw(b'x', "x", "", b"0 path=a\n"), file("dir/a")], "invalid tar header");
    let mut bomb = raw(b'L', "x", "", b"");
    bomb[124..136].copy_from_slice(b"77777777777\0");
    seal(&mut bomb[..BLOCK]);
    world.refused(&[bomb], "an archive entry with a header of more than 1 MiB");
    let cut = file("dir/a");
    let error = world.unpack_bytes(&cut[..=BLOCK], None).unwrap_err();
    assert_eq!(error.to_string(), "unexpected end of the archive");
    let error = world.unpack_bytes(b"\x28\xb5\x2f\xfd....", None).unwrap_err();
    assert!(error.to_string().starts_with("zstd: "), "{error}");
    let mut damaged = gzip(&file("dir/a"));
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert!(world.unpack_bytes(&damaged, None).is_err());
    assert_eq!(fs::read_dir(world.out()).unwrap().count(), 0);
}

#[test]
fn sizes_and_names_may_be_as_large_as_a_header_can_say() {
    let world = World::new();
    let huge = [extended(&[("size", "18446744073709551615")]), raw(b'Z', "dir/a", "", b"")];
    world.refused(&huge, "unexpected end of the archive");
    let deep = format!("dir/{}\0", "a/".repeat(5000));
    let parts = [raw(b'L', "././@LongLink", "", deep.as_bytes()), file("dir/cut")];
    world.refused(&parts, "an archive entry with a name of 10004 bytes");
}

#[test]
fn a_folder_that_is_named_again_and_again_is_kept_once() {
    let world = World::new();
    let mut closed = folder("dir/a");
    closed[100..108].copy_from_slice(b"0000500\0");
    seal(&mut closed[..BLOCK]);
    let parts = [vec![folder("dir/a"); 1000].concat(), closed, file("dir/a/f")];
    let mut archive = tempfile::tempfile().unwrap();
    archive.write_all(&parts.concat()).unwrap();
    let target = world.out().join("dir");
    let unpacked =
        unpack(&archive, Place { target: &target, title: "dir" }, None, &world.out(), &Wanted::default())
            .unwrap();
    assert_eq!(unpacked.folders.len(), 1);
    let dir = world.unpack(&parts).unwrap();
    assert_eq!(fs::metadata(dir.join("a")).unwrap().permissions().mode() & 0o777, 0o500);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_digest_counts_all_padding_and_all_members() {
    let world = World::new();
    let padded = [folder("dir"), file("dir/a"), vec![0; 20 * BLOCK]].concat();
    let content = Digest::of(&padded);
    let compressed = [gzip(&padded[..700]), gzip(&padded[700..])].concat();
    for bytes in [&padded, &compressed] {
        assert!(world.unpack_bytes(bytes, Some(&content)).is_ok());
    }
    let error = world.unpack_bytes(&compressed, Some(&Digest::of(b"other"))).unwrap_err();
    assert_eq!(error.to_string(), "content digest mismatch");
}

#[test]
fn rights_are_cut_and_times_come_back() {
    let world = World::new();
    let mut setuid = file("dir/f");
    setuid[100..108].copy_from_slice(b"0006755\0");
    seal(&mut setuid[..BLOCK]);
    let mut closed = folder("dir/closed");
    closed[100..108].copy_from_slice(b"0002500\0");
    seal(&mut closed[..BLOCK]);
    let date = extended(&[("mtime", "1600000000.25")]);
    let parts = [
        folder("dir"),
        closed,
        date,
        file("dir/closed/in"),
        setuid,
        raw(b'6', "dir/p", "", b""),
        raw(b'3', "dir/null", "", b""),
    ];
    let dir = world.unpack(&parts).unwrap();
    let about = |name: &str| fs::symlink_metadata(dir.join(name)).unwrap();
    assert_eq!(about("f").permissions().mode() & 0o7000, 0);
    assert_eq!(about("f").permissions().mode() & 0o500, 0o500);
    assert_eq!(about("closed").permissions().mode() & 0o7777, 0o500);
    assert_eq!((about("closed/in").mtime(), about("closed/in").mtime_nsec()), (1_600_000_000, 250_000_000));
    assert_eq!(about("closed").mtime(), 0o14_524_770_400);
    assert_eq!(about("").mtime(), 0o14_524_770_400);
    assert!(!dir.join("p").exists() && !dir.join("null").exists());
}

#[test]
fn a_second_archive_goes_over_the_first() {
    let world = World::new();
    let parts = [folder("dir"), folder("dir/a"), file("dir/a/f"), link("dir/l", "a/f"), link("dir/abs", "a")];
    let dir = world.unpack(&parts).unwrap();
    fs::write(dir.join("mine"), "mine").unwrap();
    fs::write(dir.join("a/f"), "changed").unwrap();
    fs::remove_file(dir.join("l")).unwrap();
    symlink(world.home.path().join("victim"), dir.join("l")).unwrap();
    world.unpack(&parts).unwrap();
    assert_eq!(fs::read(dir.join("a/f")).unwrap(), b"new");
    assert_eq!(fs::read(dir.join("mine")).unwrap(), b"mine");
    assert_eq!(fs::read_link(dir.join("l")).unwrap(), Path::new("a/f"));
    // A link of the user's where the archive has a folder gives way; what it names does not.
    fs::remove_dir_all(dir.join("a")).unwrap();
    symlink(world.home.path(), dir.join("a")).unwrap();
    world.unpack(&parts).unwrap();
    assert!(fs::symlink_metadata(dir.join("a")).unwrap().is_dir());
    assert!(!world.home.path().join("f").exists());
    // A folder of the user's where the archive has a file does not.
    fs::remove_file(dir.join("a/f")).unwrap();
    fs::create_dir(dir.join("a/f")).unwrap();
    assert!(world.unpack(&parts).unwrap_err().to_string().ends_with("dir/a/f: is a directory"));
}

#[test]
fn long_names_of_gnu_and_pax_are_read() {
    let world = World::new();
    let long = format!("dir/{}", "n".repeat(150));
    let gnu = [raw(b'L', "././@LongLink", "", format!("{long}\0").as_bytes()), file("dir/cut")];
    let dir = world.unpack(&gnu).unwrap();
    assert!(dir.join("n".repeat(150)).exists());
    let pax = [extended(&[("path", "./dir/é"), ("linkpath", "x")]), file("x"), raw(0, "dir/old/", "", b"")];
    let dir = world.unpack(&pax).unwrap();
    assert!(dir.join("é").is_file() && dir.join("old").is_dir());
}

/// Content that does something when it is read.
struct Meanwhile<F>(Option<F>);

impl<F: FnOnce()> Read for Meanwhile<F> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        if let Some(act) = self.0.take() {
            act();
        }
        Ok(0)
    }
}

#[test]
fn a_folder_that_is_swapped_for_a_link_meanwhile_leads_nothing_out() {
    let world = World::new();
    let (root, outside) = (world.out().join("root"), world.home.path().join("outside"));
    fs::create_dir_all(root.join("a")).unwrap();
    fs::create_dir(&outside).unwrap();
    let top = Handle::open(&root).unwrap();
    let place = Place { target: &world.out().join("dir"), title: "dir" };
    let mut work = Work { place, root: &root, top, folders: Folders::new(), parent: None, links: false };
    let member = |name: &str| Archive::new(file(name).as_slice()).next().unwrap().unwrap();
    let swap = || {
        fs::rename(root.join("a"), root.join("moved")).unwrap();
        symlink(&outside, root.join("a")).unwrap();
    };
    work.entry(&member("dir/a/one"), &mut Meanwhile(Some(swap))).unwrap();
    // The folder is held open and stays the same one.
    work.entry(&member("dir/a/two"), &mut io::empty()).unwrap();
    work.entry(&member("dir/b/three"), &mut io::empty()).unwrap();
    // Looked up anew, it is a link.
    let error = work.entry(&member("dir/a/four"), &mut io::empty()).unwrap_err().to_string();
    assert_eq!(error, "no symbolic link allowed between \"dir\" and \"dir/a/four\"");
    assert!(root.join("moved/one").exists() && root.join("moved/two").exists());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_folder_that_is_swapped_again_and_again_while_the_content_is_moved_leads_nothing_out() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let world = World::new();
    let (dir, outside) = (world.out().join("dir"), world.home.path().join("outside"));
    fs::create_dir_all(dir.join("a")).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o711)).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            symlink(&outside, world.home.path().join("link")).unwrap();
            let (real, link) = (world.home.path().join("real"), world.home.path().join("link"));
            while !over.load(Ordering::Relaxed) {
                // What is there may have become another folder in the meantime.
                let _ = fs::rename(dir.join("a"), &real);
                let _ = fs::rename(&link, dir.join("a"));
                let _ = fs::rename(dir.join("a"), &link);
                let _ = fs::rename(&real, dir.join("a"));
            }
        });
        let mut closed = folder("dir/a");
        closed[100..108].copy_from_slice(b"0000700\0");
        seal(&mut closed[..BLOCK]);
        for _ in 0..300 {
            // It may fail, but only that.
            let _ = world.unpack(&[closed.clone(), file("dir/a/f")]);
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(fs::metadata(&outside).unwrap().permissions().mode() & 0o777, 0o711);
}
