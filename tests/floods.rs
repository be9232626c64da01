//! An entry that suddenly matches everything is taken out until a person decides.

use serde_json::{Value, json};

use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, pdq, png};
use crate::support::{sha256, wait_until};

/// One window from 1970 to 2052, so that no test depends on when it runs.
const BREAKER: &str = "[flood_breaker]\nwindow = \"30000days\"\nmin_uploads = 5\n";

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn start(origin: &Origin, policy: &str) -> Penstock {
    let hash = pdq(&png(&landscape(160, 120, 3)));
    Setup::new(&[origin.address])
        .with(ENFORCING)
        .with(BREAKER)
        .with_known("pdq", &hash)
        .with(policy)
        .with_file("other.csv", format!("algorithm,hash,id\nsha256,{},other-1\n", sha256(b"other")).as_bytes())
        .with("[[hash_set]]\nname = \"other\"\npath = \"other.csv\"\n")
        .start()
}

/// The picture, as a different file for each number.
fn variant(number: u32) -> Vec<u8> {
    let mut picture = landscape(160, 120, 3).into_rgb8();
    picture.put_pixel(number % 160, number / 160, image::Rgb([number as u8; 3]));
    png(&picture.into())
}

fn status(penstock: &Penstock, number: u32) -> u16 {
    penstock.post("/upload/a", &[], &variant(number)).status
}

fn flood(penstock: &Penstock) {
    let statuses: Vec<u16> = (1..=6).map(|number| status(penstock, number)).collect();
    assert_eq!(statuses, [451, 451, 451, 451, 451, 200]);
    assert_eq!(penstock.metric("penstock_quarantined_entries"), 1.0);
}

fn decide(penstock: &Penstock, decision: &str) -> u16 {
    let order = json!({ "set": "known", "entry": "known-1", "decision": decision });
    penstock.post_admin("/quarantine/decide", &[JSON], &order.to_string()).status
}

fn listed(penstock: &Penstock) -> Vec<Value> {
    penstock.get_admin("/quarantine").json()["entries"].as_array().unwrap().clone()
}

#[test]
fn an_entry_that_floods_is_monitored_from_the_first_upload_past_the_threshold_with_one_alert() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    let statuses: Vec<u16> = (1..=9).map(|number| status(&penstock, number)).collect();
    assert_eq!(statuses, [451, 451, 451, 451, 451, 200, 200, 200, 200]);
    let logged = penstock.wait_for_events("verdict", 9).pop().unwrap();
    let found = &logged["matches"][0];
    assert_eq!((&found["mode"], &found["marks"]), (&json!("monitor"), &json!(["quarantined"])));
    assert_eq!(logged["if_enforced"], "block");
    assert_eq!(penstock.post("/upload/a", &[], b"other").status, 451, "other entries act as before");

    let alerts = penstock.events("flood");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let alert = &alerts[0];
    assert_eq!(
        (&alert["level"], &alert["set"], &alert["entry"]),
        (&json!("ERROR"), &json!("known"), &json!("known-1"))
    );
    assert_eq!((alert["uploads"].as_u64(), alert["usual"].as_f64()), (Some(6), Some(0.0)));
    assert_eq!(penstock.metric("penstock_quarantined_entries"), 1.0);
    assert_eq!(penstock.metric("penstock_flood_trips_total{set=\"known\"}"), 1.0);
    let held_back = penstock.metric("penstock_matches_held_back_total{source=\"known\",mark=\"quarantined\"}");
    assert_eq!(held_back, 4.0);
    let entry = &listed(&penstock)[0];
    assert_eq!(
        (&entry["set"], &entry["entry"], &entry["status"]),
        (&json!("known"), &json!("known-1"), &json!("quarantined"))
    );
    assert_eq!(entry["uploads"], 9);
}

#[test]
fn one_file_sent_again_and_again_is_no_flood_and_a_set_can_be_left_out() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    assert!((0..30).all(|_| status(&penstock, 1) == 451));
    let penstock = start(&origin, "flood_breaker = { enabled = false }\n");
    assert!((0..30).all(|number| status(&penstock, number) == 451));
    let penstock = start(&origin, "flood_breaker = { min_uploads = 7 }\n");
    assert_eq!((1..=9).filter(|number| status(&penstock, *number) == 451).count(), 7);
    let penstock = start(&origin, "flood_breaker = { min_clients = 2 }\n");
    assert!((0..30).all(|number| status(&penstock, number) == 451), "all from one network");
}

#[test]
fn a_decision_to_enforce_makes_what_came_usual() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    flood(&penstock);
    assert_eq!(decide(&penstock, "enforce"), 200);
    assert_eq!(penstock.metric("penstock_quarantined_entries"), 0.0);
    assert_eq!(listed(&penstock), [] as [Value; 0]);
    let blocked = (7..=70).take_while(|number| status(&penstock, *number) == 451).count();
    assert_eq!(blocked, 54, "up to ten times the six that came");
    assert_eq!(penstock.wait_for_events("flood", 2).len(), 2);
}

#[test]
fn quarantine_and_decisions_outlive_reloads_and_restarts() {
    let origin = Origin::start();
    let mut penstock = start(&origin, "");
    flood(&penstock);
    penstock.signal("HUP");
    penstock.wait_for_generation(2);
    assert_eq!(status(&penstock, 7), 200);
    wait_until("the state is saved", || penstock.path("state/quarantine.json").exists());
    penstock.restart();
    assert_eq!((status(&penstock, 8), penstock.metric("penstock_quarantined_entries")), (200, 1.0));
    assert_eq!(decide(&penstock, "monitor"), 200);
    penstock.restart();
    assert_eq!((status(&penstock, 8), penstock.metric("penstock_quarantined_entries")), (200, 0.0));
    assert_eq!(listed(&penstock)[0]["status"], "monitor");
    assert_eq!(decide(&penstock, "enforce"), 200);
    penstock.restart();
    assert_eq!((status(&penstock, 8), listed(&penstock).len()), (451, 0));
}

#[test]
fn an_operator_decides_on_the_command_line() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    assert_eq!(penstock.command(&["quarantine", "list"]), ("nothing is in quarantine\n".to_owned(), Some(0)));
    flood(&penstock);
    let (said, code) = penstock.command(&["quarantine", "list"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("hash set known, entry known-1: waits for a decision since 20"), "{said}");
    let (said, _) = penstock.command(&["quarantine", "list", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["entry"], "known-1");
    let (said, code) = penstock.command(&["quarantine", "monitor", "known", "known-1"]);
    assert_eq!((said.as_str(), code), ("hash set known, entry known-1: monitor\n", Some(0)));
    assert!(penstock.command(&["quarantine", "list"]).0.contains("taken out by a person"));
    assert_eq!(status(&penstock, 9), 200);
    assert_eq!(penstock.command(&["quarantine", "enforce", "known", "known-1"]).1, Some(0));
    assert_eq!(status(&penstock, 9), 451);
    let (said, code) = penstock.command(&["quarantine", "enforce", "known", "known-2"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("entry \"known-2\" of set \"known\" is not in quarantine"), "{said}");
    assert_eq!(penstock.wait_for_events("quarantine", 2).len(), 2);
}

#[test]
fn no_page_in_an_operators_browser_decides() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    flood(&penstock);
    let order = "{\"set\":\"known\",\"entry\":\"known-1\",\"decision\":\"monitor\"}";
    let form = "set=known&entry=known-1&decision=monitor";
    let form_type = ("Content-Type", "application/x-www-form-urlencoded");
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers<'_>, &str, u16); 9] = [
        (&[form_type], form, 403),
        (&[("Content-Type", "text/plain")], order, 403),
        (&[], order, 403),
        (&[JSON, ("Origin", "https://evil.example")], order, 403),
        (&[JSON, ("Host", "rebound.example:9180")], order, 403),
        (&[JSON], "{\"set\":\"known\"}", 400),
        (&[JSON], "{\"set\":\"known\",\"entry\":\"known-1\",\"decision\":\"off\"}", 400),
        (&[form_type, ("Penstock-Admin", "1")], "set=known&entry=none&decision=enforce", 404),
        (&[form_type, ("Penstock-Admin", "1")], form, 200),
    ];
    for (headers, body, expected) in cases {
        let response = penstock.post_admin("/quarantine/decide", headers, body);
        assert_eq!(response.status, expected, "{headers:?} {body}: {}", response.text());
        let status = if expected == 200 { "monitor" } else { "quarantined" };
        assert_eq!(listed(&penstock)[0]["status"], status, "{headers:?} {body}");
    }
    assert_eq!(penstock.get_admin("/quarantine/decide").status, 405);
}

#[test]
fn where_the_state_cannot_be_kept_it_is_said_and_all_goes_on() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with(BREAKER)
        .with_known("pdq", &pdq(&png(&landscape(160, 120, 3))))
        .with_file("state", b"a file where a folder should be")
        .start();
    flood(&penstock);
    assert_eq!(penstock.wait_for_events("state", 1)[0]["level"], "ERROR");
    assert_eq!(status(&penstock, 7), 200);
}
