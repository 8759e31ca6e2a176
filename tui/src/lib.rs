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
use std::path::PathBuf;

use crate::app::choices::Choices;
use crate::app::choices::ListChoices;
use crate::app::model::Settings;
use crate::config::Server;
use crate::io::clock::Clock;
use crate::io::recording::RecordingError;
use crate::io::recording::frame::Start;
use crate::io::recording::read::Recording;
use crate::io::recording::write::Recorder;
use crate::io::wire::Address;
use crate::io::wire::AddressError;
use crate::term::runtime::Beginning;
use crate::term::runtime::Origin;
use crate::ui::Look;

/// What the dashboard needs to start.
#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    /// Refuses everything that would change an instance.
    pub read_only: bool,
    pub look: Look,
    pub choices: Choices,
    pub list: ListChoices,
    pub session: Session,
}

/// Recording and replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Session {
    #[default]
    Live,
    /// Live, and everything that comes is written to this new file.
    Recorded(PathBuf),
    /// This recording is shown, and no server is asked.
    Replay(PathBuf),
}

/// Why the dashboard ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("durascope draws on a terminal, and standard input or output is none")]
    NotATerminal,
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Recording(#[from] RecordingError),
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
/// - [`RunError::Recording`]: the file to record to or to show cannot be used.
/// - [`RunError::Terminal`]: the terminal failed, or a task of the dashboard panicked.
pub async fn run(config: Config) -> Result<(), RunError> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(RunError::NotATerminal);
    }
    let clock = Clock::start();
    let mut settings = Settings {
        endpoint: config.server.host().to_owned(),
        url: config.server.options.endpoint().to_owned(),
        task_hub: config.server.task_hub().to_owned(),
        read_only: config.read_only,
    };
    let mut choices = config.choices;
    let origin = match config.session {
        Session::Live => Origin::Server {
            address: Box::new(Address::new(&config.server)?),
            recorder: None,
        },
        Session::Recorded(path) => {
            let address = Box::new(Address::new(&config.server)?);
            let start = Start {
                endpoint: settings.endpoint.clone(),
                task_hub: settings.task_hub.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            };
            let recorder = Some(Recorder::create(&path, start, clock.now())?);
            choices.recording = Some(path.display().to_string());
            Origin::Server { address, recorder }
        }
        Session::Replay(path) => {
            let recording = Recording::open(&path)?;
            settings.endpoint.clone_from(&recording.start.endpoint);
            settings.task_hub.clone_from(&recording.start.task_hub);
            Origin::Recording(recording)
        }
    };
    let beginning = Beginning {
        settings,
        look: config.look,
        choices,
        list: config.list,
    };
    // crossterm's own NO_COLOR handling resets the reversed cells of a selection; the look
    // has left colours out already where they are not wanted.
    crossterm::style::force_color_output(true);
    term::runtime::run(beginning, origin, clock).await?;
    Ok(())
}
