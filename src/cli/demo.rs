//! `demo`: simulator, daemon and a batch of tokens, start to finish.

use std::path::PathBuf;

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep demo
  verikeep demo --tokens 2000 --faults 0.3 --seed 7 --dir /tmp/verikeep-demo --keep-serving
Ends with 1 when what was archived is not what the simulated provider held.";

/// See it all at work: a simulated provider, the daemon, a batch of tokens, and what was archived in the end.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// Where to put the database and the objects; a fresh folder, kept afterwards.
    #[arg(long, value_name = "DIR", default_value = "verikeep-demo")]
    pub dir: PathBuf,
    /// How many tokens.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub tokens: u32,
    /// The share of requests that go wrong, from 0 to 1.
    #[arg(long, value_name = "RATE", value_parser = super::simulate::rate, default_value = "0.15")]
    pub faults: f64,
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keep the simulated provider and the daemon running afterwards, to look around.
    #[arg(long)]
    pub keep_serving: bool,
}
