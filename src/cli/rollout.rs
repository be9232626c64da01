//! `penstock rollout`.

use clap::Args;
use uuid::Uuid;

use super::{ConfigArgs, FAILED, OK, print_problems};
use crate::config::{Config, SetSource};
use crate::verdict::fraction;

#[derive(Debug, Args)]
pub(super) struct RolloutArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Reference ids of uploads, as in answers and in the log.
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
}

pub(super) fn rollout(args: &RolloutArgs) -> u8 {
    let config = match Config::load(&args.config.config) {
        Ok(config) => config,
        Err(problems) => {
            print_problems(&problems);
            return FAILED;
        }
    };
    if let Some(other) = args.references.iter().find(|reference| Uuid::parse_str(reference).is_err()) {
        let example = "01a22a53-7d41-7b1e-9c8f-2b6a0d3e5f71";
        eprintln!("penstock: \"{other}\" is not a reference id, expected one as in answers and the log: {example}");
        return FAILED;
    }
    for reference in &args.references {
        println!("{reference}");
        for set in &config.hash_sets {
            println!("  {}", describe(set, reference));
        }
    }
    OK
}

fn describe(set: &SetSource, reference: &str) -> String {
    let fraction = fraction(&set.name, reference);
    let share = set.rollout.share;
    let acts = if share.contains(fraction) { "acts" } else { "monitored" };
    let routes = set.rollout.routes.as_ref().map_or(String::new(), |routes| format!(", on {} only", routes.join(", ")));
    format!("{:<20} {fraction:.6} of {}: {acts}{routes}", set.name, share.get())
}
