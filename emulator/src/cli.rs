//! The command line and its environment variables, turned into a [`Config`].

use std::path::PathBuf;

use clap::ArgMatches;
use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::ValueEnum;
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;

use crate::config::AzureLimits;
use crate::config::Config;
use crate::config::Database;
use crate::config::LISTEN_DEFAULT;
use crate::config::MESSAGE_BYTES_MAX_DEFAULT;
use crate::config::MESSAGE_BYTES_MAX_LEAST;
use crate::config::SENT_MESSAGE_BYTES_MAX_DEFAULT;
use crate::config::SENT_MESSAGE_BYTES_MAX_LEAST;
use crate::logging::LogFormat;
use crate::store::Durability;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Cli {
    pub config: Config,
    pub log_format: LogFormat,
    /// Report readiness as one JSON object.
    pub ready_json: bool,
}

impl Cli {
    /// Reads the process's arguments and environment; prints help or the usage error and ends
    /// the process where there is nothing to start.
    pub fn from_process() -> Self {
        let matches = Arguments::command().get_matches();
        Self::from_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    fn from_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let arguments = Arguments::from_arg_matches(matches)?;
        let database = database(&arguments, matches)?;
        let durability = match (&database, arguments.durability) {
            (Database::Ephemeral, _) => Durability::Off,
            (Database::File(_), DurabilityOption::Normal) => Durability::Normal,
            (Database::File(_), DurabilityOption::Full) => Durability::Full,
        };
        Ok(Self {
            config: Config {
                listen: arguments.listen,
                database,
                durability,
                task_hubs: task_hubs(&arguments.task_hubs)?,
                strict_hubs: arguments.strict_hubs || !arguments.dynamic_hubs,
                feed: !arguments.no_feed,
                message_bytes_max: arguments.max_message_bytes,
                sent_message_bytes_max: arguments.max_sent_message_bytes,
                azure_limits: match arguments.azure_limits {
                    AzureLimitsOption::Off => AzureLimits::Off,
                    AzureLimitsOption::Warn => AzureLimits::Warn,
                    AzureLimitsOption::Strict => AzureLimits::Strict,
                },
            },
            log_format: arguments.log_format,
            ready_json: arguments.ready_json,
        })
    }
}

/// A durable local scheduler for the Durable Task SDKs, on SQLite
#[derive(Parser, Debug)]
#[command(name = "durascope-emulator", version, about)]
#[command(after_help = "RUST_LOG sets what is logged (default: info). \
    Exit codes: 0 ended, 1 cannot listen, 2 usage, 70 bug, 73 cannot create, 74 unusable database, 75 in use.")]
struct Arguments {
    /// Address and port to serve; port 0 takes a free one
    #[arg(long, env = "DURASCOPE_LISTEN", value_name = "HOST:PORT", default_value = LISTEN_DEFAULT)]
    listen: String,

    /// Database file [default: durascope/emulator.db in the user's state folder]
    #[arg(long, env = "DURASCOPE_DB", value_name = "PATH")]
    db: Option<PathBuf>,

    /// Keep the data only as long as the process lives
    #[arg(long, env = "DURASCOPE_EPHEMERAL", value_parser = BoolishValueParser::new())]
    ephemeral: bool,

    /// Task hubs that exist from the start, separated by commas; the first serves callers that
    /// name none [default: default]
    #[arg(
        long,
        env = "DTS_TASK_HUB_NAMES",
        value_name = "NAMES",
        value_delimiter = ','
    )]
    task_hubs: Vec<String>,

    /// Refuse task hubs that are not listed instead of making them on first use
    #[arg(long, env = "DURASCOPE_STRICT_HUBS", value_parser = BoolishValueParser::new())]
    strict_hubs: bool,

    /// Make task hubs on first use; `false` means the same as --strict-hubs
    #[arg(
        long,
        env = "DTS_USE_DYNAMIC_TASK_HUBS",
        value_name = "BOOL",
        default_value = "true",
        action = clap::ArgAction::Set,
        value_parser = BoolishValueParser::new()
    )]
    dynamic_hubs: bool,

    /// Offer the official service alone, without the feed of dashboards: they poll, as they do
    /// with other servers
    #[arg(long, env = "DURASCOPE_NO_FEED", value_parser = BoolishValueParser::new())]
    no_feed: bool,

    /// What an acknowledged write survives: any crash of the process, or loss of power as well
    #[arg(
        long,
        env = "DURASCOPE_DURABILITY",
        value_enum,
        default_value = "normal"
    )]
    durability: DurabilityOption,

    /// How log lines are written to stderr
    #[arg(long, env = "DURASCOPE_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,

    /// When ready, print one JSON object: endpoint, db, pid
    #[arg(long, env = "DURASCOPE_READY_JSON", value_parser = BoolishValueParser::new())]
    ready_json: bool,

    /// Largest message that is accepted, in bytes; at least 4194304
    #[arg(
        long,
        env = "DURASCOPE_MAX_MESSAGE_BYTES",
        value_name = "BYTES",
        default_value_t = MESSAGE_BYTES_MAX_DEFAULT,
        value_parser = parse_message_bytes
    )]
    max_message_bytes: usize,

    /// Largest message that is sent to a client or a worker, in bytes; at least 1048576. Most
    /// clients take no more than the default. Histories for JavaScript workers may have more
    #[arg(
        long,
        env = "DURASCOPE_MAX_SENT_MESSAGE_BYTES",
        value_name = "BYTES",
        default_value_t = SENT_MESSAGE_BYTES_MAX_DEFAULT,
        value_parser = parse_sent_message_bytes
    )]
    max_sent_message_bytes: usize,

    /// What happens to what the Azure service would refuse: payloads above 1 MiB, ids of more
    /// than 100 characters that the server made itself
    #[arg(
        long,
        env = "DURASCOPE_AZURE_LIMITS",
        value_enum,
        default_value = "warn"
    )]
    azure_limits: AzureLimitsOption,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum AzureLimitsOption {
    /// Nothing
    Off,
    /// It is logged and counted
    Warn,
    /// It is refused
    Strict,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DurabilityOption {
    Normal,
    Full,
}

fn parse_message_bytes(text: &str) -> Result<usize, String> {
    bytes_from(text, MESSAGE_BYTES_MAX_LEAST)
}

fn parse_sent_message_bytes(text: &str) -> Result<usize, String> {
    bytes_from(text, SENT_MESSAGE_BYTES_MAX_LEAST)
}

fn bytes_from(text: &str, least: usize) -> Result<usize, String> {
    let bytes: usize = text
        .parse()
        .map_err(|error: std::num::ParseIntError| error.to_string())?;
    if bytes < least {
        return Err(format!("must be at least {least}"));
    }
    Ok(bytes)
}

/// A flag overrules the other setting's variable; two flags contradict each other.
fn database(arguments: &Arguments, matches: &ArgMatches) -> Result<Database, clap::Error> {
    let typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    let Some(path) = arguments.db.clone() else {
        return match arguments.ephemeral {
            true => Ok(Database::Ephemeral),
            false => default_database().map(Database::File),
        };
    };
    if !arguments.ephemeral {
        return Ok(Database::File(path));
    }
    match (typed("db"), typed("ephemeral")) {
        (true, false) => Ok(Database::File(path)),
        (false, true) => Ok(Database::Ephemeral),
        _ => Err(usage(
            ErrorKind::ArgumentConflict,
            "a database file and an ephemeral database exclude each other: \
             give --db or --ephemeral, not both",
        )),
    }
}

fn default_database() -> Result<PathBuf, clap::Error> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        usage(
            ErrorKind::MissingRequiredArgument,
            format!("there is no home folder for the database ({error}): give --db"),
        )
    })?;
    // Platforms without a state folder keep state with the data.
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(folder.join("durascope").join("emulator.db"))
}

fn task_hubs(given: &[String]) -> Result<Vec<String>, clap::Error> {
    let mut names: Vec<String> = Vec::new();
    for name in given.iter().map(|name| name.trim()) {
        if name.is_empty() || names.iter().any(|known| known == name) {
            continue;
        }
        if name.chars().any(char::is_control) {
            return Err(usage(
                ErrorKind::InvalidValue,
                format!("task hub name {name:?} has control characters"),
            ));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

fn usage(kind: ErrorKind, message: impl std::fmt::Display) -> clap::Error {
    Arguments::command().error(kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        let all = std::iter::once("durascope-emulator").chain(arguments.iter().copied());
        Cli::from_matches(&Arguments::command().try_get_matches_from(all)?)
    }

    #[test]
    fn command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_become_configuration() {
        let cli = parse(&[
            "--listen",
            "127.0.0.1:0",
            "--db",
            "/tmp/x.db",
            "--task-hubs",
            "a, b,,a",
            "--strict-hubs",
            "--durability",
            "full",
            "--ready-json",
        ])
        .unwrap();
        assert_eq!(cli.config.listen, "127.0.0.1:0");
        assert_eq!(cli.config.database, Database::File("/tmp/x.db".into()));
        assert_eq!(cli.config.task_hubs, ["a", "b"]);
        assert!(cli.config.strict_hubs && cli.ready_json);
        assert_eq!(cli.config.durability, Durability::Full);
        assert_eq!(cli.config.message_bytes_max, MESSAGE_BYTES_MAX_DEFAULT);
        let sent = parse(&["--max-sent-message-bytes", "1048576"]).unwrap();
        assert_eq!(sent.config.sent_message_bytes_max, 1_048_576);
        assert_eq!(sent.config.azure_limits, AzureLimits::Warn);
        assert!(!parse(&["--no-feed"]).unwrap().config.feed);
        let strict = parse(&["--azure-limits", "strict"]).unwrap();
        assert_eq!(strict.config.azure_limits, AzureLimits::Strict);
    }

    #[test]
    fn defaults_need_no_flag() {
        let cli = parse(&[]).unwrap();
        assert!(matches!(
            &cli.config.database,
            Database::File(path) if path.ends_with("durascope/emulator.db")
        ));
        assert_eq!(cli.config.task_hub_default(), "default");
        assert!(!cli.config.strict_hubs && cli.config.feed);
    }

    #[test]
    fn ephemeral_takes_no_file_and_no_care_of_power() {
        let cli = parse(&["--ephemeral", "--durability", "full"]).unwrap();
        assert_eq!(cli.config.database, Database::Ephemeral);
        assert_eq!(cli.config.durability, Durability::Off);
        assert!(parse(&["--ephemeral", "--db", "x.db"]).is_err());
    }

    #[test]
    fn static_hubs_are_strict_hubs() {
        assert!(
            parse(&["--dynamic-hubs", "false"])
                .unwrap()
                .config
                .strict_hubs
        );
    }

    #[test]
    fn useless_values_are_refused() {
        for arguments in [
            ["--max-message-bytes", "1000"],
            ["--max-message-bytes", "lots"],
            ["--max-sent-message-bytes", "1000000"],
            ["--azure-limits", "maybe"],
            ["--durability", "maybe"],
            ["--task-hubs", "a\u{1b}[2J"],
        ] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }
}
