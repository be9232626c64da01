//! Uploads in pieces: what requests of each protocol say, and what is kept of an upload until its last piece.
//!
//! One file a protocol reads requests: `tus`, `s3`, `chunked` for libraries whose chunks only names in a form, a URL
//! or headers tell apart, `dav` for Nextcloud and ownCloud, `ranges` for bodies that are called a range of a file.
//! What is kept is in one `store`, bounded in number, bytes and age: an upload that grows (`growing`) at its end, one
//! in `numbered` parts, or one of which only the client says how it belongs together, a `gathering`; and what may be
//! pieces by names that nobody here knows (`loose`). Nothing here reads a clock or a socket.

mod chunked;
mod claim;
mod dav;
mod fault;
mod gathering;
mod growing;
mod kept_request;
mod loose;
mod numbered;
mod partial;
mod ranges;
mod readings;
mod s3;
mod store;
mod tus;

pub use chunked::{Named, Unnamed, chunk_claims, is_probe, plain_form};
pub use claim::{Claim, Contradiction, Naming, Place, plain_name};
pub(crate) use claim::{is_telling_name, piece_hash};
pub use dav::{DavRequest, Folder, read_dav};
pub use fault::Fault;
pub(crate) use gathering::{Begun, Gathering, Halt, Ticket};
pub(crate) use growing::{Candidate, Course, Outcome, TusUpload};
pub use kept_request::KeptRequest;
pub(crate) use loose::Loose;
pub use loose::{LoosePiece, Marks};
pub(crate) use numbered::{S3Upload, Stored};
pub use partial::is_partial;
pub use ranges::{blob_commit, range_claim};
pub use s3::{ListedPart, S3Part, S3Request, is_streaming, listed_parts, may_be_xml, read_s3, upload_created};
pub(crate) use store::{Assemblies, Kept, Key, MAX_PIECES, Slot, Terms, bytes_of};
pub use tus::{
    Concat, Malformed, TusAppend, TusCreation, TusMetadata, TusRequest, read_tus, resolve, tus_number, upload_at,
    upload_ids, upload_named,
};
