//! Which keys of a config file mean which registry.
//!
//! What does not belong here: reading the file.

/// The key of Docker Hub, under which docker and all its relatives keep it.
const HUB: &str = "https://index.docker.io/v1/";

/// The key of a registry's host and port.
pub(super) fn key(host: &str) -> &str {
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => HUB,
        other => other,
    }
}

/// The host and port in a key that stands for a whole registry, maybe as a URL: `https://h:5000/v1/` is `h:5000`. What
/// follows the host in any other key is a part of the path of repositories.
pub(super) fn host_of(key: &str) -> Option<&str> {
    match key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")) {
        Some(rest) => Some(rest.split_once('/').map_or(rest, |(host, _)| host)),
        None => Some(key).filter(|key| !key.contains('/')),
    }
}

/// Whether a key stands for this repository or for those below a part of its path: `h:5000/team` for `team/a`.
pub(super) fn is_above(name: &str, host: &str, repository: &str) -> bool {
    let Some((registry, path)) = name.split_once('/') else { return false };
    let rest = repository.strip_prefix(path.trim_end_matches('/'));
    let below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    key(registry) == key(host) && !path.is_empty() && below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_hub_has_one_key_under_all_its_names() {
        for host in ["docker.io", "registry-1.docker.io", "index.docker.io"] {
            assert_eq!(key(host), "https://index.docker.io/v1/");
        }
        assert_eq!(key("docker.io.example:5000"), "docker.io.example:5000");
    }

    #[test]
    fn a_key_may_be_a_url() {
        assert_eq!(host_of("https://b.io/v1/"), Some("b.io"));
        assert_eq!(host_of("http://b.io:80"), Some("b.io:80"));
        assert_eq!(host_of("b.io"), Some("b.io"));
        assert_eq!(host_of("b.io/x"), None);
    }

    #[test]
    fn a_key_with_a_path_stands_for_what_is_below_it() {
        for above in ["h:1/team", "h:1/team/", "h:1/team/a"] {
            assert!(is_above(above, "h:1", "team/a"), "{above}");
        }
        for other in ["h:1", "h:1/", "h/team", "h:1/tea", "h:1/team/a/b", "https://h:1/team"] {
            assert!(!is_above(other, "h:1", "team/a"), "{other}");
        }
        assert!(is_above("docker.io/library", "registry-1.docker.io", "library/x"));
    }
}
