//! One piece of an upload, as the origin would see it.

use std::fmt;

use bytes::Bytes;

use super::{Composition, Drawing, Mosaic};

/// How the origin would come by a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// The whole request body, as it stands.
    Body,
    /// The whole request body, where its pieces are parts of their own: hashed, but not read as text once more.
    Envelope,
    /// A named value of a form, without a file name.
    Field,
    /// A part of a form with a file name.
    File,
    /// A string value or an object key inside JSON, its escapes resolved.
    JsonString,
    /// Text or an attribute's value inside XML.
    XmlText,
    /// What an encoding gives when it is undone: a content coding, base64, a data URI.
    Decoded,
    /// A file inside a container such as zip or tar, or the content of a compressed one.
    Entry,
    /// A file that begins in the middle of other bytes.
    Carved,
    /// What nobody reads as it is, but as the picture, the page or the letters that are made of it: hashed, never read
    /// as text.
    Samples,
    /// What a drawing in SVG shows: compared as a picture, never read as text.
    Drawing,
    /// One of several ways in which servers read a body that is not written the way all of them read alike.
    Reading,
    /// The name of a file or an entry, as a text of its own.
    Name,
    /// Text as people read it, put together out of what stands in another part: markup without its tags, the words of
    /// a page, lines of subtitles, characters of another charset.
    Text,
    /// A text in the metadata of a picture or an archive: a caption, a comment, keywords.
    Metadata,
}

impl PartKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 15] = [
        Self::Body,
        Self::Envelope,
        Self::Field,
        Self::File,
        Self::JsonString,
        Self::XmlText,
        Self::Decoded,
        Self::Entry,
        Self::Carved,
        Self::Samples,
        Self::Drawing,
        Self::Reading,
        Self::Name,
        Self::Text,
        Self::Metadata,
    ];

    /// Short name for logs and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Envelope => "envelope",
            Self::Field => "field",
            Self::File => "file",
            Self::JsonString => "json",
            Self::XmlText => "xml",
            Self::Decoded => "decoded",
            Self::Entry => "entry",
            Self::Carved => "carved",
            Self::Samples => "samples",
            Self::Drawing => "drawing",
            Self::Reading => "reading",
            Self::Name => "name",
            Self::Text => "text",
            Self::Metadata => "metadata",
        }
    }

    /// Whether it is made here for the rules to look at, and nothing that an origin would store as it is.
    pub const fn is_for_rules(self) -> bool {
        matches!(self, Self::Name | Self::Text | Self::Metadata)
    }
}

/// Media types of texts that are not called so, in lower case.
const TEXT_TYPES: [&str; 9] = [
    "application/rtf",
    "application/xhtml",
    "application/xml",
    "application/json",
    "application/javascript",
    "application/ecmascript",
    "application/x-tex",
    "application/x-latex",
    "message/",
];

/// A part: bytes that the origin would store or show, and what it was told about them.
///
/// `bytes` is a slice of the held body wherever no transformation lies between, so a part costs no copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// How the origin would come by it.
    pub kind: PartKind,
    /// Index of the part it was found in; `None` when it stands in the body itself.
    pub inside: Option<usize>,
    /// Field name, JSON pointer (RFC 6901) of a JSON string, or path of an entry. Untrusted; for findings, never for
    /// logs of allowed uploads.
    pub name: Option<String>,
    /// File name as sent.
    pub file_name: Option<String>,
    /// `Content-Type` as sent.
    pub declared_type: Option<String>,
    /// Whether it is a guess that somebody reads these bytes as a file of their own: they seem to begin one in the
    /// middle of other bytes, or are in the middle of a text, or were found in such a part. A guess is compared like
    /// everything else. That it cannot be read is no doubt about the upload.
    pub is_guess: bool,
    /// The content.
    pub bytes: Bytes,
    /// Lengths at which it may end, the last its own: it is hashed up to each of them, and no more is looked at, since
    /// that is done with another part of nearly the same bytes. Empty for all others.
    pub cuts: Vec<usize>,
    /// Whether the bytes are made here of others, so that nobody has their digest.
    pub is_made: bool,
    /// What is shown instead of `bytes`, which are empty then.
    pub composition: Option<Box<Composition>>,
}

/// Longest end of a name that tells anything.
const MAX_EXTENSION: usize = 10;

/// How names of texts end. Servers of files and browsers go by the name.
const TEXT_EXTENSIONS: [&str; 47] = [
    "asc", "ass", "bat", "c", "cfg", "conf", "cpp", "css", "csv", "eml", "h", "htm", "html", "ics", "ini", "java",
    "js", "json", "jsonl", "jsx", "log", "markdown", "md", "mjs", "php", "pl", "ps1", "py", "rb", "rst", "rtf", "sh",
    "shtml", "sql", "srt", "svg", "tex", "text", "tsv", "txt", "vcf", "vtt", "xht", "xhtml", "xml", "yaml", "yml",
];

impl Part {
    /// Whether it is declared to be text of some sort, or named so: servers of files go by names, and programs too.
    pub fn is_called_text(&self) -> bool {
        let declared = self.declared_type.as_deref().map(|declared| declared.trim_start().to_ascii_lowercase());
        let is_declared = declared.is_some_and(|declared| {
            declared.starts_with("text/") || TEXT_TYPES.iter().any(|text| declared.starts_with(text))
        });
        is_declared || self.extension().is_some_and(|extension| TEXT_EXTENSIONS.binary_search(&&*extension).is_ok())
    }

    /// The end of its name as a file, behind the last dot, in small letters.
    pub fn extension(&self) -> Option<String> {
        let of_entry = || self.name.as_ref().filter(|_| self.kind == PartKind::Entry);
        let name = self.file_name.as_ref().or_else(of_entry)?.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
        let (_, extension) = name.rsplit_once('.')?;
        (extension.len() <= MAX_EXTENSION).then(|| extension.to_ascii_lowercase())
    }

    /// A part about which nothing but its bytes is known.
    pub fn new(kind: PartKind, bytes: Bytes) -> Self {
        Self {
            kind,
            inside: None,
            name: None,
            file_name: None,
            declared_type: None,
            is_guess: kind == PartKind::Carved,
            cuts: Vec::new(),
            is_made: false,
            composition: None,
            bytes,
        }
    }

    /// A picture that was made of samples.
    pub fn made(picture: Bytes) -> Self {
        Self { is_made: true, ..Self::new(PartKind::Samples, picture) }
    }

    /// Pictures as a document shows them, which nobody stores so.
    pub fn of_mosaic(mosaic: Mosaic) -> Self {
        let composition = Some(Box::new(Composition::Mosaic(mosaic)));
        Self { composition, is_guess: true, ..Self::new(PartKind::Samples, Bytes::new()) }
    }

    /// A drawing as it is shown. Whether it can be drawn is no doubt about an upload when it `is_guess`.
    pub fn of_drawing(drawing: Drawing, is_guess: bool) -> Self {
        let composition = Some(Box::new(Composition::Drawing(drawing)));
        Self { composition, is_guess, ..Self::new(PartKind::Drawing, Bytes::new()) }
    }

    /// The pages of a PDF as they are shown. That one cannot be shown is no doubt about an upload.
    pub fn of_pages(pdf: Bytes) -> Self {
        let composition = Some(Box::new(Composition::Pages(pdf)));
        Self { composition, is_guess: true, ..Self::new(PartKind::Samples, Bytes::new()) }
    }

    /// The pictures that are shown in place of its bytes, where they are.
    pub fn mosaic(&self) -> Option<&Mosaic> {
        match self.composition.as_deref()? {
            Composition::Mosaic(mosaic) => Some(mosaic),
            Composition::Drawing(_) | Composition::Pages(_) => None,
        }
    }

    /// The same part, by this name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The same part, declared to be of this type.
    #[must_use]
    pub fn declared(self, declared_type: Option<String>) -> Self {
        Self { declared_type, ..self }
    }
}

/// Shows lengths in place of content: uploaded bytes never enter a log.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("kind", &self.kind).field("len", &self.bytes.len()).finish_non_exhaustive()
    }
}
