//! What can be wrong with a request before anything is known about its content.

/// Why a request is not read: servers differ in what they make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Violation {
    /// The first line.
    RequestLine,
    /// A line that ends in something else than CR LF, or a CR within it.
    LineEnd,
    /// A line that is no header.
    Header,
    /// A method that is taken by nobody here.
    Method,
    /// A target that is neither a path nor a URL, or more than one host.
    Target,
    /// TLS, where none is spoken.
    Tls,
    /// A head that was not complete in time.
    HeaderTimeout,
    /// A header that goes on in the next line.
    HeaderFolded,
    /// A control character in a header.
    HeaderControl,
    /// More header than anyone sends.
    HeaderTooLarge,
    /// As many headers of other requests as there is room for.
    HeadersFull,
    /// No `Host`.
    HostMissing,
    /// More than one statement about where the body ends.
    FramingConflict,
    /// A length that is not a plain number.
    ContentLength,
    /// A coding other than chunked.
    TransferEncoding,
    /// Chunks that are not written as they should be.
    Chunk,
    /// Trailers that are not, or that would change the request.
    Trailer,
}

impl Violation {
    #[cfg(test)]
    pub(super) const ALL: [Self; 17] = [
        Self::RequestLine,
        Self::Method,
        Self::Target,
        Self::Tls,
        Self::HeaderTimeout,
        Self::LineEnd,
        Self::Header,
        Self::HeaderFolded,
        Self::HeaderControl,
        Self::HeaderTooLarge,
        Self::HeadersFull,
        Self::HostMissing,
        Self::FramingConflict,
        Self::ContentLength,
        Self::TransferEncoding,
        Self::Chunk,
        Self::Trailer,
    ];

    /// Stable reason code.
    pub(in crate::proxy) fn code(self) -> &'static str {
        match self {
            Self::RequestLine => "request_line",
            Self::Method => "method_not_allowed",
            Self::Target => "request_target",
            Self::Tls => "tls_on_plain_port",
            Self::HeaderTimeout => "header_timeout",
            Self::LineEnd => "line_end",
            Self::Header => "header_malformed",
            Self::HeaderFolded => "header_folded",
            Self::HeaderControl => "header_control",
            Self::HeaderTooLarge => "header_too_large",
            Self::HeadersFull => "headers_full",
            Self::HostMissing => "host_missing",
            Self::FramingConflict => "framing_conflict",
            Self::ContentLength => "content_length",
            Self::TransferEncoding => "transfer_encoding",
            Self::Chunk => "chunk_malformed",
            Self::Trailer => "trailer_malformed",
        }
    }

    /// One sentence, the same as in `docs/reason-codes.md`.
    pub(in crate::proxy) fn explain(self) -> &'static str {
        match self {
            Self::RequestLine => {
                "The request line is not a method in capitals, a target and HTTP/1.0 or HTTP/1.1, with one space between."
            }
            Self::Method => "The methods TRACE and CONNECT are not accepted.",
            Self::Target => "The request target must be a path or an http URL, with one host.",
            Self::Tls => "This port speaks plain HTTP, and the client speaks TLS.",
            Self::HeaderTimeout => "The header was not complete in time.",
            Self::LineEnd => "A line of the header ends in something else than CR LF, or has a CR within.",
            Self::Header => "A line of the header is not a name, a colon and a value.",
            Self::HeaderFolded => "A header goes on over more than one line.",
            Self::HeaderControl => "A header has a control character in it.",
            Self::HeaderTooLarge => {
                "The header is larger than 64 KiB, has more than 256 lines, or says the same again and again."
            }
            Self::HeadersFull => "The headers of requests that are under way take all there is. Please try again.",
            Self::HostMissing => "There is no Host header.",
            Self::FramingConflict => {
                "The header says more than once where the body ends, in Content-Length, in Transfer-Encoding or in both."
            }
            Self::ContentLength => "The Content-Length is not a plain number.",
            Self::TransferEncoding => "The Transfer-Encoding is something else than chunked.",
            Self::Chunk => "The chunks of the body are not written the way every server reads them.",
            Self::Trailer => "The trailers are malformed, too large, or would change the request.",
        }
    }
}
