//! Whether a file is what the holder of a minisign key signed.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use minisign_verify::{Error, PublicKey, Signature};

use crate::config::{open_file, read_text};

/// End of the name of a signature beside the file it is of.
pub(super) const SUFFIX: &str = ".minisig";

/// Why a file does not count as signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignatureError {
    /// It has no signature.
    #[error("has no signature: expected {}", .0.display())]
    Missing(PathBuf),
    /// The file or its signature cannot be read.
    #[error("its signature cannot be checked: {0}")]
    Io(#[from] io::Error),
    /// What stands beside it is no signature.
    #[error("its signature is not one that minisign wrote")]
    Malformed,
    /// Another key.
    #[error("was signed with another key than \"public_key\"")]
    OtherKey,
    /// A kind of signature for which the whole file would have to be in memory.
    #[error("has a signature of the old kind: sign it with minisign 0.10 or newer, or with its option -H")]
    Legacy,
    /// The file or the signature was changed.
    #[error("is not what was signed: its content or its signature was changed")]
    Wrong,
}

/// Checks `file` against the signature beside it. Memory does not grow with the file.
///
/// # Errors
/// [`SignatureError`] unless the holder of `key` signed exactly these bytes.
pub(super) fn verify(file: &Path, key: &PublicKey) -> Result<(), SignatureError> {
    let path = beside(file);
    let text = read_text(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SignatureError::Missing(path),
        io::ErrorKind::InvalidData => SignatureError::Malformed,
        _ => SignatureError::Io(error),
    })?;
    let signature = Signature::decode(&text).map_err(|_| SignatureError::Malformed)?;
    let mut verifier = key.verify_stream(&signature).map_err(|error| match error {
        Error::UnexpectedKeyId => SignatureError::OtherKey,
        Error::UnsupportedLegacyMode => SignatureError::Legacy,
        _ => SignatureError::Malformed,
    })?;
    let mut content = open_file(file)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        match content.read(&mut buffer)? {
            0 => return verifier.finalize().map_err(|_| SignatureError::Wrong),
            read => verifier.update(&buffer[..read]),
        }
    }
}

/// Where the signature of `file` is.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(SUFFIX);
    name.into()
}

#[cfg(test)]
mod tests {
    use minisign::KeyPair;

    use std::fs;

    use super::*;

    fn sign(keys: &KeyPair, content: &[u8]) -> String {
        minisign::sign(None, &keys.sk, content, None, None).unwrap().into_string()
    }

    #[test]
    fn only_what_the_key_signed_counts_and_everything_else_says_why() {
        let [ours, other] = [(); 2].map(|()| KeyPair::generate_unencrypted_keypair().unwrap());
        let key = PublicKey::from_base64(&ours.pk.to_base64()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list.csv");
        fs::write(&file, "content").unwrap();
        let outcome = |signature: Option<String>| {
            drop(fs::remove_file(beside(&file)));
            if let Some(signature) = signature {
                fs::write(beside(&file), signature).unwrap();
            }
            verify(&file, &key).map_err(|error| error.to_string())
        };
        assert_eq!(outcome(Some(sign(&ours, b"content"))), Ok(()));
        let flipped = sign(&ours, b"content").replace("timestamp", "timestomp");
        let cases = [
            (None, "has no signature"),
            (Some("nonsense".to_owned()), "not one that minisign wrote"),
            (Some(sign(&other, b"content")), "another key"),
            (Some(sign(&ours, b"other content")), "is not what was signed"),
            (Some(flipped), "is not what was signed"),
        ];
        for (signature, expected) in cases {
            let said = outcome(signature.clone()).unwrap_err();
            assert!(said.contains(expected), "{said} for {signature:?}");
        }
    }
}
