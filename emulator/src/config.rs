//! What the emulator is told: validated once, units in the names, no defaults hidden elsewhere.

use std::path::PathBuf;

pub use crate::store::Durability;

/// Where clients expect the scheduler.
pub const LISTEN_DEFAULT: &str = "127.0.0.1:8080";

/// The task hub of callers that name none.
pub const TASK_HUB_DEFAULT: &str = "default";

/// Largest message that is accepted unless configured otherwise.
pub const MESSAGE_BYTES_MAX_DEFAULT: usize = 64 * 1024 * 1024;

/// The .NET and Java workers send up to this much and count on being heard.
pub const MESSAGE_BYTES_MAX_LEAST: usize = 4 * 1024 * 1024;

/// Largest message that is sent unless configured otherwise: the most that the official clients
/// take.
pub const SENT_MESSAGE_BYTES_MAX_DEFAULT: usize = 4 * 1024 * 1024;

/// With less than this a message could not hold what it must.
pub const SENT_MESSAGE_BYTES_MAX_LEAST: usize = 1024 * 1024;

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file that survives the process.
    File(PathBuf),
    /// A private temporary folder that goes with the process.
    Ephemeral,
}

/// What happens to what the Azure service would refuse, beyond what is refused here anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AzureLimits {
    /// Nothing.
    Off,
    /// It is logged and counted.
    Warn,
    /// It is refused as it would be there.
    Strict,
}

/// How to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// `HOST:PORT`; port 0 takes a free one.
    pub listen: String,
    pub database: Database,
    pub durability: Durability,
    /// Hubs that exist from the start; the first one serves callers that name none.
    pub task_hubs: Vec<String>,
    /// Refuse hubs that are not in `task_hubs` instead of making them.
    pub strict_hubs: bool,
    /// Offer dashboards the live feed, besides the official service.
    pub feed: bool,
    /// Largest message that is accepted.
    pub message_bytes_max: usize,
    /// Largest message that is sent to a client or a worker.
    pub sent_message_bytes_max: usize,
    pub azure_limits: AzureLimits,
}

impl Config {
    /// An emulator that is thrown away: a free port on the loopback, a temporary database.
    pub fn ephemeral() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            database: Database::Ephemeral,
            durability: Durability::Off,
            task_hubs: Vec::new(),
            strict_hubs: false,
            feed: true,
            message_bytes_max: MESSAGE_BYTES_MAX_DEFAULT,
            sent_message_bytes_max: SENT_MESSAGE_BYTES_MAX_DEFAULT,
            azure_limits: AzureLimits::Warn,
        }
    }

    /// The hub of callers that name none.
    pub fn task_hub_default(&self) -> &str {
        self.task_hubs
            .first()
            .map_or(TASK_HUB_DEFAULT, String::as_str)
    }

    /// The configured hubs; the default one when none is configured.
    pub fn task_hubs_at_start(&self) -> Vec<String> {
        if self.task_hubs.is_empty() {
            vec![TASK_HUB_DEFAULT.to_owned()]
        } else {
            self.task_hubs.clone()
        }
    }
}
