//! Why a piece of an upload cannot go on.

use crate::config::ByteSize;

/// What is wrong with a request for an upload in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The upload is not known here.
    Unknown,
    /// Bytes of it are missing here, or may not be what the origin has.
    Incomplete,
    /// Another piece of it is on its way.
    Busy,
    /// There are as many uploads in pieces as there may be.
    Full,
    /// It has too many pieces.
    TooManyPieces,
    /// It is larger than the route takes.
    TooLarge(ByteSize),
    /// Headers of tus that servers read in different ways.
    TusMalformed,
    /// A request of S3's that servers read in different ways.
    S3Malformed,
}
