//! The file formats of hash sets. Each reads bytes and fills a [`HashSetBuilder`](super::builder::HashSetBuilder).

pub(super) mod csv;
