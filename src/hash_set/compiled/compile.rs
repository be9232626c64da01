//! From collected records to the sections of a set.

use std::io::{self, Seek, Write};
use std::ops::Range;

use super::about::profile_column;
use super::file::{SectionKind, SectionName, SetWriter};
use super::info::SetInfo;
use super::records::RecordWriter;
use super::sort::sorted_by_prefix;
use crate::content::{Algorithm, HashValue};
use crate::hash_set::builder::{Group, Kept, Rows, SetBuilder, Withdrawn};
use crate::hash_set::entry::KeptKind;
use crate::hash_set::exact::directory_of;
use crate::hash_set::hamming::{EmitError, build_tables};

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
        let order = sorted_by_prefix(order, self.threads, &hash);
        let listed = order.len();
        let order = without_repeats(order, &hash, &group.about);
        info.duplicates += (listed - order.len()) as u64;
        if order.is_empty() {
            return Ok(());
        }
        self.progress.step("writing");
        self.rows(algorithm as u16, ROW_SECTIONS, &order, &group.about)?;
        let mut sorted = Vec::with_capacity(order.len() * width);
        order.iter().for_each(|row| sorted.extend_from_slice(hash(*row)));
        drop((order, group));
        self.hashes(algorithm, sorted)
    }

    /// What is said about `order`'s rows.
    fn rows(&mut self, owner: u16, kinds: [SectionKind; 3], order: &[u32], about: &Rows) -> io::Result<()> {
        let mut texts = RecordWriter::default();
        order.iter().for_each(|row| texts.push_encoded(about.texts.record(*row as usize)));
        let profiles = profile_column(order.iter().map(|row| about.profiles[*row as usize]), self.profiles);
        let (records, starts) = texts.sections();
        for (kind, bytes) in kinds.into_iter().zip([&profiles, records, &starts]) {
            self.writer.section(SectionName { kind, owner }, bytes)?;
        }
        Ok(())
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
        let section = |kind| SectionName { kind, owner: algorithm as u16 };
        self.writer.section(section(SectionKind::Hashes), &sorted)?;
        let directory: Vec<u8> = directory.into_iter().flat_map(u32::to_le_bytes).collect();
        self.writer.section(section(SectionKind::Directory), &directory)
    }

    /// Perceptual hashes of `W` words and their index.
    fn perceptual<const W: usize>(&mut self, algorithm: Algorithm, sorted: Vec<u8>) -> io::Result<()> {
        let section = |kind| SectionName { kind, owner: algorithm as u16 };
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
        let order = without_repeats(order, &value, &kept.about);
        info.duplicates += (listed - order.len()) as u64;
        let mut values = RecordWriter::default();
        order.iter().for_each(|row| values.push(&[Some(&*kept.values[*row as usize])]));
        let (records, starts) = values.sections();
        let section = |of| SectionName { kind: of, owner: kind as u16 };
        self.writer.section(section(SectionKind::Kept), records)?;
        self.writer.section(section(SectionKind::KeptStarts), &starts)?;
        self.rows(kind as u16, KEPT_SECTIONS, &order, &kept.about)
    }

    /// What the set has once.
    fn shared(&mut self, builder: &SetBuilder, info: &SetInfo) -> io::Result<()> {
        let (profiles, profile_starts) = builder.profiles.sections();
        let mut removals = RecordWriter::default();
        for removal in builder.removals.iter().map(|removal| removal.removal()) {
            let hash = removal.hash.map(|hash| format!("{}:{hash}", hash.algorithm()));
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

/// `order` without rows that say nothing new: of those with one hash and one id the last stays, of those with one hash
/// and no id each that says something else. Rows with one hash are next to each other.
fn without_repeats<'a>(order: Vec<u32>, hash: &impl Fn(u32) -> &'a [u8], about: &Rows) -> Vec<u32> {
    let mut kept = Vec::with_capacity(order.len());
    let mut at = 0;
    while at < order.len() {
        let run = run_at(&order, at, hash);
        at = run.end;
        let rows = &order[run];
        if let [row] = rows {
            kept.push(*row);
            continue;
        }
        let key = |row: u32| match about.texts.id(row as usize) {
            Some(id) => (Some(id), 0, &[][..]),
            None => (None, about.profiles[row as usize], about.texts.record(row as usize)),
        };
        let mut sorted = rows.to_vec();
        sorted.sort_by(|a, b| key(*a).cmp(&key(*b)).then(b.cmp(a)));
        sorted.dedup_by(|later, first| key(*later) == key(*first));
        kept.extend(sorted);
    }
    kept
}

fn run_at<'a>(order: &[u32], start: usize, hash: &impl Fn(u32) -> &'a [u8]) -> Range<usize> {
    let first = hash(order[start]);
    let length = order[start..].iter().take_while(|row| hash(**row) == first).count();
    start..start + length
}
