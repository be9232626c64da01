//! A request that is kept to be sent later.

use bytes::Bytes;
use http::{HeaderMap, Method};

/// A request as it will go to the origin.
#[derive(Clone, Debug)]
pub struct KeptRequest {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Headers, without those about the length of the body and the connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl KeptRequest {
    /// Bytes of its target and headers.
    pub(crate) fn head_bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        self.target.len() + headers.sum::<usize>()
    }
}
