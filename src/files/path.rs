//! Paths by their text: cleaned as Go cleans them, and seen from a folder.
//!
//! Titles are compared and digested, so the same path must always give the same text. Nothing here looks at a disk.

use std::path::{Component, Path, PathBuf};

/// The shortest equal path, with `/` between its parts on every system: `./d/../e/` is `e`, and nothing is `.`.
pub(super) fn clean(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let (drive, rest) = path.split_at(drive(&path));
    let rooted = rest.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." => drop(parts.pop()),
                _ if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("{drive}/{}", parts.join("/")),
        (false, true) => format!("{drive}."),
        (false, false) => format!("{drive}{}", parts.join("/")),
    }
}

/// How many bytes of the path name a drive.
fn drive(path: &str) -> usize {
    let bytes = path.as_bytes();
    let named = cfg!(windows) && bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    if named { 2 } else { 0 }
}

/// Whether the path does not start at the working folder.
pub(super) fn is_absolute(path: &str) -> bool {
    Path::new(path).is_absolute() || path.starts_with('/')
}

/// A path below a folder, cleaned by its text as [`clean`] does; an absolute one stays.
pub(super) fn join(folder: &Path, path: &Path) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match joined.components().next_back() {
                Some(Component::Normal(_)) => drop(joined.pop()),
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => joined.push(".."),
            },
            part => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_in_go() {
        let cases = [
            ("./d/../d", "d"),
            ("ab/", "ab"),
            (".", "."),
            ("", "."),
            ("a//b/./c", "a/b/c"),
            ("../x", "../x"),
            ("a/../../x", "../x"),
            ("../../x/..", "../.."),
            ("a/..", "."),
        ];
        for (typed, clean_one) in cases {
            assert_eq!(clean(typed), clean_one, "{typed}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn absolute_paths_stay_absolute() {
        assert_eq!(clean("/../a/./b/"), "/a/b");
        assert_eq!(clean("/"), "/");
        assert_eq!(clean(r"a\b"), r"a\b");
        assert_eq!(join(Path::new("/w/d"), Path::new("../../../x/./y")), Path::new("/x/y"));
        assert_eq!(join(Path::new("/w"), Path::new("/e/f/")), Path::new("/e/f"));
        assert_eq!(join(Path::new("/w"), Path::new(".")), Path::new("/w"));
    }

    #[cfg(windows)]
    #[test]
    fn windows_paths_get_slashes() {
        assert_eq!(clean(r".\details\"), "details");
        assert_eq!(clean(r"C:\x\..\y"), "C:/y");
    }
}
