//! The state of one upload in numbered parts.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Fault;
use super::ListedPart;
use super::store::bytes_of;
use crate::config::ByteSize;

/// One upload in parts.
#[derive(Debug, Default)]
pub(crate) struct S3Upload {
    parts: BTreeMap<u16, Part>,
    /// `Content-Type` and `Content-Encoding` of the object, which come with its creation.
    content_types: Vec<Bytes>,
    content_encodings: Vec<Bytes>,
    is_completing: bool,
    /// Whether somebody else created it, so that parts of it may have gone to the origin by another way.
    is_adopted: bool,
}

#[derive(Debug, Default)]
struct Part {
    /// What the origin has, as far as that is known.
    stored: Option<Stored>,
    in_flight: usize,
    /// Whether two were on their way at once, so that nobody here knows which came last.
    is_contested: bool,
}

/// A part that the origin has.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) piece: Bytes,
    /// What the origin calls it.
    pub(crate) etag: Option<String>,
}

impl S3Upload {
    pub(crate) fn created(content_types: Vec<Bytes>, content_encodings: Vec<Bytes>) -> Self {
        Self { content_types, content_encodings, ..Self::default() }
    }

    /// One that was created elsewhere.
    pub(crate) fn adopted() -> Self {
        Self { is_adopted: true, ..Self::default() }
    }

    pub(crate) fn is_adopted(&self) -> bool {
        self.is_adopted
    }

    /// Whether it has no part, and none is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.values().all(|part| part.stored.is_none() && part.in_flight == 0)
    }

    /// Whether a part is on its way, or all are being put together.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.is_completing || self.parts.values().any(|part| part.in_flight > 0)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.parts.values().filter_map(|part| part.stored.as_ref()).map(|stored| stored.piece.len() as u64).sum()
    }

    pub(crate) fn content_types(&self) -> Vec<Bytes> {
        self.content_types.clone()
    }

    pub(crate) fn content_encodings(&self) -> Vec<Bytes> {
        self.content_encodings.clone()
    }

    /// Begins to send a part. Until the origin has answered nobody knows what it has under this number.
    ///
    /// # Errors
    /// The parts are being put together.
    pub(crate) fn begin(&mut self, number: u16) -> Result<(), Fault> {
        if self.is_completing {
            return Err(Fault::Busy);
        }
        let part = self.parts.entry(number).or_default();
        part.stored = None;
        part.is_contested |= part.in_flight > 0;
        part.in_flight += 1;
        Ok(())
    }

    /// Takes over what became of a part; `None` unless the origin said that it has it.
    pub(crate) fn settle(&mut self, number: u16, stored: Option<Stored>) {
        let part = self.parts.entry(number).or_default();
        part.in_flight = part.in_flight.saturating_sub(1);
        part.stored = stored.filter(|_| !part.is_contested);
        part.is_contested &= part.in_flight > 0;
    }

    /// Begins to put the listed parts together.
    ///
    /// # Errors
    /// One of them is not known, or not as the one that is listed; or they are too much.
    pub(crate) fn complete(&mut self, listed: &[ListedPart], max_body: ByteSize) -> Result<Vec<Bytes>, Fault> {
        if self.is_completing {
            return Err(Fault::Busy);
        }
        let pieces: Option<Vec<Bytes>> = listed.iter().map(|part| self.find(part)).collect();
        let pieces = pieces.ok_or(Fault::Incomplete)?;
        if bytes_of(&pieces) > max_body.0 {
            return Err(Fault::TooLarge(max_body));
        }
        self.is_completing = true;
        Ok(pieces)
    }

    fn find(&self, listed: &ListedPart) -> Option<Bytes> {
        let stored = self.parts.get(&listed.number)?.stored.as_ref()?;
        let is_same = stored.etag.as_ref().is_none_or(|etag| *etag == listed.etag);
        is_same.then(|| stored.piece.clone())
    }

    /// The parts were not put together after all.
    pub(crate) fn abandon(&mut self) {
        self.is_completing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: ByteSize = ByteSize(4);

    fn put(upload: &mut S3Upload, number: u16, piece: &'static str) {
        upload.begin(number).unwrap();
        upload.settle(number, stored(piece));
    }

    fn stored(piece: &'static str) -> Option<Stored> {
        Some(Stored { piece: piece.into(), etag: Some(format!("tag of {piece}")) })
    }

    fn complete(upload: &mut S3Upload, parts: &[(u16, &str)]) -> Result<String, Fault> {
        let listed = |(number, piece): &(u16, &str)| ListedPart { number: *number, etag: format!("tag of {piece}") };
        let pieces = upload.complete(&parts.iter().map(listed).collect::<Vec<_>>(), MAX);
        upload.abandon();
        pieces.map(|pieces| String::from_utf8(pieces.concat()).unwrap())
    }

    #[test]
    fn listed_parts_come_together_as_the_origin_has_them() {
        let mut upload = S3Upload::default();
        put(&mut upload, 2, "cd");
        put(&mut upload, 1, "xx");
        put(&mut upload, 1, "ab");
        put(&mut upload, 3, "e");
        assert_eq!(complete(&mut upload, &[(1, "ab"), (2, "cd")]), Ok("abcd".into()));
        assert_eq!(complete(&mut upload, &[(1, "ab"), (3, "e")]), Ok("abe".into()));
        assert_eq!(complete(&mut upload, &[(1, "xx")]), Err(Fault::Incomplete), "replaced");
        assert_eq!(complete(&mut upload, &[(4, "x")]), Err(Fault::Incomplete));
        let all = [(1, "ab"), (2, "cd"), (3, "e")];
        assert_eq!(complete(&mut upload, &all), Err(Fault::TooLarge(MAX)));
    }

    #[test]
    fn a_part_about_which_the_origin_was_not_clear_is_not_known() {
        let mut upload = S3Upload::default();
        put(&mut upload, 1, "ab");
        upload.begin(1).unwrap();
        assert_eq!(complete(&mut upload, &[(1, "ab")]), Err(Fault::Incomplete), "on its way");
        upload.begin(1).unwrap();
        upload.settle(1, stored("ab"));
        upload.settle(1, stored("cd"));
        assert_eq!(complete(&mut upload, &[(1, "cd")]), Err(Fault::Incomplete), "either may have come last");
        put(&mut upload, 1, "ef");
        assert_eq!(complete(&mut upload, &[(1, "ef")]), Ok("ef".into()));
        upload.begin(1).unwrap();
        upload.settle(1, None);
        assert_eq!(complete(&mut upload, &[(1, "ef")]), Err(Fault::Incomplete), "no answer");
    }

    #[test]
    fn nothing_changes_while_the_parts_are_put_together() {
        let mut upload = S3Upload::default();
        put(&mut upload, 1, "ab");
        let listed = [ListedPart { number: 1, etag: "tag of ab".into() }];
        upload.complete(&listed, MAX).unwrap();
        assert_eq!(upload.begin(1), Err(Fault::Busy));
        assert_eq!(upload.complete(&listed, MAX).unwrap_err(), Fault::Busy);
    }
}
