//! What a token is to allow: scopes, merged and ordered.
//!
//! Source: the token scope documentation of distribution, `resourcetype:resourcename:action,action`.
//!
//! What does not belong here: which request needs which scope.

use std::collections::{BTreeMap, BTreeSet};
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

    /// The scopes in a challenge, which are parted by blanks. What is no scope is kept as it is.
    pub(super) fn list(text: &str) -> Vec<Self> {
        text.split_ascii_whitespace().map(Self::parse).collect()
    }

    fn parse(text: &str) -> Self {
        match text.rsplit_once(':') {
            Some((resource, actions)) if resource.contains(':') => Self {
                resource: resource.to_owned(),
                actions: actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned).collect(),
            },
            _ => Self { resource: text.to_owned(), actions: BTreeSet::new() },
        }
    }
}

/// The scopes with one entry a resource, in order; `*` stands for all other actions.
pub(super) fn merged(scopes: impl IntoIterator<Item = Scope>) -> Vec<Scope> {
    let mut resources: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for scope in scopes {
        resources.entry(scope.resource).or_default().extend(scope.actions);
    }
    let one = |(resource, mut actions): (String, BTreeSet<String>)| {
        if actions.contains("*") {
            actions.retain(|action| action == "*");
        }
        Scope { resource, actions }
    };
    resources.into_iter().map(one).collect()
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)?;
        for (position, action) in self.actions.iter().enumerate() {
            write!(f, "{}{action}", if position == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scopes: impl IntoIterator<Item = Scope>) -> String {
        merged(scopes).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn scopes_of_one_resource_become_one_in_order() {
        let hint = Scope::repository("r", &[Action::Push, Action::Pull]);
        let asked = Scope::list("repository:r:delete,pull repository:a/b:pull odd");
        assert_eq!(
            shown([hint].into_iter().chain(asked)),
            "odd repository:a/b:pull repository:r:delete,pull,push"
        );
    }

    #[test]
    fn a_star_swallows_the_others() {
        assert_eq!(shown(Scope::list("registry:catalog:pull registry:catalog:*")), "registry:catalog:*");
    }

    #[test]
    fn a_repository_may_have_a_port_in_its_name() {
        assert_eq!(shown(Scope::list("repository:h:5000/r:pull")), "repository:h:5000/r:pull");
    }
}
