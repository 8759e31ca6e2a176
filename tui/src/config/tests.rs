//! Which server is found, by what is said where.

use super::*;

fn found(wanted: Wanted, env: &[(&str, &str)]) -> Result<(String, String), ConfigError> {
    let read = |name: &str| {
        env.iter()
            .find(|(it, _)| *it == name)
            .map(|(_, value)| (*value).to_owned())
    };
    resolve(&wanted, read).map(|it| (it.url, it.task_hub))
}

fn pair(url: &str, hub: &str) -> Result<(String, String), ConfigError> {
    Ok((url.to_owned(), hub.to_owned()))
}

fn at(endpoint: &str) -> Wanted {
    Wanted {
        endpoint: Some(endpoint.to_owned()),
        ..Wanted::default()
    }
}

#[test]
fn flags_come_before_the_environment_and_the_environment_before_the_default() {
    let dts = "Endpoint=http://dts:8080;TaskHub=orders;Authentication=None";
    let none = Wanted::default;
    assert_eq!(found(none(), &[]), pair("http://localhost:8080", "default"));
    assert_eq!(
        found(none(), &[("DTS_CONNECTION_STRING", dts)]),
        pair("http://dts:8080", "orders")
    );
    let both = [
        ("DTS_CONNECTION_STRING", dts),
        (
            "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
            "Endpoint=http://first:1",
        ),
        ("TASKHUB", "named"),
    ];
    assert_eq!(found(none(), &both), pair("http://first:1", "named"));
    let pieces = [("ENDPOINT", "localhost:9"), ("TASKHUB", "h")];
    assert_eq!(found(none(), &pieces), pair("http://localhost:9", "h"));
    let flags = Wanted {
        task_hub: Some("mine".to_owned()),
        ..at("127.0.0.1:7/")
    };
    assert_eq!(found(flags, &both), pair("http://127.0.0.1:7", "mine"));
    assert_eq!(
        found(none(), &[("ENDPOINT", "production")]),
        pair("http://localhost:8080", "default")
    );
    assert_eq!(
        found(none(), &[("ENDPOINT", "http://remote:1")]),
        pair("http://remote:1", "default")
    );
}

#[test]
fn a_connection_string_gives_way_to_the_single_flags() {
    let text = "Endpoint=http://a:1;TaskHub=x;Authentication=None";
    let only_text = Wanted {
        connection_string: Some(text.to_owned()),
        ..Wanted::default()
    };
    let all = Wanted {
        task_hub: Some("mine".to_owned()),
        ..only_text.clone()
    };
    let env = [("TASKHUB", "named")];
    assert_eq!(found(only_text.clone(), &env), pair("http://a:1", "x"));
    assert_eq!(found(all, &env), pair("http://a:1", "mine"));
    let elsewhere = Wanted {
        endpoint: Some("b:2".to_owned()),
        ..only_text
    };
    assert_eq!(found(elsewhere, &env), pair("https://b:2", "x"));
}

#[test]
fn without_a_scheme_only_this_machine_is_spoken_to_in_clear() {
    for (endpoint, url) in [
        ("localhost:1", "http://localhost:1"),
        ("[::1]:1", "http://[::1]:1"),
        ("scheduler.example", "https://scheduler.example"),
        ("https://127.0.0.1:1", "https://127.0.0.1:1"),
    ] {
        assert_eq!(found(at(endpoint), &[]), pair(url, "default"));
    }
}

#[test]
fn what_cannot_work_is_said_at_the_start() {
    let azure = [(
        "DTS_CONNECTION_STRING",
        "Endpoint=x.azure.io;Authentication=ManagedIdentity",
    )];
    let refused = |wanted, env: &[_]| found(wanted, env).unwrap_err().to_string();
    let message = refused(Wanted::default(), &azure);
    assert!(
        message.starts_with("https://x.azure.io: ")
            && message.contains("Authentication=ManagedIdentity"),
        "{message}"
    );
    let message = refused(Wanted::default(), &[("ENDPOINT", "https://x.azure.io")]);
    assert!(message.contains("DefaultAzure"), "{message}");
    let message = refused(at(" "), &[]);
    assert!(message.starts_with("--endpoint: "), "{message}");
    assert!(message.contains("no host"), "{message}");
    let message = refused(Wanted::default(), &[("DTS_CONNECTION_STRING", "TaskHub=h")]);
    assert!(message.starts_with("DTS_CONNECTION_STRING: "), "{message}");
}
