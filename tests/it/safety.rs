//! Hostile content: nothing is written where it should not be, and nothing raw reaches the terminal.

use crate::support::{Registry, Setup, World};

#[test]
fn a_title_cannot_lead_out_of_the_folder() {
    let (world, registry) = (World::new(), Registry::start(Setup::default()));
    world.write("hi.txt", "hello\n");
    for title in ["../up.txt", "/tmp/absolute-title.txt", "a/../../up.txt"] {
        world.write("titles.json", format!(r#"{{"hi.txt":{{"org.opencontainers.image.title":"{title}"}}}}"#));
        let artifact = format!("{}/hello:v1", registry.address());
        let _ = world.run(&format!("push {artifact} hi.txt --annotation-file titles.json")).success();
        let run = world.run(&format!("pull {artifact} -o out")).failure();
        assert!(run.stderr.contains("path traversal disallowed"), "{run}");
        assert!(!world.path("up.txt").exists());
    }
}

#[test]
fn control_characters_are_shown_escaped() {
    let (world, registry) = (World::new(), Registry::start(Setup::default()));
    world.write("hi.txt", "hello\n");
    world.write("titles.json", r#"{"hi.txt":{"org.opencontainers.image.title":"a\u001b[31mb\u202e.txt"}}"#);
    let artifact = format!("{}/hello:v1", registry.address());
    let run = world.run(&format!("push {artifact} hi.txt --annotation-file titles.json")).success();
    assert!(run.stdout.contains(r"a\x1b[31mb\u{202e}.txt"), "{run}");
    assert!(!run.stdout.contains('\u{1b}'), "{run}");
}
