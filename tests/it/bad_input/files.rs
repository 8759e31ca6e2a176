//! Database files that the emulator must not use, and must leave as they are.

use std::fs;

use durascope_tests::Emulator;
use durascope_tests::RawClient;

/// Where SQLite keeps the version that a program has given its database, big-endian.
const USER_VERSION: std::ops::Range<usize> = 60..64;

/// The exit codes that the emulator documents.
const EXIT_DATABASE: i32 = 74;
const EXIT_IN_USE: i32 = 75;

#[tokio::test]
async fn second_emulator_on_one_file_is_refused_and_names_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.db");
    let emulator = Emulator::on_file(&path).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order", None).await.unwrap();
    let text = path.to_string_lossy().into_owned();
    let (status, said) = Emulator::refusal(&["--listen", "127.0.0.1:0", "--db", &text]).unwrap();
    assert_eq!(status.code(), Some(EXIT_IN_USE), "{said}");
    assert!(said.contains(&emulator.pid().to_string()), "{said}");
    assert!(said.contains("emulator.db"), "{said}");
    assert!(
        client.state("order").await.unwrap().is_some(),
        "the first one goes on"
    );
    client.start("Order", "after", None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_of_a_newer_version_is_refused_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.db");
    let mut emulator = Emulator::on_file(&path).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    client.start("Order", "order", None).await.unwrap();
    assert_eq!(
        emulator.terminate().unwrap().code(),
        Some(0),
        "{}",
        emulator.log()
    );

    let mut bytes = fs::read(&path).unwrap();
    let version = bytes[USER_VERSION].to_vec();
    bytes[USER_VERSION].copy_from_slice(&9_999_u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    let text = path.to_string_lossy().into_owned();
    let (status, said) = Emulator::refusal(&["--listen", "127.0.0.1:0", "--db", &text]).unwrap();
    assert_eq!(status.code(), Some(EXIT_DATABASE), "{said}");
    assert!(said.contains("9999"), "{said}");
    assert!(
        fs::read(&path).unwrap() == bytes,
        "the refused database was changed"
    );

    bytes[USER_VERSION].copy_from_slice(&version);
    fs::write(&path, &bytes).unwrap();
    let emulator = Emulator::on_file(&path).unwrap();
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    assert!(
        client.state("order").await.unwrap().is_some(),
        "nothing was lost"
    );
}

#[tokio::test]
async fn file_that_is_no_database_is_refused_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let notes = "not a database at all, but somebody's notes\n".repeat(200);
    fs::write(&path, &notes).unwrap();
    let text = path.to_string_lossy().into_owned();
    let (status, said) = Emulator::refusal(&["--listen", "127.0.0.1:0", "--db", &text]).unwrap();
    assert_eq!(status.code(), Some(EXIT_DATABASE), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), notes);
}
