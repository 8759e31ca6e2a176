//! Durascope's dashboard: durable orchestrations, live in a terminal.
//!
//! Layout, as a reader needs it: [`app`] is the pure core (model, update, action table),
//! [`data`] the read models it shows, [`ui`] a pure function from the model to cells, [`io`]
//! the connection to the server, [`term`] the terminal and the loop that joins them all.

pub mod app;
pub mod cli;
pub mod config;
pub mod data;
pub mod demo;
pub mod format;
pub mod io;
pub mod term;
pub mod text;
pub mod ui;

use std::io::IsTerminal;

use crate::app::model::Settings;
use crate::config::Server;
use crate::io::wire::Address;
use crate::io::wire::AddressError;
use crate::ui::Look;

/// What the dashboard needs to start.
#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    /// Refuses everything that would change an instance.
    pub read_only: bool,
    pub look: Look,
}

/// Why the dashboard ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("durascope draws on a terminal, and standard input or output is none")]
    NotATerminal,
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("the terminal failed: {0}")]
    Terminal(#[from] std::io::Error),
}

/// Runs the dashboard on the process's terminal until the user leaves it.
///
/// The server need not run yet: the dashboard waits for it. The terminal is given back on
/// return; for panics, call [`term::guard::restore_before_panic_report`] first.
///
/// # Errors
/// - [`RunError::NotATerminal`]: there is nothing to draw on.
/// - [`RunError::Address`]: the server's address, the hub's name or the credentials cannot be
///   used.
/// - [`RunError::Terminal`]: the terminal failed, or a task of the dashboard panicked.
pub async fn run(config: Config) -> Result<(), RunError> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(RunError::NotATerminal);
    }
    let address = Address::new(&config.server)?;
    let settings = Settings {
        endpoint: config.server.host().to_owned(),
        url: config.server.options.endpoint().to_owned(),
        task_hub: config.server.task_hub().to_owned(),
        read_only: config.read_only,
    };
    // crossterm's own NO_COLOR handling resets the reversed cells of a selection; the look
    // has left colours out already where they are not wanted.
    crossterm::style::force_color_output(true);
    term::runtime::run(settings, address, config.look).await?;
    Ok(())
}
