//! The performance goals, each measured against the other side in one run on one machine.
//!
//! ```text
//! cargo bench -p durascope-tests --bench goals -- ROW|all [--pairs 5] [--scale 1] [--dir PATH] [--write]
//! ```
//!
//! Our side is always the emulator as a process, our Rust worker as another one (this program
//! again, in a role), gRPC between them, and a database file on disk. With `--write` the rows
//! that were measured replace their part of `docs/performance.md`. `--scale 100` divides every
//! size by 100, to see whether it works; it never writes.
#![expect(clippy::print_stdout, reason = "a benchmark shows its figures")]

mod alternate;
mod document;
mod figures;
mod floor;
mod machine;
mod options;
mod ours;
mod peers;
mod process;
mod profile;
mod report;
mod rows;
mod usage;
mod work;
mod worker;

use anyhow::Context as _;
use durascope_tests::Binary;

use options::Command;
use options::Options;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no runtime")?;
    match options::from_process()? {
        Command::Nothing => {
            println!("{}", options::USAGE);
            Ok(())
        }
        Command::Role(role) => runtime.block_on(role.play()),
        Command::Profile(options) => {
            let profile = runtime.block_on(profile::record(&options))?;
            println!("{profile}");
            Ok(())
        }
        Command::Measure(options) => runtime.block_on(measure(&options)),
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    // Built before anything is timed.
    Binary::Emulator.path()?;
    let machine = machine::describe(options)?;
    println!("{machine}\n");
    let mut failed = Vec::new();
    for row in &options.rows {
        println!("== {}: {}", row.name(), row.title());
        match row.measure(options).await {
            Ok(section) => {
                println!("\n{section}");
                if options.write {
                    document::write(*row, &section, &machine)?;
                }
            }
            Err(error) => {
                println!("{}: not measured: {error:#}\n", row.name());
                failed.push(row.name());
            }
        }
    }
    anyhow::ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}
