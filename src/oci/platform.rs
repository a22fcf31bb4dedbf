//! Platforms: what an image runs on, as typed and as written in documents.
//!
//! Source: image-spec `image-index.md` (`platform`) and, for the typed form, oras's `--platform`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::descriptor::{filled, nullable};

/// An operating system and an architecture, with their finer points.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Platform {
    /// As Go's `GOARCH`.
    #[serde(default, deserialize_with = "nullable")]
    pub architecture: String,
    /// As Go's `GOOS`.
    #[serde(default, deserialize_with = "nullable")]
    pub os: String,
    /// The version of the operating system, used by Windows.
    #[serde(
        rename = "os.version",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "filled"
    )]
    pub os_version: Option<String>,
    /// Features that the operating system must have.
    #[serde(
        rename = "os.features",
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub os_features: Vec<String>,
    /// The variant of the architecture, as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "filled")]
    pub variant: Option<String>,
}

/// Why a text is no platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformError {
    /// More parts than there are.
    Format(String),
    /// Nothing before the first slash.
    NoOs,
    /// Nothing after it.
    NoArchitecture,
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(text) => {
                write!(f, "failed to parse platform {text:?}: expected format os[/arch[/variant]]")
            }
            Self::NoOs => f.write_str("invalid platform: OS cannot be empty"),
            Self::NoArchitecture => f.write_str("invalid platform: Architecture cannot be empty"),
        }
    }
}

impl std::error::Error for PlatformError {}

impl Platform {
    /// The name that Go, and so every registry, has for the architecture this program was built for.
    pub fn own_architecture() -> &'static str {
        match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        }
    }

    /// Whether content for `self` answers a wish for `wanted`: os and architecture must agree, variant and
    /// version only where the wish names them.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        let agrees = |have: &Option<String>, want: &Option<String>| want.is_none() || have == want;
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && agrees(&self.variant, &wanted.variant)
            && agrees(&self.os_version, &wanted.os_version)
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// `os[/arch][/variant][:os_version]`; without `arch` it is the architecture of this program.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let (platform, os_version) = match text.split_once(':') {
            Some((platform, version)) => (platform, Some(version.to_owned())),
            None => (text, None),
        };
        let mut parts = platform.split('/');
        let os = parts.next().unwrap_or_default().to_owned();
        let architecture = parts.next().map_or_else(|| Self::own_architecture().to_owned(), str::to_owned);
        let variant = parts.next().map(str::to_owned);
        if parts.next().is_some() {
            return Err(PlatformError::Format(text.to_owned()));
        }
        if os.is_empty() {
            return Err(PlatformError::NoOs);
        }
        if architecture.is_empty() {
            return Err(PlatformError::NoArchitecture);
        }
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Self {
            architecture,
            os,
            os_version: some(os_version),
            os_features: Vec::new(),
            variant: some(variant),
        })
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        if let Some(version) = &self.os_version {
            write!(f, ":{version}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typed_form_is_understood() {
        let platform: Platform = "windows/amd64/v1:10.0".parse().unwrap();
        assert_eq!(platform.to_string(), "windows/amd64/v1:10.0");
        assert_eq!("linux".parse::<Platform>().unwrap().architecture, Platform::own_architecture());
        assert_eq!("a/b/c/d".parse::<Platform>(), Err(PlatformError::Format("a/b/c/d".into())));
        assert_eq!("/amd64".parse::<Platform>(), Err(PlatformError::NoOs));
        assert_eq!("linux/".parse::<Platform>(), Err(PlatformError::NoArchitecture));
    }

    #[test]
    fn variant_counts_only_when_asked_for() {
        let have: Platform = "linux/arm64/v8".parse().unwrap();
        assert!(have.satisfies(&"linux/arm64".parse().unwrap()));
        assert!(have.satisfies(&"linux/arm64/v8".parse().unwrap()));
        assert!(!have.satisfies(&"linux/arm64/v7".parse().unwrap()));
        assert!(!have.satisfies(&"linux/amd64".parse().unwrap()));
    }
}
