//! What is in order and yet hardly meant: `penstock check` says so, and the log at a start.

use std::net::{IpAddr, SocketAddr};

use toml::Spanned;

use super::raw::{RawConfig, RawRoute};
use super::validate::Check;
use super::{Config, Inspection, Place, Problem, Route, RoutePattern, suggestion};

/// Methods that are registered (IANA) or widely used. Others work, and are more often a slip.
pub(super) const METHODS: &[&str] = &[
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
            let hint = match text.as_str() {
                "ALL" | "ANY" => ": leave \"methods\" out for all methods".to_owned(),
                _ => suggestion(text, METHODS.iter().copied()),
            };
            self.warning(method, format!("\"{text}\" is not a method that clients are known to use{hint}"));
        }
    }

    /// Warns about a path that is written as another program wants it.
    pub(super) fn warn_of_path(&mut self, path: &Spanned<String>) {
        let text = path.get_ref();
        let is_variable = |segment: &str| {
            segment.starts_with(':') || (segment.starts_with(['{', '<']) && segment.ends_with(['}', '>']))
        };
        let what = if text.contains(['^', '$', '\\']) || [".*", "\\d", "(?", "[^"].iter().any(|end| text.contains(end))
        {
            "this is no regular expression: \"*\" stands for anything in one segment, \"**\" for anything at all"
        } else if text.split('/').any(is_variable) {
            "variables are not known here: write \"*\" for any one segment"
        } else if text.contains('%') {
            "write the path as it is read, without escapes"
        } else if text.contains("//") || text.split('/').any(|segment| [".", ".."].contains(&segment)) {
            "requests are compared without \"//\", \"/./\" and \"/../\": write the path without them"
        } else {
            return;
        };
        self.warning(path, what);
    }

    /// Warns about what lets strangers in, and requests go round in circles.
    pub(super) fn warn_of_exposure(&mut self, raw: &RawConfig) {
        let listeners: Vec<SocketAddr> = raw.listener.iter().filter_map(|one| parsed(&one.address)).collect();
        for server in raw.origin.iter().flat_map(|origin| origin.servers.get_ref()) {
            if server.get_ref().parse::<SocketAddr>().is_ok_and(|address| address.port() == 0) {
                self.problem(server, "expected a port from 1 to 65535");
            }
            let text = server.get_ref().replace("localhost:", "127.0.0.1:");
            let address: Option<SocketAddr> = text.parse().ok();
            let Some(listener) = listeners.iter().find(|listener| address.is_some_and(|one| reaches(one, **listener)))
            else {
                continue;
            };
            self.warning(
                server,
                format!("this is Penstock itself, which listens on {listener}: requests never arrive"),
            );
        }
        let admin = raw.admin.address.as_ref();
        if let Some(address) = admin.filter(|text| parsed(text).is_some_and(|one| one.ip().is_unspecified())) {
            let what = "everybody who reaches this machine reaches the admin listener, which asks for no password";
            self.warning(address, what);
        }
        for network in &raw.server.trusted_proxies {
            if network.get_ref().ends_with("/0") {
                self.warning(network, "everybody is trusted to say who the client is");
            }
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
        let default = SocketAddr::from(([127, 0, 0, 1], 9180));
        for (at, listener) in listeners.iter().enumerate() {
            let Some(address) = parsed(listener) else {
                continue;
            };
            let twice = listeners[..at].iter().find_map(|other| Some((other, overlap(parsed(other)?, address)?)));
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
            if let Some(overlap) = admin.map_or(Some(default), parsed).and_then(|admin| overlap(admin, address)) {
                let how = match overlap {
                    Overlap::Same => format!("is {whose}"),
                    Overlap::Part(all) => format!("overlaps {whose}, as {all} is every address of the machine"),
                };
                self.problem(listener, format!("{address} {how}: choose another port for one of them"));
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

fn overlap(one: SocketAddr, two: SocketAddr) -> Option<Overlap> {
    if one.port() != two.port() {
        return None;
    }
    let (one, two) = (one.ip().to_canonical(), two.ip().to_canonical());
    if one == two {
        return Some(Overlap::Same);
    }
    let mut both_ways = [(one, two), (two, one)].into_iter();
    both_ways.find(|(all, part)| takes_in(*all, *part)).map(|(all, _)| Overlap::Part(all))
}

/// Whether who listens on `all` listens on `part`. `[::]` is every address of IPv4 as well, unless the system has it
/// otherwise.
fn takes_in(all: IpAddr, part: IpAddr) -> bool {
    let is_apart = || std::fs::read_to_string("/proc/sys/net/ipv6/bindv6only").is_ok_and(|text| text.trim() == "1");
    all.is_unspecified() && (all.is_ipv4() == part.is_ipv4() || (all.is_ipv6() && !is_apart()))
}

fn parsed(text: &Spanned<String>) -> Option<SocketAddr> {
    text.get_ref().parse().ok().filter(|address: &SocketAddr| address.port() != 0)
}

/// Whether what is sent to `address` comes to who listens on `listener`, as far as addresses tell: which ones this
/// machine has is not known.
fn reaches(address: SocketAddr, listener: SocketAddr) -> bool {
    let (ip, own) = (address.ip().to_canonical(), listener.ip().to_canonical());
    let takes_all = own.is_unspecified() && (own.is_ipv6() || ip.is_ipv4());
    address.port() == listener.port() && (ip == own || (takes_all && (ip.is_loopback() || ip.is_unspecified())))
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
    for route in config.routes.iter().filter(|route| route.policy.inspect != Inspection::Off) {
        if let Some(left_out) = methods_left_out(config, route) {
            let name = &route.name;
            warn(format!(
                "route \"{name}\" leaves out methods that have bodies too, such as {left_out}: an origin that does not \
                 look at the method gets them uninspected; leave \"methods\" out for all methods"
            ));
        }
    }
    for route in config.routes.iter().filter(|route| route.pattern.methods.as_ref().is_some_and(Vec::is_empty)) {
        let name = &route.name;
        warn(format!("route \"{name}\" has no method, so it gets no request: leave \"methods\" out for all methods"));
    }
    let (one, all) = (config.limits.memory_per_upload, config.limits.memory_total);
    if one > all {
        warn(format!("memory_per_upload ({one}) is more than memory_total ({all}): larger uploads always go to disk"));
    }
    warnings
}

/// Methods with which clients send bodies.
const WITH_BODY: [&str; 6] = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/// Those of them that `route` leaves out, if no other route takes them: one that is there for the rest says what is
/// meant.
fn methods_left_out(config: &Config, route: &Route) -> Option<String> {
    let methods = route.pattern.methods.as_ref().filter(|methods| !methods.is_empty())?;
    let of_any_method = RoutePattern { methods: None, ..route.pattern.clone() };
    if config.routes.iter().any(|other| other.pattern.covers(&of_any_method)) {
        return None;
    }
    let is_left_out = |method: &&str| !methods.iter().any(|own| own == method);
    let left_out: Vec<&str> = WITH_BODY.into_iter().filter(is_left_out).collect();
    (!left_out.is_empty()).then(|| left_out.join(", "))
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
            assert_eq!((overlap(one, two), overlap(two, one)), (expected, expected), "{one} {two}");
        }
    }
}
