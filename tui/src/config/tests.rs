//! Which server is found, by what is said where.

use super::*;

fn found(wanted: Wanted, env: &[(&str, &str)]) -> Result<(String, String), ConfigError> {
    let read = |name: &str| {
        env.iter()
            .find(|(it, _)| *it == name)
            .map(|(_, value)| (*value).to_owned())
    };
    resolve(&wanted, read).map(|it| {
        let options = it.options;
        (options.endpoint().to_owned(), options.task_hub().to_owned())
    })
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
    let refused = |wanted, env: &[_]| found(wanted, env).unwrap_err().to_string();
    let magic = [("DTS_AUTHENTICATION", "Magic")];
    let message = refused(at("h"), &magic);
    assert!(
        message.starts_with("DTS_AUTHENTICATION: ") && message.contains("AzureCli"),
        "{message}"
    );
    let flag = Wanted {
        authentication: Some("Magic".to_owned()),
        ..at("h")
    };
    let message = refused(flag, &[]);
    assert!(message.starts_with("--authentication: "), "{message}");
    let message = refused(at(" "), &[]);
    assert!(message.starts_with("--endpoint: "), "{message}");
    assert!(message.contains("no host"), "{message}");
    let message = refused(Wanted::default(), &[("DTS_CONNECTION_STRING", "TaskHub=h")]);
    assert!(message.starts_with("DTS_CONNECTION_STRING: "), "{message}");
}

#[test]
fn who_the_dashboard_is_follows_flag_string_variable_and_scheme() {
    let none = [("DTS_AUTHENTICATION", "None")];
    let text = "Endpoint=https://h;TaskHub=x;Authentication=AzureCli";
    let with_text = |endpoint: Option<&str>| Wanted {
        connection_string: Some(text.to_owned()),
        endpoint: endpoint.map(str::to_owned),
        ..Wanted::default()
    };
    let with_flag = |wanted| Wanted {
        authentication: Some("environment".to_owned()),
        ..wanted
    };
    type Row<'a> = (Wanted, &'a [(&'a str, &'a str)], Authentication);
    let rows: [Row<'_>; 8] = [
        (at("http://h"), &[], Authentication::None),
        (at("https://h"), &[], Authentication::DefaultAzure),
        (at("https://h"), &none, Authentication::None),
        (with_text(None), &none, Authentication::AzureCli),
        (
            with_text(Some("https://other")),
            &none,
            Authentication::AzureCli,
        ),
        (with_flag(with_text(None)), &[], Authentication::Environment),
        (
            with_flag(at("https://h")),
            &none,
            Authentication::Environment,
        ),
        (
            Wanted::default(),
            &[("ENDPOINT", "https://x.azure.io")],
            Authentication::DefaultAzure,
        ),
    ];
    for (wanted, env, expected) in rows {
        let read = |name: &str| {
            let found = env.iter().find(|(it, _)| *it == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let server = resolve(&wanted, read).unwrap();
        assert_eq!(server.options.authentication(), expected, "{wanted:?}");
    }
}
