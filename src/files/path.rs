//! Paths as seen from a folder, by their text.
//!
//! Nothing here looks at a disk.

use std::path::{Component, Path, PathBuf};

/// A path below a folder, cleaned by its text as titles are; an absolute one stays.
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
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_by_its_text_and_an_absolute_one_stays() {
        assert_eq!(join(Path::new("/w/d"), Path::new("../../../x/./y")), Path::new("/x/y"));
        assert_eq!(join(Path::new("/w"), Path::new("/e/f/")), Path::new("/e/f"));
        assert_eq!(join(Path::new("/w"), Path::new(".")), Path::new("/w"));
    }
}
