//! The credentials that the library has, each made from what a connection string says.

use std::fmt;
use std::sync::Arc;

use azure_core::cloud::CloudConfiguration;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_identity::AzureCliCredential;
use azure_identity::AzureCliCredentialOptions;
use azure_identity::AzureDeveloperCliCredential;
use azure_identity::AzureDeveloperCliCredentialOptions;
use azure_identity::ClientAssertionCredentialOptions;
use azure_identity::ManagedIdentityCredential;
use azure_identity::ManagedIdentityCredentialOptions;
use azure_identity::UserAssignedId;
use azure_identity::WorkloadIdentityCredential;
use azure_identity::WorkloadIdentityCredentialOptions;

use super::super::connection_string::Authentication;
use super::super::options::Identity;
use super::Problem;

/// Why there is no credential of this kind, and what to do instead.
pub(super) fn missing(kind: Authentication) -> Option<&'static str> {
    match kind {
        Authentication::AzurePowerShell
        | Authentication::VisualStudio
        | Authentication::VisualStudioCode
        | Authentication::InteractiveBrowser
        | Authentication::IntelliJ => Some(
            "is not in the Azure library for Rust; sign in with `az login` and use AzureCli, or \
             with `azd auth login` and use AzureDeveloperCli, or give a token provider with \
             ConnectOptions::with_token_provider",
        ),
        Authentication::None
        | Authentication::DefaultAzure
        | Authentication::ManagedIdentity
        | Authentication::WorkloadIdentity
        | Authentication::Environment
        | Authentication::AzureCli
        | Authentication::AzureDeveloperCli => None,
    }
}

pub(super) fn managed(client_id: Option<String>) -> Result<Arc<dyn TokenCredential>, Problem> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(UserAssignedId::ClientId),
        ..ManagedIdentityCredentialOptions::default()
    };
    Ok(one_line(ManagedIdentityCredential::new(Some(options)))?)
}

pub(super) fn workload(
    identity: &Identity,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn TokenCredential>, Problem> {
    let wanted = |value: &Option<String>, key: &str, name: &str| {
        let value = value.clone().or_else(|| variable(name));
        value.ok_or_else(|| format!("neither {key} in the connection string nor {name} is set"))
    };
    let options = WorkloadIdentityCredentialOptions {
        credential_options: ClientAssertionCredentialOptions {
            client_options: client_options(identity),
        },
        client_id: Some(wanted(&identity.client_id, "ClientID", "AZURE_CLIENT_ID")?),
        tenant_id: Some(wanted(&identity.tenant_id, "TenantId", "AZURE_TENANT_ID")?),
        token_file_path: Some(
            wanted(
                &identity.token_file_path,
                "TokenFilePath",
                "AZURE_FEDERATED_TOKEN_FILE",
            )?
            .into(),
        ),
    };
    Ok(one_line(WorkloadIdentityCredential::new(Some(options)))?)
}

pub(super) fn azure_cli(identity: &Identity) -> Result<Arc<dyn TokenCredential>, Problem> {
    let options = AzureCliCredentialOptions {
        tenant_id: identity.tenant_id.clone(),
        ..AzureCliCredentialOptions::default()
    };
    Ok(one_line(AzureCliCredential::new(Some(options)))?)
}

pub(super) fn azure_developer_cli(
    identity: &Identity,
) -> Result<Arc<dyn TokenCredential>, Problem> {
    let options = AzureDeveloperCliCredentialOptions {
        tenant_id: identity.tenant_id.clone(),
        ..AzureDeveloperCliCredentialOptions::default()
    };
    Ok(one_line(AzureDeveloperCliCredential::new(Some(options)))?)
}

/// Whom to ask for tokens; without a word of it the library reads `AZURE_AUTHORITY_HOST`.
pub(super) fn client_options(identity: &Identity) -> ClientOptions {
    let cloud = identity.authority_host.clone().map(|authority_host| {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = authority_host;
        Arc::new(CloudConfiguration::from(cloud))
    });
    ClientOptions {
        cloud,
        ..ClientOptions::default()
    }
}

/// The library's errors have several lines, and headings.
pub(super) fn one_line<T>(result: Result<T, impl fmt::Display>) -> Result<T, Problem> {
    result.map_err(|error| {
        let text = error.to_string();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}
