//! Several pictures in one file, some of which cannot be decoded.
//!
//! One rule for all: a picture that cannot be decoded is a doubt whatever is beside it, since some viewer shows it,
//! or goes to it page by page. Only what no viewer shows by itself, such as the smaller pictures below a page of a
//! camera's raw file, counts no more than that another was decoded.

use super::DecodeError;

/// How looking at the pictures of a file ends.
#[derive(Debug, Default)]
pub struct Several {
    has_shown: bool,
    /// Why the first that viewers show was not decoded, and the first that they do not.
    missing: Option<DecodeError>,
    missing_aside: Option<DecodeError>,
    stopped: Option<DecodeError>,
}

impl Several {
    /// Takes in how one of them ended.
    pub fn add(&mut self, one: Result<(), DecodeError>) {
        self.take(one, false);
    }

    /// Takes in how one ended that no viewer shows by itself.
    pub fn add_aside(&mut self, one: Result<(), DecodeError>) {
        self.take(one, true);
    }

    fn take(&mut self, one: Result<(), DecodeError>, is_aside: bool) {
        match one {
            Ok(()) => self.has_shown = true,
            Err(error @ (DecodeError::Broken(_) | DecodeError::Unsupported(_))) => {
                let missing = if is_aside { &mut self.missing_aside } else { &mut self.missing };
                missing.get_or_insert(error);
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
        match (self.stopped.or(self.missing), self.has_shown, self.missing_aside) {
            (Some(error), ..) | (None, false, Some(error)) => Err(error),
            (None, true, _) => Ok(()),
            (None, false, None) => Err(DecodeError::Broken("there is no picture in it".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decoded_is_a_doubt_whatever_is_beside_it() {
        let broken = || Err(DecodeError::Broken("so it is".into()));
        let unknown = || Err(DecodeError::Unsupported("a way"));
        let large = || Err(DecodeError::TooLarge { width: 1, height: 1 });
        let ended = |all: Vec<Result<(), DecodeError>>, aside: Vec<Result<(), DecodeError>>| {
            let mut several = Several::default();
            all.into_iter().for_each(|one| several.add(one));
            aside.into_iter().for_each(|one| several.add_aside(one));
            several.ended()
        };
        assert_eq!(ended(vec![Ok(()), Ok(())], vec![]), Ok(()));
        assert_eq!(ended(vec![Ok(()), broken()], vec![]), broken());
        assert_eq!(ended(vec![unknown(), Ok(())], vec![]), unknown());
        assert_eq!(ended(vec![Ok(()), large(), broken()], vec![]), large());
        assert_eq!(ended(vec![broken(), large()], vec![]), large());
        assert_eq!(ended(vec![Ok(())], vec![broken(), unknown()]), Ok(()));
        assert_eq!(ended(vec![Ok(())], vec![large()]), large());
        assert_eq!(ended(vec![], vec![unknown()]), unknown());
        assert!(ended(vec![], vec![]).is_err());
    }
}
