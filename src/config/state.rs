//! Where what must outlive the process is kept, unless the configuration says.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// `$STATE_DIRECTORY` as systemd sets it, or else the place for programs of a user (XDG Base Directory Specification).
pub(super) fn state_directory() -> Option<PathBuf> {
    choose(|name| env::var_os(name).filter(|value| !value.is_empty()))
}

fn choose(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // systemd lists several directories with colons between; the first is the unit's own.
    let of_unit = variable("STATE_DIRECTORY").and_then(|list| env::split_paths(&list).next());
    of_unit
        .or_else(|| Some(PathBuf::from(variable("XDG_STATE_HOME")?).join("penstock")))
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state/penstock")))
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
            let found = choose(|name| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| value.into()));
            assert_eq!(found, expected.map(PathBuf::from), "{variables:?}");
        }
    }
}
