//! TLS: trust is the system's and what the operator adds, per connection.

use axum_server::tls_rustls::RustlsConfig;
use ports::SendError;
use quoin_package::Scheme;

use crate::support::*;

/// An HTTPS server for `name`; answers its port and its authority's certificate.
async fn serve(name: &str) -> (u16, String) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let tls = RustlsConfig::from_pem(certificate.pem().into_bytes(), key.serialize_pem().into_bytes()).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let echo = |headers: http::HeaderMap| async move {
        format!("host={:?} auth={}", headers["host"], headers.contains_key("authorization"))
    };
    let app = axum::Router::new().fallback(echo);
    tokio::spawn(
        async move { axum_server::from_tcp_rustls(listener, tls).unwrap().serve(app.into_make_service()).await },
    );
    (port, authority_certificate.pem())
}

#[tokio::test]
async fn an_added_authority_is_trusted_by_its_connection_alone() {
    let (port, authority) = serve("erp.test").await;
    let url = format!("https://erp.test:{port}/x");
    let trusting = || {
        let mut trusting = with_credential(config(&[&format!("https://erp.test:{port}")]), slot(Scheme::Bearer));
        trusting.extra_ca_pem = Some(authority.clone());
        trusting
    };
    let house = House::new(trusting(), &[("value", "bearer-secret-1")]);
    house.names.set("erp.test", &[&["127.0.0.1"]]);
    let answer = house.get_with(&url).await.unwrap();
    assert_eq!(std::str::from_utf8(&answer.body).unwrap(), format!("host=\"erp.test:{port}\" auth=true"));

    let mut distrusting = trusting();
    distrusting.extra_ca_pem = None;
    house.egress.install(&distrusting).unwrap();
    let error = house.get_with(&url).await.unwrap_err();
    assert!(matches!(&error, SendError::NotSent(text) if text.contains("certificate")), "{error:?}");

    // The right authority for the wrong name.
    let mut misnamed = trusting();
    misnamed.manifest_origins = vec![format!("https://crm.test:{port}")];
    misnamed.granted_origins = misnamed.manifest_origins.clone();
    house.egress.install(&misnamed).unwrap();
    house.names.set("crm.test", &[&["127.0.0.1"]]);
    let error = house.get(&format!("https://crm.test:{port}/")).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent(_)), "{error:?}");

    let mut broken = trusting();
    broken.extra_ca_pem = Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into());
    assert_eq!(house.egress.install(&broken).unwrap_err().field, "extra_ca_pem");
}
