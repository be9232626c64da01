//! Several pictures in one file, some of which cannot be decoded.
//!
//! One rule for all: where one that viewers show was decoded, others that are broken, or are written in a way that is
//! not known here, are no doubt. In some files viewers show the first and it has to be that one, as otherwise anything
//! could come before a picture that can be decoded; in others they take the one that suits them. Where a limit stopped
//! a decoder, that is always a doubt: nothing says that viewers cannot show the picture either.

use super::DecodeError;

/// Which of the pictures viewers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    First,
    Any,
}

/// How looking at the pictures of a file ends.
#[derive(Debug)]
pub struct Several {
    shown: Shown,
    count: usize,
    has_shown: bool,
    /// Why the picture that decides, or the first of those that may, was not decoded.
    missing: Option<DecodeError>,
    stopped: Option<DecodeError>,
}

impl Several {
    const fn new(shown: Shown) -> Self {
        Self { shown, count: 0, has_shown: false, missing: None, stopped: None }
    }

    /// Of which viewers show the first.
    pub const fn led_by_first() -> Self {
        Self::new(Shown::First)
    }

    /// Of which viewers show any.
    pub const fn of_equals() -> Self {
        Self::new(Shown::Any)
    }

    /// Whether none was looked at.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes in how one of them ended.
    pub fn add(&mut self, one: Result<(), DecodeError>) {
        let may_decide = self.shown == Shown::Any || self.count == 0;
        self.count += 1;
        match one {
            Ok(()) => self.has_shown |= may_decide,
            Err(error @ (DecodeError::Broken(_) | DecodeError::Unsupported(_))) => {
                if may_decide && self.missing.is_none() {
                    self.missing = Some(error);
                }
            }
            Err(error) => {
                self.stopped.get_or_insert(error);
            }
        }
    }

    /// How all of them ended.
    ///
    /// # Errors
    /// The first limit that stopped a decoder, or why what viewers show was not decoded.
    pub fn ended(self) -> Result<(), DecodeError> {
        match (self.stopped, self.has_shown, self.missing) {
            (Some(stopped), ..) => Err(stopped),
            (None, true, _) => Ok(()),
            (None, false, Some(missing)) => Err(missing),
            (None, false, None) => Err(DecodeError::Broken("there is no picture in it".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decoded_beside_what_viewers_show_is_no_doubt() {
        let broken = || Err(DecodeError::Broken("so it is".into()));
        let unknown = || Err(DecodeError::Unsupported("a way"));
        let large = || Err(DecodeError::TooLarge { width: 1, height: 1 });
        let ended = |mut several: Several, all: Vec<Result<(), DecodeError>>| {
            all.into_iter().for_each(|one| several.add(one));
            several.ended()
        };
        for all in [vec![Ok(()), broken()], vec![Ok(()), unknown(), Ok(())]] {
            assert_eq!(ended(Several::led_by_first(), all.clone()), Ok(()));
            assert_eq!(ended(Several::of_equals(), all), Ok(()));
        }
        assert_eq!(ended(Several::led_by_first(), vec![unknown(), Ok(())]), unknown());
        assert_eq!(ended(Several::of_equals(), vec![unknown(), Ok(())]), Ok(()));
        assert_eq!(ended(Several::of_equals(), vec![unknown(), broken()]), unknown());
        assert_eq!(ended(Several::of_equals(), vec![Ok(()), large(), broken()]), large());
        assert_eq!(ended(Several::led_by_first(), vec![broken(), large()]), large());
        assert!(ended(Several::of_equals(), Vec::new()).is_err());
    }
}
