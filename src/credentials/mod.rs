//! Who I am for a host: docker's config file, credential helpers.
//!
//! What does not belong here: HTTP, and what a registry does with a credential.
