//! From collected records to the sections of a set.

use std::io::{self, Seek, Write};
use std::thread;

use super::about::profile_column;
use super::file::{SectionKind, SectionName, SetWriter};
use super::info::SetInfo;
use super::records::RecordWriter;
use super::sort::sorted_by_prefix;
use crate::content::{Algorithm, HashValue};
use crate::hash_set::builder::{Group, Kept, Rows, SetBuilder, Withdrawn};
use crate::hash_set::entry::KeptKind;
use crate::hash_set::exact::directory_of;
use crate::hash_set::hamming::{EmitError, build_tables, prefetch};

/// Is told how far compiling is.
pub trait Progress: Sync {
    /// A step begins.
    fn step(&self, what: &'static str);

    /// So many more bytes of a list were read.
    fn read(&self, bytes: u64);
}

/// Nobody is told.
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _what: &'static str) {}

    fn read(&self, _bytes: u64) {}
}

/// Writes `builder` to the start of `out` as a compiled set, on at most `threads` threads.
///
/// # Errors
/// `out` cannot be written.
pub(in crate::hash_set) fn compile<W: Write + Seek>(
    mut builder: SetBuilder,
    out: W,
    threads: usize,
    progress: &dyn Progress,
) -> io::Result<(W, SetInfo)> {
    builder.check_size().map_err(io::Error::other)?;
    let mut info = builder.info();
    info.penstock = env!("CARGO_PKG_VERSION").to_owned();
    let mut compiler = Compiler { writer: SetWriter::begin(out)?, profiles: builder.profiles.len(), threads, progress };
    let (groups, kept) = (std::mem::take(&mut builder.groups), std::mem::take(&mut builder.kept));
    let withdrawn = builder.withdrawn();
    for (algorithm, group) in Algorithm::ALL.into_iter().zip(groups) {
        compiler.table(algorithm, group, &withdrawn, &mut info)?;
    }
    for (kind, kept) in KeptKind::ALL.into_iter().zip(kept) {
        compiler.kept(kind, &kept, &withdrawn, &mut info)?;
    }
    compiler.shared(&builder, &info)?;
    Ok((compiler.writer.finish()?, info))
}

/// Rows ahead of which what a row refers to is fetched: it lies anywhere.
pub(super) const AHEAD: usize = 16;

struct Compiler<'a, O> {
    writer: SetWriter<O>,
    profiles: usize,
    threads: usize,
    progress: &'a dyn Progress,
}

impl<O: Write + Seek> Compiler<'_, O> {
    fn table(
        &mut self,
        algorithm: Algorithm,
        group: Group,
        withdrawn: &Withdrawn<'_>,
        info: &mut SetInfo,
    ) -> io::Result<()> {
        self.progress.step("sorting");
        let width = algorithm.byte_len();
        let hash = |row: u32| &group.hashes[row as usize * width..][..width];
        let mut order: Vec<u32> = (0..group.about.len() as u32).collect();
        if !withdrawn.is_empty() {
            let stays = |row: &u32| {
                let value = HashValue::from_bytes(algorithm, hash(*row));
                !value.is_some_and(|value| withdrawn.takes(&value, group.about.texts.id(*row as usize), *row))
            };
            order.retain(stays);
            info.removed += (group.about.len() - order.len()) as u64;
        }
        let mut order = sorted_by_prefix(order, self.threads, &hash);
        let mut sorted = gathered(&group.hashes, width, &order, self.threads);
        let listed = order.len();
        drop_repeats(&mut order, &mut sorted, width, &group.about);
        info.duplicates += (listed - order.len()) as u64;
        if order.is_empty() {
            return Ok(());
        }
        self.progress.step("writing");
        self.rows(algorithm.code(), ROW_SECTIONS, &order, &group.about)?;
        drop((order, group));
        self.hashes(algorithm, sorted)
    }

    /// What is said about `order`'s rows.
    fn rows(&mut self, owner: u16, kinds: [SectionKind; 3], order: &[u32], about: &Rows) -> io::Result<()> {
        let [profiles_kind, texts_kind, starts_kind] = kinds.map(|kind| SectionName { kind, owner });
        let profiles = profile_column(order.iter().map(|row| about.profiles[*row as usize]), self.profiles);
        self.writer.section(profiles_kind, &profiles)?;
        let pieces = about.texts.in_order(order, self.threads);
        if !pieces.iter().any(RecordWriter::has_texts) {
            return Ok(());
        }
        self.writer.pieces(texts_kind, |write| pieces.iter().try_for_each(|piece| write(piece.bytes())))?;
        let mut base = 0;
        self.writer.pieces(starts_kind, |write| {
            pieces.iter().try_for_each(|piece| {
                let starts = piece.starts(base);
                base += piece.bytes().len() as u64;
                write(&starts)
            })
        })
    }

    /// Sorted hashes and their index.
    fn hashes(&mut self, algorithm: Algorithm, sorted: Vec<u8>) -> io::Result<()> {
        self.progress.step("indexing");
        let directory = match algorithm {
            Algorithm::Md5 => directory_of::<16>(sorted.as_chunks().0),
            Algorithm::Sha1 => directory_of::<20>(sorted.as_chunks().0),
            Algorithm::Sha256 => directory_of::<32>(sorted.as_chunks().0),
            Algorithm::Sha512 => directory_of::<64>(sorted.as_chunks().0),
            Algorithm::Pdq => return self.perceptual::<4>(algorithm, sorted),
            Algorithm::AHash | Algorithm::DHash | Algorithm::PHash => return self.perceptual::<1>(algorithm, sorted),
        };
        let section = |kind| SectionName { kind, owner: algorithm.code() };
        self.writer.section(section(SectionKind::Hashes), &sorted)?;
        let directory: Vec<u8> = directory.into_iter().flat_map(u32::to_le_bytes).collect();
        self.writer.section(section(SectionKind::Directory), &directory)
    }

    /// Perceptual hashes of `W` words and their index.
    fn perceptual<const W: usize>(&mut self, algorithm: Algorithm, sorted: Vec<u8>) -> io::Result<()> {
        let section = |kind| SectionName { kind, owner: algorithm.code() };
        let words = sorted.as_chunks().0.iter().map(|word| u64::from_be_bytes(*word));
        let words: Vec<u64> = words.collect();
        drop(sorted);
        self.writer.section(section(SectionKind::Hashes), bytemuck::cast_slice(&words))?;
        let (hashes, threads) = (words.as_chunks::<W>().0, self.threads);
        let layout = self.writer.pieces(section(SectionKind::IndexTables), |write| {
            build_tables(hashes, threads, write).map_err(|error| match error {
                EmitError::Sink(error) => error,
                EmitError::Build(error) => io::Error::other(error),
            })
        })?;
        let layout: Vec<u8> = layout.to_words().into_iter().flat_map(u32::to_le_bytes).collect();
        self.writer.section(section(SectionKind::Layout), &layout)
    }

    fn kept(&mut self, kind: KeptKind, kept: &Kept, withdrawn: &Withdrawn<'_>, info: &mut SetInfo) -> io::Result<()> {
        let stays = |row: &u32| !withdrawn.takes_kept(kind, kept.about.texts.id(*row as usize), *row);
        let mut order: Vec<u32> = (0..kept.about.len() as u32).filter(stays).collect();
        info.removed += (kept.about.len() - order.len()) as u64;
        let value = |row: u32| kept.values[row as usize].as_bytes();
        order.sort_by_key(|row| value(*row));
        let listed = order.len();
        let runs = order.chunk_by(|a, b| value(*a) == value(*b));
        let order: Vec<u32> = runs.flat_map(|rows| telling(rows, &kept.about)).collect();
        info.duplicates += (listed - order.len()) as u64;
        let mut values = RecordWriter::default();
        order.iter().for_each(|row| values.push(&[Some(&*kept.values[*row as usize])]));
        let (records, starts) = values.sections();
        let section = |of| SectionName { kind: of, owner: kind.code() };
        self.writer.section(section(SectionKind::Kept), records)?;
        self.writer.section(section(SectionKind::KeptStarts), &starts)?;
        self.rows(kind.code(), KEPT_SECTIONS, &order, &kept.about)
    }

    /// What the set has once.
    fn shared(&mut self, builder: &SetBuilder, info: &SetInfo) -> io::Result<()> {
        let (profiles, profile_starts) = builder.profiles.sections();
        let mut removals = RecordWriter::default();
        for removal in builder.removals.iter().map(|removal| removal.removal()) {
            let hash = removal.hash.map(|hash| hash.named());
            removals.push(&[removal.id, hash.as_deref()]);
        }
        let (removals, removal_starts) = removals.sections();
        let info = serde_json::to_vec(info).map_err(io::Error::other)?;
        for (kind, bytes) in [
            (SectionKind::Profiles, profiles),
            (SectionKind::ProfileStarts, &profile_starts),
            (SectionKind::Removals, removals),
            (SectionKind::RemovalStarts, &removal_starts),
            (SectionKind::Info, &info),
        ] {
            self.writer.section(SectionName::of(kind), bytes)?;
        }
        Ok(())
    }
}

const ROW_SECTIONS: [SectionKind; 3] = [SectionKind::RowProfiles, SectionKind::RowTexts, SectionKind::RowTextStarts];
const KEPT_SECTIONS: [SectionKind; 3] =
    [SectionKind::KeptProfiles, SectionKind::KeptTexts, SectionKind::KeptTextStarts];

/// The hashes of `order`'s rows end to end. `hashes` has them in the order of the list, each of `width` bytes.
fn gathered(hashes: &[u8], width: usize, order: &[u32], threads: usize) -> Vec<u8> {
    let mut sorted = vec![0; order.len() * width];
    let share = order.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        for (rows, places) in order.chunks(share).zip(sorted.chunks_mut(share * width)) {
            scope.spawn(move || {
                for (position, place) in places.chunks_exact_mut(width).enumerate() {
                    if let Some(later) = rows.get(position + AHEAD) {
                        prefetch(hashes, *later as usize * width);
                    }
                    place.copy_from_slice(&hashes[rows[position] as usize * width..][..width]);
                }
            });
        }
    });
    sorted
}

/// Drops rows that say nothing new from `order`, and their hashes from `sorted`: of those with one hash and one id the
/// last stays, of those with one hash and no id each that says something else.
fn drop_repeats(order: &mut Vec<u32>, sorted: &mut Vec<u8>, width: usize, about: &Rows) {
    let is_repeated = |at: usize| sorted[at * width..][..width] == sorted[(at + 1) * width..][..width];
    if !(0..order.len().saturating_sub(1)).any(is_repeated) {
        return;
    }
    let (mut kept, mut hashes) = (Vec::with_capacity(order.len()), Vec::with_capacity(sorted.len()));
    let mut at = 0;
    while at < order.len() {
        let hash = &sorted[at * width..][..width];
        let length = sorted[at * width..].chunks_exact(width).take_while(|next| *next == hash).count();
        let rows = telling(&order[at..at + length], about);
        hashes.extend(std::iter::repeat_n(hash, rows.len()).flatten());
        kept.extend(rows);
        at += length;
    }
    (*order, *sorted) = (kept, hashes);
}

/// Of rows with one hash, those that say something.
fn telling(rows: &[u32], about: &Rows) -> Vec<u32> {
    let key = |row: u32| match about.texts.id(row as usize) {
        Some(id) => (Some(id), 0, &[][..]),
        None => (None, about.profiles[row as usize], about.texts.record(row as usize)),
    };
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| key(*a).cmp(&key(*b)).then(b.cmp(a)));
    rows.dedup_by(|later, first| key(*later) == key(*first));
    rows
}
