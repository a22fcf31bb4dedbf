//! Where content is: a registry with all its flags, or a layout.
//!
//! What does not belong here: opening it ([`crate::cli::connect`]).

use clap::{ArgMatches, Args, Command, FromArgMatches};
use oras::registry::ReferrersMode;

use super::remote::{Flags, Remote, RemoteArgs, Spelling, Unprefixed};
use crate::cli::connect::End;
use crate::cli::failure::Failure;
use crate::cli::place::{Form, Place};
use crate::cli::usage::exclusive;

/// The flags of a place that may be a layout.
#[derive(Debug)]
pub(crate) struct TargetArgs<S = Unprefixed> {
    remote: RemoteArgs<S>,
    layout: bool,
    layout_path: Option<String>,
}

impl<S: Spelling> TargetArgs<S> {
    /// Whether the place is a layout.
    pub(crate) fn is_layout(&self) -> bool {
        self.layout || self.layout_path.is_some()
    }

    /// Whether the argument has a layout's path in it: `--oci-layout`.
    pub(crate) fn is_layout_reference(&self) -> bool {
        self.layout
    }

    /// The flags of the registry.
    pub(crate) fn remote(&self) -> &Remote {
        &self.remote.remote
    }

    /// The end of the command that is named by an argument and these flags.
    pub(crate) fn end(&self, raw: &str) -> Result<End, Failure> {
        let flag = |name: &str| format!("--{}{name}", S::PREFIX);
        exclusive(&[
            (&flag("oci-layout-path"), self.layout_path.is_some()),
            (&flag("oci-layout"), self.layout),
        ])?;
        let form = match &self.layout_path {
            Some(path) if !path.is_empty() => Form::InLayout(path),
            _ if self.layout => Form::Layout,
            _ => Form::Registry,
        };
        if form == Form::Layout && !self.remote().headers.is_empty() {
            return Err(Failure::mistake("custom header flags cannot be used on an OCI image layout target"));
        }
        let place = Place::parse(raw, form)?;
        if form == Form::Registry {
            self.remote().check()?;
        }
        Ok(End::new(place, self.remote().clone()))
    }
}

impl<S: Spelling> Args for TargetArgs<S> {
    fn augment_args(command: Command) -> Command {
        let flags = Flags::<S>::new();
        RemoteArgs::<S>::augment_args(command)
            .arg(flags.switch("oci-layout", "set target as an OCI image layout"))
            .arg(flags.option(
                "oci-layout-path",
                "string",
                "[Experimental] set the path for the OCI image layout target",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Spelling> FromArgMatches for TargetArgs<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = Flags::<S>::new();
        Ok(Self {
            remote: RemoteArgs::from_arg_matches(matches)?,
            layout: flags.is_set(matches, "oci-layout"),
            layout_path: flags.text(matches, "oci-layout-path"),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// `--distribution-spec` of commands that deal with referrers.
#[derive(Debug)]
pub(crate) struct ReferrersArgs<S = Unprefixed> {
    mode: ReferrersMode,
    spelling: std::marker::PhantomData<S>,
}

impl<S> ReferrersArgs<S> {
    /// How referrers are found and kept.
    pub(crate) fn mode(&self) -> ReferrersMode {
        self.mode
    }
}

fn mode(text: &str) -> Result<ReferrersMode, String> {
    match text {
        "v1.1-referrers-api" => Ok(ReferrersMode::Api),
        "v1.1-referrers-tag" => Ok(ReferrersMode::TagSchema),
        _ => Err(format!(
            "unknown distribution specification flag: {text}\nAvailable options: v1.1-referrers-tag, v1.1-referrers-api"
        )),
    }
}

impl<S: Spelling> Args for ReferrersArgs<S> {
    fn augment_args(command: Command) -> Command {
        let help = "[Preview] set OCI distribution spec version and API option for target. \
                    Options: v1.1-referrers-tag, v1.1-referrers-api (default \"unknown\")";
        command.arg(Flags::<S>::new().option("distribution-spec", "string", help).value_parser(mode))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Spelling> FromArgMatches for ReferrersArgs<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let id = Flags::<S>::new().id("distribution-spec");
        let mode = matches.get_one::<ReferrersMode>(&id).copied().unwrap_or(ReferrersMode::Probe);
        Ok(Self { mode, spelling: std::marker::PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
