//! Where a command asks: here, or at a daemon somewhere else.

use std::path::PathBuf;

use clap::Args;

use super::{
    report::{Code, Failure},
    words,
};
use crate::{
    config,
    desk::Remote,
    domain::{address::BaseUrl, key::Presented, time::Clock},
};

/// Where a command asks.
#[derive(Args, Clone, Debug, Default)]
pub struct Place {
    /// Ask the daemon of this address over its API; neither configuration, credentials nor database
    /// are needed here.
    #[arg(long, global = true, value_name = "URL", env = "VERIKEEP_URL", value_parser = url, help_heading = "Somewhere else")]
    pub url: Option<BaseUrl>,
    /// The file that holds the key of the API, made by `verikeep key create` there.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "VERIKEEP_KEY_FILE",
        help_heading = "Somewhere else"
    )]
    pub key_file: Option<PathBuf>,
}

fn url(text: &str) -> Result<BaseUrl, String> {
    text.parse()
        .map_err(|wrong: crate::domain::address::Wrong| {
            format!(
                "{}; write https://host, or http:// for one of this machine or network",
                wrong.reason
            )
        })
}

impl Place {
    /// Refuses what only the rows themselves can tell.
    ///
    /// # Errors
    /// When it asks somewhere else.
    pub(super) fn must_be_here(&self, what: &str, why: &str) -> Result<(), Failure> {
        if self.url.is_none() {
            return Ok(());
        }
        Err(Failure::usage(
            what,
            why,
            "run it on the daemon's host, without --url (VERIKEEP_URL)",
        ))
    }

    /// The desk there; none when it is here.
    ///
    /// # Errors
    /// When no key is told, or what is told is none.
    pub(super) fn remote(
        &self,
        clock: std::sync::Arc<dyn Clock>,
    ) -> Result<Option<Remote>, Failure> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let Some(file) = &self.key_file else {
            return Err(Failure::usage(
                "--key-file",
                "no key is told for the daemon of --url",
                words::NAME_KEY_FILE,
            ));
        };
        let named = file.display().to_string();
        let text = config::secret_file(file)
            .map_err(|(why, todo)| Failure::told(Code::Configuration, &named, why, todo))?;
        if Presented::read(text.reveal()).is_none() {
            return Err(Failure::told(
                Code::Configuration,
                named,
                "holds no key of the API",
                words::KEY_LINE,
            ));
        }
        Ok(Some(Remote::new(url.clone(), text, clock)?))
    }
}
