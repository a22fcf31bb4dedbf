//! Layouts: what ours writes is read by the real oras, regctl and crane, and what they write is read by ours.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::support::{Registry, Setup, World};
use crate::{discovered, prepare_files, pull_the_same, push_and_attach, with_peers};

/// A registry with a graph, and the programs, which are told the paths of layouts in full.
struct Scene {
    registry: Registry,
    ours: World,
    theirs: World,
    crane: World,
    regctl: World,
}

impl Scene {
    fn new(peers: &Path) -> Self {
        let of = |name: &str| World::of(peers.join(name));
        let registry = Registry::start(Setup::default());
        let scene = Self {
            registry,
            ours: World::new(),
            theirs: of("oras"),
            crane: of("crane"),
            regctl: of("regctl"),
        };
        for world in [&scene.ours, &scene.theirs] {
            prepare_files(world);
        }
        push_and_attach(&scene.ours, &scene.artifact());
        scene
    }

    /// The artifact in the registry, with referrers.
    fn artifact(&self) -> String {
        format!("{}/team/hello:v1", self.registry.address())
    }

    /// Where a layout is made.
    fn path(&self, name: &str) -> PathBuf {
        self.ours.path(name)
    }

    fn crane(&self, line: &str) -> String {
        self.crane.run(line).success().stdout
    }

    fn regctl(&self, line: &str) -> String {
        let host = self.registry.address();
        self.regctl.run(&format!("--host reg={host},tls=disabled {line}")).success().stdout
    }

    /// Ours reads `layout` as the artifact, and takes it to a registry.
    fn reads(&self, layout: &str, has_referrers: bool) {
        let ours = &self.ours;
        let bytes = |place: &str| ours.run(&format!("manifest fetch {place}")).success().stdout;
        let digest = |place: &str| ours.run(&format!("resolve {place}")).success().stdout;
        let (artifact, place) = (self.artifact(), format!("--oci-layout {layout}"));
        assert_eq!(digest(&place), digest(&artifact), "{layout}");
        assert_eq!(bytes(&place), bytes(&artifact), "{layout}");
        pull_the_same(ours, &place);
        let mut graph = discovered(ours, &artifact);
        if !has_referrers {
            graph.truncate(1);
        }
        assert_eq!(discovered(ours, &place), graph, "{layout}");
        let other = Registry::start(Setup::default());
        let copy = format!("{}/copy:v1", other.address());
        let _ = ours.run(&format!("cp -r --from-oci-layout {layout} {copy}")).success();
        assert_eq!(discovered(ours, &copy), graph, "{layout}");
        pull_the_same(&self.theirs, &copy);
    }
}

#[test]
fn layouts_of_ours_are_read_by_all() {
    with_peers(|peers| {
        let scene = Scene::new(peers);
        let Scene { registry, ours, theirs, .. } = &scene;
        let path = scene.path("pushed");
        let pushed = format!("--oci-layout {}:v1", path.display());
        push_and_attach(ours, &pushed);
        let _ = ours.run(&format!("tag {pushed} v2 latest")).success();
        let path = scene.path("copied");
        let copied = format!("--oci-layout {}:v1", path.display());
        let _ =
            ours.run(&format!("cp -r {} --to-oci-layout {}:v1", scene.artifact(), path.display())).success();
        assert_eq!(discovered(ours, &copied), discovered(ours, &scene.artifact()));

        for (name, tags) in [("pushed", "latest\nv1\nv2\n"), ("copied", "v1\n")] {
            let path = scene.path(name);
            let (place, path) = (format!("--oci-layout {}:v1", path.display()), path.display());
            let digest = ours.run(&format!("resolve {place}")).success().stdout;
            let manifest = ours.run(&format!("manifest fetch {place}")).success().stdout;

            assert_eq!(theirs.run(&format!("resolve {place}")).success().stdout, digest);
            assert_eq!(theirs.run(&format!("manifest fetch {place}")).success().stdout, manifest);
            assert_eq!(discovered(theirs, &place), discovered(ours, &place));
            assert_eq!(theirs.run(&format!("repo tags --oci-layout {path}")).success().stdout, tags);
            pull_the_same(theirs, &place);

            assert_eq!(scene.regctl(&format!("tag ls ocidir://{path}")), tags);
            let raw = format!("manifest get --format raw-body ocidir://{path}:v1");
            assert_eq!(scene.regctl(&raw), manifest);
            let copy = format!("{}/regctl/{name}:v1", registry.address());
            let _ = scene.regctl(&format!("image copy ocidir://{path}:v1 {copy}"));
            assert_eq!(ours.run(&format!("resolve {copy}")).success().stdout, digest);
            pull_the_same(ours, &copy);
        }
    });
}

#[test]
fn a_layout_of_ours_is_pushed_by_crane() {
    with_peers(|peers| {
        // crane wants a layout of one manifest.
        let scene = Scene::new(peers);
        let path = scene.path("alone");
        let _ = scene
            .ours
            .run(&format!("cp {} --to-oci-layout {}:v1", scene.artifact(), path.display()))
            .success();
        let copy = format!("{}/crane:v1", scene.registry.address());
        let _ = scene.crane(&format!("push {} {copy}", path.display()));
        let digest = scene.crane(&format!("digest {copy}"));
        assert_eq!(scene.ours.run(&format!("resolve {}", scene.artifact())).success().stdout, digest);
        assert_eq!(
            scene.crane(&format!("manifest {copy}")),
            scene.ours.run(&format!("manifest fetch {}", scene.artifact())).success().stdout
        );
        pull_the_same(&scene.ours, &copy);
    });
}

#[test]
fn layouts_of_ours_are_read_by_skopeo_and_its_by_ours_where_it_is_installed() {
    with_peers(|peers| {
        let installed = std::process::Command::new("skopeo").arg("--version").output();
        if installed.is_err() {
            return;
        }
        let scene = Scene::new(peers);
        let skopeo = World::of("skopeo");
        let path = scene.path("copied");
        let line = format!("cp -r {} --to-oci-layout {}:v1", scene.artifact(), path.display());
        let _ = scene.ours.run(&line).success();
        let manifest = scene.ours.run(&format!("manifest fetch {}", scene.artifact())).success().stdout;
        let raw = skopeo.run(&format!("inspect --raw oci:{}:v1", path.display())).success().stdout;
        assert_eq!(raw, manifest);
        for kind in ["oci", "oci-archive"] {
            let copy = scene.path(kind);
            let (from, to) = (format!("oci:{}:v1", path.display()), format!("{kind}:{}:v1", copy.display()));
            let _ = skopeo.run(&format!("--insecure-policy copy {from} {to}")).success();
            scene.reads(&format!("{}:v1", copy.display()), false);
        }
    });
}

#[test]
fn layouts_of_the_real_oras_are_read_by_ours() {
    with_peers(|peers| {
        let scene = Scene::new(peers);
        let path = scene.path("copied");
        let line = format!("cp -r {} --to-oci-layout {}:v1", scene.artifact(), path.display());
        let _ = scene.theirs.run(&line).success();
        scene.reads(&format!("{}:v1", path.display()), true);

        let path = scene.path("pushed");
        let place = format!("--oci-layout {}:v1", path.display());
        push_and_attach(&scene.theirs, &place);
        assert_eq!(discovered(&scene.ours, &place), discovered(&scene.theirs, &place));
        pull_the_same(&scene.ours, &place);
    });
}

#[test]
fn layouts_of_regctl_are_read_by_ours() {
    with_peers(|peers| {
        let scene = Scene::new(peers);
        let path = scene.path("regctl");
        let _ = scene.regctl(&format!(
            "image copy --referrers {} ocidir://{}:v1",
            scene.artifact(),
            path.display()
        ));
        scene.reads(&format!("{}:v1", path.display()), true);
        // A tar as `docker save` writes it, with its own list of manifests beside the layout.
        let path = scene.path("exported.tar");
        let _ = scene.regctl(&format!("image export {} {}", scene.artifact(), path.display()));
        scene.reads(&format!("{}:v1", path.display()), false);
    });
}

#[test]
fn layouts_of_crane_are_read_by_ours() {
    with_peers(|peers| {
        let scene = Scene::new(peers);
        let path = scene.path("crane");
        let _ = scene.crane(&format!("pull --format oci {} {}", scene.artifact(), path.display()));
        // It gives no tag.
        let digest = scene.crane(&format!("digest {}", scene.artifact()));
        scene.reads(&format!("{}@{}", path.display(), digest.trim_end()), false);
    });
}

#[test]
fn layouts_of_ours_are_read_in_a_tar() {
    with_peers(|peers| {
        let scene = Scene::new(peers);
        let path = scene.path("copied");
        let line = format!("cp -r {} --to-oci-layout {}:v1", scene.artifact(), path.display());
        let _ = scene.ours.run(&line).success();
        // As `tar -C copied -cf with-dots.tar .` writes it, and as `tar -C copied -cf without.tar *` does.
        for (name, root) in [("with-dots.tar", "."), ("without.tar", "")] {
            let mut tar = tar::Builder::new(File::create(scene.path(name)).unwrap());
            tar.append_dir_all(root, &path).unwrap();
            tar.finish().unwrap();
            let layout = format!("{}:v1", scene.path(name).display());
            scene.reads(&layout, true);
            let place = format!("--oci-layout {layout}");
            assert_eq!(discovered(&scene.theirs, &place), discovered(&scene.ours, &place));
        }
    });
}

#[test]
fn backups_go_both_ways() {
    with_peers(|peers| {
        let scene = Scene::new(peers);
        let _ = scene.ours.run(&format!("tag {} stable", scene.artifact())).success();
        let repository = scene.artifact().replace(":v1", "");
        let graph = discovered(&scene.ours, &scene.artifact());
        let ends = [(&scene.ours, &scene.theirs, "ours"), (&scene.theirs, &scene.ours, "theirs")];
        for (from, to, name) in ends {
            for output in [name.to_owned(), format!("{name}.tar")] {
                let path = scene.path(&output);
                let line = format!("backup --include-referrers -o {} {repository}", path.display());
                let _ = from.run(&line).success();
                let registry = Registry::start(Setup::default());
                let copy = format!("{}/again", registry.address());
                let _ = to.run(&format!("restore --input {} {copy}", path.display())).success();
                assert_eq!(
                    from.run(&format!("repo tags {copy}")).success().stdout,
                    "stable\nv1\n",
                    "{output}"
                );
                assert_eq!(discovered(from, &format!("{copy}:stable")), graph, "{output}");
                pull_the_same(from, &format!("{copy}:v1"));
                scene.reads(&format!("{}:v1", path.display()), true);
            }
        }
    });
}
