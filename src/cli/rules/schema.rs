//! `penstock rules schema`.

use crate::cli::OK;
use crate::text::rule_schema;

pub(super) fn schema() -> u8 {
    println!("{:#}", rule_schema());
    OK
}
