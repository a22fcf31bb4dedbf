//! What a command printed and how it ended, with everything that differs from run to run made the same.

use std::fmt;

/// The end of one command.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; none after a signal.
    pub code: Option<i32>,
}

impl Run {
    /// The same run, which must have succeeded.
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "should have succeeded:\n{self}");
        self
    }

    /// The same run, which must have failed with code 1.
    #[track_caller]
    pub fn failure(self) -> Self {
        assert_eq!(self.code, Some(1), "should have failed:\n{self}");
        self
    }

    /// The output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{self}"))
    }

    /// The rest of the line of the output that begins so.
    #[track_caller]
    pub fn line_after(&self, beginning: &str) -> String {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(beginning));
        line.unwrap_or_else(|| panic!("no line begins with {beginning:?}:\n{self}")).to_owned()
    }

    /// The same run with each text replaced by another one in both streams.
    pub fn with(mut self, replacements: &[(String, String)]) -> Self {
        for (from, to) in replacements {
            self.stdout = self.stdout.replace(from, to);
            self.stderr = self.stderr.replace(from, to);
        }
        self
    }
}

impl fmt::Display for Run {
    /// Output, then what was said on the other stream, then the code where it is not 0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stdout)?;
        if !self.stdout.is_empty() && !self.stdout.ends_with('\n') {
            f.write_str("[no newline]\n")?;
        }
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        match self.code {
            Some(0) => Ok(()),
            Some(code) => write!(f, "--- exit code {code}"),
            None => f.write_str("--- ended by a signal"),
        }
    }
}
