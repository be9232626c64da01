//! The state of one upload of whose pieces only the client says how they belong together.
//!
//! Origins differ in what they make of such pieces: some put them behind each other as they come, some by their number,
//! some write each where it is said to begin; a piece that comes twice replaces the first one or not. So every reading
//! is inspected, and what counts as the whole is inspected for any number that the client gave. A number can be a lie:
//! what has come is looked at while it is short, whether it is said to be whole or not.

mod places;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::claim::{Claim, Naming, Place};
use super::readings::{Wholes, has_gaps, wholes};
use super::store::MAX_PIECES;
use super::{Fault, KeptRequest};
use crate::config::ByteSize;
use places::Places;

/// Different totals that one client may give for one upload; an honest one gives one.
const MAX_TOTALS: usize = 8;

/// Bytes of what has come that are looked at after every piece, without waiting for the last.
const MOST_LOOKED_AT: u64 = 16 << 20;

/// How many times the bytes of an upload such looks may read in all, and what is free.
const LOOKS: u64 = 32;
const FREE_LOOKS: u64 = 64 << 20;

/// Pieces of an upload that was given up whose places are remembered; one of more is forgotten.
const MAX_LOST: usize = 2000;

/// Bytes of the headers of all requests of one upload that are kept.
const MAX_HELD_HEADS: usize = 4 << 20;

/// One upload in pieces.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    arrivals: Vec<Arrival>,
    places: Places,
    bytes: u64,
    counts: BTreeSet<u64>,
    totals: BTreeSet<u64>,
    /// Lengths of pieces that were given up, as nothing came for too long. The origin may have them still.
    lost: BTreeMap<Place, u64>,
    /// Set once the whole has gone on, or was blocked.
    over: Option<Over>,
    /// Whether pieces only come one after the other: the origin may have others of an upload that was blocked.
    is_in_order: bool,
    /// Bytes that were read for looks, and at how many bytes the last one was.
    looked: u64,
    looked_at: u64,
    tickets: u64,
    /// Requests that have been acknowledged and not been sent.
    held: Vec<KeptRequest>,
}

/// A piece that the origin has, or is being sent.
#[derive(Debug)]
pub(super) struct Arrival {
    ticket: u64,
    pub(super) place: Place,
    pub(super) piece: Bytes,
    hash: u64,
    /// Requests on their way that bring it.
    in_flight: usize,
    /// Whether the origin has answered that it took it.
    is_stored: bool,
    /// Whether one of them got no answer, so that the origin may have it.
    is_in_doubt: bool,
    /// Whether another one of the same number was on its way at the same time.
    pub(super) is_contested: bool,
}

/// What is remembered of an upload that is over.
#[derive(Debug)]
struct Over {
    pieces: BTreeSet<(Place, u64)>,
    is_blocked: bool,
}

/// Names a piece until the origin has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// One that is new.
    New(u64),
    /// One that is kept already and comes once more, or one of what is over.
    Again(Option<u64>),
}

/// A piece that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) ticket: Ticket,
    /// What is to be inspected.
    pub(crate) wholes: Wholes,
    /// Whether the first of them is the whole upload, as far as its client says.
    pub(crate) is_whole: bool,
}

/// Why a piece does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// Something is wrong with it.
    Fault(Fault),
    /// Its upload was blocked.
    Blocked,
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Gathering {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether no piece is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Whether a piece with this number is kept that the origin has.
    pub(crate) fn has(&self, index: u64) -> bool {
        let in_arrivals = self.arrivals.iter().any(|arrival| arrival.place.index == Some(index) && arrival.is_stored);
        let in_whole = self.over.as_ref().filter(|over| !over.is_blocked);
        in_arrivals || in_whole.is_some_and(|over| over.pieces.iter().any(|(place, _)| place.index == Some(index)))
    }

    /// Whether pieces are still to come that belong before the one of `claim`, which has `length` bytes and says that
    /// it is the last.
    pub(crate) fn lacks(&self, claim: &Claim, length: u64) -> bool {
        if self.over.is_some() || !claim.ends(length) {
            return false;
        }
        if let (Some(count), Some(own)) = (claim.count, claim.place.index) {
            let others = self.places.count() - u64::from(self.places.has_number(own));
            // Where there is no piece 0, the client may count from 1, and the last one is still to come.
            let may_be_second_to_last = claim.first.is_none() && own + 1 == count && !self.places.has_number(0);
            return others + 1 < count - u64::from(may_be_second_to_last);
        }
        let others = self.places.bytes() - self.places.length_at(claim.place);
        claim.total.is_some_and(|total| others + length < total)
    }

    /// Begins to send a piece, whose [hash](super::piece_hash) is `hash`: whoever has read the bytes has it.
    ///
    /// # Errors
    /// [`Halt`]: its upload was blocked, or it fits nowhere.
    pub(crate) fn begin(&mut self, claim: &Claim, piece: &Bytes, hash: u64, max_body: ByteSize) -> Result<Begun, Halt> {
        let is_vague = claim.naming == Naming::Nothing;
        if let Some(over) = &self.over {
            let is_known = over.pieces.contains(&(claim.place, hash));
            match (over.is_blocked, is_known, is_vague || over.may_be_followed_by(claim)) {
                (true, true, _) | (true, _, false) => return Err(Halt::Blocked),
                (false, true, false) => return Ok(Begun::nothing()),
                (false, false, false) => return Err(Fault::Incomplete.into()),
                (is_blocked, _, true) => {
                    *self = Self { is_in_order: is_blocked, tickets: self.tickets, ..Self::default() };
                }
            }
        }
        let is_full = self.arrivals.len() >= MAX_PIECES || self.bytes + piece.len() as u64 > max_body.0;
        if claim.restarts || is_vague && is_full {
            *self = Self { is_in_order: self.is_in_order, tickets: self.tickets, ..Self::default() };
        }
        let ticket = self.keep(claim, piece, hash, max_body)?;
        let is_complete = self.is_complete(claim);
        // What is left of an attempt that was given up makes another one seem complete too early.
        let is_whole = is_complete && (self.places.is_clean() || claim.is_last || claim.ends(piece.len() as u64));
        let is_doubtful = self.totals.len() + self.counts.len() > MAX_TOTALS;
        let may_be_last = is_complete || self.arrivals.len() > 1 && claim.ends(piece.len() as u64);
        let is_seen = may_be_last || is_doubtful || self.is_worth_a_look();
        let wholes = if is_seen { self.look() } else { Wholes::default() };
        let wholes = Wholes {
            is_ambiguous: wholes.is_ambiguous || is_doubtful,
            is_gapped: wholes.is_gapped || !self.lost.is_empty(),
            ..wholes
        };
        Ok(Begun { ticket, is_whole, wholes })
    }

    fn keep(&mut self, claim: &Claim, piece: &Bytes, hash: u64, max_body: ByteSize) -> Result<Ticket, Fault> {
        let length = piece.len() as u64;
        let is_next = claim.place.index.map_or(claim.place.offset.unwrap_or(0) <= self.bytes, |index| {
            index == u64::MAX || index <= self.places.count() + 1
        });
        if self.is_in_order && !is_next {
            return Err(Fault::Incomplete);
        }
        let end = claim.place.offset.unwrap_or(0).saturating_add(length);
        if (self.bytes + length).max(end).max(claim.total.unwrap_or(0)) > max_body.0 {
            return Err(Fault::TooLarge(max_body));
        }
        self.counts.extend(claim.count.filter(|_| self.counts.len() <= MAX_TOTALS));
        self.totals.extend(claim.total.filter(|_| self.totals.len() <= MAX_TOTALS));
        let has_place = claim.place != Place::default();
        let is_same = |arrival: &Arrival| has_place && arrival.place == claim.place && arrival.hash == hash;
        if let Some(known) = self.arrivals.iter_mut().find(|arrival| is_same(arrival)) {
            known.in_flight += 1;
            return Ok(Ticket::Again(Some(known.ticket)));
        }
        if self.arrivals.len() >= MAX_PIECES {
            return Err(Fault::TooManyPieces);
        }
        // Two on their way with one number: nobody here knows which comes last.
        let mut is_contested = false;
        let has_number = |other: &&mut Arrival| other.place.index.is_some() && other.place.index == claim.place.index;
        for other in self.arrivals.iter_mut().filter(|other| !other.is_stored).filter(has_number) {
            (is_contested, other.is_contested) = (true, true);
        }
        self.tickets += 1;
        self.bytes += length;
        let (ticket, place, piece) = (self.tickets, claim.place, piece.clone());
        self.places.add(place, ticket, length);
        self.lost.remove(&place);
        self.arrivals.push(Arrival {
            ticket,
            place,
            piece,
            hash,
            in_flight: 1,
            is_stored: false,
            is_in_doubt: false,
            is_contested,
        });
        Ok(Ticket::New(self.tickets))
    }

    /// Takes over what became of a piece. It is gone only where no request that brought it may have got it to the
    /// origin.
    pub(crate) fn settle(&mut self, ticket: Ticket, outcome: super::Outcome) {
        let (Ticket::New(ticket) | Ticket::Again(Some(ticket))) = ticket else { return };
        let Some(at) = self.arrivals.iter().position(|arrival| arrival.ticket == ticket) else { return };
        let arrival = &mut self.arrivals[at];
        arrival.in_flight = arrival.in_flight.saturating_sub(1);
        arrival.is_stored |= matches!(outcome, super::Outcome::Stored(_));
        arrival.is_in_doubt |= outcome == super::Outcome::Unknown;
        if arrival.in_flight == 0 && !arrival.is_stored && !arrival.is_in_doubt {
            let arrival = self.arrivals.remove(at);
            self.places.remove(arrival.place, ticket);
            self.bytes -= arrival.piece.len() as u64;
        }
    }

    /// What has come so far, for a request that may have the origin put it together, and may say how long it is; none
    /// where that has been looked at.
    ///
    /// # Errors
    /// [`Halt::Blocked`].
    pub(crate) fn commit(&mut self, total: Option<u64>) -> Result<Wholes, Halt> {
        if let Some(over) = &self.over {
            return if over.is_blocked { Err(Halt::Blocked) } else { Ok(Wholes::default()) };
        }
        let is_short = total.is_some_and(|total| self.places.bytes() < total);
        let wholes = if self.arrivals.is_empty() { Wholes::default() } else { self.look() };
        Ok(Wholes { is_gapped: wholes.is_gapped || is_short || !self.lost.is_empty(), ..wholes })
    }

    /// The origin has removed the piece with this number.
    pub(crate) fn remove(&mut self, index: u64) {
        let is_gone = |arrival: &Arrival| arrival.place.index == Some(index);
        for gone in self.arrivals.extract_if(.., |arrival| is_gone(arrival)) {
            self.places.remove(gone.place, gone.ticket);
        }
        self.bytes = self.arrivals.iter().map(|arrival| arrival.piece.len() as u64).sum();
    }

    /// Whether requests are kept that the origin has not got.
    pub(crate) fn has_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether something has come since the last look.
    pub(crate) fn is_unseen(&self) -> bool {
        let is_blocked = self.over.as_ref().is_some_and(|over| over.is_blocked);
        is_blocked || self.looked_at != self.bytes || !self.held.is_empty()
    }

    /// The whole has gone on, or was blocked: its bytes are of no more use.
    pub(crate) fn end(&mut self, is_blocked: bool) {
        let pieces = self.arrivals.iter().map(|arrival| (arrival.place, arrival.hash)).collect();
        if self.over.is_none() {
            let over = Some(Over { pieces, is_blocked });
            *self = Self { over, tickets: self.tickets, ..Self::default() };
        }
    }

    /// Whether `request` can be kept: its headers are counted by nothing else.
    pub(crate) fn has_room_to_hold(&self, request: &KeptRequest) -> bool {
        let held: usize = self.held.iter().map(KeptRequest::head_bytes).sum();
        held + request.head_bytes() <= MAX_HELD_HEADS
    }

    /// Keeps a request whose pieces have begun, in the place of the origin.
    pub(crate) fn hold(&mut self, ticket: Ticket, request: KeptRequest) {
        if matches!(ticket, Ticket::New(_)) {
            self.held.push(request);
        }
    }

    /// The requests that are held, which are no more.
    pub(crate) fn take_held(&mut self) -> Vec<KeptRequest> {
        std::mem::take(&mut self.held)
    }

    /// Puts requests back that could not be sent.
    pub(crate) fn give_back(&mut self, mut unsent: Vec<KeptRequest>) {
        unsent.append(&mut self.held);
        self.held = unsent;
    }

    /// Gives its pieces up, since nothing has come for too long. What is remembered is for which places they were, so
    /// that the rest of them does not become a whole in silence. Says whether there is anything to remember.
    pub(crate) fn lose(&mut self) -> bool {
        if self.over.is_some() || self.arrivals.is_empty() || self.arrivals.len() > MAX_LOST {
            return false;
        }
        let mut lost = std::mem::take(&mut self.lost);
        lost.extend(self.arrivals.iter().map(|arrival| (arrival.place, arrival.piece.len() as u64)));
        let (counts, totals) = (std::mem::take(&mut self.counts), std::mem::take(&mut self.totals));
        *self = Self { lost, counts, totals, tickets: self.tickets, ..Self::default() };
        true
    }

    /// Whether what has come, also before it was given up, is the whole by any number that was given.
    fn is_complete(&self, claim: &Claim) -> bool {
        let numbers =
            self.lost.keys().filter_map(|place| place.index).filter(|number| !self.places.has_number(*number));
        let numbers = self.places.count() + numbers.count() as u64;
        let bytes = self.places.bytes() + self.lost.values().sum::<u64>();
        claim.is_last
            || self.counts.iter().any(|count| numbers >= *count)
            || self.totals.iter().any(|total| bytes >= *total)
    }

    /// Short uploads are looked at after every piece, longer ones and those in very many pieces as they grow.
    fn is_worth_a_look(&self) -> bool {
        if self.arrivals.len() < 2 || self.bytes > MOST_LOOKED_AT {
            return false;
        }
        let may_look = self.looked + self.bytes <= LOOKS * self.bytes + FREE_LOOKS;
        may_look || self.bytes >= self.looked_at + self.looked_at / 16
    }

    fn look(&mut self) -> Wholes {
        let wholes = Wholes { is_gapped: has_gaps(&self.arrivals), ..wholes(&self.arrivals) };
        self.looked += self.bytes * wholes.readings.len() as u64;
        self.looked_at = self.bytes;
        wholes
    }
}

impl Over {
    /// Whether a new upload of the same name may begin with this piece, by its number or by where it is.
    fn may_be_followed_by(&self, claim: &Claim) -> bool {
        let counts_from_zero = self.pieces.iter().any(|(place, _)| place.index == Some(0));
        let first = if counts_from_zero { 0 } else { 1 };
        match claim.place {
            _ if claim.restarts => true,
            Place { index: Some(index), .. } => index <= first,
            Place { offset, .. } => offset == Some(0),
        }
    }
}

impl Begun {
    /// A piece of what is over, once more.
    pub(crate) fn nothing() -> Self {
        Self { ticket: Ticket::Again(None), wholes: Wholes::default(), is_whole: false }
    }
}

#[cfg(test)]
mod tests;
