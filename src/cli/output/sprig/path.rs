//! Functions of paths and of URLs.
//!
//! Paths have slashes. The `os` forms are the same here: what results name are paths of artifacts, on every system.
//!
//! What does not belong here: anything that looks at a file.

use std::collections::HashMap;

use gtmpl_ng::Value;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::argument::{Dict, Outcome, functions};
use super::kind::kind_of;

/// What is escaped in the path of a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b'/')
    .remove(b':')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');
/// What is escaped in a fragment.
const FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'%')
    .add(b'\\')
    .add(b'^')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'#')
    .add(b'[')
    .add(b']')
    .add(b'\'');

functions! {
    "base" | "osBase"(path: String) => base(&path);
    "dir" | "osDir"(path: String) => clean(path.rfind('/').map_or("", |end| &path[..=end]));
    "clean" | "osClean"(path: String) => clean(&path);
    "ext" | "osExt"(path: String) => extension(&path);
    "isAbs" | "osIsAbs"(path: String) => path.starts_with('/');
    "urlParse"(text: String) => parsed(&text);
    "urlJoin"(parts: Dict) => joined(&parts);
}

fn base(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.is_empty() => ".",
        "" => "/",
        path => path.rsplit('/').next().unwrap_or(path),
    }
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or("", |dot| &name[dot..])
}

/// The shortest path that names the same.
fn clean(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", None) if absolute => {}
            _ => parts.push(part),
        }
    }
    match (absolute, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

/// The parts of a URL, RFC 3986 appendix B, each as it is written but for the path and the fragment.
fn parsed(text: &str) -> Outcome<Dict> {
    let wrong = |reason: &str| format!("unable to parse url: parse {text:?}: {reason}");
    if text.contains(|letter: char| letter.is_ascii_control()) {
        return Err(wrong("net/url: invalid control character in URL"));
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (scheme, rest) =
        match rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter)) {
            Some(0) if rest.starts_with(':') => return Err(wrong("missing protocol scheme")),
            Some(end)
                if rest[end..].starts_with(':')
                    && rest.starts_with(|first: char| first.is_ascii_alphabetic()) =>
            {
                (rest[..end].to_ascii_lowercase(), &rest[end + 1..])
            }
            _ => (String::new(), rest),
        };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut opaque, mut userinfo, mut host, mut path) = ("", "", "", rest);
    if !scheme.is_empty() && !rest.starts_with('/') {
        (opaque, path) = (rest, "");
    } else if let Some(authority) = rest.strip_prefix("//") {
        let end = authority.find('/').unwrap_or(authority.len());
        (host, path) = authority.split_at(end);
        (userinfo, host) = host.rsplit_once('@').unwrap_or(("", host));
    } else if scheme.is_empty() && rest.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err(wrong("first path segment in URL cannot contain colon"));
    }
    if host.starts_with('[') && !host.contains(']') {
        return Err(wrong("missing ']' in host"));
    }
    if let Some(escape) = [path, fragment].into_iter().find_map(no_escape) {
        return Err(wrong(&format!("invalid URL escape {escape:?}")));
    }
    let port = host.rfind(':').filter(|colon| !host[*colon..].contains(']'));
    let hostname = port.map_or(host, |colon| &host[..colon]);
    if port.is_some_and(|colon| !host[colon + 1..].bytes().all(|digit| digit.is_ascii_digit())) {
        let port = port.map_or("", |colon| &host[colon..]);
        return Err(wrong(&format!("invalid port {port:?} after host")));
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let parts = [
        ("scheme", scheme),
        ("host", host.to_owned()),
        ("hostname", hostname.trim_matches(['[', ']']).to_owned()),
        ("path", decoded(path)),
        ("query", query.to_owned()),
        ("opaque", opaque.to_owned()),
        ("fragment", decoded(fragment)),
        ("userinfo", userinfo.to_owned()),
    ];
    Ok(parts.into_iter().map(|(name, part)| (name.to_owned(), Value::from(part))).collect::<HashMap<_, _>>())
}

/// The first percent sign without two digits after it, and what is there instead.
fn no_escape(text: &str) -> Option<String> {
    let escapes = text.split('%').skip(1);
    let digits = |escape: &str| escape.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    escapes
        .filter(|escape| !digits(escape))
        .map(|escape| escape.chars().take(2).collect::<String>())
        .next()
        .map(|escape| format!("%{escape}"))
}

fn joined(parts: &Dict) -> Outcome<String> {
    let part = |name: &str| match parts.get(name) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => {
            let found = kind_of(other);
            Err(format!("unable to parse {name} key, must be of type string, but {found} found"))
        }
    };
    let (scheme, host, path, opaque) = (part("scheme")?, part("host")?, part("path")?, part("opaque")?);
    let (query, fragment) = (part("query")?, part("fragment")?);
    let userinfo = part("userinfo")?.replace('@', "%40");
    let mut url = if scheme.is_empty() { String::new() } else { format!("{scheme}:") };
    if opaque.is_empty() {
        let rooted = !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty();
        if rooted && !(host.is_empty() && path.is_empty() && userinfo.is_empty()) {
            let at = if userinfo.is_empty() { "" } else { "@" };
            let slash = if path.is_empty() || path.starts_with('/') || host.is_empty() { "" } else { "/" };
            url.extend(["//", &userinfo, at, &host, slash]);
        } else if path.split('/').next().is_some_and(|first| first.contains(':')) {
            // What is before the colon is no scheme.
            url += "./";
        }
        url += &utf8_percent_encode(&path, PATH).to_string();
    } else {
        url += &opaque;
    }
    for (sign, text) in [('?', query), ('#', utf8_percent_encode(&fragment, FRAGMENT).to_string())] {
        if !text.is_empty() {
            url.push(sign);
            url += &text;
        }
    }
    Ok(url)
}
