//! Graphs that are large in each direction: wide, long, deep, many. They are copied, found and listed, and the memory
//! that this takes does not grow with them, nor with what an archive unpacks to.
//!
//! What does not belong here: how long it takes, which `cargo bench --bench compare` measures.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use oras::content::{Body, Target};
use oras::layout::Directory;
use oras::oci::{Descriptor, Tag, annotations, media_type};
use oras::registry::{Access, ReferrersMode, Repository};
use oras::transport::{Client, Settings};
use serde_json::{Value, json};

use crate::support::world::words;
use crate::support::{Registry, Setup, World};

/// The most memory that a command may have at once, in KiB.
const MOST: u64 = 100 << 10;
/// The most memory that the unpacking of an archive may take, in KiB.
const MOST_UNPACKING: u64 = 64 << 10;
/// How many bytes are unpacked: eight times as many.
const ZEROS: usize = 512 << 20;
/// How many writes go on at once.
const WRITES: usize = 16;

/// The most memory that a process has had, in KiB, looked at as long as it runs. What the system says at its end would
/// be that of this process, if it had more before the other one was started in its place.
fn watch(process: u32) -> u64 {
    let mut most = 0;
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) {
        let is_own = status.starts_with("Name:\toras\n");
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { break };
        let memory = line.trim().trim_end_matches(" kB").parse().unwrap();
        most = if is_own { memory } else { most };
        std::thread::sleep(Duration::from_millis(1));
    }
    most
}

/// Two registries, and one of them is to be filled.
struct Scene {
    world: World,
    from: Registry,
    to: Registry,
}

impl Scene {
    fn new() -> Self {
        let [from, to] = [(); 2].map(|()| Registry::start(Setup::default()));
        Self { world: World::new(), from, to }
    }

    /// Runs a command that must succeed, and not take more memory than it may; what it prints.
    #[track_caller]
    fn run(&self, line: &str) -> String {
        self.run_within(MOST, line)
    }

    /// The same with another bound, in KiB.
    #[track_caller]
    fn run_within(&self, most: u64, line: &str) -> String {
        let line = line.replace("{from}", self.from.address()).replace("{to}", self.to.address());
        let mut command = self.world.command(&words(&line));
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let process = child.id();
        let watch = std::thread::spawn(move || watch(process));
        let ended = child.wait_with_output().unwrap();
        let (text, memory) = (String::from_utf8(ended.stdout).unwrap(), watch.join().unwrap());
        assert!(ended.status.success(), "{line}: {text}");
        assert!(memory > 0 && memory < most, "{line} took {memory} KiB");
        text
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.run(line)).unwrap()
    }

    /// Fills the repository `r` of the first registry.
    fn fill<F: Future<Output = ()>>(&self, work: impl FnOnce(Repository) -> F) {
        let reference = format!("{}/r", self.from.address()).parse().unwrap();
        let client = Client::new(self.from.address(), Settings { plain_http: true, ..Settings::default() });
        let repository =
            Repository::new(client.unwrap(), &reference, Access::default(), ReferrersMode::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work(repository));
    }
}

/// Puts content, of a manifest or not.
async fn put(target: &dyn Target, kind: &str, bytes: impl Into<Vec<u8>>) -> Descriptor {
    let bytes = bytes.into();
    let node = Descriptor::of(kind, &bytes);
    target.put(&node, Body::bytes(bytes)).await.unwrap();
    node
}

/// Puts as many manifests, several at once.
async fn put_all(target: &dyn Target, manifests: impl Iterator<Item = Value>) -> Vec<Descriptor> {
    let puts = manifests.map(|manifest| async move {
        let kind = manifest["mediaType"].as_str().unwrap().to_owned();
        put(target, &kind, manifest.to_string()).await
    });
    stream::iter(puts).buffered(WRITES).collect().await
}

/// An image manifest of these layers, with something that makes it another than others.
fn manifest(layers: &[Descriptor], subject: Option<&Descriptor>, name: &str) -> Value {
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": media_type::MANIFEST, "artifactType": "a/b",
        "config": Descriptor::empty(), "layers": layers, "annotations": {"name": name},
    });
    if let Some(subject) = subject {
        manifest["subject"] = json!(subject);
    }
    manifest
}

/// The artifact `v1` with as many referrers.
async fn wide(target: &dyn Target, referrers: usize) {
    put(target, media_type::EMPTY, "{}".to_owned()).await;
    let root = &put_all(target, std::iter::once(manifest(&[Descriptor::empty()], None, "root"))).await[0];
    target.tag(root, &Tag::any("v1")).await.unwrap();
    let all = (0..referrers).map(|number| manifest(&[], Some(root), &format!("referrer {number}")));
    put_all(target, all).await;
}

#[test]
fn ten_thousand_referrers_of_one_artifact_are_listed() {
    const COUNT: usize = 10_000;
    let scene = Scene::new();
    scene.fill(|repository| async move { wide(&repository, COUNT).await });
    scene.from.clear_log();
    let found = scene.json("discover {from}/r:v1 --depth 1 --format json");
    assert_eq!(found["referrers"].as_array().unwrap().len(), COUNT);
    let pages = scene.from.log().iter().filter(|line| line.starts_with("GET r/referrers/")).count();
    assert!(pages > 2, "{pages} pages");
}

#[test]
fn ten_thousand_referrers_in_a_layout_are_listed() {
    const COUNT: usize = 10_000;
    let scene = Scene::new();
    let layout = Directory::create(scene.world.path("lay")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        wide(&layout, COUNT).await;
        layout.commit().await.unwrap();
    });
    for format in ["json", "tree"] {
        let found = scene.run(&format!("discover --oci-layout lay:v1 --format {format}"));
        assert_eq!(
            found.matches("\"referrer 9").count() + found.matches(": referrer 9").count(),
            1111,
            "{format}"
        );
    }
}

#[test]
fn three_thousand_referrers_are_copied_and_found_here_and_there() {
    const COUNT: usize = 3000;
    // Larger graphs take as long as all other tests together. So this is the line on which 10,000 take 100 MiB: the
    // program with all that is under way, 45 MiB, and 5.5 KiB for each.
    let most = (45 << 10) + COUNT as u64 * 55 / 10;
    let scene = Scene::new();
    scene.fill(|repository| async move { wide(&repository, COUNT).await });
    let ways = [
        ("{from}/r:v1", "--to-oci-layout lay:v1"),
        ("--from-oci-layout lay:v1", "{to}/r:v1"),
        ("{from}/r:v1", "{to}/other:v1"),
    ];
    for (from, to) in ways {
        let copied = scene.run_within(most, &format!("cp -r {from} {to} --format json"));
        let copied: Value = serde_json::from_str(&copied).unwrap();
        // The empty config and the artifact.
        assert_eq!(copied["nodes"].as_array().unwrap().len(), COUNT + 2);
    }
    for place in ["{to}/r:v1", "--oci-layout lay:v1"] {
        let found = scene.run_within(most, &format!("discover {place} --format json"));
        let found: Value = serde_json::from_str(&found).unwrap();
        assert_eq!(found["referrers"].as_array().unwrap().len(), COUNT);
    }
}

#[test]
fn two_thousand_layers_in_one_artifact() {
    const COUNT: usize = 2000;
    let scene = Scene::new();
    scene.fill(|repository| async move {
        put(&repository, media_type::EMPTY, "{}".to_owned()).await;
        let repository = &repository;
        let puts = (0..COUNT).map(|number| async move {
            let node = put(repository, "text/plain", format!("file {number}")).await;
            let title = (annotations::TITLE.to_owned(), format!("{number}.txt"));
            Descriptor { annotations: [title].into(), ..node }
        });
        let layers: Vec<Descriptor> = stream::iter(puts).buffered(WRITES).collect().await;
        let root = put_all(repository, std::iter::once(manifest(&layers, None, "root"))).await;
        repository.tag(&root[0], &Tag::any("v1")).await.unwrap();
    });
    let copied = scene.json("cp {from}/r:v1 {to}/r:v1 --format json");
    assert_eq!(copied["nodes"].as_array().unwrap().len(), COUNT + 2);
    let pulled = scene.json("pull {to}/r:v1 -o out --format json");
    assert_eq!(pulled["files"].as_array().unwrap().len(), COUNT);
    assert_eq!(scene.world.read("out/1999.txt"), "file 1999");
}

#[test]
fn an_index_in_fifty_others() {
    let scene = Scene::new();
    scene.fill(|repository| async move {
        put(&repository, media_type::EMPTY, "{}".to_owned()).await;
        let mut inner = put_all(&repository, std::iter::once(manifest(&[], None, "inner"))).await;
        for _ in 0..50 {
            let index = json!({"schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": inner});
            inner = put_all(&repository, std::iter::once(index)).await;
        }
        repository.tag(&inner[0], &Tag::any("v1")).await.unwrap();
    });
    // The empty config, the manifest and its indexes.
    for line in ["cp {from}/r:v1 {to}/r:v1", "cp -r --verify {from}/r:v1 --to-oci-layout lay:v1"] {
        let copied = scene.json(&format!("{line} --format json"));
        assert_eq!(copied["nodes"].as_array().unwrap().len(), 52, "{line}");
    }
    scene.run("pull {to}/r:v1 -o out");
}

#[test]
fn five_thousand_tags_of_one_repository() {
    const COUNT: usize = 5000;
    let scene = Scene::new();
    scene.fill(|repository| async move {
        put(&repository, media_type::EMPTY, "{}".to_owned()).await;
        let root = &put_all(&repository, std::iter::once(manifest(&[], None, "root"))).await[0];
        let bytes = manifest(&[], None, "root").to_string();
        let (repository, bytes) = (&repository, &bytes);
        let tags = (0..COUNT).map(|number| async move {
            let tag = Tag::any(format!("v{number}"));
            repository.put_tagged(root, Body::bytes(bytes.clone()), &tag).await.map(drop)
        });
        let () = stream::iter(tags).buffer_unordered(WRITES).try_collect().await.unwrap();
    });
    assert_eq!(scene.run("repo tags {from}/r").lines().count(), COUNT);
    scene.run("cp --all-tags {from}/r {to}/r");
    assert_eq!(scene.run("repo tags {to}/r").lines().count(), COUNT);
    // The second time all of them are the same.
    let again = scene.run("cp --all-tags {from}/r {to}/r");
    assert!(again.ends_with(&format!("0 tags copied, {COUNT} the same, 0 failed\n")), "{again}");
}

/// The header of a file of [`ZEROS`] in an archive. They and the end of the archive come after it.
fn header() -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path("dir/zeros").unwrap();
    header.set_mode(0o644);
    header.set_size(ZEROS as u64);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// The archive in gzip, as small as gzip can make it.
fn in_gzip() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&header()).unwrap();
    let piece = vec![0; 1 << 20];
    for _ in 0..ZEROS / piece.len() {
        encoder.write_all(&piece).unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

/// The archive in zstd, as small as zstd can make it: of blocks that say to be one byte 2^17 times.
fn in_zstd() -> Vec<u8> {
    const BLOCK: usize = 1 << 17;
    let block = |size: usize, kind: u32, last: bool, content: &[u8]| {
        let head = u32::try_from(size).unwrap() << 3 | kind << 1 | u32::from(last);
        [&head.to_le_bytes()[..3], content].concat()
    };
    let (header, zeros) = (header(), block(BLOCK, 1, false, &[0]).repeat(ZEROS / BLOCK));
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x58];
    [&frame[..], &block(header.len(), 0, false, &header), &zeros, &block(1024, 1, true, &[0])].concat()
}

#[test]
fn an_archive_of_half_a_gibibyte_is_unpacked_in_little_memory() {
    for archive in [in_gzip(), in_zstd()] {
        assert!(archive.len() < ZEROS / 1000, "{}", archive.len());
        let scene = Scene::new();
        scene.fill(|repository| async move {
            put(&repository, media_type::EMPTY, "{}").await;
            let node = put(&repository, media_type::LAYER_GZIP, archive).await;
            let annotations = [(annotations::TITLE, "dir"), (annotations::CONTENT_UNPACK, "true")];
            let annotations = annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let layer = Descriptor { annotations, ..node };
            let root = put_all(&repository, std::iter::once(manifest(&[layer], None, "root"))).await;
            repository.tag(&root[0], &Tag::any("v1")).await.unwrap();
        });
        scene.run_within(MOST_UNPACKING, "pull {from}/r:v1 -o out");
        let unpacked = std::fs::metadata(scene.world.path("out/dir/zeros")).unwrap();
        assert_eq!(unpacked.len(), ZEROS as u64);
    }
}
