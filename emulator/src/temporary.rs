//! Folders of ephemeral databases: private, in memory where possible, and swept when a process
//! that was killed has left one behind.

use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;

use tempfile::Builder;
use tempfile::TempDir;

use crate::lock::DatabaseLock;

/// Where the system keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// Distinctive: whatever is called so and is not locked is removed.
const PREFIX: &str = "durascope-emulator-";

/// Name of the database inside.
pub(crate) const DATABASE: &str = "emulator.db";

/// A folder may be so young that its owner has not taken the lock yet.
const AGE_LEAST: Duration = Duration::from_secs(60);

/// Sweeping must not hold up a start.
const SWEPT_MAX: usize = 20;

/// A new folder that only this user can enter.
pub(crate) fn folder() -> std::io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    sweep(Path::new(IN_MEMORY), AGE_LEAST);
    builder.tempdir_in(IN_MEMORY).or_else(|_error| {
        sweep(&std::env::temp_dir(), AGE_LEAST);
        builder.tempdir()
    })
}

/// Removes folders of processes that are gone. What cannot be removed stays: it is only a help.
fn sweep(place: &Path, age_least: Duration) {
    let Ok(entries) = std::fs::read_dir(place) else {
        return;
    };
    let left_behind = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .filter(|folder| is_old(folder, age_least));
    for folder in left_behind.take(SWEPT_MAX) {
        // Whoever holds the lock lives. The lock is taken only where there is a database, so
        // that a folder of somebody else is not written to.
        let database = folder.join(DATABASE);
        if !database.is_file() {
            continue;
        }
        if let Ok(lock) = DatabaseLock::take(&database) {
            drop(std::fs::remove_dir_all(&folder));
            drop(lock);
        }
    }
}

fn is_old(folder: &Path, age_least: Duration) -> bool {
    let age = std::fs::symlink_metadata(folder)
        .ok()
        .filter(std::fs::Metadata::is_dir)
        .and_then(|metadata| metadata.modified().ok())
        .and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age >= age_least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_private() {
        let folder = folder().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path())
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        assert!(folder.path().is_dir());
    }

    #[test]
    fn only_folders_that_nobody_holds_are_swept() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(DATABASE), "").unwrap();
            folder
        };
        let left = make("durascope-emulator-left");
        let held = make("durascope-emulator-held");
        let foreign = make("something-else");
        let lock = DatabaseLock::take(&held.join(DATABASE)).unwrap();
        sweep(place.path(), Duration::from_secs(3_600));
        assert!(left.exists(), "too young");
        sweep(place.path(), Duration::ZERO);
        assert!(!left.exists() && held.exists() && foreign.exists());
        drop(lock);
    }
}
