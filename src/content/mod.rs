//! The vocabulary of what is uploaded: parts, hashes, media types and the limits that bound work on them.
//!
//! Everything below this layer speaks in these types, and this module uses nothing but the standard library and
//! plain data crates, so that parsers, decoders and indexes stay testable without a server around them.

mod algorithm;
mod base64_digit;
mod client_network;
mod css_code;
mod deadline;
mod hash;
mod legibility;
mod limits;
mod media_type;
mod metafile;
mod mosaic;
pub(crate) mod number;
mod part;
mod plain_picture;
mod policy;
mod reference;
mod strings;
mod unix_time;

pub use algorithm::{Algorithm, AlgorithmSet, UnknownAlgorithm};
pub(crate) use base64_digit::base64_digit;
pub use client_network::ClientNetwork;
pub(crate) use css_code::css_code;
#[cfg(test)]
pub(crate) use deadline::assert_linear;
pub use deadline::{Deadline, WorkClock, apart, note_work_elsewhere};
pub use hash::{Distance, Hash64, HashParseError, HashValue, PdqHash};
pub use legibility::{goes_on_as_text, legible_stretches, reads_as_text};
pub use limits::{DecodeLimits, ExtractLimits};
pub use media_type::MediaType;
pub use metafile::{MetaBitmap, MetaRecord, Metafile};
pub use mosaic::{Composition, Drawing, Mosaic, Tile, TilePlace, Tones, Turn};
pub use part::{Part, PartKind};
pub use plain_picture::{TELLING, plain_picture_length};
pub use policy::{Action, Mode, SetAction, Severity};
pub use reference::{ReferenceIn, character_reference, windows_1252};
pub use strings::Strings;
pub use unix_time::UnixTime;
