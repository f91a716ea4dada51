//! `run`: the daemon.

mod daemon;

use clap::Args;

pub(super) use daemon::run;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep run
  verikeep run --config /etc/verikeep/verikeep.toml
  VERIKEEP_LOG=info,verikeep::provider=debug verikeep run

SIGTERM or Ctrl-C finishes or releases the work at hand and ends with 0; a second one leaves at once. SIGHUP reads the configuration
again: a wrong one changes nothing and is told in the log. Several may run side by side on one
PostgreSQL database. The API below /v1, with /docs to try it in a browser, is served on http.listen;
/healthz, /readyz, /dependencies and /metrics on http.ops_listen, or else beside it.

VERIKEEP_LOG is a level (error, warn, info, debug) and, behind commas, levels of parts; one that cannot be read is told, and info is logged.";

/// Run the daemon.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Do not touch the schema of the database; refuse to start when it is not up to date.
    #[arg(long)]
    pub no_migrate: bool,
}
