//! Credentials of Azure as providers of tokens; no other module names the Azure libraries.
//!
//! Which credential a kind of authentication stands for follows the official clients. What the
//! Azure library for Rust does not have is refused with the way out.

mod default;
mod environment;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

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
use futures_util::future::BoxFuture;

use self::default::DefaultCredential;
use super::connection_string::Authentication;
use super::error::ClientError;
use super::options::Identity;
use super::token::AccessToken;
use super::token::TokenProvider;
use crate::failure::BoxError;

/// Says what is wrong in one line.
type Problem = String;

/// A credential that gives tokens for a scope.
#[derive(Clone)]
enum Credential {
    One(Arc<dyn TokenCredential>),
    Default(Arc<DefaultCredential>),
}

/// The provider that `kind` stands for.
pub(super) fn provider(
    kind: Authentication,
    identity: &Identity,
) -> Result<Arc<dyn TokenProvider>, ClientError> {
    let identity = identity.clone();
    let credential = Mutex::new(create(kind, &identity)?);
    Ok(Arc::new(Azure {
        kind,
        identity,
        credential,
    }))
}

struct Azure {
    kind: Authentication,
    identity: Identity,
    credential: Mutex<Credential>,
}

impl TokenProvider for Azure {
    fn token<'a>(&'a self, scope: &'a str) -> BoxFuture<'a, Result<AccessToken, BoxError>> {
        let locked = self.credential.lock();
        let credential = locked.unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            let token = match credential {
                Credential::One(credential) => one_line(credential.get_token(&[scope], None).await),
                Credential::Default(credential) => credential.get_token(scope).await,
            };
            let token = token?;
            let expires_at = token.expires_on.into();
            Ok(AccessToken::new(token.token.secret(), Some(expires_at)))
        })
    }

    /// The credentials keep tokens themselves, and cannot be told to drop one.
    fn forget(&self) {
        match create(self.kind, &self.identity) {
            Ok(fresh) => {
                *self
                    .credential
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = fresh;
            }
            Err(error) => tracing::warn!(%error, "no fresh credential after a refused token"),
        }
    }
}

fn create(kind: Authentication, identity: &Identity) -> Result<Credential, ClientError> {
    if let Some(problem) = missing(kind) {
        return Err(ClientError::AuthenticationNotSupported { kind, problem });
    }
    // The HTTP client behind a credential panics on a machine without root certificates.
    let created = std::panic::catch_unwind(AssertUnwindSafe(|| of_kind(kind, identity)));
    let created = created.unwrap_or_else(|_panic| Err("its HTTP client cannot be made".to_owned()));
    created.map_err(|message| ClientError::Credential { kind, message })
}

fn of_kind(kind: Authentication, identity: &Identity) -> Result<Credential, Problem> {
    let variable = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
    let credential = match kind {
        Authentication::DefaultAzure => {
            let credential = DefaultCredential::new(identity, &variable)?;
            return Ok(Credential::Default(Arc::new(credential)));
        }
        Authentication::ManagedIdentity => managed(identity.client_id.clone())?,
        Authentication::WorkloadIdentity => workload(identity, &variable)?,
        Authentication::Environment => environment::credential(identity, &variable)?,
        Authentication::AzureCli => azure_cli(identity)?,
        Authentication::AzureDeveloperCli => azure_developer_cli(identity)?,
        Authentication::None
        | Authentication::AzurePowerShell
        | Authentication::VisualStudio
        | Authentication::VisualStudioCode
        | Authentication::InteractiveBrowser
        | Authentication::IntelliJ => return Err("it has no credential".to_owned()),
    };
    Ok(Credential::One(credential))
}

/// Why there is no credential of this kind, and what to do instead.
fn missing(kind: Authentication) -> Option<&'static str> {
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

fn managed(client_id: Option<String>) -> Result<Arc<dyn TokenCredential>, Problem> {
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(UserAssignedId::ClientId),
        ..ManagedIdentityCredentialOptions::default()
    };
    Ok(one_line(ManagedIdentityCredential::new(Some(options)))?)
}

fn workload(
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

fn azure_cli(identity: &Identity) -> Result<Arc<dyn TokenCredential>, Problem> {
    let options = AzureCliCredentialOptions {
        tenant_id: identity.tenant_id.clone(),
        ..AzureCliCredentialOptions::default()
    };
    Ok(one_line(AzureCliCredential::new(Some(options)))?)
}

fn azure_developer_cli(identity: &Identity) -> Result<Arc<dyn TokenCredential>, Problem> {
    let options = AzureDeveloperCliCredentialOptions {
        tenant_id: identity.tenant_id.clone(),
        ..AzureDeveloperCliCredentialOptions::default()
    };
    Ok(one_line(AzureDeveloperCliCredential::new(Some(options)))?)
}

/// Whom to ask for tokens; without a word of it the library reads `AZURE_AUTHORITY_HOST`.
fn client_options(identity: &Identity) -> ClientOptions {
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
fn one_line<T>(result: Result<T, impl fmt::Display>) -> Result<T, Problem> {
    result.map_err(|error| {
        let text = error.to_string();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

#[cfg(test)]
mod tests;
