//! The chain of credentials behind `DefaultAzure`: the first one that gives a token is kept.
//!
//! The Azure library for Rust has no such chain. This one has the order of the official ones,
//! without the credentials that the library lacks.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use azure_core::credentials::AccessToken;
use azure_core::credentials::TokenCredential;
use tokio::net::TcpStream;

use super::Problem;
use super::environment;
use super::kinds::azure_cli;
use super::kinds::azure_developer_cli;
use super::kinds::managed;
use super::kinds::one_line;
use super::kinds::workload;
use crate::transport::options::Identity;

/// Where a virtual machine of Azure finds its identity. Elsewhere nobody answers, and the
/// credential would take more than a minute to believe it.
const MACHINE_IDENTITY: &str = "169.254.169.254:80";
const MACHINE_IDENTITY_TIMEOUT: Duration = Duration::from_secs(1);

/// Narrows the chain, as with the other Azure libraries.
const SELECTION: &str = "AZURE_TOKEN_CREDENTIALS";

/// In their order, by the names that [`SELECTION`] knows.
const ORDER: [(&str, Use); 5] = [
    ("EnvironmentCredential", Use::Production),
    ("WorkloadIdentityCredential", Use::Production),
    ("ManagedIdentityCredential", Use::Production),
    ("AzureCliCredential", Use::Development),
    ("AzureDeveloperCliCredential", Use::Development),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Production,
    Development,
}

pub(super) struct DefaultCredential {
    links: Vec<Link>,
    /// Those that are not set up, for the message if no other helps.
    skipped: Vec<Problem>,
    chosen: OnceLock<usize>,
}

struct Link {
    name: &'static str,
    credential: Arc<dyn TokenCredential>,
    /// Set up on purpose: if it fails, that is what the user has to know.
    decides: bool,
    /// It is there only where somebody answers at [`MACHINE_IDENTITY`].
    of_machine: bool,
}

impl DefaultCredential {
    pub(super) fn new(
        identity: &Identity,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Problem> {
        let mut links = Vec::new();
        let mut skipped = Vec::new();
        for name in selected(variable(SELECTION).as_deref())? {
            match link(name, identity, variable) {
                Ok(Some(link)) => links.push(link),
                Ok(None) => skipped.push(format!("{name}: its variables are not set")),
                Err(problem) => return Err(format!("{name}: {problem}")),
            }
        }
        Ok(Self {
            links,
            skipped,
            chosen: OnceLock::new(),
        })
    }

    pub(super) async fn get_token(&self, scope: &str) -> Result<AccessToken, Problem> {
        if let Some(link) = self.chosen.get().and_then(|index| self.links.get(*index)) {
            return link.get_token(scope).await;
        }
        let mut problems = self.skipped.clone();
        for (index, link) in self.links.iter().enumerate() {
            match link.get_token(scope).await {
                Ok(token) => {
                    tracing::info!(credential = link.name, "DefaultAzure found its credential");
                    // Another call that was faster has found the same one.
                    self.chosen.get_or_init(|| index);
                    return Ok(token);
                }
                Err(problem) => problems.push(format!("{}: {problem}", link.name)),
            }
            if link.decides {
                break;
            }
        }
        Err(format!(
            "no credential of DefaultAzure gave one; {}",
            problems.join("; ")
        ))
    }
}

impl Link {
    async fn get_token(&self, scope: &str) -> Result<AccessToken, Problem> {
        if self.of_machine {
            let connecting = TcpStream::connect(MACHINE_IDENTITY);
            let connected = tokio::time::timeout(MACHINE_IDENTITY_TIMEOUT, connecting).await;
            if !matches!(connected, Ok(Ok(_))) {
                return Err(format!("nobody answers at {MACHINE_IDENTITY}"));
            }
        }
        one_line(self.credential.get_token(&[scope], None).await)
    }
}

fn link(
    name: &'static str,
    identity: &Identity,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Link>, Problem> {
    let is_set = |name| variable(name).is_some();
    let mut of_machine = false;
    let (credential, decides) = match name {
        "EnvironmentCredential" => {
            if !environment::is_configured(variable) {
                return Ok(None);
            }
            (environment::credential(identity, variable)?, true)
        }
        "WorkloadIdentityCredential" => {
            if !is_set("AZURE_FEDERATED_TOKEN_FILE") && identity.token_file_path.is_none() {
                return Ok(None);
            }
            (workload(identity, variable)?, true)
        }
        "ManagedIdentityCredential" => {
            // The services of Azure say by variables where they give out identities.
            of_machine = !is_set("IDENTITY_ENDPOINT") && !is_set("MSI_ENDPOINT");
            let client_id = identity.client_id.clone();
            let client_id = client_id.or_else(|| variable("AZURE_CLIENT_ID"));
            (managed(client_id)?, !of_machine)
        }
        "AzureCliCredential" => (azure_cli(identity)?, false),
        _ => (azure_developer_cli(identity)?, false),
    };
    Ok(Some(Link {
        name,
        credential,
        decides,
        of_machine,
    }))
}

/// The names of [`ORDER`] that a value of [`SELECTION`] leaves.
fn selected(value: Option<&str>) -> Result<Vec<&'static str>, Problem> {
    let value = value.map(str::trim).unwrap_or_default();
    let wanted = |(name, purpose): &(&str, Use)| match value.to_ascii_lowercase().as_str() {
        "" => true,
        "prod" => *purpose == Use::Production,
        "dev" => *purpose == Use::Development,
        _ => name.eq_ignore_ascii_case(value),
    };
    let found: Vec<&str> = ORDER
        .iter()
        .filter(|it| wanted(it))
        .map(|it| it.0)
        .collect();
    if found.is_empty() {
        let names: Vec<&str> = ORDER.iter().map(|it| it.0).collect();
        return Err(format!(
            "{SELECTION} is {value:?}; known are prod, dev, {}",
            names.join(", ")
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_narrowed_by_its_variable() {
        let rows: [(Option<&str>, &[usize]); 5] = [
            (None, &[0, 1, 2, 3, 4]),
            (Some(" "), &[0, 1, 2, 3, 4]),
            (Some("Prod"), &[0, 1, 2]),
            (Some("dev"), &[3, 4]),
            (Some("azureclicredential"), &[3]),
        ];
        for (value, expected) in rows {
            let expected: Vec<&str> = expected.iter().map(|index| ORDER[*index].0).collect();
            assert_eq!(selected(value).unwrap(), expected, "{value:?}");
        }
        let problem = selected(Some("VisualStudioCredential")).unwrap_err();
        assert!(problem.starts_with("AZURE_TOKEN_CREDENTIALS is \"VisualStudioCredential\""));
    }

    #[test]
    fn what_is_not_set_up_is_left_out_and_what_is_decides() {
        let links = |variables: &[(&str, &str)]| {
            let read = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let made = DefaultCredential::new(&Identity::default(), &read).unwrap();
            let links = made.links.iter();
            links
                .map(|it| (it.name, it.decides, it.of_machine))
                .collect::<Vec<_>>()
        };
        let cli = [
            ("AzureCliCredential", false, false),
            ("AzureDeveloperCliCredential", false, false),
        ];
        let at_machine = ("ManagedIdentityCredential", false, true);
        let at_service = ("ManagedIdentityCredential", true, false);
        let secret = ("EnvironmentCredential", true, false);
        assert_eq!(links(&[]), [at_machine, cli[0], cli[1]]);
        let service = [
            ("IDENTITY_ENDPOINT", "http://h/"),
            ("AZURE_TOKEN_CREDENTIALS", "prod"),
        ];
        assert_eq!(links(&service), [at_service]);
        let principal = [
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
        ];
        assert_eq!(links(&principal), [secret, at_machine, cli[0], cli[1]]);
    }
}
