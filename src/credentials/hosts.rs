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

/// The host and port in a key that was written as a URL: `https://h:5000/v1/` is `h:5000`.
pub(super) fn host_of(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    rest.split_once('/').map_or(rest, |(host, _)| host)
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
        assert_eq!(host_of("https://b.io/v1/"), "b.io");
        assert_eq!(host_of("http://b.io:80"), "b.io:80");
        assert_eq!(host_of("b.io/x"), "b.io");
        assert_eq!(host_of("b.io"), "b.io");
    }
}
