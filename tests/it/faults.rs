//! Networks and registries that fail, one kind of request after the other: what is read is complete, and the same as
//! without the failure, or not there at all.

use std::ffi::OsStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::faults::{Fault, Faults, On, Row};
use crate::support::{Registry, STEADY, Setup, World};

/// A command for each kind of request that reads, with `R` for the registry and `D` for the digest of its artifact.
const READS: &[(On, &str)] = &[
    (On::Ping, "login R -u alice -p wonderland"),
    (On::Token, "pull R/hello:v1"),
    (On::Tagged, "pull R/hello:v1"),
    (On::Manifest, "manifest fetch R/hello@D"),
    (On::ManifestHead, "resolve R/hello@D"),
    (On::BlobHead, "blob fetch --descriptor R/hello@B"),
    (On::Blob, "pull R/hello:v1"),
    (On::Blob, "blob fetch R/hello@B -o hi.txt"),
    (On::Blob, "blob fetch R/hello@B -o -"),
    (On::Blob, "cp R/hello:v1 --to-oci-layout copy:v1"),
    (On::Blob, "backup R/hello:v1 -o copy"),
    (On::Store, "pull R/hello:v1"),
    (On::Referrers, "discover R/hello:v1"),
    (On::Tags, "repo tags R/hello"),
    (On::Catalog, "repo ls R"),
];

/// What passes by itself, once and twice.
const PASSING: &[Fault] = &[
    Fault::Answer(408, &[]),
    Fault::Answer(429, &[("Retry-After", "0")]),
    Fault::Answer(500, &[]),
    Fault::Answer(503, &[("Retry-After", "1")]),
    Fault::Reset(0),
    Fault::Close,
    Fault::Lost,
    Fault::Cut(0),
    Fault::Cut(1),
    Fault::Torn(1),
    Fault::Silence,
    Fault::Stall(1),
    Fault::Redirect,
    Fault::Tired,
    Fault::Chunked,
    Fault::NoRange,
    Fault::Without("Docker-Content-Digest"),
];

/// What has no other end than an error: credentials do not follow a redirect.
const NOT_PASSING: &[(On, Fault)] = &[(On::Ping, Fault::Redirect), (On::Token, Fault::Redirect)];

/// Wrong data, which no other try makes right, and where it can be told from right data.
const WRONG: &[(&[On], Fault)] = &[
    (CONTENT, Fault::Wrong),
    (CONTENT, Fault::Header("Content-Length", "1")),
    (&[On::Store], Fault::Longer(1)),
    (NAMED, Fault::Header("Docker-Content-Digest", ZEROS)),
    (NAMED, Fault::Answer(404, &[])),
    (CONTENT, Fault::Answer(403, &[])),
    (NAMED, Fault::Answer(403, &[])),
];

/// Requests whose answers have content that is looked at.
const CONTENT: &[On] =
    &[On::Token, On::Tagged, On::Manifest, On::Blob, On::Store, On::Referrers, On::Tags, On::Catalog];
/// Requests whose answers are of one digest.
const NAMED: &[On] = &[On::Tagged, On::Manifest, On::ManifestHead, On::BlobHead, On::Blob, On::Store];
/// A digest of nothing that is there.
const ZEROS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// How many commands run at once: most of their time they wait for the next try.
const AT_ONCE: usize = 8;

/// What a command makes: its code and what it says, apart from what it tried again, and the files it leaves.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    code: Option<i32>,
    said: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
}

/// A registry with an artifact that has a referrer, and what stands for it in the commands.
struct Shelf {
    registry: Registry,
    log_in: fn(&Registry, &World),
    digest: String,
    blob: String,
}

impl Shelf {
    /// One that anybody can read.
    fn open() -> Self {
        Self::new(Registry::start(Setup::default()), |_, _| {})
    }

    /// One that wants tokens.
    fn guarded() -> Self {
        Self::new(Registry::start(Setup::tokens()), Registry::log_in)
    }

    fn new(registry: Registry, log_in: fn(&Registry, &World)) -> Self {
        let world = World::new();
        log_in(&registry, &world);
        world.write("hi.txt", "hello\n");
        let artifact = format!("{}/hello:v1", registry.address());
        let _ = world.run(&format!("push {artifact} hi.txt {STEADY}")).success();
        let _ = world.run(&format!("attach {artifact} --artifact-type a/b hi.txt {STEADY}")).success();
        let digest = world.run(&format!("resolve {artifact}")).success().stdout.trim().to_owned();
        let blob = oras::oci::Digest::of(b"hello\n").to_string();
        Self { registry, log_in, digest, blob }
    }

    /// Runs a command through faults, where something else was before.
    fn make(&self, line: &str, table: Vec<Row>) -> (Made, usize) {
        let watched = table.last().map(|(on, ..)| *on);
        let silent = table.iter().any(|(.., fault)| matches!(fault, Fault::Silence | Fault::Stall(_)));
        let (mut world, faults) = (World::new(), Faults::before(self.registry.address(), table));
        world.show(faults.address(), "localhost:5000");
        world.write("hi.txt", "old\n");
        self.log_in(&world, faults.address());
        let line = line.replace('R', faults.address()).replace("@D", &format!("@{}", self.digest));
        let line = line.replace("@B", &format!("@{}", self.blob));
        let timeout = OsStr::new(if silent { "700ms" } else { "1m" });
        let run = world.run_with(&line, "", &[("ORAS_TIMEOUT", timeout)]);
        // The order of what goes on at once, and how long it takes, differ each time.
        let lines = run.stdout.lines().chain(run.stderr.lines());
        let lines = lines.filter(|line| !line.starts_with("Retrying "));
        let mut said: Vec<String> =
            lines.map(|line| line.split("\" in ").next().unwrap_or(line).to_owned()).collect();
        said.sort();
        let files = world.tree().into_iter().filter_map(|entry| {
            let name = entry.rsplit_once(' ')?.0.to_owned();
            let content = std::fs::read(world.path(&name)).ok()?;
            Some((name, content))
        });
        assert!(world.left_over().is_empty(), "{line}");
        let met = watched.map_or(0, |on| faults.seen_of(on).len());
        (Made { code: run.code, said, files: files.collect() }, met)
    }

    /// Stores the credential for the way through the faults, without going it.
    fn log_in(&self, world: &World, address: &str) {
        (self.log_in)(&self.registry, world);
        let file = world.docker_config().join("config.json");
        let Ok(config) = std::fs::read_to_string(&file) else { return };
        std::fs::write(file, config.replace(self.registry.address(), address)).unwrap();
    }
}

/// The table with a fault of these requests.
fn table(on: On, times: usize, fault: &Fault) -> Vec<Row> {
    let redirect = (On::Blob, 0..usize::MAX, Fault::Redirect);
    let row = (on, 0..times, fault.clone());
    if on == On::Store { vec![redirect, row] } else { vec![row] }
}

/// Does the same for each of these, many at once, and tells all that went wrong.
fn for_all<T: Sync>(cases: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = check(case) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn reads_get_over_what_passes() {
    let (open, guarded) = (Shelf::open(), Shelf::guarded());
    let shelf = |on: On| if matches!(on, On::Ping | On::Token) { &guarded } else { &open };
    let usual: Vec<Made> =
        READS.iter().map(|(on, line)| shelf(*on).make(line, table(*on, 0, &Fault::Close)).0).collect();
    let mut cases = Vec::new();
    for ((on, line), usual) in READS.iter().zip(&usual) {
        assert_eq!(usual.code, Some(0), "{line}: {usual:?}");
        let faults = PASSING.iter().filter(|fault| !NOT_PASSING.contains(&(*on, (*fault).clone())));
        cases.extend(faults.flat_map(|fault| [1, 2].map(|times| (*on, *line, fault, times, usual))));
    }
    for_all(&cases, |(on, line, fault, times, usual)| {
        let (made, met) = shelf(*on).make(line, table(*on, *times, fault));
        if made == **usual && met > 0 {
            return Ok(());
        }
        Err(format!("--- {times} x {fault:?} at {on:?}, met {met}: {line}\n{made:?}"))
    });
}

#[test]
fn wrong_data_is_refused_and_what_was_there_stays() {
    let (open, guarded) = (Shelf::open(), Shelf::guarded());
    let shelf = |on: On| if matches!(on, On::Ping | On::Token) { &guarded } else { &open };
    let mut cases = Vec::new();
    for (on, line) in READS {
        let faults = WRONG.iter().filter(|(kinds, _)| kinds.contains(on));
        cases.extend(faults.map(|(_, fault)| (*on, *line, fault)));
    }
    for_all(&cases, |(on, line, fault)| {
        let (made, _) = shelf(*on).make(line, table(*on, usize::MAX, fault));
        // What a copy has got so far is of use to the next one.
        let files: Vec<_> = made.files.iter().filter(|(name, _)| !name.starts_with("copy/")).collect();
        if made.code == Some(1) && files == [&("hi.txt".to_owned(), b"old\n".to_vec())] {
            return Ok(());
        }
        Err(format!("--- {fault:?} at {on:?}: {line}\n{made:?}"))
    });
}

#[test]
fn a_token_that_expires_in_the_middle_is_replaced() {
    let shelf = Shelf::guarded();
    let check = |line: &str, table: &[Row]| {
        let (made, _) = shelf.make(line, table.to_vec());
        assert_eq!(made.code, Some(0), "{table:?}: {line}\n{made:?}");
    };
    for (on, line) in READS.iter().filter(|(on, _)| !matches!(on, On::Ping | On::Token | On::Store)) {
        // The first request of all carries none.
        check(line, &[(*on, 0..1, Fault::Expired)]);
        check(line, &[(*on, 0..1, Fault::Lost), (*on, 1..2, Fault::Expired)]);
    }
    let cut = [(On::Blob, 0..2, Fault::Cut(1)), (On::Blob, 2..3, Fault::Expired)];
    check("pull R/hello:v1", &cut);
    check("cp R/hello:v1 --to-oci-layout copy:v1", &cut);
}

#[test]
fn a_token_that_is_refused_after_it_was_taken_is_doubted_once() {
    let shelf = Shelf::guarded();
    let commands = [
        (On::Blob, "pull R/hello:v1"),
        (On::Blob, "cp R/hello:v1 --to-oci-layout copy:v1"),
        (On::Referrers, "discover R/hello:v1"),
    ];
    for (on, line) in commands {
        let (made, met) = shelf.make(line, vec![(on, 0..1, Fault::Answer(403, &[]))]);
        assert_eq!(made.code, Some(0), "{line}\n{made:?}");
        assert!(met >= 3, "with the old token, without, with a new one: {met}");
        // What is meant as a refusal stays one.
        let (made, met) = shelf.make(line, vec![(on, 0..usize::MAX, Fault::Answer(403, &[]))]);
        assert_eq!(made.code, Some(1), "{line}\n{made:?}");
        assert!(
            met >= 2 && made.said.iter().any(|line| line.contains("denied") || line.contains("403")),
            "{made:?}"
        );
    }
}

#[test]
fn a_download_that_is_cut_again_and_again_moves_each_byte_once() {
    const SIZE: usize = 300_000;
    let (world, registry) = World::with_registry(Setup::default());
    world.write("big.bin", vec![b'x'; SIZE]);
    let _ = world.run(&format!("push {}/big:v1 big.bin {STEADY}", registry.address())).success();
    let cuts = [(On::Blob, 0..usize::MAX, Fault::Cut(50_000))];
    let faults = Faults::before(registry.address(), cuts);
    let _ = world.run(&format!("pull {}/big:v1 -o out --no-tty", faults.address())).success();
    assert_eq!(std::fs::read(world.path("out/big.bin")).unwrap(), vec![b'x'; SIZE]);
    let moved: usize = faults.seen_of(On::Blob).iter().map(|seen| seen.answered).sum();
    assert_eq!(moved, SIZE);
}
