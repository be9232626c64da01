//! Which pictures of a file are looked at: frames, pages, sizes of an icon.
//!
//! All of them, as long as the file goes no faster through its work than through its pictures. Where it does, those
//! that are chosen before, up to [`DecodeLimits::max_frames`](crate::content::DecodeLimits::max_frames): the first,
//! the last, those that count most (which are shown longest, or are largest), and some between. A file of which one
//! was left out is [`DecodeError::TooManyPictures`], so that nothing can hide behind the rest.

use std::cmp::Reverse;
use std::time::Duration;

use super::DecodeError;
use crate::content::Deadline;

/// Pictures that are looked at whatever work there is: each is searched for in every list, in nine ways.
const MOST: usize = 1_000;

/// Pictures of a file on their way past.
pub(super) struct Chosen {
    is_chosen: Vec<bool>,
    /// Chosen ones that were equal to one before, whose places others may take.
    spare: usize,
    looked_at: usize,
    /// Work that was left at the start.
    work: Option<Duration>,
    has_left_out: bool,
}

impl Chosen {
    /// Of as many pictures as there are `weights`, which say how much each counts, `most` are chosen.
    pub(super) fn of(weights: &[u64], most: usize, deadline: &Deadline) -> Self {
        let is_chosen = if weights.len() <= most { vec![true; weights.len()] } else { choose(weights, most) };
        Self { is_chosen, spare: 0, looked_at: 0, work: deadline.work_left(), has_left_out: false }
    }

    /// Whether picture `number` is to be looked at.
    pub(super) fn takes(&mut self, number: usize, deadline: &Deadline) -> bool {
        let takes = if self.is_chosen.get(number) == Some(&true) {
            true
        } else if self.spare > 0 {
            self.spare -= 1;
            true
        } else {
            self.looked_at < MOST && self.is_on_pace(number, deadline)
        };
        self.looked_at += usize::from(takes);
        self.has_left_out |= !takes;
        takes
    }

    /// Notes that picture `number` is equal to one that was looked at.
    pub(super) fn pass(&mut self, number: usize) {
        self.spare += usize::from(self.is_chosen.get(number) == Some(&true));
    }

    /// Whether there are any.
    pub(super) const fn is_empty(&self) -> bool {
        self.is_chosen.is_empty()
    }

    /// # Errors
    /// [`DecodeError::TooManyPictures`] when not all were looked at.
    pub(super) const fn ended(&self) -> Result<(), DecodeError> {
        if self.has_left_out { Err(DecodeError::TooManyPictures) } else { Ok(()) }
    }

    /// A quarter of the work may be used before, and half by the pictures: what is left is for those that have to be
    /// decoded in any case.
    fn is_on_pace(&self, number: usize, deadline: &Deadline) -> bool {
        let (Some(work), Some(left)) = (self.work, deadline.work_left()) else { return true };
        let way = number as f64 / self.is_chosen.len().max(1) as f64;
        work.saturating_sub(left) <= work.mul_f64(0.25 + way / 2.0)
    }
}

/// `most` of more pictures: the first, the last, the heaviest, and others at even distances.
fn choose(weights: &[u64], most: usize) -> Vec<bool> {
    let count = weights.len();
    let mean = weights.iter().fold(0, |sum: u64, weight| sum.saturating_add(*weight)) / count as u64;
    let mut heavy: Vec<usize> = (0..count).filter(|number| weights[*number] > mean).collect();
    heavy.sort_by_key(|number| Reverse(weights[*number]));
    let (mut is_chosen, mut left) = (vec![false; count], most);
    for number in [0, count - 1].into_iter().chain(heavy.into_iter().take(most / 2)) {
        if left > 0 && !is_chosen[number] {
            (is_chosen[number], left) = (true, left - 1);
        }
    }
    let others: Vec<usize> = (0..count).filter(|number| !is_chosen[*number]).collect();
    (1..=left).for_each(|place| is_chosen[others[place * others.len() / (left + 1)]] = true);
    is_chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(weights: &[u64], most: usize) -> Vec<usize> {
        let is_chosen = Chosen::of(weights, most, &Deadline::NEVER).is_chosen;
        (0..weights.len()).filter(|number| is_chosen[*number]).collect()
    }

    #[test]
    fn the_first_the_last_the_heaviest_and_some_between_are_chosen() {
        assert_eq!(chosen(&[0; 3], 8), [0, 1, 2]);
        assert_eq!(chosen(&[0; 100], 1), [0]);
        assert_eq!(chosen(&[0; 100], 2), [0, 99]);
        assert_eq!(chosen(&[0; 0], 8), [0; 0]);
        let mut weights = vec![10; 100];
        (weights[17], weights[44]) = (6_000, 700);
        assert!([0, 17, 44, 99].iter().all(|number| chosen(&weights, 8).contains(number)));
        for count in 1..200 {
            for most in 1..20 {
                let chosen = chosen(&vec![7; count], most);
                assert_eq!(chosen.len(), count.min(most), "{most} of {count}: {chosen:?}");
                assert_eq!(chosen[0], 0);
                assert!(most == 1 || chosen.last() == Some(&(count - 1)));
                let widest = chosen.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
                assert!(most < 3 || widest <= 2 * count / (most - 1) + 2, "{most} of {count}: {chosen:?}");
            }
        }
    }

    #[test]
    fn what_was_not_chosen_is_looked_at_while_there_is_work_for_it() {
        let looked_at = |deadline: Deadline| {
            let mut all = Chosen::of(&[1; 40], 4, &deadline);
            let taken: Vec<bool> = (0..40).map(|number| all.takes(number, &deadline)).collect();
            (taken.iter().filter(|taken| **taken).count(), all.ended())
        };
        let ample = Deadline::NEVER.or_after_work(Duration::from_secs(600));
        assert_eq!(looked_at(Deadline::NEVER), (40, Ok(())));
        assert_eq!(looked_at(ample), (40, Ok(())));
        let spent = Chosen { work: Some(Duration::from_secs(6_000)), ..Chosen::of(&[1; 40], 4, &ample) };
        assert!(!spent.is_on_pace(20, &ample), "nine tenths of its work are used");
        let mut many = Chosen::of(&[1; MOST + 100], 4, &ample);
        assert_eq!((0..MOST + 100).filter(|number| many.takes(*number, &ample)).count(), MOST + 1);
        assert_eq!(many.ended(), Err(DecodeError::TooManyPictures));
    }

    #[test]
    fn a_picture_takes_the_place_of_one_that_was_equal() {
        let deadline = Deadline::NEVER.or_after_work(Duration::from_secs(600));
        let mut all = Chosen { work: Some(Duration::from_secs(60_000)), ..Chosen::of(&[1; 10], 2, &deadline) };
        assert!(all.takes(0, &deadline) && !all.takes(4, &deadline));
        all.pass(9);
        assert!(all.takes(5, &deadline));
    }
}
