//! Connection strings: `Endpoint=…;TaskHub=…;Authentication=…`, parsed once.

use std::fmt;
use std::str::FromStr;

/// A connection string or an endpoint cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionStringError {
    /// A part of the string has no `=`, or no key before it.
    #[error("part {0:?} of the connection string is not of the form Key=Value")]
    NoValue(String),
    /// A quoted value does not end.
    #[error("the quoted value of {0:?} in the connection string does not end")]
    OpenQuote(String),
    /// A key that must be there is not.
    #[error("the connection string has no {0}")]
    Missing(&'static str),
    /// The kind of authentication is none that is known.
    #[error(
        "unknown authentication {0:?}; known are None, DefaultAzure, \
         ManagedIdentity, WorkloadIdentity, Environment, AzureCli, AzureDeveloperCli, \
         AzurePowerShell, VisualStudio, VisualStudioCode, InteractiveBrowser and IntelliJ"
    )]
    UnknownAuthentication(String),
    /// The endpoint is no URL of a host.
    #[error("endpoint {endpoint:?}: {problem}")]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The service that gives out tokens is no https URL.
    #[error(
        "AuthorityHost {0:?} of the connection string must be an https URL, such as \
         https://login.microsoftonline.us/"
    )]
    AuthorityHost(String),
    /// Nothing is left of what tokens are asked for.
    #[error(
        "ResourceId {0:?} of the connection string names nothing that a token could be for; \
         leave it out for the scheduler of Azure"
    )]
    ResourceId(String),
    /// The value of an environment variable cannot be used.
    #[error("{name}: {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        problem: Box<Self>,
    },
    /// A task hub's name or another value cannot be sent.
    #[error("{what} {value:?} has characters that cannot be sent in a header")]
    NotAscii {
        /// What.
        what: &'static str,
        /// As it was given.
        value: String,
    },
}

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// Not at all: emulators.
    None,
    /// The chain of Azure credentials.
    DefaultAzure,
    /// A managed identity.
    ManagedIdentity,
    /// A workload identity.
    WorkloadIdentity,
    /// A service principal named by environment variables.
    Environment,
    /// The account of the Azure command line, `az`.
    AzureCli,
    /// The account of the Azure Developer command line, `azd`.
    AzureDeveloperCli,
    /// The account of Azure PowerShell.
    AzurePowerShell,
    /// The account of Visual Studio.
    VisualStudio,
    /// The account of Visual Studio Code.
    VisualStudioCode,
    /// A login in a browser.
    InteractiveBrowser,
    /// The account of `IntelliJ`.
    IntelliJ,
}

/// The last one is another name for what has one already.
const AUTHENTICATIONS: [(&str, Authentication); 13] = [
    ("None", Authentication::None),
    ("DefaultAzure", Authentication::DefaultAzure),
    ("ManagedIdentity", Authentication::ManagedIdentity),
    ("WorkloadIdentity", Authentication::WorkloadIdentity),
    ("Environment", Authentication::Environment),
    ("AzureCli", Authentication::AzureCli),
    ("AzureDeveloperCli", Authentication::AzureDeveloperCli),
    ("AzurePowerShell", Authentication::AzurePowerShell),
    ("VisualStudio", Authentication::VisualStudio),
    ("VisualStudioCode", Authentication::VisualStudioCode),
    ("InteractiveBrowser", Authentication::InteractiveBrowser),
    ("IntelliJ", Authentication::IntelliJ),
    ("AzureDeveloper", Authentication::AzureDeveloperCli),
];

impl FromStr for Authentication {
    type Err = ConnectionStringError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // .NET and Go take "Default Azure" as well.
        let written: String = text.split_whitespace().collect();
        AUTHENTICATIONS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&written))
            .map(|(_, kind)| *kind)
            .ok_or_else(|| ConnectionStringError::UnknownAuthentication(text.to_owned()))
    }
}

impl fmt::Display for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = AUTHENTICATIONS.iter().find(|(_, kind)| kind == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// What a connection string says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionString {
    /// URL of the scheduler, with its scheme.
    pub endpoint: String,
    /// The task hub, if the string names one.
    pub task_hub: Option<String>,
    /// How to authenticate.
    pub authentication: Authentication,
    /// `ClientID`, if given.
    pub client_id: Option<String>,
    /// `TenantId`, if given.
    pub tenant_id: Option<String>,
    /// `TokenFilePath`, if given.
    pub token_file_path: Option<String>,
    /// `AdditionallyAllowedTenants`, if given.
    pub additionally_allowed_tenants: Vec<String>,
    /// `AuthorityHost`, if given: who gives out the tokens, such as
    /// `https://login.microsoftonline.us/`.
    pub authority_host: Option<String>,
    /// `ResourceId`, if given: what the tokens are for, such as
    /// `https://durabletask.azure.us`, without slashes at the end or `/.default`.
    pub resource_id: Option<String>,
    /// Keys that mean nothing to this version, as they were written.
    pub unknown_keys: Vec<String>,
}

impl FromStr for ConnectionString {
    type Err = ConnectionStringError;

    /// Keys are compared without regard to case, values trimmed or in quotes; of a key that
    /// comes twice the later counts. An endpoint without a scheme means https, on this machine
    /// http. Only over http may `Authentication` be left out; it is none then.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut endpoint = None;
        let mut authentication = None;
        let mut parsed = Self {
            endpoint: String::new(),
            task_hub: None,
            authentication: Authentication::None,
            client_id: None,
            tenant_id: None,
            token_file_path: None,
            additionally_allowed_tenants: Vec::new(),
            authority_host: None,
            resource_id: None,
            unknown_keys: Vec::new(),
        };
        for (key, value) in pairs(text)? {
            if value.is_empty() {
                continue;
            }
            match key.to_ascii_lowercase().as_str() {
                "endpoint" => endpoint = Some(value),
                "taskhub" => parsed.task_hub = Some(value),
                "authentication" => authentication = Some(value),
                "clientid" => parsed.client_id = Some(value),
                "tenantid" => parsed.tenant_id = Some(value),
                "tokenfilepath" => parsed.token_file_path = Some(value),
                "additionallyallowedtenants" => {
                    parsed.additionally_allowed_tenants = value
                        .split(',')
                        .map(|tenant| tenant.trim().to_owned())
                        .filter(|tenant| !tenant.is_empty())
                        .collect();
                }
                "authorityhost" => parsed.authority_host = Some(authority(value)?),
                "resourceid" => parsed.resource_id = Some(resource(&value)?),
                _ => parsed.unknown_keys.push(key),
            }
        }
        let endpoint = endpoint.ok_or(ConnectionStringError::Missing("Endpoint"))?;
        parsed.endpoint = normalized_endpoint(&endpoint)?;
        parsed.authentication = match authentication {
            Some(kind) => kind.parse()?,
            None if is_plain(&parsed.endpoint) => Authentication::None,
            None => return Err(ConnectionStringError::Missing("Authentication")),
        };
        Ok(parsed)
    }
}

fn pairs(text: &str) -> Result<Vec<(String, String)>, ConnectionStringError> {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
        if rest.is_empty() {
            return Ok(pairs);
        }
        let part = rest.split(';').next().unwrap_or(rest);
        let Some((key, _)) = part.split_once('=') else {
            return Err(ConnectionStringError::NoValue(part.trim().to_owned()));
        };
        let after = &rest[key.len() + 1..];
        let key = key.trim().to_owned();
        if key.is_empty() {
            return Err(ConnectionStringError::NoValue(part.trim().to_owned()));
        }
        let value = after.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            let Some((value, tail)) = quoted(&value[1..], quote) else {
                return Err(ConnectionStringError::OpenQuote(key));
            };
            pairs.push((key, value));
            rest = tail;
        } else {
            let (value, tail) = after.split_once(';').unwrap_or((after, ""));
            pairs.push((key, value.trim().to_owned()));
            rest = tail;
        }
    }
}

/// What comes before the quote that ends a value, and what comes after it. A quote that is
/// doubled is one of the value's, as in .NET.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once(quote)?;
        value.push_str(before);
        match after.strip_prefix(quote) {
            Some(more) => {
                value.push(quote);
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

fn authority(value: String) -> Result<String, ConnectionStringError> {
    let host = value
        .get(..8)
        .filter(|it| it.eq_ignore_ascii_case("https://"));
    match host.is_some() && value.len() > 8 && !value.contains(char::is_whitespace) {
        true => Ok(value),
        false => Err(ConnectionStringError::AuthorityHost(value)),
    }
}

/// What a token is for, as the official clients clean it up: one `/.default` is no part of it.
pub(super) fn resource(value: &str) -> Result<String, ConnectionStringError> {
    const SUFFIX: &str = "/.default";
    let mut resource = value.trim().trim_end_matches('/');
    let start = resource.len().saturating_sub(SUFFIX.len());
    let end = resource.get(start..).unwrap_or_default();
    if end.eq_ignore_ascii_case(SUFFIX) {
        resource = resource[..start].trim_end_matches('/');
    }
    match resource.is_empty() {
        true => Err(ConnectionStringError::ResourceId(value.to_owned())),
        false => Ok(resource.to_owned()),
    }
}

/// The endpoint as `scheme://host[:port]`. Where there is no scheme it is https, and http if
/// the host is this machine: what listens there has rarely a certificate.
pub(crate) fn normalized_endpoint(endpoint: &str) -> Result<String, ConnectionStringError> {
    let problem = |problem| ConnectionStringError::Endpoint {
        endpoint: endpoint.to_owned(),
        problem,
    };
    let trimmed = endpoint.trim();
    let (scheme, authority) = match trimmed.split_once("://") {
        Some((scheme, authority)) => (Some(scheme.to_ascii_lowercase()), authority),
        None => (None, trimmed),
    };
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let scheme = scheme.unwrap_or_else(|| {
        let default = if is_loopback(authority) {
            "http"
        } else {
            "https"
        };
        default.to_owned()
    });
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(problem("the scheme must be http or https"));
    }
    if authority.is_empty() {
        return Err(problem("it names no host"));
    }
    if authority.contains(['/', '?', '#']) {
        return Err(problem("it must not have a path or a query"));
    }
    if authority.contains('@') {
        return Err(problem("it must not have a user"));
    }
    let fits = authority
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_:[]%".contains(&b));
    if !fits {
        return Err(problem("its host has characters that no host has"));
    }
    Ok(format!("{scheme}://{authority}"))
}

/// Whether a normalized endpoint is spoken to without TLS.
pub(crate) fn is_plain(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}

/// Whether a text is meant as the address of a server, and not as anything else that a
/// variable of a common name may hold: it has a scheme, a port or dots, or is this machine.
pub(crate) fn looks_like_address(text: &str) -> bool {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return true;
    }
    (text.contains([':', '.']) || is_loopback(text)) && normalized_endpoint(text).is_ok()
}

/// Whether an endpoint is this machine.
pub(crate) fn is_loopback(endpoint: &str) -> bool {
    let authority = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, authority)| authority);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_parse_as_the_other_sdks_parse_them() {
        let rows: [(&str, &str, Option<&str>, Authentication); 9] = [
            (
                "Endpoint=http://localhost:8080;TaskHub=default;Authentication=None",
                "http://localhost:8080",
                Some("default"),
                Authentication::None,
            ),
            (
                " endpoint = http://h:1 ; TASKHUB = a ; authentication = none ;",
                "http://h:1",
                Some("a"),
                Authentication::None,
            ),
            (
                "Endpoint=name.region.durabletask.io;Authentication=defaultazure",
                "https://name.region.durabletask.io",
                None,
                Authentication::DefaultAzure,
            ),
            (
                ";;Endpoint=\"http://h\";TaskHub='a;b=c';Authentication=AzureCli",
                "http://h",
                Some("a;b=c"),
                Authentication::AzureCli,
            ),
            (
                "Endpoint=http://a;Endpoint=http://b/;TaskHub=x=y;Authentication=None",
                "http://b",
                Some("x=y"),
                Authentication::None,
            ),
            (
                "Endpoint=http://a;TaskHub=;Authentication=None",
                "http://a",
                None,
                Authentication::None,
            ),
            (
                "Endpoint=127.0.0.1:8080/;Authentication=None",
                "http://127.0.0.1:8080",
                None,
                Authentication::None,
            ),
            (
                "Endpoint=http://h:1;TaskHub=x",
                "http://h:1",
                Some("x"),
                Authentication::None,
            ),
            (
                "Endpoint=HTTP://[::1]:8080;Authentication=IntelliJ",
                "http://[::1]:8080",
                None,
                Authentication::IntelliJ,
            ),
        ];
        for (text, endpoint, hub, authentication) in rows {
            let parsed: ConnectionString = text.parse().unwrap();
            assert_eq!(parsed.endpoint, endpoint, "{text}");
            assert_eq!(parsed.task_hub.as_deref(), hub, "{text}");
            assert_eq!(parsed.authentication, authentication, "{text}");
        }
    }

    #[test]
    fn identity_keys_and_unknown_keys_are_kept() {
        let parsed: ConnectionString = "Endpoint=h;Authentication=WorkloadIdentity;ClientID=c;\
            tenantid=t;TokenFilePath=/f;AdditionallyAllowedTenants=a, b;Color=red"
            .parse()
            .unwrap();
        assert_eq!(parsed.client_id.as_deref(), Some("c"));
        assert_eq!(parsed.tenant_id.as_deref(), Some("t"));
        assert_eq!(parsed.token_file_path.as_deref(), Some("/f"));
        assert_eq!(parsed.additionally_allowed_tenants, ["a", "b"]);
        assert_eq!(parsed.unknown_keys, ["Color"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let rows = [
            ("", "the connection string has no Endpoint"),
            ("Endpoint=h", "the connection string has no Authentication"),
            (
                "Endpoint",
                "part \"Endpoint\" of the connection string is not of the form Key=Value",
            ),
            (
                "Endpoint=\"h",
                "the quoted value of \"Endpoint\" in the connection string does not end",
            ),
            (
                "Endpoint=ftp://h;Authentication=None",
                "the scheme must be http or https",
            ),
            (
                "Endpoint=http://h/p;Authentication=None",
                "it must not have a path or a query",
            ),
            (
                "Endpoint=http://u@h;Authentication=None",
                "it must not have a user",
            ),
            ("Endpoint=http://;Authentication=None", "it names no host"),
            (
                "Endpoint=http://a b;Authentication=None",
                "characters that no host has",
            ),
            (
                "Endpoint=h;Authentication=Magic",
                "unknown authentication \"Magic\"",
            ),
        ];
        for (text, part) in rows {
            let error = text.parse::<ConnectionString>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_is_told_from_other_text() {
        for address in [
            "http://h",
            "https://name.io/path",
            "h:8080",
            "name.io",
            " localhost ",
            "[::1]:1",
        ] {
            assert!(looks_like_address(address), "{address}");
        }
        for other in ["production", "", "ftp://h:1", "/v1/orders:list", "one. two"] {
            assert!(!looks_like_address(other), "{other}");
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for local in [
            "http://localhost:1",
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "LOCALHOST",
        ] {
            assert!(is_loopback(local), "{local}");
        }
        for remote in [
            "http://10.0.0.1:1",
            "https://example.org",
            "http://localhost.evil:1",
        ] {
            assert!(!is_loopback(remote), "{remote}");
        }
    }
}
