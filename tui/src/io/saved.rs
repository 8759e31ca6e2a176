//! Where saved filters are kept: a small JSON file in the user's state directory.

use std::fs;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use serde::Deserialize;
use serde::Serialize;

use crate::app::saved::Change;
use crate::app::saved::SavedFilter;

/// A file of a hundred filters is far smaller.
const BYTES_MAX: u64 = 1024 * 1024;

#[derive(Deserialize, Serialize)]
struct File {
    filters: Vec<SavedFilter>,
}

/// Why saved filters cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("saved filters: this user has no home directory")]
    NoHome,
    #[error("saved filters: {path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("saved filters: {path} is not what it should be: {source}")]
    Json {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("saved filters: {path} has {bytes} bytes, more than the {BYTES_MAX} that are read")]
    TooLarge { path: PathBuf, bytes: u64 },
    #[error("saved filters: {0}")]
    Refused(String),
}

/// The file: `durascope/filters.json` below the state directory of the user.
///
/// # Errors
/// [`SavedError::NoHome`].
pub fn path() -> Result<PathBuf, SavedError> {
    let strategy = etcetera::choose_base_strategy().or(Err(SavedError::NoHome))?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(folder.join("durascope").join("filters.json"))
}

/// What this user keeps; nothing without a home.
///
/// # Errors
/// As [`load`].
pub fn load_own() -> Result<Vec<SavedFilter>, SavedError> {
    match path() {
        Ok(path) => load(&path),
        Err(_) => Ok(Vec::new()),
    }
}

/// What is kept; nothing where there is no file.
///
/// # Errors
/// When the file cannot be read or is not ours.
pub fn load(path: &Path) -> Result<Vec<SavedFilter>, SavedError> {
    let io = |source| SavedError::Io {
        path: path.to_owned(),
        source,
    };
    let bytes = match fs::metadata(path) {
        Ok(it) => it.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    if bytes > BYTES_MAX {
        let path = path.to_owned();
        return Err(SavedError::TooLarge { path, bytes });
    }
    let text = fs::read_to_string(path).map_err(io)?;
    let file: File = serde_json::from_str(&text).map_err(|source| SavedError::Json {
        path: path.to_owned(),
        source,
    })?;
    Ok(file.filters)
}

/// Makes a change in the file as it is now, which another dashboard may have written; answers
/// what is kept then.
///
/// # Errors
/// When the file cannot be read or written; it then stays as it was.
pub fn change(path: &Path, change: Change) -> Result<Vec<SavedFilter>, SavedError> {
    let mut filters = load(path)?;
    change.make(&mut filters).map_err(SavedError::Refused)?;
    let io = |source| SavedError::Io {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    let file_of = File {
        filters: filters.clone(),
    };
    let text = serde_json::to_string_pretty(&file_of).map_err(|source| SavedError::Json {
        path: path.to_owned(),
        source,
    })?;
    writeln!(file, "{text}").map_err(io)?;
    file.persist(path).map_err(|it| io(it.error))?;
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_kept_and_a_foreign_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("filters.json");
        assert_eq!(load(&path).unwrap(), []);
        let saved = SavedFilter {
            name: "red".to_owned(),
            filter: "tag:team=red".to_owned(),
            sort: "failures".to_owned(),
            reverse: true,
            tab: "failures".to_owned(),
            time: "all".to_owned(),
        };
        let kept = change(&path, Change::Keep(saved.clone())).unwrap();
        assert_eq!(kept, [saved]);
        assert_eq!(load(&path).unwrap(), kept);
        assert_eq!(change(&path, Change::Forget("red".to_owned())).unwrap(), []);
        fs::write(&path, "not ours").unwrap();
        let refused = change(&path, Change::Forget("red".to_owned()));
        assert!(matches!(refused, Err(SavedError::Json { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "not ours");
    }
}
