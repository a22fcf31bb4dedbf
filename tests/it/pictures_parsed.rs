//! Pictures of graphs as their real renderers read them, whatever the names in them are.
//!
//! Runs where `ORAS_RENDERERS` names a folder filled by `tests/renderers.sh`; then a missing renderer is a failure. What
//! does not belong here: what is drawn, which is tested beside the code that draws.

use std::path::Path;

use serde_json::json;

use crate::support::World;

/// What hostile types are made of.
const HOSTILE: [&str; 8] = [
    "a\"b",
    "x\"]; n9[\"y",
    "\\",
    "a\nb --> c",
    "`m` <script>",
    "%%{init}%% #quot; ünï \\N",
    "end",
    "\"]; n9 [label=\"z",
];

#[test]
fn no_name_leaves_its_place_in_a_picture() {
    let Some(folder) = std::env::var_os("ORAS_RENDERERS") else { return };
    let world = World::new();
    let _ = world.run("push --oci-layout lay:v1 -a k=v").success();
    let root = world.run("manifest fetch --oci-layout lay:v1 --descriptor").success().json();
    for kind in HOSTILE {
        let empty = json!({"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"});
        let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": kind, "config": empty, "layers": [], "subject": root});
        world.write("referrer.json", manifest.to_string());
        let _ = world.run("manifest push --oci-layout lay referrer.json").success();
    }
    let wanted = format!("{} {}\n", HOSTILE.len() + 1, HOSTILE.len());
    let picture =
        |format: &str| world.run(&format!("discover --oci-layout lay:v1 --format {format}")).success().stdout;
    world.write("picture.dot", picture("dot"));
    let plain = world.run_other(Path::new("dot"), "-Tplain picture.dot").success().stdout;
    let count = |word: &str| plain.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!(format!("{} {}\n", count("node "), count("edge ")), wanted, "{plain}");
    let script = Path::new(&folder).join("mermaid.mjs");
    let mermaid = picture("mermaid");
    let line = format!("'{}'", script.display());
    let told = world.run_other_with_input(Path::new("node"), &line, &mermaid).success();
    assert_eq!(told.stdout, wanted, "{mermaid}");
}
