//! The `durascope` command: parses arguments, runs the dashboard, chooses the exit status.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use durascope::RunError;
use durascope::cli;
use durascope::cli::args::Args;
use durascope::term::guard;

const FAILED: u8 = 1;
const COULD_NOT_START: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Err(report) = color_eyre::install() {
        return fail(&report.to_string(), FAILED);
    }
    guard::restore_before_panic_report();
    match dashboard(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err((message, status)) => fail(&message, status),
    }
}

/// Runs the dashboard; an error is its message and the exit status.
fn dashboard(args: &Args) -> Result<(), (String, u8)> {
    let config = cli::dashboard_config(args, |name| std::env::var(name).ok())
        .map_err(|error| (error.to_string(), COULD_NOT_START))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| (format!("no runtime: {error}"), FAILED))?;
    let result = runtime.block_on(durascope::run(config));
    // Reading of the keyboard may block a thread: it must not hold the exit up.
    runtime.shutdown_background();
    result.map_err(|error| match &error {
        RunError::NotATerminal | RunError::Address(_) => (error.to_string(), COULD_NOT_START),
        RunError::Terminal(_) => (error.to_string(), FAILED),
    })
}

fn fail(message: &str, status: u8) -> ExitCode {
    // With standard error closed there is nobody to tell.
    let told = writeln!(std::io::stderr(), "durascope: {message}");
    drop(told);
    ExitCode::from(status)
}
