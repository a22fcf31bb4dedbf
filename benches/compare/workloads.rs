//! What the programs do: one table of command lines.
//!
//! Names in braces are filled in by the bench: `{near}`, `{second}`, `{graphs}`, `{olareg}` and `{far}` are registries, `{new}` is a
//! part of a name that no run has used before, `{many}` and `{few}` are files, `{hosts}` tells regctl of registries
//! without TLS, `{digest}` is that of the big file.

use crate::programs::Name::{self, Crane, Regctl};

/// Something that several programs can do.
pub struct Workload {
    /// As it is shown.
    pub name: &'static str,
    /// The command line of ours and of the peer with the same command line.
    pub line: &'static str,
    /// The command lines of other programs that can do the same.
    pub others: &'static [(Name, &'static str)],
    /// The same work without the program.
    pub limit: Limit,
}

/// What nobody can be faster than.
pub enum Limit {
    /// Not measured.
    Unknown,
    /// These one after the other, as arguments of `limit`.
    Bare(&'static [&'static str]),
    /// These at the same time: that which takes longest, and the CPU of all.
    Beside(&'static [&'static str]),
    /// A process that does nothing.
    Process,
    /// So many round trips, one after the other, over the far line.
    RoundTrips(u32),
}

use Limit::{Bare, Beside, Process, RoundTrips, Unknown};

const PUT: &str = "put http://{near}/v2/new/{new}/blobs/uploads/ big {digest}";
const GET: &str = "get http://{near}/v2/found/big/blobs/{digest}";
const PUSH_SMALL: &str = "push http://{near}/v2/new/{new} small";
const ATTACH_SMALL: &str = "attach http://{near}/v2/found/small t/{new} small";
const PUSH_MANY: &str = "push http://{near}/v2/new/{new} {many}";
const PULL_FOLDER: &str = "pull http://{near}/v2/found/folder";
const PULL_MANY: &str = "pull http://{near}/v2/found/many";
const COPY_MANY: &str = "move http://{near}/v2/found/many http://{second}/v2/new/{new}";
const COPY_GRAPH: &str = "move-graph http://{graphs}/v2/found/graph http://{graphs}/v2/new/{new}";
const DISCOVER: &str = "discover http://{graphs}/v2/found/graph";

const fn pair(name: &'static str, line: &'static str, limit: Limit) -> Workload {
    Workload { name, line, others: &[], limit }
}

const fn with(mut workload: Workload, others: &'static [(Name, &'static str)]) -> Workload {
    workload.others = others;
    workload
}

/// All of them, in the order in which they run.
pub const ALL: &[Workload] = &[
    with(pair("version", "version", Process), &[(Regctl, "version"), (Crane, "version")]),
    pair("--help", "--help", Process),
    with(
        pair("push 1 small file", "push {near}/new/{new}:v1 small", Bare(&[PUSH_SMALL])),
        &[(Regctl, "{hosts} artifact put --file small {near}/new/{new}:v1")],
    ),
    // The registry has no referrers API: ours looks once more, after at least 50 ms, whether somebody took its entry away.
    pair(
        "attach 1 small file",
        "attach {near}/found/small:v1 --artifact-type t/{new} small",
        Bare(&[ATTACH_SMALL]),
    ),
    with(
        pair("push the big file", "push {near}/new/{new}:v1 big", Bare(&["hash big", PUT])),
        &[(Regctl, "{hosts} artifact put --file big {near}/new/{new}:v1")],
    ),
    pair("push the big file, already there", "push {near}/found/big:again big", Bare(&["hash big"])),
    pair(
        "push the big file into a layout",
        "push --oci-layout out:v1 big",
        Beside(&["hash big", "write big out"]),
    ),
    pair("push the folder", "push {near}/new/{new}:v1 folder", Unknown),
    pair("push the many files", "push {near}/new/{new}:v1 {many}", Bare(&[PUSH_MANY])),
    with(
        pair(
            "pull the big file",
            "pull {near}/found/big:v1 -o out",
            Beside(&["hash big", GET, "write big out"]),
        ),
        &[(Regctl, "{hosts} artifact get -o there {near}/found/big:v1")],
    ),
    pair("pull the folder", "pull {near}/found/folder:v1 -o out", Beside(&[PULL_FOLDER, "write folder out"])),
    pair("pull the many files", "pull {near}/found/many:v1 -o out", Beside(&[PULL_MANY, "write {many} out"])),
    with(
        pair(
            "cp the big file",
            "cp {near}/found/big:v1 {second}/new/{new}:v1",
            Beside(&["hash big", GET, PUT]),
        ),
        &[
            (Regctl, "{hosts} image copy {near}/found/big:v1 {second}/new/{new}:v1"),
            (Crane, "copy --insecure {near}/found/big:v1 {second}/new/{new}:v1"),
        ],
    ),
    with(
        pair("cp the many files", "cp {near}/found/many:v1 {second}/new/{new}:v1", Bare(&[COPY_MANY])),
        &[
            (Regctl, "{hosts} image copy {near}/found/many:v1 {second}/new/{new}:v1"),
            (Crane, "copy --insecure {near}/found/many:v1 {second}/new/{new}:v1"),
        ],
    ),
    with(
        pair(
            "cp -r with referrers",
            "cp -r {graphs}/found/graph:v1 {graphs}/new/{new}:v1",
            Bare(&[COPY_GRAPH]),
        ),
        &[(Regctl, "{hosts} image copy --referrers {graphs}/found/graph:v1 {graphs}/new/{new}:v1")],
    ),
    pair("discover referrers", "discover {graphs}/found/graph:v1", Bare(&[DISCOVER])),
    pair(
        "olareg: push 1 small file",
        "push {olareg}/new/{new}:v1 small",
        Bare(&["push http://{olareg}/v2/new/{new} small"]),
    ),
    // This one has the API.
    pair(
        "olareg: attach 1 small file",
        "attach {olareg}/found/small:v1 --artifact-type t/{new} small",
        Bare(&["attach http://{olareg}/v2/found/small t/{new} small"]),
    ),
    pair("olareg: cp -r with referrers", "cp -r {olareg}/found/graph:v1 {graphs}/new/{new}:v1", Unknown),
    pair("olareg: discover referrers", "discover {olareg}/found/graph:v1", Unknown),
    // The connection, the session of the blob, the blob, the manifest.
    pair("far: push 1 small file", "push {far}/far/{new}:v1 small", RoundTrips(4)),
    // The connection, the subject and whether the file is there, which it is, the manifest.
    pair(
        "far: attach 1 small file",
        "attach {far}/found/small:v1 --artifact-type t/{new} small",
        RoundTrips(3),
    ),
    pair("far: push the few files", "push {far}/far/{new}:v1 {few}", RoundTrips(4)),
    // The connection, the manifest, the blobs.
    pair("far: pull the many files", "pull {far}/found/many:v1 -o out", RoundTrips(3)),
    // The connection, the manifest, its referrers, theirs.
    pair("far: discover referrers", "discover {far}/found/graph:v1", RoundTrips(4)),
    // The connection, the manifest, its referrers, theirs and their content; then sessions, blobs, manifests, the root.
    pair("far: cp -r with referrers", "cp -r {far}/found/graph:v1 {far}/far/{new}:v1", RoundTrips(8)),
];

impl Workload {
    /// The command line for a program, before names are filled in.
    pub fn line_for(&self, name: Name) -> Option<&'static str> {
        match name {
            Name::Ours | Name::Oras => Some(self.line),
            other => self.others.iter().find(|(name, _)| *name == other).map(|(_, line)| *line),
        }
    }
}
