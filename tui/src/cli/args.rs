//! Flags of the `durascope` command.

use std::path::PathBuf;

use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use crate::app::look::Theme;
use crate::cli::about;
use crate::cli::acts::Entities;
use crate::cli::acts::Instances;
use crate::config::Wanted;

/// A live terminal dashboard for durable orchestrations.
#[derive(Debug, Parser)]
#[command(name = "durascope", version, long_about = about::text(), after_long_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub verb: Option<Verb>,

    /// Address of the scheduler; without a scheme https, or http if it is on this machine
    /// [default: http://localhost:8080]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,

    /// Task hub to watch [default: default]
    #[arg(long, value_name = "NAME")]
    pub task_hub: Option<String>,

    /// All in one: "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None", or
    /// "Endpoint=NAME.REGION.durabletask.io;TaskHub=HUB;Authentication=AzureCli"
    #[arg(long, value_name = "STRING", hide_env_values = true)]
    pub connection_string: Option<String>,

    /// How to sign in, whatever the connection string says: None, DefaultAzure, AzureCli,
    /// AzureDeveloperCli, ManagedIdentity, WorkloadIdentity or Environment [default:
    /// DefaultAzure over https, None over http]
    #[arg(long, value_name = "KIND")]
    pub authentication: Option<String>,

    /// Refuse everything that would change an orchestration
    #[arg(long)]
    pub read_only: bool,

    /// Write everything that is received to a new file, to be shown with --replay
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// Show a recording instead of a server: Space stops it, Left and Right go 10 seconds,
    /// { and } change its speed
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["endpoint", "task_hub", "connection_string", "authentication"])]
    pub replay: Option<PathBuf>,

    #[command(flatten)]
    pub look: LookArgs,
}

/// What to do instead of showing the dashboard of a server.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show the dashboard on a scheduler and a workload of its own
    ///
    /// Starts an emulator in this process (temporary database, free port, shown on screen), a
    /// worker with batched fan-outs, trees of sub-orchestrations, flaky activities, approvals
    /// and a growing history, and the dashboard on it. Everything goes when it ends.
    Demo(DemoArgs),

    /// Say why an orchestration is not done
    ///
    /// The findings that the dashboard shows, the most telling first: nobody serves an activity,
    /// slots are busy, a straggler, a timer, an event that is waited for. Each says how sure it is
    /// and where it is proven.
    #[command(
        after_help = "Exit status: 0 when there is such an orchestration, 1 when the server \
        refused, 2 for bad arguments, 3 when there is no connection, 4 when it wants to know who \
        asks, 5 when there is no such orchestration or task hub."
    )]
    Why(WhyArgs),

    /// Act on orchestration instances, as the dashboard does
    ///
    /// Prints a line for each instance in the order they are given; what was refused goes to
    /// standard error. What destroys is asked for on a terminal, and needs --yes without one.
    #[command(after_help = ACT_HELP)]
    Instances {
        #[command(subcommand)]
        verb: Instances,
        /// Do what destroys without asking
        #[arg(long, global = true)]
        yes: bool,
        #[command(flatten)]
        server: ServerArgs,
    },

    /// Act on entities, as the dashboard does
    #[command(after_help = ACT_HELP)]
    Entities {
        #[command(subcommand)]
        verb: Entities,
        #[command(flatten)]
        server: ServerArgs,
    },
}

const ACT_HELP: &str = "\
Exit status: 0 when all was done, 1 when the server refused some, 2 for bad arguments or without \
confirmation, 3 when there is no connection.";

/// Which server.
#[derive(Debug, clap::Args)]
pub struct ServerArgs {
    /// Address of the scheduler; without a scheme https, or http if it is on this machine
    /// [default: http://localhost:8080]
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Option<String>,

    /// Task hub [default: default]
    #[arg(long, value_name = "NAME", global = true)]
    pub task_hub: Option<String>,

    /// Both in one: "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None"
    #[arg(long, value_name = "STRING", hide_env_values = true, global = true)]
    pub connection_string: Option<String>,

    /// How to sign in, whatever the connection string says: None, DefaultAzure, AzureCli,
    /// AzureDeveloperCli, ManagedIdentity, WorkloadIdentity or Environment [default:
    /// DefaultAzure over https, None over http]
    #[arg(long, value_name = "KIND", global = true)]
    pub authentication: Option<String>,
}

impl ServerArgs {
    /// Which server the flags name.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            endpoint: self.endpoint.clone(),
            task_hub: self.task_hub.clone(),
            connection_string: self.connection_string.clone(),
            authentication: self.authentication.clone(),
        }
    }
}

/// About which orchestration, and how to say it.
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// Instance id of the orchestration
    #[arg(value_name = "ID")]
    pub instance_id: String,

    /// How to print it
    #[arg(long, value_enum, value_name = "FORM", default_value = "text")]
    pub output: WhyOutput,

    #[command(flatten)]
    pub server: ServerArgs,
}

/// How to print a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhyOutput {
    /// For people
    Text,
    /// One object; its form is stable
    Json,
}

/// How to run the demo.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// No screen: run for --seconds, print one JSON summary, and exit with 0 only if everything
    /// that should have completed did
    #[arg(long)]
    pub headless: bool,

    /// How long to run without a screen
    #[arg(long, value_name = "N", default_value_t = 20, requires = "headless")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub seconds: u64,

    #[command(flatten)]
    pub look: LookArgs,
}

/// How the screen looks.
#[derive(Debug, clap::Args)]
pub struct LookArgs {
    /// Plain signs instead of blocks and lines; by itself when the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,

    /// Colours: terminal (its own sixteen), dark, light, high-contrast, color-blind or mono
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(Theme::ALL.map(Theme::name)))]
    pub theme: Option<String>,

    /// Leave the mouse to the terminal; m on screen takes it
    #[arg(long)]
    pub no_mouse: bool,

    /// When to use colours
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Unless NO_COLOR is set or the terminal is dumb
    Auto,
    Always,
    Never,
}

impl Args {
    /// Which server the flags name.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            endpoint: self.endpoint.clone(),
            task_hub: self.task_hub.clone(),
            connection_string: self.connection_string.clone(),
            authentication: self.authentication.clone(),
        }
    }
}

const AFTER_HELP: &str = "\
Environment, where no flag says otherwise:
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING, DTS_CONNECTION_STRING,
  DURABLE_TASK_CONNECTION_STRING   the first that is set, as --connection-string
  ENDPOINT, TASKHUB                address and task hub, when none of these is set; or
                                   DTS_ENDPOINT and DTS_TASKHUB
  DTS_AUTHENTICATION               as --authentication, where no connection string is given
  AZURE_...                        who you are, as with other tools of Azure
  SSL_CERT_FILE, SSL_CERT_DIR      certificates to trust instead of this machine's
  NO_COLOR                         no colours; CLICOLOR_FORCE and FORCE_COLOR override it

Configuration: durascope.toml in the folder durascope of $XDG_CONFIG_HOME (~/.config), with
[dashboard] theme, ascii, mouse, sort, roots, and [keys] action = [\"x\", \"ctrl-y\"].

Exit status: 0 after leaving the dashboard, 1 when it failed (or the headless demo did not
complete), 2 when it could not start (bad arguments or configuration, or no terminal).";
