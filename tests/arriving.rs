//! Work on an upload begins before its last byte has come, and changes nothing about the verdict.

use crate::support::http::head;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, pdq, png};
use crate::support::{sha256, wait_until};

const TYPE: &str = "multipart/form-data; boundary=xYx";

fn file(content: &[u8]) -> Vec<u8> {
    let head = "--xYx\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\n";
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// Sends all but the last byte of `body`, waits until `ahead` bytes have been worked on, and sends the last one.
fn status(penstock: &Penstock, content_type: &str, body: &[u8], ahead: usize) -> u16 {
    let worked_on = || penstock.metric("penstock_inspected_ahead_bytes_total");
    let before = worked_on();
    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[("Content-Type", content_type)], Some(body.len())));
    client.send(&body[..body.len() - 1]);
    wait_until("bytes are worked on", || worked_on() >= before + ahead as f64);
    client.send(&body[body.len() - 1..]);
    client.read_response().unwrap().status
}

#[test]
fn what_comes_first_is_hashed_and_searched_before_the_last_byte_is_there() {
    let origin = Origin::start();
    let picture = png(&landscape(900, 700, 3));
    let listed = b"a listed file ".repeat(100_000);
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_file(
            "known.csv",
            format!("algorithm,hash\nsha256,{}\npdq,{}\n", sha256(&listed), pdq(&picture)).as_bytes(),
        )
        .with("[[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n")
        .with_top("rules = [\"rules\"]\n")
        .with_folder("rules")
        .with_file("rules/a.toml", b"[[rule]]\nid = \"veg\"\nkeywords = [\"turnip\"]\n")
        .start();
    let harmless = "no vegetable in sight ".repeat(200_000).into_bytes();
    let early = ["a turnip ".as_bytes(), &harmless].concat();
    let late = [&harmless, " a turnip".as_bytes()].concat();
    let mib = 1 << 20;
    for (name, content, expected) in [
        ("nothing", &harmless, 200),
        ("a keyword at the start", &early, 451),
        ("a keyword in the last bytes", &late, 451),
    ] {
        assert_eq!(status(&penstock, "text/plain", content, 3 * mib), expected, "{name}");
        let form = [&file(content)[..], b"--xYx--\r\n"].concat();
        assert_eq!(status(&penstock, TYPE, &form, 3 * mib), expected, "{name}, in a form");
    }
    for (name, content, expected) in
        [("a listed picture", &picture, 451), ("a listed file", &listed, 451), ("none", &harmless, 200)]
    {
        let form = [&file(content)[..], &file(&harmless), b"--xYx--\r\n"].concat();
        assert_eq!(status(&penstock, TYPE, &form, 3 * mib), expected, "{name}");
    }
    assert_eq!(origin.requests().len(), 3);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_behind() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("sha256", &sha256(b"listed")).start();
    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[], Some(20 << 20)));
    client.send(vec![b'x'; 10 << 20]);
    wait_until("bytes are worked on", || penstock.metric("penstock_inspected_ahead_bytes_total") > 1e6);
    drop(client);
    wait_until("its room is given back", || penstock.metric("penstock_held_disk_bytes") == 0.0);
    wait_until("the file is gone", || penstock.spooled_bytes() == 0);
    assert_eq!(penstock.post("/upload/a", &[], b"listed").status, 451);
}
