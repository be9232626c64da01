//! Bodies of one network that may be pieces of files, although nothing here knows by which names their client calls
//! them so.
//!
//! What is kept are files that are cut off, and what may go on with one. Whatever of it may belong together is looked
//! at joined: what came since the last file began, what has an id in common, and what is alike but for its numbers;
//! each in the order of arrival, and in that of any number that is said. All of it is a guess, so only matches count.

mod cut;
mod marks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::claim::piece_hash;
use super::store::bytes_of;
use cut::{Look, look_of};
pub use marks::Marks;

/// Bytes and pieces of one network that are kept.
const MOST_KEPT: u64 = 32 << 20;
const MAX_KEPT: usize = 256;

/// Bytes of one file that is put together, of all that are looked at for one piece, and their number.
const MOST_JOINED: u64 = 16 << 20;
const MOST_LOOKED_AT: u64 = 32 << 20;
const MAX_READINGS: usize = 6;

/// Bytes that may be looked at for each byte that comes, and what is free: an honest client sends much in small pieces.
const LOOKS: u64 = 32;
const FREE_LOOKS: u64 = 128 << 20;

/// Bytes that may be anything.
const SHORT: usize = 64;

/// Bytes of a piece in the middle that are worth a place before any file has begun.
const MIN_MIDDLE: usize = 1 << 10;

/// Names of numbers by which pieces are put in order.
const MAX_ORDERS: usize = 4;

/// What a request brings that may be a piece.
#[derive(Clone, Debug)]
pub struct LoosePiece {
    /// Its bytes.
    pub bytes: Bytes,
    look: Look,
    marks: Marks,
    hash: u64,
}

impl LoosePiece {
    /// Whether it may be the beginning of a file, or go on with one: a whole file is neither.
    pub fn new(bytes: Bytes, marks: Marks) -> Option<Self> {
        let look = look_of(&bytes);
        let is_wanted = match look {
            Look::Begins | Look::Rest => true,
            Look::Unsure => marks.is_of_piece(),
            Look::Text => marks.is_of_piece() || bytes.len() <= SHORT,
            Look::Whole => false,
        };
        is_wanted.then(|| Self { hash: piece_hash(&bytes), bytes, look, marks })
    }

    /// Whether `bytes` are a file, all of it, which is no piece whatever is said about it.
    pub fn is_whole(bytes: &[u8]) -> bool {
        look_of(bytes) == Look::Whole
    }

    /// Whether its request is one that brings pieces, so that what is wrong with a file that is cut off is none of its
    /// faults.
    pub fn is_marked(&self) -> bool {
        self.marks.is_of_piece()
    }

    /// Whether it is kept where nothing else is.
    pub fn opens(&self) -> bool {
        self.begins() || self.is_marked() && self.bytes.len() >= MIN_MIDDLE
    }

    /// Whether a file may begin with it.
    fn begins(&self) -> bool {
        matches!(self.look, Look::Begins | Look::Unsure)
    }
}

/// What of one network is kept.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    pieces: VecDeque<LoosePiece>,
    bytes: u64,
    /// Bytes that may still be looked at.
    credit: Option<u64>,
}

impl Loose {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether a piece may be one of a file that is kept, or begins one.
    pub(crate) fn wants(&self, piece: &LoosePiece) -> bool {
        piece.begins() || piece.is_marked() || self.pieces.iter().any(LoosePiece::begins)
    }

    /// What may become of what is kept and `piece`, the likeliest first.
    pub(crate) fn readings(&mut self, piece: &LoosePiece) -> Vec<Vec<Bytes>> {
        let length = piece.bytes.len() as u64;
        let credit = self.credit.unwrap_or(FREE_LOOKS).saturating_add(length.saturating_mul(LOOKS));
        let mut readings = Readings { credit: credit.min(FREE_LOOKS).max(length * 2), ..Readings::default() };
        let all: Vec<&LoosePiece> = self.pieces.iter().chain([piece]).collect();
        readings.add(&all, &[]);
        for id in &piece.marks.ids {
            let alike = picked(&all, |other| other.marks.ids.contains(id));
            readings.add(&alike, &alike);
        }
        let alike = picked(&all, |other| other.marks.shape == piece.marks.shape);
        readings.add(&alike, &alike);
        for number in &piece.marks.numbers {
            readings.add(&picked(&alike, |other| other.marks.numbers.contains(number)), &[]);
        }
        self.credit = Some(readings.credit);
        readings.found
    }

    /// Keeps a piece that has gone on.
    pub(crate) fn keep(&mut self, piece: LoosePiece) {
        let length = piece.bytes.len() as u64;
        if length > MOST_JOINED {
            return;
        }
        self.bytes += length;
        self.pieces.push_back(piece);
        while self.bytes > MOST_KEPT || self.pieces.len() > MAX_KEPT {
            let Some(first) = self.pieces.pop_front() else { break };
            self.bytes -= first.bytes.len() as u64;
        }
    }
}

fn picked<'p>(all: &[&'p LoosePiece], is_of_it: impl Fn(&LoosePiece) -> bool) -> Vec<&'p LoosePiece> {
    all.iter().filter(|one| is_of_it(one)).copied().collect()
}

/// The files that are looked at for one piece.
#[derive(Default)]
struct Readings {
    found: Vec<Vec<Bytes>>,
    bytes: u64,
    credit: u64,
}

impl Readings {
    /// Adds what `pieces` are since the last two files among them began, in the order in which they came and without
    /// repetitions, and what those that are to be `ordered` are in the order of their numbers: the last of each.
    fn add(&mut self, pieces: &[&LoosePiece], ordered: &[&LoosePiece]) {
        if pieces.len() < 2 || self.found.len() >= MAX_READINGS {
            return;
        }
        // What begins like a file may be in the middle of one nevertheless.
        let others = pieces[..pieces.len() - 1].iter().enumerate().rev();
        for (start, _) in others.filter(|(_, other)| other.begins()).take(2) {
            self.join(&pieces[start..]);
            self.join(&once(&pieces[start..]));
        }
        for name in orders(ordered) {
            let mut places: BTreeMap<u64, &LoosePiece> = BTreeMap::new();
            for piece in ordered {
                let number = piece.marks.numbers.iter().find(|(other, _)| *other == name);
                places.extend(number.map(|(_, number)| (*number, *piece)));
            }
            self.join(&places.into_values().collect::<Vec<_>>());
        }
    }

    fn join(&mut self, pieces: &[&LoosePiece]) {
        let joined: Vec<Bytes> = pieces.iter().map(|piece| piece.bytes.clone()).collect();
        let bytes = bytes_of(&joined);
        let is_same = |other: &Vec<Bytes>| {
            let mut pairs = other.iter().zip(&joined);
            other.len() == joined.len()
                && pairs.all(|(one, two)| one.as_ptr() == two.as_ptr() && one.len() == two.len())
        };
        let is_much = bytes > MOST_JOINED || self.bytes + bytes > MOST_LOOKED_AT || bytes > self.credit;
        if joined.len() < 2 || is_much || self.found.len() >= MAX_READINGS || self.found.iter().any(is_same) {
            return;
        }
        self.credit -= bytes;
        self.bytes += bytes;
        self.found.push(joined);
    }
}

/// `pieces` without repetitions.
fn once<'p>(pieces: &[&'p LoosePiece]) -> Vec<&'p LoosePiece> {
    let mut kept: Vec<&LoosePiece> = Vec::new();
    for piece in pieces {
        let is_same = |other: &LoosePiece| other.hash == piece.hash && other.marks.is_same(&piece.marks);
        if !kept.iter().any(|other| is_same(other)) {
            kept.push(piece);
        }
    }
    kept
}

/// The names of numbers that all `pieces` say, each with another value.
fn orders(pieces: &[&LoosePiece]) -> Vec<u64> {
    let Some(first) = pieces.first() else { return Vec::new() };
    let tells = |name: u64| {
        let number =
            |piece: &&&LoosePiece| piece.marks.numbers.iter().find(|(other, _)| *other == name).map(|one| one.1);
        let numbers: Option<BTreeSet<u64>> = pieces.iter().map(|piece| number(&piece)).collect();
        numbers.is_some_and(|numbers| numbers.len() > 1)
    };
    first.marks.numbers.iter().map(|(name, _)| *name).filter(|name| tells(*name)).take(MAX_ORDERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"\x89PNG\r\n\x1a\n\x01\x02\x03\x04\x05\x06\x07\x0e";

    fn piece(bytes: &'static [u8], path: &str, index: &str) -> LoosePiece {
        let mut marks = Marks::default();
        marks.say_path(path);
        marks.say("n", index);
        LoosePiece::new(Bytes::from_static(bytes), marks).unwrap()
    }

    /// Whether `FILE` is among what is looked at for the last of `pieces`.
    fn finds(pieces: &[LoosePiece]) -> bool {
        let mut loose = Loose::default();
        let mut is_found = false;
        for piece in pieces {
            let readings = loose.readings(piece);
            is_found = readings.iter().any(|reading| reading.concat() == FILE);
            assert!(readings.len() <= MAX_READINGS);
            loose.keep(piece.clone());
        }
        is_found
    }

    #[test]
    fn pieces_come_together_by_arrival_by_id_and_by_number() {
        let (a, b, c) = (&FILE[..6], &FILE[6..12], &FILE[12..]);
        let path = "/up/a8f31c/x";
        let other = |bytes| piece(bytes, "/up/b91f77/x", "0");
        for (name, pieces) in [
            ("in order", vec![piece(a, path, ""), piece(b, path, ""), piece(c, path, "")]),
            ("elsewhere", vec![piece(a, "/start", ""), piece(b, "/append", ""), piece(c, "/finish", "")]),
            ("by number", vec![piece(b, path, "1"), piece(c, path, "2"), piece(a, path, "0")]),
            ("others between", vec![piece(a, path, "0"), other(&FILE[..9]), piece(b, path, "1"), piece(c, path, "2")]),
            ("twice", vec![piece(a, path, "0"), piece(b, path, "1"), piece(b, path, "1"), piece(c, path, "2")]),
        ] {
            assert!(finds(&pieces), "{name}");
        }
        let mut loose = Loose::default();
        (0..2000).for_each(|_| loose.keep(piece(c, path, "1")));
        assert_eq!((loose.pieces.len(), loose.bytes), (MAX_KEPT, (MAX_KEPT * c.len()) as u64));
        assert!(!Loose::default().wants(&LoosePiece::new(Bytes::from_static(c), Marks::default()).unwrap()));
    }
}
