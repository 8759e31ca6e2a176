//! Texts as they are stored: compressed by gzip, or as they are.

#[cfg(feature = "large-payloads")]
use std::io::Read;
#[cfg(feature = "large-payloads")]
use std::io::Write;

use crate::failure::BoxError;

/// No text begins so: the second byte only ever continues a character.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Texts above this are packed and unpacked on a thread where that holds up nobody.
const INLINE_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn pack(text: String, compresses: bool) -> Result<Vec<u8>, BoxError> {
    if !compresses {
        return Ok(text.into_bytes());
    }
    aside(text.len(), move || compressed(&text)).await
}

pub(super) async fn unpack(packed: Vec<u8>) -> Result<String, BoxError> {
    if !packed.starts_with(&GZIP) {
        return Ok(String::from_utf8(packed)?);
    }
    aside(packed.len(), move || decompressed(&packed)).await
}

#[cfg(feature = "large-payloads")]
fn compressed(text: &str) -> Result<Vec<u8>, BoxError> {
    let level = flate2::Compression::fast();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?)
}

#[cfg(feature = "large-payloads")]
fn decompressed(packed: &[u8]) -> Result<String, BoxError> {
    /// A stored text that is larger when it is unpacked is damaged, or meant to do harm.
    const BYTES_MAX: u64 = 1024 * 1024 * 1024;
    let mut text = String::new();
    let decoder = flate2::read::GzDecoder::new(packed);
    let read = decoder.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > BYTES_MAX {
        return Err(format!("it has more than {BYTES_MAX} bytes").into());
    }
    Ok(text)
}

#[cfg(not(feature = "large-payloads"))]
fn compressed(text: &str) -> Result<Vec<u8>, BoxError> {
    Ok(text.as_bytes().to_vec())
}

#[cfg(not(feature = "large-payloads"))]
fn decompressed(_packed: &[u8]) -> Result<String, BoxError> {
    Err("it is compressed, which needs the feature large-payloads".into())
}

async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, BoxError> + Send + 'static,
) -> Result<T, BoxError> {
    if bytes <= INLINE_BYTES_MAX {
        return work();
    }
    tokio::task::spawn_blocking(work).await?
}

#[cfg(all(test, feature = "large-payloads"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn texts_come_back_as_they_were() {
        let large = "grüß dich ".repeat(100_000);
        for text in ["", "x", "\u{1f}\u{8b}", large.as_str()] {
            for compresses in [true, false] {
                let packed = pack(text.to_owned(), compresses).await.unwrap();
                assert_eq!(packed.starts_with(&GZIP), compresses);
                assert_eq!(unpack(packed).await.unwrap(), text);
            }
        }
        assert!(pack(large, true).await.unwrap().len() < 20_000);
    }

    #[tokio::test]
    async fn what_is_damaged_is_an_error() {
        let mut packed = pack("some text".to_owned(), true).await.unwrap();
        packed.truncate(packed.len() - 4);
        assert!(unpack(packed).await.is_err());
        assert!(unpack(vec![0xff, 0xfe]).await.is_err());
        assert!(unpack(GZIP.to_vec()).await.is_err());
    }
}
