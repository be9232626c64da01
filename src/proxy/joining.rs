//! The pieces of a whole upload as one slice, and what becomes of an upload whose whole matched.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::answer::Refusal;
use super::assembling::Whole;
use super::{Case, Gate};
use crate::body::Scratch;
use crate::extract::object_of_frames;
use crate::inspect::Upload;
use crate::resumable::{Kept, bytes_of};

impl Gate {
    /// The object in a body in aws-chunked framing.
    pub(super) async fn object_in(&self, body: Bytes, case: &Case<'_>) -> Result<Bytes, Refusal> {
        let (snapshot, stores) = (Arc::clone(case.snapshot), self.stores.of(case.network()));
        let work = move || {
            let mut output = Scratch::new(&snapshot.config.limits, &stores).writer();
            let is_framed = object_of_frames(&body, &mut output)?;
            output.finish().map(|object| is_framed.then_some(object))
        };
        on_blocking_thread(work).await?.ok_or(Refusal::S3Malformed)
    }

    /// The whole upload as one slice, ready to be inspected.
    pub(super) async fn join(&self, whole: &Whole, case: &Case<'_>) -> Result<Upload, Refusal> {
        let body = match whole.pieces.as_slice() {
            [one] => one.clone(),
            pieces => {
                let (pieces, snapshot, stores) =
                    (pieces.to_vec(), Arc::clone(case.snapshot), self.stores.of(case.network()));
                on_blocking_thread(move || {
                    // The room for all of it is taken first: a few bytes may name many.
                    let mut output = Scratch::new(&snapshot.config.limits, &stores).writer_for(bytes_of(&pieces))?;
                    pieces.iter().try_for_each(|piece| write_in_blocks(piece, &mut output))?;
                    output.finish()
                })
                .await?
            }
        };
        let (content_types, content_encodings) = (whole.content_types.clone(), whole.content_encodings.clone());
        let (names, ambiguity) = (whole.names.clone(), case.route.policy.ambiguity);
        let route = Arc::clone(&case.route.name);
        Ok(Upload { body, content_types, content_encodings, names, query: None, ambiguity, route })
    }

    /// Nothing more of the uploads in `whole` goes on.
    pub(super) fn block(&self, whole: &Whole, case: &Case<'_>) {
        for key in &whole.keys {
            self.assemblies.change(key, case.terms(), Instant::now(), |kept| match kept {
                Kept::Gathered(upload) => upload.end(true),
                Kept::Tus(_) | Kept::S3(_) | Kept::Loose(_) | Kept::Blocked => *kept = Kept::Blocked,
            });
        }
    }
}

/// Copying a piece of many gigabytes at once would take that much memory.
fn write_in_blocks(piece: &[u8], output: &mut crate::body::ScratchWriter) -> std::io::Result<()> {
    piece.chunks(1 << 20).try_for_each(|block| output.write(block))
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(error)) => {
            tracing::error!(%error, "there is no room to put an upload together");
            Err(Refusal::SpoolFull)
        }
        Err(_) => Err(Refusal::SpoolFull),
    }
}
