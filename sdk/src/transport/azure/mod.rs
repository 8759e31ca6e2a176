//! Credentials of Azure as providers of tokens; no other module names the Azure libraries.
//!
//! Which credential a kind of authentication stands for follows the official clients. What the
//! Azure library for Rust does not have is refused with the way out.

mod default;
mod environment;
mod kinds;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use azure_core::credentials::TokenCredential;
use futures_util::future::BoxFuture;

use self::default::DefaultCredential;
use self::kinds::azure_cli;
use self::kinds::azure_developer_cli;
use self::kinds::managed;
use self::kinds::missing;
use self::kinds::one_line;
use self::kinds::workload;
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
#[cfg(test)]
mod tests;
