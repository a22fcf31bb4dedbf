//! Everything that oras can do, without a terminal.
//!
//! One sentence explains the house: **everything is a copy of nodes from a [`Source`](content::Source) to a
//! [`Target`](content::Target); a command only says which two ends, which nodes, and how to tell the story.**
//! Push copies staged files to a target, pull copies a target to a folder, attach is a push with a subject, and the
//! embedded registry is HTTP in front of a target.
//!
//! The words are those of the specifications, and [`oci`] has them in a list: node, root, subject, referrer, tag, place.
//!
//! # Push from memory
//!
//! Blobs first, the manifest last and with its tag, so that nobody ever finds half of an artifact. The registry here is
//! the embedded one.
//!
//! ```
//! use oras::content::{Body, Source, Target};
//! use oras::oci::{Annotations, Descriptor, Locator, Reference, Tag};
//! use oras::ops::{Artifact, Made};
//! use oras::ops::pack::{Parts, pack};
//! use oras::registry::{Access, ReferrersMode, Repository};
//! use oras::server::{Config, bind};
//! use oras::transport::{Client, Settings};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A free port of this machine, and content in memory.
//! let registry = bind(Config::new(([127, 0, 0, 1], 0).into())).await?;
//! let reference: Reference = format!("localhost:{}/hello", registry.address().port()).parse()?;
//! tokio::spawn(registry.run(std::future::pending()));
//!
//! let settings = Settings { plain_http: true, ..Settings::default() };
//! let client = Client::new(&reference.registry, settings)?;
//! let repository = Repository::new(client, &reference, Access::default(), ReferrersMode::default());
//!
//! let layer = Descriptor::of("text/plain", b"hello");
//! repository.put(&layer, Body::bytes("hello")).await?;
//! let kind = Some("application/vnd.example.hello".to_owned());
//! let packed = pack(Parts {
//!     artifact: Artifact { artifact_type: kind, ..Artifact::default() },
//!     config: None,
//!     layers: vec![layer],
//!     subject: None,
//!     annotations: Annotations::new(),
//!     config_annotations: Annotations::new(),
//!     made: Made::At("2024-05-01T10:00:00Z".parse()?),
//! })?;
//! for (node, bytes) in packed.blobs {
//!     repository.put(&node, Body::bytes(bytes)).await?;
//! }
//! let tag: Tag = "v1".parse()?;
//! repository.put_tagged(&packed.root, Body::bytes(packed.bytes), &tag).await?;
//!
//! let found = repository.resolve(&Locator::Tag(tag)).await?;
//! assert_eq!(found.digest, packed.root.digest);
//! # Ok(())
//! # }
//! ```
//!
//! # Copy a graph from a layout to a registry
//!
//! Any source and any target will do. What the target has already is not sent, and all bytes are checked on the way.
//!
//! ```
//! use oras::layout::Directory;
//! use oras::oci::{Locator, Tag};
//! use oras::ops::{Check, Companions, Copy, Reach, copy};
//! use oras::transfer::{Limits, Present, Wanted};
//! use std::sync::Arc;
//! # use oras::content::{Body, Source, Target};
//! # use oras::oci::{Descriptor, Reference};
//! # use oras::registry::{Access, ReferrersMode, Repository};
//! # use oras::server::{Config, bind};
//! # use oras::transport::{Client, Settings};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let registry = bind(Config::new(([127, 0, 0, 1], 0).into())).await?;
//! # let reference: Reference = format!("localhost:{}/hello", registry.address().port()).parse()?;
//! # tokio::spawn(registry.run(std::future::pending()));
//! # let settings = Settings { plain_http: true, ..Settings::default() };
//! # let client = Client::new(&reference.registry, settings)?;
//! # let repository = Repository::new(client, &reference, Access::default(), ReferrersMode::default());
//! # let folder = tempfile::tempdir()?;
//! let layout = Directory::create(folder.path())?;
//! # let index = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
//! # let root = Descriptor::of("application/vnd.oci.image.index.v1+json", index.as_bytes());
//! # layout.put_tagged(&root, Body::bytes(index), &"v1".parse()?).await?;
//! # layout.commit().await?;
//! let request = Copy {
//!     from: Locator::Tag("v1".parse()?),
//!     to: Some(Locator::Tag("v1".parse()?)),
//!     tags: vec!["latest".parse()?],
//!     reach: Reach::Referrers,
//!     wanted: Wanted::default(),
//!     companions: Companions::default(),
//!     check: Check::default(),
//!     platforms: Vec::new(),
//!     mount_from: None,
//!     present: Present::Kept,
//!     limits: Limits::usual(3),
//! };
//! // Nobody is told of the progress.
//! let copied = copy(&layout, &repository, request, Arc::new(())).await?;
//! assert_eq!(copied.tags, ["v1".parse::<Tag>()?, "latest".parse()?]);
//! # assert!(repository.exists(&copied.root).await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Discover what refers to an artifact
//!
//! Signatures and SBOMs are manifests with a subject. A store in memory knows them as a registry does.
//!
//! ```
//! use oras::content::{Body, Memory, Target};
//! use oras::oci::{Descriptor, Locator, media_type};
//! use oras::ops::{Choice, Discover, discover};
//! use oras::transfer::Limits;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Memory::new();
//! let manifest = |more: &str| format!(r#"{{"schemaVersion":2,"manifests":[]{more}}}"#);
//! let root = Descriptor::of(media_type::INDEX, manifest("").as_bytes());
//! store.put_tagged(&root, Body::bytes(manifest("")), &"v1".parse()?).await?;
//! let subject = serde_json::to_string(&root)?;
//! let sbom = manifest(&format!(r#","artifactType":"sbom/example","subject":{subject}"#));
//! store.put(&Descriptor::of(media_type::INDEX, sbom.as_bytes()), Body::bytes(sbom)).await?;
//!
//! let request = Discover {
//!     at: Locator::Tag("v1".parse()?),
//!     platform: None,
//!     artifact_type: Some("sbom/example".to_owned()),
//!     annotations: Vec::new(),
//!     choice: Choice::All,
//!     depth: None,
//!     limits: Limits::usual(3),
//! };
//! let found = discover(&store, request).await?;
//! assert_eq!(found.node.digest, root.digest);
//! assert_eq!(found.referrers[0].node.artifact_type.as_deref(), Some("sbom/example"));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! Without any feature this is the library alone. `server` is the embedded registry, `keyring` keeps credentials in the
//! keyring of the system, and `cli` is the program with all of it. Nothing here reads the environment, knows a home
//! folder, or prints: such things come in as values.
//!
//! # Versions
//!
//! Semantic versioning. Before 1.0 a new minor version may change the interface of the library, and a patch version
//! changes none. What the program prints for scripts, its flags and its exit codes are those of ORAS 1.3 and outlive any
//! minor version. The oldest Rust that builds it is `rust-version` in `Cargo.toml`; it rises with a minor version.
//!
//! # Layers
//!
//! A module may use lower layers only, and of those only what its row names; `tests/house.rs` keeps it so.
//!
//! | layer | module | knows | may use |
//! |---|---|---|---|
//! | 0 | [`oci`] | the documents of the specifications | nothing |
//! | 1 | [`error`], [`progress`] | what can go wrong; what can be told while work goes on | `oci` |
//! | 1 | [`disk`] | how a file is written whole | `oci`, `error` |
//! | 2 | [`content`] | `Body`, `Source`, `Target`, verification | `oci`, `error`, `progress` |
//! | 2 | [`credentials`] | who I am for a host | `oci`, `error`, `disk` |
//! | 3 | [`transport`] | getting one request answered | `oci`, `error`, `content`, `credentials` |
//! | 4 | [`registry`] | a target over HTTP | `transport`, `content` and below |
//! | 4 | [`layout`], [`files`] | a target over a layout; over ordinary files | `disk`, `content` and below |
//! | 5 | [`transfer`] | walking and copying graphs | `content` and below |
//! | 6 | [`ops`] | the use cases | `transfer`, `layout`, `files`, `content` and below |
//! | 6 | `server` | the distribution-spec over any target | `layout`, `content` and below |

pub mod content;
pub mod credentials;
pub mod disk;
pub mod error;
pub mod files;
pub mod layout;
pub mod oci;
pub mod ops;
pub mod progress;
pub mod registry;
#[cfg(feature = "server")]
pub mod server;
pub mod transfer;
pub mod transport;
