//! HTTP/2, where TLS offers it: a command goes over one connection to each host, however wide it is.

use crate::support::World;
use crate::support::certificates::Authority;
use crate::support::streams::Streams;

/// How many small files there are.
const FILES: usize = 64;
/// How many requests for blobs a command has to send at once.
const WIDTH: usize = 20;

/// Copies the artifact from one registry to the other.
const COPY: &str =
    "cp -r A/r:v1 B/r:v1 --from-ca-file CA --to-ca-file CA --from-plain-http=false --to-plain-http=false";

struct Scene {
    world: World,
    authority: Authority,
    registries: [Streams; 2],
}

impl Scene {
    fn new() -> Self {
        let (world, authority) = (World::new(), Authority::named("ours"));
        for number in 0..FILES {
            world.write(&format!("{number}.txt"), format!("file {number}\n"));
        }
        world.write("large.bin", vec![7; 3 << 20]);
        let registries = [(); 2].map(|()| Streams::start(&authority));
        Self { world, authority, registries }
    }

    /// Runs a command, in which `A` and `B` are the registries and `CA` is the file of their authority, while so many
    /// blobs have to be asked for at once; what was counted at either.
    fn run(&self, line: &str, width: usize) -> [(usize, usize); 2] {
        let [a, b] = &self.registries;
        for registry in [a, b] {
            registry.hold(width);
            registry.counted();
        }
        let line =
            line.replace("A/", &format!("{}/", a.address())).replace("B/", &format!("{}/", b.address()));
        let line = line.replace("CA", &self.authority.file().display().to_string());
        let _ = self.world.run(&line).success();
        [a, b].map(|registry| {
            let counted = registry.counted();
            (counted.connections, counted.most)
        })
    }
}

/// Pushes all files.
fn push() -> String {
    let files: Vec<String> = (0..FILES).map(|number| format!("{number}.txt")).collect();
    format!("push A/r:v1 {} large.bin --ca-file CA --plain-http=false", files.join(" "))
}

#[test]
fn a_wide_graph_goes_over_one_connection_to_each_host() {
    let scene = Scene::new();
    let pull = "pull B/r:v1 -o out --ca-file CA --plain-http=false";
    for (line, used) in [(push().as_str(), [true, false]), (COPY, [true, true]), (pull, [false, true])] {
        let counted = scene.run(line, WIDTH);
        for ((connections, most), used) in counted.into_iter().zip(used) {
            assert_eq!(connections, usize::from(used), "{counted:?}: {line}");
            assert!(!used || most >= WIDTH, "{counted:?}: {line}");
        }
    }
}

#[test]
fn a_typed_number_counts_streams_too() {
    let scene = Scene::new();
    for line in [push().as_str(), COPY] {
        for (connections, most) in scene.run(&format!("{line} --concurrency 3"), 0) {
            assert!(connections <= 1 && most <= 3, "{connections} {most}: {line}");
        }
    }
}
