//! What the surroundings say: environment, folders, clock, the machine.
//!
//! This is the only reader of them. Everything below is given values, so that it can be tested with any.
//!
//! What does not belong here: what a value means for a command.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use jiff::{Timestamp, ZonedDateTime};
use oras::error::{Error, IoContext, Result};
use oras::oci::Platform;
use oras::ops::Made;
use oras::transport::{Authorities, Proxies};

/// The surroundings of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Env {
    home: Option<PathBuf>,
    docker_config: Option<PathBuf>,
    containers_auth: Vec<PathBuf>,
    plain: bool,
    cache: Option<PathBuf>,
    source_date: Option<OsString>,
    retry: Option<String>,
    timeout: Option<String>,
    error_format: Option<String>,
    proxies: [String; 3],
    authorities: Authorities,
}

impl Env {
    /// Reads the environment.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub(crate) fn read() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let plain = is_plain(text);
        let runtime = path("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
        let lossy = |name| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
            Some(value.to_string_lossy().into_owned())
        };
        let paths = |name| {
            let all = std::env::var_os(name).unwrap_or_default();
            std::env::split_paths(&all).filter(|path| !path.as_os_str().is_empty()).collect()
        };
        Self {
            home: std::env::home_dir(),
            docker_config: path("DOCKER_CONFIG"),
            containers_auth: path("REGISTRY_AUTH_FILE").into_iter().chain(runtime).collect(),
            plain,
            cache: path("ORAS_CACHE"),
            source_date: std::env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty()),
            retry: lossy("ORAS_RETRY"),
            timeout: lossy("ORAS_TIMEOUT"),
            error_format: lossy("ORAS_ERROR_FORMAT"),
            proxies: proxies(lossy),
            authorities: Authorities { file: path("SSL_CERT_FILE"), folders: paths("SSL_CERT_DIR") },
        }
    }

    /// What was typed, the name of the program first.
    pub(crate) fn arguments() -> Vec<OsString> {
        std::env::args_os().collect()
    }

    /// The file in which docker and its relatives keep credentials, if there is any place for it.
    pub(crate) fn docker_config_file(&self) -> Option<PathBuf> {
        let folder = match (&self.docker_config, &self.home) {
            (Some(folder), _) => folder.clone(),
            (None, home) => home.as_ref()?.join(".docker"),
        };
        // Shown as Go joins paths.
        Some(folder.join("config.json").components().filter(|part| *part != Component::CurDir).collect())
    }

    /// The files in which podman and its relatives keep credentials, in the order in which they are looked at.
    pub(crate) fn containers_auth_files(&self) -> Vec<PathBuf> {
        self.containers_auth.clone()
    }

    /// The image layout in which what was read of registries is kept, if any is.
    pub(crate) fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// What is said instead of `--retry`.
    pub(crate) fn retry(&self) -> Option<&str> {
        self.retry.as_deref()
    }

    /// What is said instead of `--timeout`.
    pub(crate) fn timeout(&self) -> Option<&str> {
        self.timeout.as_deref()
    }

    /// Who stands between this program and the world.
    ///
    /// # Errors
    /// What is named is no proxy.
    pub(crate) fn proxies(&self) -> Result<Proxies> {
        let [plain, secure, direct] = &self.proxies;
        Proxies::new(plain, secure, direct)
    }

    /// Where the certificates of authorities are, if that is said.
    pub(crate) fn authorities(&self) -> Authorities {
        self.authorities.clone()
    }

    /// What is said instead of `--error-format`.
    pub(crate) fn error_format(&self) -> Option<&str> {
        self.error_format.as_deref()
    }

    /// Surroundings that say only this.
    #[cfg(test)]
    pub(crate) fn with_error_format(text: &str) -> Self {
        Self { error_format: Some(text.to_owned()), ..Self::default() }
    }

    /// Whether lines are wanted that stay as they are, whatever they are printed on.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// The folder that relative paths start from.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the working folder")]
    #[expect(clippy::unused_self, reason = "what it reads is part of the surroundings")]
    pub(crate) fn working_folder(&self) -> Result<PathBuf> {
        std::env::current_dir().at("getwd", ".")
    }

    /// Where files may lie that nobody keeps.
    #[expect(clippy::unused_self, reason = "what it reads is part of the surroundings")]
    pub(crate) fn temporary_folder(&self) -> PathBuf {
        std::env::temp_dir()
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
    #[expect(clippy::unused_self, reason = "what it reads is part of the surroundings")]
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// When the newest source of what is made was changed, where `SOURCE_DATE_EPOCH` says so: nothing that is made is
    /// to show a later time. Source: reproducible-builds.org, "Specification of `SOURCE_DATE_EPOCH`".
    ///
    /// # Errors
    /// It is no number of seconds, or no time that can be written.
    pub(crate) fn source_date(&self) -> Result<Option<Timestamp>> {
        let Some(typed) = &self.source_date else { return Ok(None) };
        let seconds = typed.to_str().and_then(|text| text.parse().ok());
        let date = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        date.map(Some).ok_or_else(|| {
            let typed = typed.to_string_lossy();
            Error::invalid(format!(
                "SOURCE_DATE_EPOCH is {typed:?}, but should be a number of seconds since 1970"
            ))
        })
    }

    /// The time at which what is made now is said to be made.
    ///
    /// # Errors
    /// As [`Env::source_date`].
    pub(crate) fn created(&self) -> Result<Made> {
        Ok(self.source_date()?.map_or_else(|| Made::Now(self.now()), Made::At))
    }

    /// The time in the zone of the machine.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
    #[expect(clippy::unused_self, reason = "what it reads is part of the surroundings")]
    pub(crate) fn local_time(&self) -> String {
        shown(&ZonedDateTime::now())
    }

    /// What this program runs on, in Go's names: `linux/amd64`.
    pub(crate) fn machine() -> String {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        format!("{os}/{}", Platform::own_architecture())
    }
}

/// A time as RFC 3339 has it: `Z` where the zone is UTC.
fn shown(time: &ZonedDateTime) -> String {
    if time.offset().is_zero() {
        return time.timestamp().to_string();
    }
    time.timestamp().display_with_offset(time.offset()).to_string()
}

/// The proxies for plain HTTP and for HTTPS, and who is reached without. To a program that answers web requests the first
/// name is that of one of their headers, which anybody may send.
fn proxies(text: impl Fn(&'static str) -> Option<String>) -> [String; 3] {
    let plain = text("HTTP_PROXY").filter(|_| text("REQUEST_METHOD").is_none());
    [
        plain.or_else(|| text("http_proxy")),
        text("HTTPS_PROXY").or_else(|| text("https_proxy")),
        text("NO_PROXY").or_else(|| text("no_proxy")),
    ]
    .map(Option::unwrap_or_default)
}

/// Whether the environment speaks against bars and colours: `NO_COLOR`, `CI`, a terminal that can do nothing, or a
/// locale that is named and is not UTF-8.
fn is_plain(text: impl Fn(&'static str) -> Option<String>) -> bool {
    let locale = text("LC_ALL").or_else(|| text("LC_CTYPE")).or_else(|| text("LANG"));
    let unreadable = locale.is_some_and(|name| {
        let name = name.to_lowercase();
        !name.contains("utf-8") && !name.contains("utf8")
    });
    text("NO_COLOR").is_some()
        || text("CI").is_some()
        || text("TERM").as_deref() == Some("dumb")
        || unreadable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_config_names_the_folder_and_home_is_the_fallback() {
        let mut env = Env { home: Some("/h".into()), ..Env::default() };
        assert_eq!(env.docker_config_file(), Some("/h/.docker/config.json".into()));
        env.docker_config = Some("/d".into());
        assert_eq!(env.docker_config_file(), Some("/d/config.json".into()));
        env.docker_config = Some(".".into());
        assert_eq!(env.docker_config_file(), Some("config.json".into()));
        assert_eq!(Env::default().docker_config_file(), None);
    }

    #[test]
    fn a_header_of_a_web_request_names_no_proxy() {
        let said = |names: &'static [&str]| move |name| names.contains(&name).then(|| name.to_owned());
        let all = ["HTTP_PROXY", "http_proxy", "https_proxy", "NO_PROXY"];
        assert_eq!(
            proxies(|name| all.contains(&name).then(|| name.to_owned())),
            ["HTTP_PROXY", "https_proxy", "NO_PROXY"]
        );
        assert_eq!(proxies(said(&["HTTP_PROXY", "REQUEST_METHOD"])), ["", "", ""]);
        assert_eq!(proxies(said(&["HTTP_PROXY", "http_proxy", "REQUEST_METHOD"])), ["http_proxy", "", ""]);
    }

    #[test]
    fn a_source_date_is_a_number_of_seconds() {
        let says = |text: &str| Env { source_date: Some(text.into()), ..Env::default() }.source_date();
        assert_eq!(Env::default().source_date().unwrap(), None);
        assert_eq!(says("1700000000").unwrap(), Some("2023-11-14T22:13:20Z".parse().unwrap()));
        assert_eq!(says("0").unwrap(), Some(Timestamp::UNIX_EPOCH));
        for bad in ["yesterday", "1.5", " 1", "0x1", "999999999999999999", "2024-01-01"] {
            let error = says(bad).unwrap_err().to_string();
            assert!(error.starts_with(&format!("SOURCE_DATE_EPOCH is {bad:?}")), "{error}");
        }
    }

    #[test]
    fn a_time_names_its_offset() {
        let time: Timestamp = "2024-05-01T10:00:00.5Z".parse().unwrap();
        let at = |hours| shown(&ZonedDateTime::new(time, jiff::tz::Offset::constant(hours).to_time_zone()));
        assert_eq!(at(0), "2024-05-01T10:00:00.5Z");
        assert_eq!(at(2), "2024-05-01T12:00:00.5+02:00");
    }

    #[test]
    fn the_environment_can_ask_for_plain_lines() {
        let with = |name: &'static str, value: &'static str| {
            is_plain(|asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(with("NO_COLOR", "1") && with("CI", "true") && with("TERM", "dumb"));
        assert!(with("LC_ALL", "C") && with("LANG", "de_DE.ISO-8859-1"));
        assert!(!with("LANG", "en_US.UTF-8") && !with("LC_CTYPE", "C.utf8") && !with("TERM", "xterm"));
        assert!(!is_plain(|_| None));
    }
}
