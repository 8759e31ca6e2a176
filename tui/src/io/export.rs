//! Files that the user asks for: new ones, for this user alone.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

/// A new file that only this user can read.
///
/// # Errors
/// When there is one of that name already, or the system refuses.
pub fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Writes `content` to a new file; answers where it is.
///
/// # Errors
/// Words for the screen.
pub fn write_new(path: &str, content: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    let mut file = create_new(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} exists, and was not overwritten", path.display()),
        _ => format!("{}: {error}", path.display()),
    })?;
    let written = file
        .write_all(content.as_bytes())
        .and_then(|()| file.flush());
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    // The name as typed says where only to who knows the folder.
    Ok(std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
}

/// Names that are tried before it is given up.
const NAMES_MAX: u32 = 999;

/// Writes `content` to a new file of this name in `folder`, with a number before its ending where
/// the name is taken; answers where it is.
///
/// # Errors
/// Words for the screen.
pub fn keep_new(folder: &Path, name: &str, content: &str) -> Result<PathBuf, String> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
    let numbered = (2..NAMES_MAX).map(|it| format!("{stem}-{it}.{ending}"));
    for name in std::iter::once(name.to_owned()).chain(numbered) {
        let path = folder.join(name);
        if path.symlink_metadata().is_err() {
            return write_new(&path.to_string_lossy(), content);
        }
    }
    Err(format!("{name} and its numbers up to {NAMES_MAX} exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        for (content, expected) in [("a", "x.json"), ("b", "x-2.json"), ("c", "x-3.json")] {
            let path = keep_new(folder.path(), "x.json", content).unwrap();
            assert!(path.ends_with(expected), "{path:?}");
            assert_eq!(std::fs::read_to_string(path).unwrap(), content);
        }
    }

    #[test]
    fn files_are_new_and_for_their_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let path = path.to_str().unwrap();
        let written = write_new(path, "one").unwrap();
        assert!(written.is_absolute());
        let refused = write_new(path, "two").unwrap_err();
        assert!(refused.contains("a.csv exists"), "{refused}");
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let nowhere = folder.path().join("no/such/a.csv");
        assert!(write_new(nowhere.to_str().unwrap(), "x").is_err());
    }
}
