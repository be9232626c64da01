//! Holds a request body until there is a verdict on it.
//!
//! Small bodies stay in memory; past `memory_per_upload`, or when the memory for all uploads is spent, they continue in
//! an unlinked spool file, read back through a memory map. Either way [`HeldBody::bytes`] is one slice, so parsing,
//! hashing and replay never copy. A crash leaves no file behind, because the file never had a name.

mod coding;
mod collector;
mod held;
mod quota;
mod scratch;
mod spool;

pub use coding::{
    CabinetMethod, Chain, Coding, Decompressed, End, Fax, FileCoding, Machine, RarEvent, RarFault, RarReader, Step,
    Unpacker,
};
pub use collector::{BodyCollector, HoldError};
pub use held::HeldBody;
pub use quota::{Quota, Reservation};
pub use scratch::{Scratch, ScratchWriter, Stores};
pub use spool::{Spooled, private_copy};
