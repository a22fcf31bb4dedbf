//! What a path means on a system, and which names a system does not have.
//!
//! The system is a value, so that what holds on Windows is said and tested anywhere. All of it is text: nothing here
//! looks at a disk.

use crate::error::{Error, Result};

/// A kind of system, as far as names are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Unix,
    Windows,
}

/// Names of devices, which no file can have there, with or without something behind a dot.
const DEVICES: &[&str] = &["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// Devices with a digit behind their name.
const NUMBERED: &[&str] = &["COM", "LPT"];
/// Letters that no name of a file has there.
const RESERVED: [char; 7] = ['<', '>', '"', '|', '?', '*', ':'];

impl System {
    /// The one that this program was built for.
    pub(super) const OWN: Self = if cfg!(windows) { Self::Windows } else { Self::Unix };

    /// Whether a letter stands between two parts of a path.
    fn separates(self, letter: char) -> bool {
        letter == '/' || (self == Self::Windows && letter == '\\')
    }

    /// How many bytes of the path name a drive.
    fn drive(self, path: &str) -> usize {
        let bytes = path.as_bytes();
        let named = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
        if self == Self::Windows && named { 2 } else { 0 }
    }

    /// Whether the colon at that place is that of `C:\`, which belongs to the path.
    pub(super) fn is_of_drive(self, text: &str, colon: usize) -> bool {
        let behind = text[colon..].chars().nth(1);
        colon == 1 && self.drive(text) == 2 && behind.is_some_and(|letter| self.separates(letter))
    }

    /// The shortest equal path, with `/` between its parts on every system: `./d/../e/` is `e`, and nothing is `.`.
    pub(super) fn clean(self, path: &str) -> String {
        let (drive, rest) = path.split_at(self.drive(path));
        let rooted = rest.starts_with(|letter| self.separates(letter));
        let mut parts: Vec<&str> = Vec::new();
        for part in rest.split(|letter| self.separates(letter)) {
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

    /// Whether the path does not start at the working folder.
    pub(super) fn is_absolute(self, path: &str) -> bool {
        path[self.drive(path)..].starts_with(|letter| self.separates(letter))
    }

    /// Fails where a file argument has letters that no path has there.
    pub(super) fn check_argument(self, path: &str) -> Result<()> {
        let reserved = &RESERVED[..RESERVED.len() - 1];
        if self == Self::Windows && path.contains(reserved) {
            return Err(Error::invalid(format!("reserved characters found in the file path: {path}")));
        }
        Ok(())
    }

    /// Fails where a path that somebody else chose has a part that is no name of a file: one with a zero byte, and on
    /// Windows one that would be a device, a stream of another file, or another name than it says.
    pub(super) fn check_names(self, path: &str) -> Result<()> {
        if path.contains('\0') {
            return Err(Error::invalid(format!("{path:?} is no name of a file")));
        }
        if self == Self::Unix {
            return Ok(());
        }
        // `a:b` is no drive but a stream, or leads to wherever one is on that drive.
        let drive = if self.is_absolute(path) { self.drive(path) } else { 0 };
        let parts = path[drive..].split(|letter| self.separates(letter));
        for part in parts.filter(|part| !matches!(*part, "" | "." | "..")) {
            if let Some(why) = unfit(part) {
                return Err(Error::invalid(format!(
                    "{path:?} is no name of a file on Windows: {part:?} {why}"
                )));
            }
        }
        Ok(())
    }
}

/// What is wrong with a name on Windows.
fn unfit(name: &str) -> Option<&'static str> {
    if name.contains(|letter: char| letter.is_control() || RESERVED.contains(&letter)) {
        return Some("has a letter that none has");
    }
    if name.ends_with(['.', ' ']) {
        return Some("ends with a dot or a blank");
    }
    // What stands behind the first dot does not matter, nor do blanks before it.
    let base = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    let numbered = NUMBERED.iter().any(|device| {
        let number = base.strip_prefix(device).and_then(|rest| {
            let mut letters = rest.chars();
            letters.next().filter(|_| letters.next().is_none())
        });
        number.is_some_and(|digit| digit.is_ascii_digit() || "¹²³".contains(digit))
    });
    (numbered || DEVICES.contains(&base.as_str())).then_some("is a device")
}

#[cfg(test)]
mod tests {
    use super::System::{Unix, Windows};

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
            ("/../a/./b/", "/a/b"),
            ("/", "/"),
        ];
        for (typed, clean_one) in cases {
            for system in [Unix, Windows] {
                assert_eq!(system.clean(typed), clean_one, "{typed}");
            }
        }
        assert_eq!(Unix.clean(r".\a\..\b"), r".\a\..\b");
    }

    #[test]
    fn titles_of_windows_have_slashes() {
        let cases = [
            (r".\readme.md", "readme.md"),
            (r".\details\", "details"),
            (r"C:\x\..\y", "C:/y"),
            (r"C:x", "C:x"),
            (r"..\a\b/c", "../a/b/c"),
            (r"\a", "/a"),
        ];
        for (typed, title) in cases {
            assert_eq!(Windows.clean(typed), title, "{typed}");
        }
    }

    #[test]
    fn what_begins_at_a_root_is_absolute() {
        for path in [r"C:\x", "C:/x", r"\x", r"\\server\share", "/x"] {
            assert!(Windows.is_absolute(path), "{path}");
            assert_eq!(Unix.is_absolute(path), path == "/x", "{path}");
        }
        for path in ["C:x", "x", r".\x", ""] {
            assert!(!Windows.is_absolute(path) && !Unix.is_absolute(path), "{path}");
        }
    }

    #[test]
    fn names_of_devices_streams_and_other_files_are_refused_on_windows() {
        let bad = [
            "CON",
            "nul.txt",
            "COM1",
            "com¹.log",
            "LPT0",
            "Aux",
            "NUL .txt",
            "CONIN$",
            "a:b",
            "a.",
            "a ",
            "a\nb",
            "a?",
            "d/con/x",
            r"d\x:s",
            "x/prn.tar.gz",
            "a*",
            "...",
        ];
        for name in bad {
            let says = Windows.check_names(name).unwrap_err().to_string();
            assert!(says.starts_with(&format!("{name:?} is no name of a file on Windows: ")), "{says}");
            assert!(Unix.check_names(name).is_ok(), "{name}");
        }
        let good = [
            "CONSOLE", "com", "com10", "a.b", "../x", "./y/", r"C:\x\y", ".hidden", "null", "ä ö", "LPT",
            "x.con", "",
        ];
        for name in good {
            assert!(Windows.check_names(name).is_ok(), "{name}");
        }
    }
}
