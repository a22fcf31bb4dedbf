//! What a token is to allow: scopes, merged and ordered.
//!
//! Source: the token scope documentation of distribution, `resourcetype:resourcename:action,action`.

use std::collections::BTreeSet;
use std::fmt;

/// What may be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Reading.
    Pull,
    /// Writing.
    Push,
    /// Deleting.
    Delete,
}

/// A resource and what is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    resource: String,
    actions: BTreeSet<String>,
}

impl Scope {
    /// A repository.
    pub fn repository(name: &str, actions: &[Action]) -> Self {
        let named = |action: &Action| match action {
            Action::Pull => "pull",
            Action::Push => "push",
            Action::Delete => "delete",
        };
        Self {
            resource: format!("repository:{name}"),
            actions: actions.iter().map(named).map(str::to_owned).collect(),
        }
    }

    /// The list of all repositories.
    pub fn catalog() -> Self {
        Self { resource: "registry:catalog".to_owned(), actions: BTreeSet::from(["*".to_owned()]) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.resource)?;
        for (position, action) in self.actions.iter().enumerate() {
            write!(f, "{}{action}", if position == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
