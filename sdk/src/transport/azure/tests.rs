//! What each kind of authentication becomes, and what is said where it becomes nothing.

use super::*;

fn refused(kind: Authentication) -> String {
    create(kind, &Identity::default())
        .err()
        .unwrap()
        .to_string()
}

#[test]
fn kinds_without_a_credential_are_refused_with_the_way_out() {
    for kind in [
        Authentication::AzurePowerShell,
        Authentication::VisualStudio,
        Authentication::VisualStudioCode,
        Authentication::InteractiveBrowser,
        Authentication::IntelliJ,
    ] {
        let error = refused(kind);
        let start = format!("Authentication={kind} is not in the Azure library for Rust");
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains("az login"), "{error}");
    }
}

#[test]
fn what_a_workload_identity_lacks_is_named() {
    let mut identity = Identity::default();
    let problem = |identity: &Identity| workload(identity, &|_: &str| None).err().unwrap();
    assert_eq!(
        problem(&identity),
        "neither ClientID in the connection string nor AZURE_CLIENT_ID is set"
    );
    identity.client_id = Some("c".into());
    identity.tenant_id = Some("t".into());
    assert_eq!(
        problem(&identity),
        "neither TokenFilePath in the connection string nor AZURE_FEDERATED_TOKEN_FILE is set"
    );
    identity.token_file_path = Some("/no/such/file".into());
    let error = problem(&identity);
    assert!(error.contains("/no/such/file"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn what_a_service_principal_lacks_is_named() {
    let problem = |variables: &[&str]| {
        let read = |name: &str| variables.contains(&name).then(|| "x".to_owned());
        environment::credential(&Identity::default(), &read)
            .err()
            .unwrap()
    };
    assert_eq!(
        problem(&[]),
        "not set: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"
    );
    assert_eq!(
        problem(&["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]),
        "not set: AZURE_TENANT_ID"
    );
    let certificate = problem(&["AZURE_TENANT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"]);
    assert!(certificate.contains("needs OpenSSL"), "{certificate}");
}

#[test]
fn kinds_with_a_credential_get_one() {
    let identity = Identity {
        client_id: Some("c".into()),
        authority_host: Some("https://login.microsoftonline.us/".into()),
        ..Identity::default()
    };
    for kind in [
        Authentication::ManagedIdentity,
        Authentication::AzureCli,
        Authentication::AzureDeveloperCli,
    ] {
        assert!(create(kind, &identity).is_ok(), "{kind}");
    }
}
