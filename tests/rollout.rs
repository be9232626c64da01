//! A set that acts for a share of the uploads, or on some routes.

use std::fs;

use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::sha256;

fn start(origin: &Origin, policy: &str) -> Penstock {
    Setup::new(&[origin.address])
        .with("[[route]]\nname = \"avatars\"\npath = \"/upload/avatar\"\ninspect = \"enforce\"\n")
        .with(ENFORCING)
        .with_known("sha256", &sha256(b"listed"))
        .with(policy)
        .start()
}

/// What the documentation says, written down once more.
fn fraction(set: &str, reference: &str) -> f64 {
    let digest = sha256(format!("{set}\0{reference}").as_bytes());
    u64::from_str_radix(&digest[..16], 16).unwrap() as f64 / 2f64.powi(64)
}

#[test]
fn a_set_acts_for_its_share_of_the_uploads_and_anybody_can_work_out_which() {
    let origin = Origin::start();
    let penstock = start(&origin, "enforce_share = 0.4\n");
    let mut outcomes = [0, 0];
    for _ in 0..60 {
        let status = penstock.post("/upload/a", &[], b"listed").status;
        let logged = penstock.next_verdict();
        let reference = logged["reference"].as_str().unwrap();
        let is_in_share = fraction("known", reference) < 0.4;
        outcomes[usize::from(is_in_share)] += 1;
        let found = &logged["matches"][0];
        assert_eq!(status, if is_in_share { 451 } else { 200 });
        assert_eq!(
            (found["mode"].as_str(), logged["if_enforced"].as_str()),
            match is_in_share {
                true => (Some("enforce"), Some("block")),
                false => (Some("monitor"), Some("block")),
            }
        );
        assert_eq!(found["marks"].to_string().contains("not_in_share"), !is_in_share);
        let (said, _) = penstock.command(&["rollout", reference]);
        assert!(said.contains(if is_in_share { "of 0.4: acts" } else { "of 0.4: monitored" }), "{said}");
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}: one chance in 10^13");
    let held_back = penstock.metric("penstock_matches_held_back_total{source=\"known\",mark=\"not_in_share\"}");
    assert_eq!(held_back, f64::from(outcomes[0]));
}

#[test]
fn a_share_of_nothing_never_acts_and_one_of_all_always_does() {
    let origin = Origin::start();
    for (share, status) in [("0", 200), ("1", 451), ("1.0", 451)] {
        let penstock = start(&origin, &format!("enforce_share = {share}\n"));
        assert_eq!(penstock.post("/upload/a", &[], b"listed").status, status, "{share}");
    }
}

#[test]
fn a_set_can_act_on_some_routes_only() {
    let origin = Origin::start();
    let penstock = start(&origin, "enforce_routes = [\"avatars\"]\n");
    assert_eq!(penstock.post("/upload/avatar", &[], b"listed").status, 451);
    penstock.next_verdict();
    assert_eq!(penstock.post("/upload/a", &[], b"listed").status, 200);
    let logged = penstock.next_verdict();
    assert_eq!(logged["matches"][0]["marks"], serde_json::json!(["not_on_route"]));
    assert_eq!(logged["if_enforced"], "block");
}

#[test]
fn scan_takes_sets_to_act_unless_it_is_told_a_reference() {
    let origin = Origin::start();
    let penstock = start(&origin, "enforce_share = 0.5\n");
    fs::write(penstock.path("file"), b"listed").unwrap();
    let file = penstock.path("file");
    let scan = |more: &[&str]| penstock.command(&[&["scan", file.to_str().unwrap()], more].concat());
    assert_eq!(scan(&[]).1, Some(3));
    let references = (0..).map(|number| format!("r-{number}"));
    let (inside, outside): (Vec<_>, Vec<_>) = references.take(30).partition(|one| fraction("known", one) < 0.5);
    assert_eq!(scan(&["--reference", &inside[0]]).1, Some(3));
    let (said, code) = scan(&["--reference", &outside[0]]);
    assert_eq!(code, Some(0));
    assert!(said.contains("block (monitor), not in the set's share"), "{said}");
}
