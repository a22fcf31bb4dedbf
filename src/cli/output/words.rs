//! Which word each command has for what happens to a node.
//!
//! The words and the width they are padded to are those of oras, because scripts read them. What does not belong
//! here: lines.

use oras::progress::Ending;

/// The words of one command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// To how many letters a word is padded.
    pub(crate) width: usize,
    /// Bytes are about to move.
    pub(crate) started: &'static str,
    /// Bytes have moved.
    pub(crate) done: &'static str,
    /// The same, beside a bar.
    pub(crate) drawn: &'static str,
}

/// Of commands that send files: push, attach.
pub(crate) const PUSH: Words = Words { width: 9, started: "Uploading", done: "Uploaded", drawn: "Uploaded" };
/// Of commands that fetch files: pull.
pub(crate) const PULL: Words =
    Words { width: 11, started: "Downloading", done: "Downloaded", drawn: "Pulled" };
/// Of commands that fetch one thing.
pub(crate) const FETCH: Words =
    Words { width: 11, started: "Downloading", done: "Downloaded", drawn: "Downloaded" };
/// Of `cp`.
pub(crate) const COPY: Words = Words { width: 7, started: "Copying", done: "Copied", drawn: "Copied" };
/// Of `backup`.
pub(crate) const BACKUP: Words = Words { width: 9, started: "Pulling", done: "Pulled", drawn: "Pulled" };
/// Of `restore`.
pub(crate) const RESTORE: Words = Words { width: 9, started: "Pushing", done: "Pushed", drawn: "Pushed" };

/// A manifest is being looked through.
pub(crate) const PROCESSING: &str = "Processing";

impl Words {
    /// The word for an end beside a bar, padded as all of them.
    pub(crate) fn shown(&self, ending: Ending) -> String {
        let word = match ending {
            Ending::Done => self.drawn,
            Ending::Failed => self.started,
            other => self.ended(other).unwrap_or_default(),
        };
        format!("{word:width$}", width = self.width)
    }

    /// The word for an end; a failure has its own text elsewhere.
    pub(crate) fn ended(&self, ending: Ending) -> Option<&'static str> {
        match ending {
            Ending::Done => Some(self.done),
            Ending::Existed => Some("Exists"),
            Ending::Skipped => Some("Skipped"),
            Ending::Mounted => Some("Mounted"),
            Ending::Restored => Some("Restored"),
            Ending::Failed => None,
        }
    }
}
