//! What `Authentication=` stands for: who provides the tokens, and what they are for.

use std::sync::Arc;

#[cfg(feature = "azure")]
use super::azure;
use super::connection_string::Authentication;
use super::error::ClientError;
use super::options::ConnectOptions;
use super::token::TOKEN_SCOPE;
use super::token::TokenProvider;

/// The scheduler of the US government's clouds asks for this one.
const TOKEN_SCOPE_US: &str = "https://durabletask.azure.us/.default";

/// The provider of tokens that `options` ask for; `None` if calls carry none.
pub(super) fn provider(
    options: &ConnectOptions,
) -> Result<Option<Arc<dyn TokenProvider>>, ClientError> {
    if let Some(provider) = &options.token_provider {
        return Ok(Some(Arc::clone(provider)));
    }
    match options.authentication {
        Authentication::None => Ok(None),
        kind => of_kind(kind, options).map(Some),
    }
}

#[cfg(feature = "azure")]
fn of_kind(
    kind: Authentication,
    options: &ConnectOptions,
) -> Result<Arc<dyn TokenProvider>, ClientError> {
    azure::provider(kind, &options.identity)
}

#[cfg(not(feature = "azure"))]
fn of_kind(
    kind: Authentication,
    _options: &ConnectOptions,
) -> Result<Arc<dyn TokenProvider>, ClientError> {
    Err(ClientError::AuthenticationNotSupported {
        kind,
        problem: "needs the feature \"azure\" of durascope-sdk, which this program was built \
                  without; enable it, or give a token provider with \
                  ConnectOptions::with_token_provider",
    })
}

/// The scope to ask tokens for: of `resource_id`, or of the cloud that `region` is in.
pub(super) fn scope(resource_id: Option<&str>, region: impl FnOnce() -> Option<String>) -> String {
    if let Some(resource_id) = resource_id {
        return format!("{resource_id}/.default");
    }
    let region = region().unwrap_or_default().to_ascii_lowercase();
    match region.starts_with("usgov") || region.starts_with("usdod") {
        true => TOKEN_SCOPE_US.to_owned(),
        false => TOKEN_SCOPE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_is_of_the_resource_or_of_the_cloud() {
        let rows = [
            (None, None, "https://durabletask.io/.default"),
            (None, Some("westeurope"), "https://durabletask.io/.default"),
            (
                None,
                Some("UsGovVirginia"),
                "https://durabletask.azure.us/.default",
            ),
            (
                None,
                Some("usdodeast"),
                "https://durabletask.azure.us/.default",
            ),
            (Some("api://x"), Some("usgovvirginia"), "api://x/.default"),
        ];
        for (resource, region, expected) in rows {
            let found = scope(resource, || region.map(str::to_owned));
            assert_eq!(found, expected, "{resource:?} {region:?}");
        }
    }

    #[cfg(not(feature = "azure"))]
    #[test]
    fn without_the_feature_the_way_out_is_named() {
        let options: ConnectOptions = "Endpoint=https://h;TaskHub=x;Authentication=DefaultAzure"
            .parse()
            .unwrap();
        let error = provider(&options).err().unwrap().to_string();
        assert!(error.starts_with("Authentication=DefaultAzure needs the feature \"azure\""));
        assert!(error.contains("with_token_provider"), "{error}");
    }
}
