//! Why a body could not be read in one way only: stable codes for machines, a sentence each for people.

use std::fmt;

/// One thing that is wrong with a body, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub code: ProblemCode,
    /// Index of the part it was found in; `None` for the body itself.
    pub part: Option<usize>,
    /// Byte offset in that part or in the body; `None` when the fault lies in the request's headers or in all of it.
    pub offset: Option<usize>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at byte {offset}", self.code),
            None => self.code.fmt(f),
        }
    }
}

/// What sort of problem a code stands for; each has its policy on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// Servers could read the body in different ways, or it is not what it says it is.
    Malformed,
    /// Content is damaged.
    Undecodable,
    /// Content is written in a way that nothing here decodes.
    Unsupported,
    /// Content is encrypted.
    Encrypted,
    /// Text is written in a way that nobody here can read.
    Illegible,
    /// A limit was reached.
    OverLimit,
    /// There was no room to work in.
    Overload,
}

/// Declares every code once: variant, kind, reason code, and the sentence that is also its documentation.
macro_rules! problem_codes {
    ($($kind:ident { $($variant:ident = $code:literal, $sentence:literal;)+ })+) => {
        /// What is wrong with a body. The codes are stable: they stand in replies, records and metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProblemCode {
            $($(#[doc = $sentence] $variant,)+)+
        }

        impl ProblemCode {
            /// Every code, in the order in which the documentation lists them.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)+)+];

            /// The stable reason code, in snake case.
            pub const fn code(self) -> &'static str {
                match self { $($(Self::$variant => $code,)+)+ }
            }

            /// What sort of problem it is.
            pub const fn kind(self) -> ProblemKind {
                match self { $($(Self::$variant => ProblemKind::$kind,)+)+ }
            }

            /// One sentence for people.
            pub const fn explain(self) -> &'static str {
                match self { $($(Self::$variant => $sentence,)+)+ }
            }
        }
    };
}

problem_codes! {
    Malformed {
        ContentTypeRepeated = "content_type_repeated",
            "The request has more than one Content-Type header.";
        ContentTypeMalformed = "content_type_malformed",
            "The Content-Type header mentions multipart but is written in a way that servers read differently.";
        MultipartBoundaryMissing = "multipart_boundary_missing",
            "The Content-Type header of a multipart body names no boundary.";
        MultipartBoundaryRepeated = "multipart_boundary_repeated",
            "The Content-Type header names the boundary more than once.";
        MultipartBoundaryExtended = "multipart_boundary_extended",
            "The boundary is given in the extended notation of RFC 2231, which only some servers read.";
        MultipartBoundaryMalformed = "multipart_boundary_malformed",
            "The boundary is empty, too long, all hyphens, has a forbidden character, or servers cut it off at different places.";
        MultipartTypeParameter = "multipart_type_parameter",
            "The Content-Type header of a multipart body has another parameter in which some servers find a boundary.";
        MultipartNoDelimiter = "multipart_no_delimiter",
            "The body has no line that consists of its boundary.";
        MultipartPreamble = "multipart_preamble",
            "The multipart body has bytes before its first boundary in which some servers look for a part.";
        MultipartEpilogue = "multipart_epilogue",
            "The multipart body has more than empty lines after its closing boundary.";
        MultipartTruncated = "multipart_truncated",
            "The multipart body ends without its closing boundary.";
        MultipartBareLf = "multipart_bare_lf",
            "A line of the multipart structure ends in a line feed without a carriage return.";
        MultipartBareCr = "multipart_bare_cr",
            "A line of the multipart structure ends in a carriage return without a line feed.";
        MultipartBoundaryPadding = "multipart_boundary_padding",
            "A boundary line has white space after the boundary.";
        MultipartBoundaryPrefix = "multipart_boundary_prefix",
            "A line starts with the boundary but goes on with something else.";
        MultipartBoundaryInside = "multipart_boundary_inside",
            "The boundary stands in the middle of a line.";
        MultipartHeaderUnterminated = "multipart_header_unterminated",
            "The headers of a part are not followed by an empty line, or only the second one ends them for some servers.";
        MultipartHeaderMalformed = "multipart_header_malformed",
            "A header line of a part is not a name, a colon and a value.";
        MultipartHeaderFolded = "multipart_header_folded",
            "A header of a part goes on over more lines in a way that servers read differently.";
        MultipartHeaderControl = "multipart_header_control",
            "A header of a part has a control character in it at which some servers end a line.";
        MultipartFilenameTraversal = "multipart_filename_traversal",
            "The file name of a part climbs out of its folder.";
        MultipartTransferEncoding = "multipart_transfer_encoding",
            "A part has a transfer encoding that is not known here, or is not written in it.";
        MultipartContentEncoding = "multipart_content_encoding",
            "A part has a content encoding, which only some servers undo.";
        MultipartContentLength = "multipart_content_length",
            "The Content-Length of a part is not the length of its content.";
        MultipartNested = "multipart_nested",
            "A part is itself declared as multipart, but not in a way in which every server takes it apart alike.";
        MultipartCharset = "multipart_charset",
            "A part, the form or a field named _charset_ declares a charset that nobody here knows.";
        MultipartCharsetField = "multipart_charset_field",
            "A field is named _charset_ in a notation that only some servers read, and changes how they read other fields.";
        FormCharset = "form_charset",
            "A URL-encoded form declares a charset that nobody here knows.";
        JsonNotUtf8 = "json_not_utf8",
            "The JSON body declares a charset that nobody here knows.";
        XmlNotUtf8 = "xml_not_utf8",
            "The XML body declares a charset that nobody here knows.";
        GrpcMalformed = "grpc_malformed",
            "The body is declared as gRPC or Connect but does not consist of whole messages.";
        AwsChunkedMalformed = "aws_chunked_malformed",
            "The body is declared as aws-chunked but is not framed so.";
        PartialContent = "partial_content",
            "The request calls its body a piece of a larger file, in a protocol in which pieces are not put together here.";
        PiecesMissing = "pieces_missing",
            "The last piece of an upload came, and pieces before it have not come by here.";
        PiecesContradict = "pieces_contradict",
            "What a request says about its piece of an upload contradicts itself or other pieces, so that servers put different files together.";
        ContainerAmbiguous = "container_ambiguous",
            "A container can be read in more than one way, so that unpackers find different files in it.";
        ContainerSize = "container_size",
            "An entry of a container does not have the size or the checksum that the container says.";
    }
    Undecodable {
        ContentCodingUnknown = "content_encoding",
            "The Content-Encoding of the body is not one that can be undone here.";
        ContentCodingBroken = "content_encoding_broken",
            "The body cannot be decompressed as its Content-Encoding says.";
        ContentCodingTrailing = "content_encoding_trailing_data",
            "The compressed body goes on behind the end of its compressed data.";
        ContainerBroken = "container_broken",
            "A container or compressed file cannot be read to its end.";
    }
    Unsupported {
        ContainerMethodUnknown = "container_method_unknown",
            "An archive, or an entry of a container, is compressed in a way that cannot be undone here.";
        ContainerUnsupported = "container_unsupported",
            "An archive, an image of a disk or a mailbox is of a kind that is known and that nothing here opens.";
        ContainerIncomplete = "container_incomplete",
            "An archive is one volume of several, so that some of its entries or their ends are elsewhere.";
    }
    Encrypted {
        ContainerEncrypted = "container_encrypted",
            "A container or an entry of it is encrypted, and does not open with an empty password.";
    }
    Illegible {
        DocumentIllegible = "document_illegible",
            "The text of a document of Office is not where the document says, or ends too early.";
        PageIllegible = "page_illegible",
            "The text of a PDF page is in fonts that do not say which characters their glyphs are.";
        CharsetUnknown = "charset_unknown",
            "A text is declared to be in a charset that nobody here knows.";
    }
    OverLimit {
        TooManyParts = "too_many_parts",
            "The upload has more parts than the limit allows.";
        TooLargeToUnescape = "too_large_to_unescape",
            "The JSON or URL-encoded body is larger than the limit allows.";
        MultipartHeaderTooLong = "multipart_header_too_long",
            "The headers of a part are longer than the limit allows.";
        JsonTooDeep = "json_too_deep",
            "The JSON body is nested deeper than the limit allows.";
        XmlTooDeep = "xml_too_deep",
            "The XML body is nested deeper than the limit allows.";
        TooManyCodings = "too_many_codings",
            "The body has more content codings than the limit allows.";
        NestedTooDeep = "nested_too_deep",
            "Containers and encodings lie in each other deeper than the limit allows.";
        UnpackedTooLarge = "unpacked_too_large",
            "What the upload unpacks to is larger than the limit allows.";
        UnpackedTooDense = "unpacked_too_dense",
            "Compressed content grows to more times its own size than the limit allows.";
        TooManyCandidates = "too_many_candidates",
            "More files seem to begin in the middle of other bytes than the limit allows.";
        TooMuchWork = "too_much_work",
            "The inspection takes more processor time than an upload of this size gets.";
        TooManyReadings = "too_many_readings",
            "A body that servers read in different ways has more readings than can be inspected.";
    }
    Overload {
        NoRoomToUnpack = "no_room_to_unpack",
            "There is no room in memory or on disk for what the upload unpacks to.";
    }
}

/// The reason code.
impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_unique_snake_case_with_one_sentence() {
        let mut seen = HashSet::new();
        for problem in ProblemCode::ALL {
            let code = problem.code();
            assert!(seen.insert(code), "{code} stands twice");
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '8'), "{code}");
            assert!(problem.explain().ends_with('.') && !problem.explain().contains(". "), "{code}");
        }
    }

    #[test]
    fn a_problem_shows_its_place_when_it_has_one() {
        let problem = Problem { code: ProblemCode::MultipartBareLf, part: None, offset: Some(17) };
        assert_eq!(problem.to_string(), "multipart_bare_lf at byte 17");
        assert_eq!(Problem { offset: None, ..problem }.to_string(), "multipart_bare_lf");
    }
}
