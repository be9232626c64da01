//! One piece of an upload, as the origin would see it.

use std::fmt;

use bytes::Bytes;

/// How the origin would come by a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// The whole request body, as it stands.
    Body,
    /// A named value of a form, without a file name.
    Field,
    /// A part of a form with a file name.
    File,
    /// A string value inside a JSON body, its escapes resolved.
    JsonString,
}

impl PartKind {
    /// Short name for logs and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Field => "field",
            Self::File => "file",
            Self::JsonString => "json",
        }
    }
}

/// A part: bytes that the origin would store or show, and what it was told about them.
///
/// `bytes` is a slice of the held body wherever no transformation lies between, so a part costs no copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// How the origin would come by it.
    pub kind: PartKind,
    /// Field name, or JSON pointer (RFC 6901) of a JSON string. Untrusted; for findings, never for logs of allowed uploads.
    pub name: Option<String>,
    /// File name as sent.
    pub file_name: Option<String>,
    /// `Content-Type` as sent.
    pub declared_type: Option<String>,
    /// The content.
    pub bytes: Bytes,
}

impl Part {
    /// A part that is the whole body.
    pub fn body(bytes: Bytes, declared_type: Option<String>) -> Self {
        Self { kind: PartKind::Body, name: None, file_name: None, declared_type, bytes }
    }
}

/// Shows lengths in place of content: uploaded bytes never enter a log.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("kind", &self.kind).field("len", &self.bytes.len()).finish_non_exhaustive()
    }
}
