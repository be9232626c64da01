//! The certificate and key of a listener, or what is wrong with them.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};

use crate::config::{Tls, read_file};

/// TLS 1.2 and 1.3 with the certificate and key of a listener.
///
/// # Errors
/// A sentence for the person who put the files there.
pub(super) fn server_config(tls: &Tls) -> Result<ServerConfig, String> {
    let (certificate, key) = (tls.certificate.to_string_lossy(), tls.key.to_string_lossy());
    let loaded = match pingora::tls::load_certs_and_key_files(&certificate, &key) {
        Ok(Some(loaded)) => loaded,
        Ok(None) => return Err(what_is_wrong(tls).unwrap_or_else(expected)),
        Err(error) => return Err(what_is_wrong(tls).unwrap_or_else(|| error.to_string())),
    };
    if let Some(wrong) = what_is_wrong(tls) {
        return Err(wrong);
    }
    let (chain, key) = loaded;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS12, &TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    config.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => "the key is not the one of the certificate".to_owned(),
        error => error.to_string(),
    })
}

fn expected() -> String {
    "expected PEM files with a certificate and a private key".to_owned()
}

/// What a person finds at a look at the two files.
fn what_is_wrong(tls: &Tls) -> Option<String> {
    let has = |file: &Path, what: &str| {
        let begin = format!("-----BEGIN {what}");
        Some(read_file(file).ok()?.windows(begin.len()).any(|bytes| bytes == begin.as_bytes()))
    };
    let is_key = |file: &Path| {
        let kinds = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];
        kinds.iter().try_fold(false, |found, kind| Some(found || has(file, kind)?))
    };
    let (certificate, key) = (tls.certificate.display(), tls.key.display());
    if !has(&tls.certificate, "CERTIFICATE")? {
        let swapped = if is_key(&tls.certificate)? { ", but a private key: are the two swapped?" } else { "" };
        return Some(format!("{certificate} has no certificate in PEM{swapped}"));
    }
    if !is_key(&tls.key)? {
        return Some(format!("{key} has no private key in PEM"));
    }
    let is_encrypted = has(&tls.key, "ENCRYPTED PRIVATE KEY")?
        || read_file(&tls.key).ok()?.windows(20).any(|bytes| bytes == b"Proc-Type: 4,ENCRYPT");
    is_encrypted.then(|| format!("{key} is encrypted, and encrypted keys are not read: write it with openssl pkey"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_or_key_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        fs::write(path("cert.pem"), certificate.pem()).unwrap();
        fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        fs::write(path("other.pem"), other.serialize_pem()).unwrap();
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        fs::write(path("encrypted.pem"), encrypted).unwrap();
        fs::write(path("text.pem"), "none").unwrap();
        for (certificate, key, expected) in [
            ("cert.pem", "key.pem", None),
            ("cert.pem", "other.pem", Some("the key is not the one of the certificate")),
            ("key.pem", "cert.pem", Some("key.pem has no certificate in PEM, but a private key: are the two swapped?")),
            ("text.pem", "key.pem", Some("text.pem has no certificate in PEM")),
            ("cert.pem", "text.pem", Some("text.pem has no private key in PEM")),
            ("cert.pem", "encrypted.pem", Some("encrypted keys are not read")),
        ] {
            let said = server_config(&Tls { certificate: path(certificate), key: path(key) }).err();
            let is_so = match (&said, expected) {
                (Some(said), Some(expected)) => said.contains(expected),
                (said, expected) => said.is_none() && expected.is_none(),
            };
            assert!(is_so, "{certificate}, {key}: {said:?}");
        }
    }
}
