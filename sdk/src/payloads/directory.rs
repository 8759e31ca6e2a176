//! Large payloads in a directory: for one machine, and for tests.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::PayloadStore;
use crate::failure::BoxError;

/// What its tokens begin with; 32 lower-case hex digits follow.
const PREFIX: &str = "durascope:payload:v1:";

/// Keeps large payloads as files in a directory, one each.
///
/// For everything that runs on one machine, or shares a file system. Nothing is ever deleted:
/// who purges instances may delete files that are older than any instance that is kept.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    directory: PathBuf,
}

impl DirectoryStore {
    /// Keeps them in `directory`, which is made if it is not there.
    ///
    /// # Errors
    /// It is not there and cannot be made.
    pub fn new(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }
}

impl PayloadStore for DirectoryStore {
    fn put(&self, bytes: Vec<u8>) -> BoxFuture<'_, Result<String, BoxError>> {
        let directory = self.directory.clone();
        async move {
            let name = Uuid::new_v4().simple().to_string();
            let token = format!("{PREFIX}{name}");
            tokio::task::spawn_blocking(move || write(&directory, &name, &bytes)).await??;
            Ok(token)
        }
        .boxed()
    }

    fn get<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Vec<u8>, BoxError>> {
        let file = name_of(token).map(|name| self.directory.join(name));
        async move {
            let file = file.ok_or("it is no token of this store")?;
            Ok(tokio::task::spawn_blocking(move || fs::read(file)).await??)
        }
        .boxed()
    }

    fn is_token(&self, text: &str) -> bool {
        name_of(text).is_some()
    }
}

/// Whole or not at all, also after a crash: a token must not outlive its bytes.
fn write(directory: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = directory.join(format!("{name}.part"));
    let written = (|| {
        let mut file = fs::File::create_new(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, directory.join(name))
    })();
    if written.is_err() {
        // There may be nothing to remove.
        fs::remove_file(&unfinished).ok();
    }
    written
}

fn name_of(token: &str) -> Option<&str> {
    let name = token.strip_prefix(PREFIX)?;
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (name.len() == 32 && name.bytes().all(is_digit)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_come_back_by_their_token_and_by_nothing_else() {
        let folder = std::env::temp_dir().join(format!("durascope-{}", Uuid::new_v4().simple()));
        let store = DirectoryStore::new(&folder).unwrap();
        let token = store.put(vec![1, 2, 3]).await.unwrap();
        assert!(store.is_token(&token));
        assert_eq!(store.get(&token).await.unwrap(), [1, 2, 3]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

        let unknown = format!("{PREFIX}{}", "0".repeat(32));
        assert!(store.get(&unknown).await.is_err());
        for text in [
            "",
            PREFIX,
            &token[1..],
            &token[..token.len() - 1],
            &format!("{token}0"),
            &token.to_uppercase(),
            &format!("\"{token}\""),
            &format!("{PREFIX}{}", "../".repeat(10) + "xx"),
        ] {
            assert!(!store.is_token(text), "{text}");
            assert!(store.get(text).await.is_err(), "{text}");
        }
        fs::remove_dir_all(&folder).unwrap();
        assert!(store.put(vec![1]).await.is_err());
    }
}
