//! What the arguments of each command and the values of each flag are, as far as a shell can be told.

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// A name with a tag.
    Name,
    /// A repository.
    Repository,
    /// A file or a folder.
    File,
    /// Something that nobody can know.
    Nothing,
}

/// What the value of a flag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// One of these.
    Words(&'static [&'static str]),
    /// The type of an artifact.
    ArtifactType,
    /// A platform.
    Platform,
    /// Something that nobody can know.
    Text,
    /// A file or a folder.
    File,
}

/// The arguments of commands by their paths; the last of each row stands for all that follow.
const ARGUMENTS: &[(&str, &[Argument])] = &[
    ("attach", &[Argument::Name, Argument::File]),
    ("backup", &[Argument::Name, Argument::Nothing]),
    ("blob delete", &[Argument::Repository, Argument::Nothing]),
    ("blob fetch", &[Argument::Repository, Argument::Nothing]),
    ("blob push", &[Argument::Repository, Argument::File]),
    ("cp", &[Argument::Name, Argument::Name, Argument::Nothing]),
    ("discover", &[Argument::Name, Argument::Nothing]),
    ("doctor", &[Argument::Repository, Argument::Nothing]),
    ("man", &[Argument::File]),
    ("manifest delete", &[Argument::Name, Argument::Nothing]),
    ("manifest fetch", &[Argument::Name, Argument::Nothing]),
    ("manifest fetch-config", &[Argument::Name, Argument::Nothing]),
    ("manifest index create", &[Argument::Name, Argument::Nothing]),
    ("manifest index update", &[Argument::Name, Argument::Nothing]),
    ("manifest push", &[Argument::Name, Argument::File]),
    ("pull", &[Argument::Name, Argument::Nothing]),
    ("push", &[Argument::Name, Argument::File]),
    ("repo ls", &[Argument::Repository, Argument::Nothing]),
    ("repo tags", &[Argument::Repository, Argument::Nothing]),
    ("resolve", &[Argument::Name, Argument::Nothing]),
    ("restore", &[Argument::Name, Argument::Nothing]),
    ("tag", &[Argument::Name, Argument::Nothing]),
    ("whoami", &[Argument::Repository, Argument::Nothing]),
];

/// The values of flags by the command, where that matters, and the name without what stands for an end. Of all others a
/// file is as good a guess as any.
const VALUES: &[(&str, &str, Value)] = &[
    ("", "annotation", Value::Text),
    ("", "artifact-platform", Value::Text),
    ("", "artifact-type", Value::ArtifactType),
    ("", "auth", Value::Words(&["basic", "token"])),
    ("", "chunk-size", Value::Text),
    ("", "concurrency", Value::Text),
    ("", "depth", Value::Text),
    ("", "distribution-spec", Value::Words(&["v1.1-referrers-api", "v1.1-referrers-tag"])),
    ("", "error-format", Value::Words(&["json", "text"])),
    ("", "exclude-artifact-type", Value::ArtifactType),
    ("", "filter", Value::Text),
    ("discover", "format", Value::Words(&["dot", "go-template", "json", "mermaid", "table", "tree"])),
    ("", "format", Value::Words(&["go-template", "json", "text"])),
    ("", "header", Value::Text),
    ("", "identity-token", Value::Text),
    ("", "image-spec", Value::Words(&["v1.0", "v1.1"])),
    ("", "media-type", Value::Text),
    ("", "password", Value::Text),
    ("", "platform", Value::Platform),
    ("", "progress", Value::Words(&["auto", "json", "plain"])),
    ("", "resolve", Value::Text),
    ("", "retry", Value::Text),
    ("", "size", Value::Text),
    ("", "template", Value::Text),
    ("", "timeout", Value::Text),
    ("", "username", Value::Text),
];

/// What stands before the names of flags that are of one end.
const ENDS: [&str; 2] = ["from-", "to-"];

/// What an argument of a command is, by its place.
pub(super) fn argument(path: &[&str], place: usize) -> Argument {
    let path = path.join(" ");
    let row = ARGUMENTS.iter().find(|(command, _)| *command == path);
    let kinds = row.map_or(&[][..], |(_, kinds)| kinds);
    kinds.get(place).or(kinds.last()).copied().unwrap_or(Argument::Nothing)
}

/// What the value of a flag is.
pub(super) fn value(path: &[&str], flag: &str) -> Value {
    let path = path.join(" ");
    let flag = ENDS.iter().find_map(|end| flag.strip_prefix(end)).unwrap_or(flag);
    let row =
        VALUES.iter().find(|(command, name, _)| *name == flag && (command.is_empty() || *command == path));
    row.map_or(Value::File, |(_, _, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::grammar;

    /// The paths of all commands, and the names of all flags without ends.
    fn all(command: &clap::Command, path: &str, paths: &mut Vec<String>, flags: &mut Vec<String>) {
        paths.push(path.to_owned());
        for name in command.get_arguments().filter_map(clap::Arg::get_long) {
            let bare = ENDS.iter().find_map(|end| name.strip_prefix(end)).unwrap_or(name);
            flags.push(bare.to_owned());
        }
        for below in command.get_subcommands() {
            all(below, format!("{path} {}", below.get_name()).trim(), paths, flags);
        }
    }

    #[test]
    fn nothing_is_listed_that_is_not_there() {
        let (mut paths, mut flags) = (Vec::new(), Vec::new());
        let mut grammar = grammar();
        grammar.build();
        all(&grammar, "", &mut paths, &mut flags);
        for (path, _) in ARGUMENTS {
            assert!(paths.iter().any(|known| known == path), "{path}");
        }
        for (path, flag, _) in VALUES {
            assert!(paths.iter().any(|known| known == path), "{path}");
            assert!(flags.iter().any(|known| known == flag), "{flag}");
        }
    }
}
