//! The `durascope-emulator` program: arguments, log, run, exit code.

use std::io::Write;
use std::process::ExitCode;

use durascope_emulator::Running;
use durascope_emulator::StartError;
use durascope_emulator::cli::Cli;
use durascope_emulator::logging;
use durascope_emulator::signals::Signals;

/// A fault of this program, after sysexits.h.
const EXIT_BUG: u8 = 70;

fn main() -> ExitCode {
    let cli = Cli::from_process();
    logging::start(cli.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("no threads to work with: {error}"), None, 71),
    };
    let code = runtime.block_on(serve(cli));
    // Nothing that matters is left: a read that still runs has nobody to answer.
    runtime.shutdown_background();
    code
}

async fn serve(cli: Cli) -> ExitCode {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return complain(&format!("no signals: {error}"), None, EXIT_BUG),
    };
    let mut running = match durascope_emulator::run(cli.config).await {
        Ok(running) => running,
        Err(error) => return refuse(&error),
    };
    if let Err(error) = report_ready(&running, cli.ready_json) {
        tracing::warn!(%error, "nobody reads the ready line");
    }
    let ended_early = tokio::select! {
        () = signals.next() => None,
        outcome = running.ended() => Some(outcome),
    };
    if ended_early.is_none() {
        tracing::info!("stopping; a second signal ends at once");
    }
    tokio::select! {
        () = running.stop() => {}
        () = signals.next() => std::process::exit(130),
    }
    match ended_early {
        None | Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => complain(&error.to_string(), None, EXIT_BUG),
    }
}

/// Tells whoever started the program where it serves.
fn report_ready(running: &Running, json: bool) -> std::io::Result<()> {
    let database = running.database.display();
    let mut out = std::io::stdout().lock();
    if json {
        let ready = serde_json::json!({
            "endpoint": running.endpoint,
            "db": database.to_string(),
            "pid": std::process::id(),
        });
        writeln!(out, "{ready}")?;
    } else {
        let kept = if running.ephemeral {
            " (ephemeral)"
        } else {
            ""
        };
        let database = logging::escaped(&database.to_string());
        writeln!(
            out,
            "serving {} with database {database}{kept}",
            running.endpoint
        )?;
    }
    out.flush()
}

fn refuse(error: &StartError) -> ExitCode {
    complain(&error.to_string(), error.hint(), error.exit_code())
}

fn complain(error: &str, hint: Option<&str>, code: u8) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let mut text = format!("error: {}\n", logging::escaped(error));
    if let Some(hint) = hint {
        text.push_str(&format!("hint: {hint}\n"));
    }
    // Without stderr the exit code is all there is.
    drop(err.write_all(text.as_bytes()));
    ExitCode::from(code)
}
