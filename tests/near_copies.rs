//! Known texts are found again after edits, in fields, files and longer texts.

use std::process::Command;

use serde_json::Value;

use crate::support::http::Response;
use crate::support::origin::Origin;
use crate::support::penstock::{BINARY, ENFORCING, Penstock, Setup};
use crate::support::wait_until;

const MANIFESTO: &str = "\
Neighbours of the valley, the hour of the turnip has come. For three hundred winters our cellars were full and our \
children slept warm, because every family kept a row of turnips behind the house and asked nobody for permission. Then \
the carrot growers came down from the hills with their orange banners and their contracts. They told us that a root \
without colour has no future, they bought the mill, they closed the old market, and they wrote the word carrot over the \
door of the school. We signed, because we were tired and the paper looked harmless. Today a farmer who wants to sow \
turnips must queue at an office that opens on one morning a month, and those who complain are laughed at in the tavern. \
Enough! On the first night of frost we will carry our lanterns to the bridge, each of us with one turnip in each hand, \
and we will stand there in silence until the council burns the contracts. Whoever stays at home that night has chosen the \
carrot, and we will remember his name when the snow lies on the roofs.";

const ANOTHER: &str = "\
Dear members of the gardening club, the turnip season starts again and our valley has had a mild winter this year. The \
committee met behind the school to plan the market, where every family may sell turnips and carrots side by side. Farmers \
from the hills bring their own banners, the mill lends us tables, and the tavern cooks soup for the children. Contracts \
for a stand can be had at the office, which opens every morning until the first night of frost. Please carry a lantern on \
the bridge, because the old lamps are broken and the council has no money to mend them before the snow. Whoever wants to \
help in the cellars should tell us by Sunday, and those who stay at home that night will get a bowl of soup from their \
neighbours anyway. We look forward to seeing many roots of all colours on the tables, and remember that nobody needs a \
permission to laugh.";

/// Every fifth word is another one.
fn edited(text: &str) -> String {
    let words = text.split(' ').enumerate();
    words.map(|(at, word)| if at % 5 == 3 { "parsnip" } else { word }).collect::<Vec<_>>().join(" ")
}

fn start(origin: &Origin, policy: &str) -> Penstock {
    Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_folder("texts")
        .with_file("texts/turnips.txt", MANIFESTO.as_bytes())
        .with(&format!("[[text_list]]\nname = \"manifestos\"\npath = \"texts\"\nlabels = [\"agitation\"]\n{policy}"))
        .start()
}

fn post(penstock: &Penstock, headers: &str, text: &str) -> Response {
    let part = format!("--f\r\nContent-Disposition: form-data; name=\"f\"{headers}\r\n\r\n{text}\r\n--f--\r\n");
    penstock.post("/upload/a", &[("Content-Type", "multipart/form-data; boundary=f")], part.as_bytes())
}

fn found(penstock: &Penstock) -> Value {
    penstock.next_verdict()["matches"][0].clone()
}

/// What `penstock texts` says, in Penstock's folder.
fn texts(penstock: &Penstock, arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    let output = command.arg("texts").args(arguments).current_dir(penstock.path(".")).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_edited_copy_is_blocked_in_a_field_and_in_a_file_and_another_text_passes() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    let file = "; filename=\"a.txt\"\r\nContent-Type: text/plain";
    for headers in ["", file] {
        assert_eq!(post(&penstock, headers, &edited(MANIFESTO)).status, 451, "{headers}");
        let found = found(&penstock);
        assert_eq!((&found["by"], &found["list"]), (&"text".into(), &"manifestos".into()), "{found}");
        assert_eq!((&found["entry"], &found["labels"][0]), (&"turnips.txt".into(), &"agitation".into()), "{found}");
        assert!(found["score"].as_f64().is_some_and(|score| score > 0.3 && score < 0.7), "{found}");
        assert_eq!(post(&penstock, headers, ANOTHER).status, 200, "{headers}");
        assert_eq!(penstock.next_verdict()["matches"], Value::Null);
    }
    assert_eq!(penstock.metric("penstock_loaded_texts"), 1.0);
    let matches = "penstock_matches_total{source=\"manifestos\",action=\"block\",mode=\"enforce\"}";
    assert_eq!(penstock.metric(matches), 2.0);
}

#[test]
fn a_passage_in_a_longer_text_is_told_with_its_place() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    let text = format!("{ANOTHER} {ANOTHER} {} {ANOTHER}", edited(MANIFESTO));
    assert_eq!(penstock.post("/upload/a", &[], text.as_bytes()).status, 451);
    let found = found(&penstock);
    let [from, to] = [0, 1].map(|at| found["span"][at].as_u64().unwrap() as usize);
    let start = 2 * ANOTHER.len() + 2;
    assert!(
        from >= start - MANIFESTO.len() / 4 && to <= start + edited(MANIFESTO).len() && to - from > MANIFESTO.len() / 2,
        "{found}"
    );
}

#[test]
fn in_monitor_mode_it_is_only_recorded() {
    let origin = Origin::start();
    let penstock = start(&origin, "mode = \"monitor\"\n");
    assert_eq!(post(&penstock, "", &edited(MANIFESTO)).status, 200);
    let verdict = penstock.next_verdict();
    assert_eq!((&verdict["if_enforced"], &verdict["matches"][0]["mode"]), (&"block".into(), &"monitor".into()));
}

#[test]
fn a_list_acts_for_its_share_and_by_its_threshold() {
    let origin = Origin::start();
    let penstock = start(&origin, "enforce_share = 0\n");
    assert_eq!(post(&penstock, "", MANIFESTO).status, 200);
    assert_eq!(found(&penstock)["marks"][0], "not_in_share");
    let penstock = start(&origin, "threshold = 0.9\ntlsh_distance = false\n");
    assert_eq!(post(&penstock, "", &edited(MANIFESTO)).status, 200);
    assert_eq!(post(&penstock, "", MANIFESTO).status, 451);
}

#[test]
fn a_changed_list_is_picked_up_and_a_broken_one_is_not() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    assert_eq!(post(&penstock, "", ANOTHER).status, 200);
    penstock.write("texts/club.txt", ANOTHER.as_bytes());
    penstock.wait_for_generation(2);
    assert_eq!(post(&penstock, "", ANOTHER).status, 451);
    penstock.write("texts/short.txt", b"three short words");
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    wait_until("the log names the file", || penstock.log_text().contains("texts/short.txt: too short: 3 words"));
    assert_eq!(post(&penstock, "", ANOTHER).status, 451);
    std::fs::remove_file(penstock.path("texts/short.txt")).unwrap();
    std::fs::remove_file(penstock.path("texts/club.txt")).unwrap();
    wait_until("the list is loaded", || post(&penstock, "", ANOTHER).status == 200);
    assert_eq!(post(&penstock, "", MANIFESTO).status, 451);
}

#[test]
fn digests_serve_without_the_texts() {
    let origin = Origin::start();
    let penstock = start(&origin, "");
    let said = texts(&penstock, &["compile", "texts", "-o", "manifestos.jsonl"]);
    assert_eq!(said, "manifestos.jsonl: 1 text\n");
    let digests = std::fs::read_to_string(penstock.path("manifestos.jsonl")).unwrap();
    assert!(!digests.contains("turnip ") && !digests.contains("valley"));
    penstock.edit_config(|text| text.replace("path = \"texts\"", "path = \"manifestos.jsonl\""));
    penstock.wait_for_generation(2);
    assert_eq!(post(&penstock, "", &edited(MANIFESTO)).status, 451);
    penstock.write("copy.txt", edited(MANIFESTO).as_bytes());
    let said = texts(&penstock, &["query", "manifestos.jsonl", "copy.txt"]);
    assert!(said.contains("copy.txt: turnips.txt: score 0."), "{said}");
    penstock.write("manifestos.jsonl", digests.replace("\"tlsh\":\"T1", "\"tlsh\":\"T9").as_bytes());
    wait_until("the log names the place", || penstock.log_text().contains("manifestos.jsonl:2:33: not a TLSH"));
}
