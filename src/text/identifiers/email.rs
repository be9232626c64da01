//! E-mail addresses.

use super::url::Page;

/// Providers that deliver whatever dots are in the name.
const WITHOUT_DOTS: [&str; 2] = ["gmail.com", "googlemail.com"];

/// The one form of `written`: lower case, the host in its ASCII form, without what is added behind "+", and where the
/// provider does not care, without dots. `None` when it is no address.
pub(super) fn normalised(written: &str) -> Option<String> {
    let written =
        written.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:")).map_or(written, |_| &written[7..]);
    let (name, host) = written.rsplit_once('@')?;
    let is_fitting = |ch: char| ch.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(ch);
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_fitting) {
        return None;
    }
    let page = Page::parse(host).filter(|page| page.is_host_alone() && !host.contains("://"))?;
    let name = name.split('+').next().filter(|name| !name.is_empty())?.to_lowercase();
    let host = page.host();
    if WITHOUT_DOTS.contains(&host) {
        return Some(format!("{}@gmail.com", name.replace('.', "")));
    }
    Some(format!("{name}@{host}"))
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn all_ways_to_write_an_address_come_down_to_one() {
        for (written, expected) in [
            ("Jane@Example.ORG", Some("jane@example.org")),
            ("mailto:jane+list@example.org", Some("jane@example.org")),
            ("j.a.n.e@googlemail.com", Some("jane@gmail.com")),
            ("jane@bücher.example", Some("jane@xn--bcher-kva.example")),
            ("jane@example[.]org", Some("jane@example.org")),
            ("@example.org", None),
            ("jane@example", None),
            ("a b@example.org", None),
            ("jane@example.org/x", None),
        ] {
            assert_eq!(normalised(written).as_deref(), expected, "{written}");
        }
    }
}
