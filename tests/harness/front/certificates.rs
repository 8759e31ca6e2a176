//! A root, and a certificate that it signed.

use anyhow::Result;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::date_time_ymd;

/// PEM texts.
pub struct Certificates {
    root: String,
    certificate: String,
    key: String,
}

impl Certificates {
    /// For these host names, good now.
    ///
    /// # Errors
    /// When a name is none.
    pub fn new(names: &[&str]) -> Result<Self> {
        Self::signed(params(names)?)
    }

    /// For these host names, until the year 2000.
    ///
    /// # Errors
    /// As [`Certificates::new`].
    pub fn expired(names: &[&str]) -> Result<Self> {
        let mut params = params(names)?;
        params.not_before = date_time_ymd(1999, 1, 1);
        params.not_after = date_time_ymd(2000, 1, 1);
        Self::signed(params)
    }

    fn signed(params: CertificateParams) -> Result<Self> {
        let mut root = CertificateParams::new(Vec::new())?;
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name
            .push(DnType::CommonName, "root of a test");
        let root_key = KeyPair::generate()?;
        let root_pem = root.self_signed(&root_key)?.pem();
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &Issuer::new(root, root_key))?;
        Ok(Self {
            root: root_pem,
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    pub fn root(&self) -> &str {
        &self.root
    }

    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    pub fn key(&self) -> &str {
        &self.key
    }
}

fn params(names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    Ok(CertificateParams::new(names)?)
}
