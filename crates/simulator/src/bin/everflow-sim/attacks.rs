//! `everflow-sim attacks`: a population with injected attacks, and the truth about it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use simulator::population::{Population, PopulationConfig, Role, Truth};

use crate::Failure;

#[derive(Args)]
pub(crate) struct Attacks {
    /// What decides everything that the other flags leave open
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First of the seven days, YYYY-MM-DD, UTC
    #[arg(long, default_value = "2026-03-02")]
    from: NaiveDate,
    /// The share of an attacked affiliate's clicks that is the attack's, in percent; without it, nobody attacks
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    contamination: Option<u32>,
    /// How many affiliates
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(100..=10_000))]
    affiliates: u32,
    /// About how many clicks, of all together
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u32).range(1000..))]
    clicks: u32,
    /// No honest affiliates that look odd
    #[arg(long)]
    no_hard_cases: bool,
    /// Rows with only the keys that tell one click from another, a third as long
    #[arg(long)]
    lean: bool,
    /// Write the truth here: a line of CSV for each affiliate
    #[arg(long, value_name = "FILE.csv")]
    truth: PathBuf,
    /// Write the clicks to this file instead of stdout
    #[arg(long, value_name = "FILE.ndjson")]
    out: Option<PathBuf>,
}

pub(crate) fn attacks(arguments: &Attacks) -> Result<(), Failure> {
    let config = PopulationConfig {
        affiliates: arguments.affiliates,
        clicks: arguments.clicks,
        contamination_percent: arguments.contamination,
        hard_cases: !arguments.no_hard_cases,
        lean: arguments.lean,
        ..PopulationConfig::new(arguments.seed, arguments.from)
    };
    let create = |path: &PathBuf| File::create(path).map_err(|error| Failure::Write(path.display().to_string(), error));
    let truth_name = arguments.truth.display().to_string();
    let truth = BufWriter::new(create(&arguments.truth)?);
    let (name, output): (String, Box<dyn Write>) = match &arguments.out {
        None => ("stdout".to_owned(), Box::new(io::stdout().lock())),
        Some(path) => (path.display().to_string(), Box::new(create(path)?)),
    };
    write(&Population::new(config), truth, BufWriter::with_capacity(1 << 18, output))
        .map_err(|(of_truth, error)| Failure::Write(if of_truth { truth_name } else { name }, error))
}

/// An error says whether it is one of the truth.
fn write(population: &Population, mut truth: impl Write, mut rows: impl Write) -> Result<(), (bool, io::Error)> {
    let of_truth = |error| (true, error);
    let of_rows = |error| (false, error);
    writeln!(truth, "affiliate_id,role,archetype,start_day,clicks,attack_clicks").map_err(of_truth)?;
    for (of_affiliate, lines) in population.affiliates() {
        writeln!(truth, "{}", line(&of_affiliate)).map_err(of_truth)?;
        for row in lines {
            writeln!(rows, "{row}").map_err(of_rows)?;
        }
    }
    truth.flush().map_err(of_truth)?;
    rows.flush().map_err(of_rows)
}

fn line(truth: &Truth) -> String {
    let (role, archetype) = match truth.role {
        Role::Honest => ("honest", String::new()),
        Role::Hard(case) => ("hard-case", case.to_string()),
        Role::Attack(archetype) => ("attack", archetype.to_string()),
        Role::Sleeper(archetype) => ("sleeper", archetype.to_string()),
    };
    let Truth { affiliate_id, start_day, clicks, attack_clicks, .. } = truth;
    format!("{affiliate_id},{role},{archetype},{start_day},{clicks},{attack_clicks}")
}
