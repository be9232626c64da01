//! What is in order and yet hardly meant: `penstock check` says so, and the log at a start.

use std::net::{IpAddr, SocketAddr};

use toml::Spanned;

use super::raw::RawRoute;
use super::validate::Check;
use super::{Config, Inspection, Place, Problem, Route, suggestion};

/// Methods that are registered (IANA) or widely used. Others work, and are more often a slip.
const METHODS: &[&str] = &[
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "SOURCE",
    "PRI",
];

impl Check<'_> {
    /// Something that is in order and hardly meant.
    pub(super) fn warning<T>(&mut self, at: &Spanned<T>, message: impl Into<String>) {
        let problem = Problem::at(self.file, Place::of(self.source, at.span().start), message);
        self.warnings.push(problem);
    }

    /// Warns about a method that hardly any client uses.
    pub(super) fn warn_of_method(&mut self, method: &Spanned<String>) {
        let text = method.get_ref();
        if !METHODS.contains(&text.as_str()) {
            let hint = suggestion(text, METHODS.iter().copied());
            self.warning(method, format!("\"{text}\" is not a method that clients are known to use{hint}"));
        }
    }

    /// Warns about routes that get no request because one before them takes it. `raw` are the same routes as written.
    pub(super) fn warn_of_unreachable(&mut self, raw: &[RawRoute], routes: &[Route]) {
        for (at, (route, written)) in routes.iter().zip(raw).enumerate() {
            let earlier = routes[..at].iter().zip(raw).find(|(earlier, _)| earlier.pattern.covers(&route.pattern));
            if let Some((earlier, place)) = earlier {
                let line = Place::of(self.source, place.name.span().start).line;
                let what = if earlier.pattern.is_any() { "everything" } else { "all that it would" };
                let (name, other) = (&route.name, &earlier.name);
                self.warning(
                    &written.name,
                    format!("route \"{name}\" can never be reached: \"{other}\" in line {line} takes {what}"),
                );
            }
        }
    }

    /// Reports addresses that could not be listened on together.
    pub(super) fn addresses(&mut self, listeners: &[&Spanned<String>], admin: Option<&Spanned<String>>) {
        let parsed = |text: &Spanned<String>| text.get_ref().parse::<SocketAddr>().ok().filter(|one| one.port() != 0);
        let default = SocketAddr::from(([127, 0, 0, 1], 9180));
        for (at, listener) in listeners.iter().enumerate() {
            let Some(address) = parsed(listener) else {
                continue;
            };
            let twice = listeners[..at].iter().find_map(|other| Some((other, parsed(other)?.overlap(address)?)));
            if let Some((first, overlap)) = twice {
                let line = Place::of(self.source, first.span().start).line;
                self.problem(listener, match overlap {
                    Overlap::Same => format!("{address} is a [[listener]] already, in line {line}"),
                    Overlap::Part(all) => format!(
                        "{address} overlaps the [[listener]] in line {line}, as {all} is every address of the machine: \
                         leave one of them out"
                    ),
                });
            }
            let whose = if admin.is_some() { "the address of [admin]" } else { "the default address of [admin]" };
            match admin.map_or(Some(default), parsed).and_then(|admin| admin.overlap(address)) {
                Some(Overlap::Same) => {
                    self.problem(listener, format!("{address} is {whose}: choose another port for one of them"));
                }
                Some(Overlap::Part(all)) => self.problem(
                    listener,
                    format!(
                        "{address} overlaps {whose}, as {all} is every address of the machine: \
                         choose another port for one of them"
                    ),
                ),
                None => {}
            }
        }
    }
}

/// Why two addresses cannot be listened on together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overlap {
    Same,
    /// This one is every address of the machine.
    Part(IpAddr),
}

trait Overlapping {
    fn overlap(self, other: Self) -> Option<Overlap>;
}

impl Overlapping for SocketAddr {
    fn overlap(self, other: Self) -> Option<Overlap> {
        if self.port() != other.port() {
            return None;
        }
        let (one, two) = (self.ip().to_canonical(), other.ip().to_canonical());
        if one == two {
            return Some(Overlap::Same);
        }
        [(one, two), (two, one)]
            .into_iter()
            .find(|(all, part)| takes_in(*all, *part))
            .map(|(all, _)| Overlap::Part(all))
    }
}

/// Whether who listens on `all` listens on `part`. `[::]` is every address of IPv4 as well, unless the system has it
/// otherwise.
fn takes_in(all: IpAddr, part: IpAddr) -> bool {
    let is_apart = || std::fs::read_to_string("/proc/sys/net/ipv6/bindv6only").is_ok_and(|text| text.trim() == "1");
    all.is_unspecified() && (all.is_ipv4() == part.is_ipv4() || (all.is_ipv6() && !is_apart()))
}

/// What is hardly meant about a whole configuration.
pub(super) fn of_config(config: &Config) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn = |message: String| warnings.push(Problem::of_file(&config.file, message));
    if config.routes.is_empty() {
        warn("there is no [[route]]: every request passes, and nothing is inspected".to_owned());
    } else if config.routes.iter().all(|route| route.policy.inspect == Inspection::Off) {
        warn("no route inspects: every upload passes".to_owned());
    } else if config.hash_sets.is_empty() && config.text_lists.is_empty() && config.rules.is_empty() {
        warn("there is nothing to compare uploads with: no [[hash_set]], no [[text_list]], no rules".to_owned());
    }
    let (one, all) = (config.limits.memory_per_upload, config.limits.memory_total);
    if one > all {
        warn(format!("memory_per_upload ({one}) is more than memory_total ({all}): larger uploads always go to disk"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_overlap_when_one_takes_in_the_other() {
        let all = |text: &str| Some(Overlap::Part(text.parse().unwrap()));
        for (one, two, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80", Some(Overlap::Same)),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80", Some(Overlap::Same)),
            ("127.0.0.1:80", "127.0.0.1:81", None),
            ("127.0.0.1:80", "127.0.0.2:80", None),
            ("0.0.0.0:80", "0.0.0.0:80", Some(Overlap::Same)),
            ("0.0.0.0:80", "127.0.0.1:80", all("0.0.0.0")),
            ("0.0.0.0:80", "127.0.0.1:81", None),
            ("0.0.0.0:80", "[::1]:80", None),
            ("[::]:80", "[::1]:80", all("::")),
            ("[::]:80", "192.0.2.1:80", all("::")),
            ("[::]:80", "0.0.0.0:80", all("::")),
        ] {
            let (one, two): (SocketAddr, SocketAddr) = (one.parse().unwrap(), two.parse().unwrap());
            assert_eq!((one.overlap(two), two.overlap(one)), (expected, expected), "{one} {two}");
        }
    }
}
