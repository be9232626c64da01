//! What is in order and yet hardly meant: in the configuration, and about what was loaded by it.

use super::Snapshot;
use crate::config::Problem;
use crate::content::SetAction;

impl Snapshot {
    /// What a person should look at, though everything can be loaded.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut warnings = self.config.warnings.clone();
        for path in &self.config.rules {
            let own = self.rule_files.iter().filter(|file| file.path.starts_with(path));
            if own.map(|file| file.entries).sum::<usize>() == 0 {
                warnings.push(Problem::of_file(path, "there is no rule in it: rules protect against nothing"));
            }
        }
        for set in self.sets.iter().filter(|set| set.set.is_empty() && set.policy.action != SetAction::Allow) {
            let message = format!("hash set \"{}\" has no entry: it protects against nothing", set.name);
            warnings.push(Problem::of_file(&set.file.path, message));
        }
        for texts in self.texts.iter().filter(|texts| texts.file.entries == 0) {
            let message = format!("text list \"{}\" has no text: it protects against nothing", texts.source.name);
            warnings.push(Problem::of_file(&texts.file.path, message));
        }
        let spool = &self.config.limits.spool_directory;
        if let Err(error) = tempfile::tempfile_in(spool) {
            let message = format!("no file can be made in this folder ({error}): large uploads get 503");
            warnings.push(Problem::of_file(spool, message));
        }
        warnings
    }

    /// Says so in the log.
    pub(super) fn log_warnings(&self) {
        for problem in self.warnings() {
            tracing::warn!(event = "configuration", %problem, "this is hardly meant");
        }
    }
}
