//! Where configuration files are.

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// The name of a configuration file, wherever it is.
pub const FILE_NAME: &str = "durascope.toml";

/// The user's file, as the system's conventions say (`$XDG_CONFIG_HOME/durascope` on most);
/// nothing where there is no home folder. It need not exist.
pub fn user_file() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("durascope").join(FILE_NAME))
}
