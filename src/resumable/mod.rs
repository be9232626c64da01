//! Uploads in pieces: what requests of each protocol say, and what is kept of an upload until its last piece.
//!
//! One file a protocol reads requests: [`tus`], [`s3`]. What is kept is in one [`store`], bounded in number, bytes and
//! age: an upload that [`grows`](growing) at its end, or one in [`numbered`] parts. Nothing here reads a clock or a socket.

mod fault;
mod growing;
mod numbered;
mod partial;
mod s3;
mod store;
mod tus;

pub use fault::Fault;
pub(crate) use growing::{Candidate, Course, Outcome, TusUpload};
pub(crate) use numbered::{S3Upload, Stored};
pub use partial::is_partial;
pub use s3::{ListedPart, S3Part, S3Request, is_streaming, listed_parts, may_be_xml, read_s3, upload_created};
pub(crate) use store::{Assemblies, Kept, Key, Slot, Terms};
pub use tus::{
    Concat, Malformed, TusAppend, TusCreation, TusMetadata, TusRequest, read_tus, resolve, tus_number, upload_at,
    upload_ids, upload_named,
};
