//! What to do when a server does not let the dashboard in: words for the screen.

use std::error::Error;

use durascope_sdk::ClientError;
use durascope_sdk::transport::Authentication;
use tonic::Code;
use tonic::Status;

/// What to do about `status`, if it is about who asks.
pub(super) fn advice(kind: Authentication, status: &Status) -> Option<&'static str> {
    match status.code() {
        // Only a failure on this side has a cause: there is no token to send.
        Code::Unauthenticated if status.source().is_some() => Some(without_token(kind)),
        Code::Unauthenticated => Some(match kind {
            Authentication::None => {
                "the server wants to know who asks: --authentication DefaultAzure, or \
                 Authentication= in the connection string"
            }
            _ => {
                "the server does not take this identity's token: TenantId= must be the tenant of \
                 the scheduler, ResourceId= that of its cloud"
            }
        }),
        Code::PermissionDenied => Some(
            "the identity needs the role Durable Task Data Contributor on the scheduler or the \
             task hub (to look on, Durable Task Data Reader), and the scheduler's IP allow list must \
             let this machine in",
        ),
        _ => None,
    }
}

fn without_token(kind: Authentication) -> &'static str {
    match kind {
        Authentication::AzureCli => "sign in with `az login`",
        Authentication::AzureDeveloperCli => "sign in with `azd auth login`",
        Authentication::Environment => {
            "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET of a service principal"
        }
        Authentication::ManagedIdentity => {
            "this machine has no identity of Azure that can be used; elsewhere use AzureCli"
        }
        Authentication::WorkloadIdentity => {
            "ClientID=, TenantId= and TokenFilePath= must be those of the workload"
        }
        _ => "sign in with `az login`, or name another kind with --authentication",
    }
}

/// Why the dashboard cannot begin, without the words that are for who writes a program.
pub(super) fn refusal(error: &ClientError) -> String {
    match error {
        ClientError::AuthenticationNotSupported { kind, .. } if cfg!(feature = "azure") => {
            format!(
                "Authentication={kind} is not in the Azure library for Rust; sign in with \
                 `az login` and use AzureCli, or with `azd auth login` and use AzureDeveloperCli"
            )
        }
        ClientError::AuthenticationNotSupported { kind, .. } => format!(
            "Authentication={kind}: this durascope was built without the feature \"azure\" and \
             can only use Authentication=None"
        ),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn advice_tells_a_missing_token_from_one_that_is_refused() {
        let mut missing = Status::unauthenticated("no token: az not found on PATH");
        missing.set_source(Arc::new(std::io::Error::other("no token")));
        let refused = Status::unauthenticated("the token is not good");
        let denied = Status::permission_denied("no");
        let rows = [
            (Authentication::AzureCli, &missing, "`az login`"),
            (
                Authentication::AzureDeveloperCli,
                &missing,
                "`azd auth login`",
            ),
            (Authentication::DefaultAzure, &missing, "--authentication"),
            (Authentication::AzureCli, &refused, "TenantId="),
            (Authentication::None, &refused, "DefaultAzure"),
            (
                Authentication::AzureCli,
                &denied,
                "Durable Task Data Contributor",
            ),
        ];
        for (kind, status, words) in rows {
            let advice = advice(kind, status).unwrap();
            assert!(advice.contains(words), "{kind}: {advice}");
        }
        let other = Status::unavailable("later");
        assert_eq!(advice(Authentication::AzureCli, &other), None);
    }
}
