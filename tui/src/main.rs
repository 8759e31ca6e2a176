//! The `durascope` command: parses arguments, runs the dashboard, chooses the exit status.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use durascope::RunError;
use durascope::cli;
use durascope::cli::acts;
use durascope::cli::acts::ActError;
use durascope::cli::args::Args;
use durascope::cli::args::DemoArgs;
use durascope::cli::args::ServerArgs;
use durascope::cli::args::Verb;
use durascope::cli::args::WhyArgs;
use durascope::cli::args::WhyOutput;
use durascope::cli::why;
use durascope::cli::why::WhyError;
use durascope::config;
use durascope::config::Server;
use durascope::config::file::File;
use durascope::demo;
use durascope::demo::DemoError;
use durascope::io::glance::GlanceError;
use durascope::term::guard;

const FAILED: u8 = 1;
const COULD_NOT_START: u8 = 2;
const NOT_CONNECTED: u8 = 3;
const NOT_SIGNED_IN: u8 = 4;
const NOT_FOUND: u8 = 5;

fn main() -> ExitCode {
    let mut args = Args::parse();
    if let Err(report) = color_eyre::install() {
        return fail(&report.to_string(), FAILED);
    }
    guard::restore_before_panic_report();
    let outcome = match args.verb.take() {
        None => dashboard(&args),
        Some(Verb::Demo(options)) => demo(&options),
        Some(Verb::Why(options)) => why(&options),
        Some(Verb::Instances { verb, yes, server }) => act(&server, async move |it| {
            acts::instances(&it, verb, yes).await
        }),
        Some(Verb::Entities { verb, server }) => {
            act(&server, async move |it| acts::entities(&it, verb).await)
        }
    };
    match outcome {
        Ok(status) => status,
        Err((message, status)) => fail(&message, status),
    }
}

/// Runs the dashboard; an error is its message and the exit status.
fn dashboard(args: &Args) -> Result<ExitCode, (String, u8)> {
    let file = user_file()?;
    let config = cli::dashboard_config(args, &file, env)
        .map_err(|error| (error.to_string(), COULD_NOT_START))?;
    in_runtime(durascope::run(config))?.map_err(|error| (error.to_string(), status_of(&error)))?;
    Ok(ExitCode::SUCCESS)
}

fn demo(options: &DemoArgs) -> Result<ExitCode, (String, u8)> {
    let failed = |error: DemoError| {
        let status = match &error {
            DemoError::Dashboard(error) => status_of(error),
            _ => FAILED,
        };
        (error.to_string(), status)
    };
    if !options.headless {
        let file = user_file()?;
        let look = cli::look(&options.look, &file, env);
        let choices = cli::choices(&options.look, &file, env);
        let list = cli::list(&file);
        in_runtime(demo::on_screen(look, choices, list))?.map_err(failed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let limit = Duration::from_secs(options.seconds);
    let summary = in_runtime(demo::headless(limit))?.map_err(failed)?;
    let text = serde_json::to_string_pretty(&summary)
        .map_err(|error| (format!("the summary has no JSON form: {error}"), FAILED))?;
    writeln!(std::io::stdout(), "{text}")
        .map_err(|error| (format!("standard output: {error}"), FAILED))?;
    Ok(if summary.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// Prints the verdict about one instance.
fn why(options: &WhyArgs) -> Result<ExitCode, (String, u8)> {
    let server = config::resolve(&options.server.wanted(), env)
        .map_err(|error| (error.to_string(), COULD_NOT_START))?;
    let asked = in_runtime(why::ask(&server, &options.instance_id))?;
    let why = asked.map_err(|error| {
        let status = match &error {
            WhyError::NoInstance { .. } | WhyError::Glance(GlanceError::NotFound(_)) => NOT_FOUND,
            WhyError::Glance(GlanceError::Connect { .. }) => NOT_CONNECTED,
            WhyError::Glance(GlanceError::SignIn(_)) => NOT_SIGNED_IN,
            WhyError::Glance(GlanceError::Address(_)) => COULD_NOT_START,
            WhyError::Glance(GlanceError::Refused(_)) => FAILED,
        };
        (error.to_string(), status)
    })?;
    let text = match options.output {
        WhyOutput::Text => why.text(),
        WhyOutput::Json => serde_json::to_string_pretty(&why)
            .map_err(|error| (format!("the verdict has no JSON form: {error}"), FAILED))?,
    };
    writeln!(std::io::stdout(), "{text}")
        .map_err(|error| (format!("standard output: {error}"), FAILED))?;
    Ok(ExitCode::SUCCESS)
}

/// Carries out what changes something; the status says whether all was done.
fn act(
    server: &ServerArgs,
    work: impl AsyncFnOnce(Server) -> Result<bool, ActError>,
) -> Result<ExitCode, (String, u8)> {
    let server = config::resolve(&server.wanted(), env)
        .map_err(|error| (error.to_string(), COULD_NOT_START))?;
    let done = in_runtime(work(server))?.map_err(|error| {
        let status = match &error {
            ActError::Argument(_) | ActError::Address(_) | ActError::NotConfirmed(_) => {
                COULD_NOT_START
            }
            ActError::Connect(_) => NOT_CONNECTED,
            ActError::Output(_) => FAILED,
        };
        (error.to_string(), status)
    })?;
    Ok(if done {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// A configuration that is wrong is said before the screen is taken.
fn user_file() -> Result<File, (String, u8)> {
    cli::user_file().map_err(|error| (error.to_string(), COULD_NOT_START))
}

fn in_runtime<T>(work: impl Future<Output = T>) -> Result<T, (String, u8)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| (format!("no runtime: {error}"), FAILED))?;
    let result = runtime.block_on(work);
    // Reading of the keyboard may block a thread: it must not hold the exit up.
    runtime.shutdown_background();
    Ok(result)
}

fn status_of(error: &RunError) -> u8 {
    match error {
        RunError::NotATerminal | RunError::Address(_) | RunError::Recording(_) => COULD_NOT_START,
        RunError::Terminal(_) => FAILED,
    }
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn fail(message: &str, status: u8) -> ExitCode {
    // With standard error closed there is nobody to tell.
    let told = writeln!(std::io::stderr(), "durascope: {message}");
    drop(told);
    ExitCode::from(status)
}
