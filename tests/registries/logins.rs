//! Who is there: tokens, and logins that other programs made or use.

use crate::peer::{Auth, PASSWORD, Peer, USER};
use crate::support::World;
use crate::token_service::IDENTITY_TOKEN;
use crate::{discovered, prepare, prepare_files, pull_the_same, push_and_attach, with_peers};

#[test]
fn a_login_is_good_for_other_programs_and_theirs_for_ours() {
    with_peers(|peers| {
        for auth in [Auth::Basic, Auth::Token] {
            let peer = Peer::distribution(&peers.join("registry"), auth);
            let artifact = format!("{}/team/hello:v1", peer.address());
            let ours = World::new();
            prepare(&ours, &peer);
            push_and_attach(&ours, &artifact);
            let digest = ours.run(&format!("resolve {artifact}")).success().stdout;
            let of = |name: &str| World::of(peers.join(name));
            let (oras, crane, regctl) = (of("oras"), of("crane"), of("regctl"));
            let plain = format!("--host reg={},tls=disabled", peer.address());
            let ask = [
                (&oras, format!("resolve {artifact}")),
                (&crane, format!("digest {artifact}")),
                (&regctl, format!("{plain} manifest head {artifact}")),
            ];
            let config = ours.docker_config();
            for (world, line) in &ask {
                let _ = world.run(line).failure();
                let run = world.run_with(line, "", &[("DOCKER_CONFIG", config.as_os_str())]).success();
                assert_eq!(run.stdout, digest, "{line}");
            }
            let _ = oras
                .run_with_input(&format!("login {} -u {USER} --password-stdin", peer.address()), PASSWORD)
                .success();
            let _ = crane.run(&format!("auth login {} -u {USER} -p {PASSWORD}", peer.address())).success();
            for other in [&oras, &crane] {
                let config = other.docker_config();
                let run = World::new().run_with(&ask[0].1, "", &[("DOCKER_CONFIG", config.as_os_str())]);
                assert_eq!(run.success().stdout, digest);
            }
        }
    });
}

#[test]
fn an_identity_token_stands_for_a_password() {
    with_peers(|peers| {
        for program in [peers.join("registry"), "docker-registry".into()] {
            let peer = Peer::distribution(&program, Auth::Token);
            let ours = World::new();
            prepare_files(&ours);
            let login = format!("login {} --identity-token-stdin", peer.address());
            let _ = ours.run_with_input(&login, "somebody-else").failure();
            assert_eq!(ours.run_with_input(&login, IDENTITY_TOKEN).success().stdout, "Login Succeeded\n");
            let artifact = format!("{}/team/hello:v1", peer.address());
            push_and_attach(&ours, &artifact);
            pull_the_same(&ours, &artifact);
            let given = peer.token_service().given();
            assert!(given.iter().all(|asked| asked.exchange), "{given:?}");
            assert!(given.iter().any(|asked| asked.scope == "repository:team/hello:pull,push"), "{given:?}");
            // The real oras finds it where ours has put it.
            let theirs = World::of(peers.join("oras"));
            let config = ours.docker_config();
            let variables = [("DOCKER_CONFIG", config.as_os_str())];
            let _ = theirs.run_with(&format!("pull {artifact}"), "", &variables).success();
            assert_eq!(theirs.read("hello.txt"), ours.read("hello.txt"));
        }
    });
}

#[test]
fn what_is_public_is_pulled_without_a_login() {
    with_peers(|peers| {
        for program in [peers.join("registry"), "docker-registry".into()] {
            let peer = Peer::distribution(&program, Auth::TokenOrPull);
            let (alice, stranger) = (World::new(), World::new());
            prepare(&alice, &peer);
            prepare_files(&stranger);
            let artifact = format!("{}/team/hello:v1", peer.address());
            push_and_attach(&alice, &artifact);
            pull_the_same(&stranger, &artifact);
            assert_eq!(discovered(&stranger, &artifact), discovered(&alice, &artifact));
            let run = stranger.run(&format!("tag {artifact} v2")).failure();
            assert!(run.stderr.starts_with("Error response from registry: unauthorized: "), "{run}");
        }
    });
}

#[test]
fn no_more_tokens_are_asked_for_than_by_the_real_oras() {
    with_peers(|peers| {
        let peer = Peer::distribution(&peers.join("registry"), Auth::Token);
        let tokens = |world: &World, repository: &str| {
            prepare(world, &peer);
            let artifact = format!("{}/{repository}:v1", peer.address());
            let mut tokens = Vec::new();
            for line in [
                format!("push {artifact} hello.txt folder signature"),
                format!("attach {artifact} --artifact-type sbom/example sbom.json"),
                format!("discover {artifact}"),
                format!("pull {artifact} -o pulled"),
                format!("tag {artifact} v2"),
                format!("repo tags {}/{repository}", peer.address()),
                format!("cp -r {artifact} {}/{repository}/copy:v1", peer.address()),
            ] {
                let _ = peer.token_service().given();
                let _ = world.run(&line).success();
                let command = line.split(' ').next().unwrap().to_owned();
                tokens.push((command, peer.token_service().given().len()));
            }
            tokens
        };
        let ours = tokens(&World::new(), "ours");
        let theirs = tokens(&World::of(peers.join("oras")), "theirs");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert!((1..=theirs.1).contains(&ours.1), "ours {ours:?}, the real oras {theirs:?}");
        }
    });
}
