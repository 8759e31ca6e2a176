//! Makes `src/generated` from the protos, and fails when what is committed differs.
//!
//! `DURASCOPE_CODEGEN=write cargo test -p durascope-proto --test codegen` writes it anew.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use prost::Message;

const FILES: [&str; 4] = ["messages.rs", "monitor.rs", "server.rs", "descriptor.bin"];

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = generate(root);
    let committed = root.join("src/generated");
    if std::env::var("DURASCOPE_CODEGEN").as_deref() == Ok("write") {
        for (file, content) in FILES.iter().zip(&fresh) {
            fs::write(committed.join(file), content).unwrap();
        }
        return;
    }
    for (file, content) in FILES.iter().zip(&fresh) {
        let old = fs::read(committed.join(file)).unwrap_or_default();
        assert!(
            old == *content,
            "src/generated/{file} is not what the protos give; \
             run DURASCOPE_CODEGEN=write cargo test -p durascope-proto --test codegen"
        );
    }
}

fn generate(root: &Path) -> Vec<Vec<u8>> {
    let descriptors = protox::compile(
        ["orchestrator_service.proto", "monitor.proto"],
        [root.join("protos")],
    )
    .unwrap();
    let messages: Vec<String> = descriptors
        .file
        .iter()
        .filter(|file| !file.package().starts_with("google"))
        .flat_map(|file| {
            let prefix = match file.package() {
                "" => String::new(),
                package => format!(".{package}"),
            };
            let names = file.message_type.iter().map(|m| m.name().to_owned());
            let enums = file.enum_type.iter().map(|e| e.name().to_owned());
            names
                .chain(enums)
                .map(move |name| format!("{prefix}.{name}"))
                .collect::<Vec<_>>()
        })
        .collect();

    let client = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .build_server(false)
        .btree_map(".")
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .out_dir(client.path())
        .compile_fds(descriptors.clone())
        .unwrap();

    // The server sends work items and history chunks that are encoded already, and reads starts
    // of an older contract as well.
    let server = tempfile::tempdir().unwrap();
    let mut builder = tonic_prost_build::configure()
        .build_client(false)
        .out_dir(server.path());
    for name in &messages {
        let rust = match name.as_str() {
            ".WorkItem" => "crate::EncodedWorkItem".to_owned(),
            ".HistoryChunk" => "crate::EncodedHistoryChunk".to_owned(),
            ".CreateInstanceRequest" => "crate::AnyCreateInstanceRequest".to_owned(),
            other => match other.strip_prefix(".durascope.monitor.v1.") {
                Some(name) => format!("crate::monitor::{name}"),
                None => format!("crate::{}", other.trim_start_matches('.')),
            },
        };
        builder = builder.extern_path(name.clone(), rust);
    }
    builder.compile_fds(descriptors.clone()).unwrap();

    let mut both = read(&server.path().join("_.rs"));
    both.extend(read(&server.path().join("durascope.monitor.v1.rs")));
    vec![
        read(&client.path().join("_.rs")),
        read(&client.path().join("durascope.monitor.v1.rs")),
        both,
        descriptors.encode_to_vec(),
    ]
}

fn read(path: &PathBuf) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
