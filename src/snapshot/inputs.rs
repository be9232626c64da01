//! Which files a snapshot depends on, and whether they changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::pulse::Pulse;
use super::texts::text_files;
use crate::config::Config;

/// Every file that a snapshot was built from, with what the file system said of it just before, by what the
/// configuration names: a file, a folder, or the address of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs(BTreeMap<PathBuf, Named>);

/// The files that one thing in the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    kind: Kind,
    files: BTreeMap<PathBuf, Option<Stamp>>,
}

/// Which files in a folder are inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `*.toml`.
    Rules,
    /// All but hidden ones.
    Any,
}

/// Enough to notice an edit, a replacement by rename, and a swapped symbolic link. Of a folder only which it is: the
/// files in it are inputs by themselves, and others in it are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    is_folder: bool,
    length: u64,
    modified_seconds: i64,
    modified_nanoseconds: i64,
    /// When the file was changed in any way. Programs that copy files can set the other one.
    changed_seconds: i64,
    changed_nanoseconds: i64,
}

/// Names that tell of a change when something happens to one of them.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: BTreeSet<PathBuf>,
    folders: BTreeMap<PathBuf, Kind>,
}

/// Somebody who looks at inputs, and says so before, because to look may hang.
pub(super) struct Look<'a> {
    pub(super) pulse: &'a Pulse,
    /// What hangs, and is not touched.
    pub(super) hanging: &'a BTreeSet<PathBuf>,
    /// What was seen last.
    pub(super) last: &'a Inputs,
}

impl Look<'_> {
    /// Whether `named` hangs, so that nobody may touch it.
    pub(super) fn hangs(&self, named: &Path) -> bool {
        self.hanging.contains(named)
    }

    /// What `list` finds to belong to `named`, as it is now; or as it was, while it hangs.
    fn at(&self, named: &Path, kind: Kind, list: impl FnOnce() -> Vec<PathBuf>) -> Inputs {
        if self.hangs(named) {
            return self.last.only(named);
        }
        self.pulse.looks_at(named);
        let stamped = |path: PathBuf| {
            self.pulse.goes_on();
            (path.clone(), stamp(&path))
        };
        let files = list().into_iter().map(stamped).collect();
        self.pulse.rests();
        Inputs(BTreeMap::from([(named.to_owned(), Named { kind, files })]))
    }

    /// The inputs of `config` but its sets, as they are now. Those of a set are noted when it is loaded, because which
    /// they are is only known then.
    pub(super) fn inputs_of(&self, config: &Config) -> Inputs {
        let mut inputs = self.file(&config.file);
        let with_folder = |path: &Path, files: std::io::Result<Vec<PathBuf>>| {
            [vec![path.to_owned()], files.unwrap_or_default()].concat()
        };
        for path in &config.rules {
            inputs.add(&self.at(path, Kind::Rules, || with_folder(path, rule_files(path))));
        }
        for path in config.text_lists.iter().map(|list| &list.path) {
            inputs.add(&self.at(path, Kind::Any, || with_folder(path, text_files(path))));
        }
        inputs
    }

    /// The files of a set at `named`, which `list` finds.
    pub(super) fn set(&self, named: &Path, list: impl FnOnce() -> Vec<PathBuf>) -> Inputs {
        self.at(named, Kind::Any, list)
    }

    /// Just one file, such as the configuration when it cannot be read.
    pub(super) fn file(&self, file: &Path) -> Inputs {
        self.at(file, Kind::Any, || vec![file.to_owned()])
    }

    /// The files that were seen last, as they are now.
    pub(super) fn last_again(&self) -> Inputs {
        let mut inputs = Inputs::default();
        for (name, Named { kind, files }) in &self.last.0 {
            inputs.add(&self.at(name, *kind, || files.keys().cloned().collect()));
        }
        inputs
    }
}

impl Inputs {
    /// Adds the files that were read because of `named`, as they are now.
    pub(super) fn note(&mut self, named: &Path, files: impl IntoIterator<Item = PathBuf>) {
        let named = self.0.entry(named.to_owned()).or_insert(Named { kind: Kind::Any, files: BTreeMap::new() });
        named.files.extend(files.into_iter().map(|path| (path.clone(), stamp(&path))));
    }

    /// Adds what is not among them yet.
    pub(super) fn add(&mut self, other: &Self) {
        for (name, others) in &other.0 {
            let own = self.0.entry(name.clone()).or_insert_with(|| others.clone());
            for (path, stamp) in &others.files {
                own.files.entry(path.clone()).or_insert(*stamp);
            }
        }
    }

    /// Those that are inputs because of `named`.
    fn only(&self, named: &Path) -> Self {
        Self(self.0.get_key_value(named).map(|(name, files)| (name.clone(), files.clone())).into_iter().collect())
    }

    /// Whether each file of `named` is there, with the same stamp in `other`, which may have more.
    pub(super) fn are_part_of(&self, named: &Path, other: &Self) -> bool {
        let (Some(own), Some(others)) = (self.0.get(named), other.0.get(named)) else {
            return false;
        };
        own.files.iter().all(|(path, stamp)| stamp.is_some() && others.files.get(path) == Some(stamp))
    }

    /// Whether what `named` names is there, and is the same in `other`.
    pub(super) fn are_same_at(&self, named: &Path, other: &Self) -> bool {
        let own = self.0.get(named);
        own.is_some_and(|own| own.files.values().all(Option::is_some)) && own == other.0.get(named)
    }

    /// Whether `path` is an input because of `named`.
    pub(super) fn has(&self, named: &Path, path: &Path) -> bool {
        self.0.get(named).is_some_and(|named| named.files.contains_key(path))
    }

    /// When the newest of the files that `named` names was written; of all without it.
    pub(super) fn newest(&self, named: Option<&Path>) -> Option<SystemTime> {
        let is_wanted = |name: &Path| named.is_none_or(|named| name == named);
        let wanted = self.0.iter().filter(|(name, _)| is_wanted(name)).flat_map(|(_, files)| files.files.values());
        let newest = wanted.flatten().filter(|stamp| !stamp.is_folder).map(|stamp| {
            let seconds = u64::try_from(stamp.modified_seconds).unwrap_or(0);
            Duration::new(seconds, u32::try_from(stamp.modified_nanoseconds).unwrap_or(0))
        });
        newest.max().map(|since| SystemTime::UNIX_EPOCH + since)
    }

    /// The names to look out for: of the files, of links that lead to them, and of whatever may come into a folder.
    pub(super) fn names(&self, look: &Look<'_>) -> Names {
        let mut names = Names::default();
        for (name, Named { kind, files }) in self.0.iter().filter(|(name, _)| !look.hangs(name)) {
            look.pulse.looks_at(name);
            for (path, stamp) in files {
                look.pulse.goes_on();
                names.files.extend(path_and_links(path));
                if stamp.is_some_and(|stamp| stamp.is_folder) {
                    let folder = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                    names.folders.insert(folder, *kind);
                }
            }
        }
        look.pulse.rests();
        names
    }
}

impl Names {
    /// Whether what happened at `path` may change an input.
    pub(super) fn has(&self, path: &Path) -> bool {
        let is_in_folder = || {
            let kind = path.parent().and_then(|folder| self.folders.get(folder));
            kind.is_some_and(|kind| match kind {
                Kind::Rules => !is_hidden(path) && is_rule_file(path),
                Kind::Any => !is_hidden(path),
            })
        };
        self.files.contains(path) || is_in_folder()
    }

    /// The folders to watch: those that hold the files, and those that are inputs themselves. Folders, because a file
    /// that is replaced by a rename is another file.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let parents = self.files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        parents.chain(self.folders.keys().cloned()).collect()
    }
}

/// `path`, and every symbolic link on the way to what it means: to replace one of them changes it too.
fn path_and_links(path: &Path) -> Vec<PathBuf> {
    /// More are a loop, as for Linux itself.
    const MOST_LINKS: usize = 40;
    let mut found = Vec::new();
    let mut next = std::path::absolute(path).ok();
    while let Some(whole) = next.take().filter(|_| found.len() < MOST_LINKS) {
        let mut walked = PathBuf::new();
        let mut parts = whole.components();
        while let Some(part) = parts.next() {
            walked.push(part);
            if let Ok(target) = fs::read_link(&walked) {
                let folder = walked.parent().unwrap_or(Path::new("/"));
                next = Some(folder.join(target).join(parts.as_path()));
                break;
            }
        }
        found.push(if next.is_some() { walked } else { whole.clone() });
        if found.len() == 1 && next.is_some() {
            found.push(whole);
        }
    }
    found
}

/// The rule files that `path` means: itself, or the `*.toml` files in it by name.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn rule_files(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    files_of(path, is_rule_file)
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The files that `path` means: itself, or those in it by name that `is_wanted` and that are not hidden.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn files_of(path: &Path, is_wanted: impl Fn(&Path) -> bool) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if !is_hidden(&file) && is_wanted(&file) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    let is_folder = metadata.is_dir();
    let of_file = |value| if is_folder { 0 } else { value };
    Some(Stamp {
        inode: metadata.ino(),
        is_folder,
        length: if is_folder { 0 } else { metadata.len() },
        modified_seconds: of_file(metadata.mtime()),
        modified_nanoseconds: of_file(metadata.mtime_nsec()),
        changed_seconds: of_file(metadata.ctime()),
        changed_nanoseconds: of_file(metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn look<T>(hanging: &BTreeSet<PathBuf>, last: &Inputs, work: impl FnOnce(&Look<'_>) -> T) -> T {
        work(&Look { pulse: &Pulse::default(), hanging, last })
    }

    fn seen(path: &Path, kind: Kind) -> Inputs {
        let list = || [vec![path.to_owned()], files_of(path, |file| kind == Kind::Any || is_rule_file(file)).unwrap()];
        look(&BTreeSet::new(), &Inputs::default(), |look| look.at(path, kind, || list().concat()))
    }

    fn names(inputs: &Inputs) -> Names {
        look(&BTreeSet::new(), inputs, |look| inputs.names(look))
    }

    #[test]
    fn a_file_that_is_no_input_changes_nothing_in_a_folder_of_inputs() {
        let folder = tempfile::tempdir().unwrap();
        let now = || seen(folder.path(), Kind::Rules);
        fs::write(folder.path().join("a.toml"), "").unwrap();
        let before = now();
        for other in ["penstock.log", ".a.toml.swp", "a.toml~"] {
            fs::write(folder.path().join(other), "x").unwrap();
            assert_eq!(now(), before, "{other}");
            assert!(!names(&before).has(&folder.path().join(other)), "{other}");
        }
        fs::write(folder.path().join("b.toml"), "").unwrap();
        assert_ne!(now(), before);
        assert!(names(&before).has(&folder.path().join("b.toml")));
    }

    #[test]
    fn a_swapped_link_on_the_way_to_a_file_is_looked_out_for() {
        // As Kubernetes mounts a ConfigMap.
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("..v1")).unwrap();
        fs::write(root.join("..v1/penstock.toml"), "").unwrap();
        symlink("..v1", root.join("..data")).unwrap();
        symlink("..data/penstock.toml", root.join("penstock.toml")).unwrap();
        let file = root.join("penstock.toml");
        let names = names(&seen(&file, Kind::Any));
        for name in ["penstock.toml", "..data", "..v1/penstock.toml"] {
            assert!(names.has(&root.join(name)), "{name}: {names:?}");
        }
        assert!(!names.has(&root.join("penstock.log")));
        assert!(names.folders().contains(&root) && names.folders().contains(&root.join("..v1")));
    }

    #[test]
    fn what_hangs_is_not_touched_and_counts_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "a").unwrap();
        let before = seen(folder.path(), Kind::Any);
        fs::write(folder.path().join("a"), "longer").unwrap();
        let hanging = BTreeSet::from([folder.path().to_owned()]);
        look(&hanging, &before, |look| assert_eq!(look.last_again(), before));
        look(&BTreeSet::new(), &before, |look| assert_ne!(look.last_again(), before));
        look(&hanging, &before, |look| {
            let listed = look.set(folder.path(), || panic!("it is touched"));
            assert_eq!(listed, before);
        });
    }
}
