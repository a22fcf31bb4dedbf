//! HTTPS and HTTP/2 with a foreign registry, which trusts nobody's certificates but those of a file.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::peer::Peer;
use crate::support::World;
use crate::with_peers;

#[test]
fn distribution_speaks_http_2_with_a_certificate_of_an_own_authority() {
    with_peers(|peers| {
        for program in [peers.join("registry"), "docker-registry".into()] {
            let (ours, theirs) = (World::new(), World::of(peers.join("oras")));
            let authority = make_authority(&ours);
            let (certificate, key) = (ours.path("server.pem"), ours.path("server.key"));
            let peer = Peer::distribution_over_https(&program, &certificate, &key);
            let (artifact, copy) =
                (format!("{}/hello:v1", peer.address()), format!("{}/copy:v1", peer.address()));
            let flags = format!("--plain-http=false --ca-file {authority}");
            let ends =
                ["from", "to"].map(|end| format!("--{end}-plain-http=false --{end}-ca-file {authority}"));
            // More than a window of HTTP/2, in both directions.
            ours.write("big.bin", (0..8_000_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
            for line in [
                format!("push {flags} {artifact} big.bin"),
                format!("attach {flags} {artifact} --artifact-type sig/example -a by=me"),
                format!("cp -r {} {artifact} {copy}", ends.join(" ")),
                format!("pull {flags} {copy} -o pulled"),
            ] {
                let _ = ours.run(&line).success();
            }
            assert!(
                std::fs::read(ours.path("big.bin")).unwrap()
                    == std::fs::read(ours.path("pulled/big.bin")).unwrap()
            );
            let graph =
                |world: &World| world.run(&format!("discover {flags} {copy} --format json")).success();
            let (mine, real) = (graph(&ours).json(), graph(&theirs).json());
            assert_eq!(mine, real);
            assert_eq!(mine["referrers"].as_array().unwrap().len(), 1);
            let other = make_authority(&theirs);
            let run = ours.run(&format!("pull --plain-http=false --ca-file {other} {copy}")).failure();
            assert!(run.stderr.contains("x509: certificate signed by unknown authority"), "{run}");
        }
    });
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[test]
fn a_certificate_that_signs_itself_may_be_one_of_the_systems() {
    with_peers(|peers| {
        let world = World::new();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        world.write("server.pem", params.self_signed(&key).unwrap().pem());
        world.write("server.key", key.serialize_pem());
        world.write("empty.pem", "");
        world.write("hello.txt", "hello\n");
        let (certificate, key) = (world.path("server.pem"), world.path("server.key"));
        let peer = Peer::distribution_over_https(&peers.join("registry"), &certificate, &key);
        let push = |trusted: &str| {
            let file = world.path(trusted);
            let line = format!("push --plain-http=false {}/hello:v1 hello.txt", peer.address());
            let folder = world.path("nothing");
            let authorities = [("SSL_CERT_FILE", file.as_os_str()), ("SSL_CERT_DIR", folder.as_os_str())];
            world.run_with(&line, "", &authorities)
        };
        let _ = push("server.pem").success();
        let run = push("empty.pem").failure();
        assert!(run.stderr.contains("there are no certificates of authorities in"), "{run}");
    });
}

/// Makes an authority and a certificate for `localhost`; returns the file of the authority.
fn make_authority(world: &World) -> String {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    world.write("ca.pem", issuer.pem());
    world.write("server.pem", certificate.pem());
    world.write("server.key", key.serialize_pem());
    world.path("ca.pem").display().to_string()
}
