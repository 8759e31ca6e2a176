//! What a user reads when there is no secure connection, or none to the right place.

use durascope_sdk::Client;
use durascope_sdk::ClientError;
use durascope_tests::Emulator;
use durascope_tests::front::Certificates;

use super::*;

async fn error(options: ConnectOptions) -> ClientError {
    let client = Client::connect(options).unwrap();
    client.hello().await.unwrap_err()
}

#[tokio::test]
async fn a_connection_that_is_not_secure_says_why_and_what_to_do() {
    let emulator = Emulator::ephemeral().unwrap();
    let front = Front::start(emulator.endpoint(), HUB).await.unwrap();
    let issuer = || Issuer {
        tokens: front.tokens(),
        lifetime: LONG,
    };
    let at = |endpoint: &str| ConnectOptions::new(endpoint, HUB).unwrap();
    let expired = Certificates::expired(&["localhost"]).unwrap();
    let expired = Front::start_with(emulator.endpoint(), HUB, expired)
        .await
        .unwrap();
    let rows = [
        (
            "nobody has signed it",
            at(&front.endpoint()).with_token_provider(issuer()),
            "with_root_certificate_pem",
        ),
        (
            "another name",
            at(&front.endpoint().replace("localhost", "127.0.0.1"))
                .with_root_certificate_pem(front.root())
                .with_token_provider(issuer()),
            "only valid for DnsName(\"localhost\")",
        ),
        ("out of date", options(&expired, LONG), "out of date"),
        (
            "https where there is none",
            at(&emulator.endpoint().replace("http://", "https://")),
            "its endpoint is http://",
        ),
    ];
    for (name, options, expected) in rows {
        let error = error(options).await;
        assert!(
            matches!(error, ClientError::Tls { .. }),
            "{name}: {error:?}"
        );
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
    let plain = error(at(&front.endpoint().replace("https://", "http://"))).await;
    assert!(plain.to_string().contains("may be https://"), "{plain}");
    let hub = error(options(&front, LONG).with_task_hub("other")).await;
    assert!(matches!(hub, ClientError::NotFound { .. }), "{hub:?}");
    assert!(
        hub.to_string().contains("Task hub not found: other"),
        "{hub}"
    );
}

#[tokio::test]
async fn a_root_certificate_that_is_none_is_refused_at_once() {
    let options = ConnectOptions::new("https://localhost:1", HUB).unwrap();
    let error = Client::connect(options.with_root_certificate_pem("nonsense")).unwrap_err();
    assert!(
        error.to_string().contains("no certificate in PEM form"),
        "{error}"
    );
}
