//! Where Penstock keeps its own files, unless the configuration says.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// What must outlive the process: `$STATE_DIRECTORY` as systemd sets it, or else the place for programs of a user.
pub(super) fn state_directory() -> Option<PathBuf> {
    choose(&STATE, environment)
}

/// What can be made or fetched again: `$CACHE_DIRECTORY` as systemd sets it, or else the place for programs of a user, or
/// that for the system's.
pub(super) fn cache_directory() -> PathBuf {
    choose(&CACHE, environment).unwrap_or_else(|| "/var/cache/penstock".into())
}

/// What names a kind of directory.
struct Names {
    systemd: &'static str,
    /// XDG Base Directory Specification.
    xdg: &'static str,
    /// The folder in `$HOME` that is meant when `xdg` is not set.
    in_home: &'static str,
}

const STATE: Names = Names { systemd: "STATE_DIRECTORY", xdg: "XDG_STATE_HOME", in_home: ".local/state" };
const CACHE: Names = Names { systemd: "CACHE_DIRECTORY", xdg: "XDG_CACHE_HOME", in_home: ".cache" };

fn environment(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn choose(names: &Names, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // systemd lists several directories with colons between; the first is the unit's own.
    let of_unit = variable(names.systemd).and_then(|list| env::split_paths(&list).next());
    let of_user = || {
        let folder = variable(names.xdg).map(PathBuf::from);
        Some(folder.or_else(|| Some(PathBuf::from(variable("HOME")?).join(names.in_home)))?.join("penstock"))
    };
    of_unit.or_else(of_user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_state_directory() {
        type Variables<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Variables<'_>, Option<&str>); 4] = [
            (&[("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), ("HOME", "/root")], Some("/var/lib/a")),
            (&[("XDG_STATE_HOME", "/s"), ("HOME", "/root")], Some("/s/penstock")),
            (&[("HOME", "/root")], Some("/root/.local/state/penstock")),
            (&[], None),
        ];
        for (variables, expected) in cases {
            let found =
                choose(&STATE, |name| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| value.into()));
            assert_eq!(found, expected.map(PathBuf::from), "{variables:?}");
        }
    }
}
