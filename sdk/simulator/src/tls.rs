//! The test certificate authority: made anew at every start, good for this machine and for the
//! host names that the vendor's own clients insist on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::StartError;

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Tls(error.to_string())
}

/// Makes an authority and a server certificate, writes the authority's certificate to
/// `folder/ca.pem`, and returns the server's configuration and that path.
pub(crate) fn make(folder: &Path, names: &[String]) -> Result<(Arc<rustls::ServerConfig>, PathBuf), StartError> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "Simulator test authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(failed)?).map_err(failed)?;

    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    all.extend_from_slice(names);
    let key = KeyPair::generate().map_err(failed)?;
    let leaf = CertificateParams::new(all).map_err(failed)?.signed_by(&key, &authority).map_err(failed)?;

    let path = folder.join("ca.pem");
    std::fs::write(&path, authority.pem()).map_err(failed)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .map_err(failed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Arc::new(config), path))
}
