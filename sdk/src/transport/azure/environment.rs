//! A service principal that environment variables name.

use std::sync::Arc;

use azure_core::credentials::Secret;
use azure_core::credentials::TokenCredential;
use azure_identity::ClientSecretCredential;
use azure_identity::ClientSecretCredentialOptions;

use super::Problem;
use super::kinds::client_options;
use super::kinds::one_line;
use crate::transport::options::Identity;

const TENANT_ID: &str = "AZURE_TENANT_ID";
const CLIENT_ID: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

/// Whether the variables mean to name one.
pub(super) fn is_configured(variable: &impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| variable(name).is_some();
    is_set(TENANT_ID) && is_set(CLIENT_ID) && (is_set(SECRET) || is_set(CERTIFICATE))
}

pub(super) fn credential(
    identity: &Identity,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn TokenCredential>, Problem> {
    if variable(SECRET).is_none() && variable(CERTIFICATE).is_some() {
        return Err(format!(
            "{CERTIFICATE} is set, but a certificate needs OpenSSL, which this SDK goes without; \
             set {SECRET}, or give a token provider with ConnectOptions::with_token_provider"
        ));
    }
    let absent: Vec<&str> = [TENANT_ID, CLIENT_ID, SECRET]
        .into_iter()
        .filter(|name| variable(name).is_none())
        .collect();
    let (Some(tenant_id), Some(client_id), Some(secret)) =
        (variable(TENANT_ID), variable(CLIENT_ID), variable(SECRET))
    else {
        return Err(format!("not set: {}", absent.join(", ")));
    };
    let options = ClientSecretCredentialOptions {
        client_options: client_options(identity),
    };
    let secret = Secret::new(secret);
    let made = ClientSecretCredential::new(&tenant_id, client_id, secret, Some(options));
    Ok(one_line(made)?)
}
