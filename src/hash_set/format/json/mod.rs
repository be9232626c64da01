//! Lists in JSON: answers of exchanges' APIs saved as they came, hash sets of police software, threat intelligence.
//!
//! What all of them accept: a byte order mark; one document after another, so that the pages of an API may be saved
//! into one file and an entry may stand on each line; numbers and booleans in quotes; hashes in hex of either case or
//! in base64. What is no JSON, or stops in the middle, ends the reading; what is JSON but no entry is one problem, at
//! the line where it starts. `walk` finds the entries, one module a format reads them.

mod indicator;
mod misp;
mod stix;
mod stix_pattern;
mod stopncii;
mod tape;
mod tat;
mod threat_tags;
mod threat_updates;
mod value;
mod vics;
mod walk;

#[cfg(test)]
mod tests;

pub(super) use self::misp::read as read_misp;
pub(super) use self::stix::read as read_stix;
pub(super) use self::stopncii::read as read_stopncii;
pub(super) use self::tat::read as read_tat;
pub(super) use self::threat_tags::read as read_threat_tags;
pub(super) use self::threat_updates::read as read_threat_updates;
pub(super) use self::vics::read as read_vics;
