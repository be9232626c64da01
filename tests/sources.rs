//! Hash sets from folders and servers: what is fetched, what is kept, and what is told.

use std::fs;

use minisign::KeyPair;
use serde_json::Value;

use crate::support::free_address;
use crate::support::lists::{Lists, Trouble, Validator, list, sign};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, SECRET_VARIABLE, Setup};
use crate::support::s3rver::S3;
use crate::support::wait_until;

const PATH: &str = "/lists/known.csv";

/// A Penstock in front of `origin` with one set from `url`, which is only asked for when it is told to.
fn setup(origin: &Origin, url: &str, more: &str) -> Setup {
    let set = format!("[[hash_set]]\nname = \"known\"\nurl = \"{url}\"\ninterval = \"10h\"\n{more}\n");
    Setup::new(&[origin.address]).with(ENFORCING).with(&set)
}

fn is_blocked(penstock: &Penstock, body: &str) -> bool {
    match penstock.post("/upload/a", &[], body.as_bytes()).status {
        451 => true,
        200 => false,
        other => panic!("{other} for {body}"),
    }
}

fn fetches(penstock: &Penstock, result: &str) -> f64 {
    penstock.metric(&format!("penstock_set_fetches_total{{set=\"known\",result=\"{result}\"}}"))
}

/// Has the server asked, and waits until `result` has come of it once more.
fn ask(penstock: &Penstock, result: &str) {
    let before = fetches(penstock, result);
    penstock.signal("HUP");
    wait_until(&format!("a fetch comes to \"{result}\""), || fetches(penstock, result) > before);
}

/// The same, and waits until the reload that follows is over.
fn ask_and_reload(penstock: &Penstock, result: &str) {
    let generation = penstock.generation();
    ask(penstock, result);
    penstock.wait_for_generation(generation + 1);
}

fn source(penstock: &Penstock) -> Value {
    penstock.get_admin("/snapshot").json()["hash_sets"][0]["source"].clone()
}

fn keys() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().unwrap()
}

#[test]
fn a_list_on_a_server_is_followed_and_sent_only_when_it_has_changed() {
    for (validator, header) in [
        (Validator::ETag, Some("if-none-match")),
        (Validator::Date, Some("if-modified-since")),
        (Validator::Nothing, None),
    ] {
        let (origin, lists) = (Origin::start(), Lists::start(validator));
        lists.put(PATH, &list(&["first"]));
        let penstock = setup(&origin, &lists.url(PATH), "").start();
        assert!(is_blocked(&penstock, "first") && !is_blocked(&penstock, "second"));
        ask_and_reload(&penstock, "unchanged");
        if let Some(header) = header {
            assert!(lists.origin.requests()[1].headers.contains_key(header), "{validator:?}");
            assert_eq!(lists.sent(PATH), 1, "{validator:?}");
        }
        lists.put(PATH, &list(&["second"]));
        ask_and_reload(&penstock, "changed");
        assert!(!is_blocked(&penstock, "first") && is_blocked(&penstock, "second"), "{validator:?}");
        let source = source(&penstock);
        assert_eq!(source["location"], lists.url(PATH));
        assert_eq!((&source["is_stale"], &source["last_error"]), (&Value::Bool(false), &Value::Null));
        assert_eq!(source["validators"][0]["etag"].is_string(), validator == Validator::ETag);
        assert!(penstock.metric("penstock_set_age_seconds{set=\"known\"}") < 60.0);
    }
}

#[test]
fn a_changed_list_comes_at_its_interval_without_being_told() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    let penstock = setup(&origin, &lists.url(PATH), "").start();
    penstock.edit_config(|text| text.replace("\"10h\"", "\"1s\""));
    penstock.wait_for_generation(2);
    lists.put(PATH, &list(&["second"]));
    penstock.edit_config(|text| text.replace(PATH, "/lists/other.csv"));
    lists.put("/lists/other.csv", &list(&["third"]));
    wait_until("the other list is loaded", || is_blocked(&penstock, "third"));
    lists.put("/lists/other.csv", &list(&["fourth"]));
    wait_until("its next version is loaded", || is_blocked(&penstock, "fourth"));
    assert!(!is_blocked(&penstock, "third"));
}

#[test]
fn whatever_goes_wrong_with_a_server_what_served_before_serves_on() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    let penstock = setup(&origin, &lists.url(PATH), "max_bytes = \"10 KiB\"").start();
    let endless = format!("Location: {PATH}\r\n");
    for (trouble, expected) in [
        (Trouble::Answers("500 Internal Server Error", String::new()), "the server answered 500"),
        (Trouble::Answers("403 Forbidden", String::new()), "check the credentials"),
        (Trouble::Answers("404 Not Found", String::new()), "check the URL"),
        (Trouble::Answers("302 Found", endless), "leads on to other places without end"),
        (Trouble::Answers("302 Found", "Location: ftp://host/\r\n".into()), "not http or https"),
        (Trouble::Answers("204 No Content", String::new()), "the server answered 204"),
        (Trouble::Truncates, "end of file before message"),
        (Trouble::SaysNoLength, "does not say how long the file is"),
        (Trouble::HangsUp, "connection closed before message completed"),
    ] {
        lists.put(PATH, &list(&["second"]));
        lists.has(trouble.clone());
        ask(&penstock, "failed");
        wait_until("the error shows", || source(&penstock)["last_error"].is_string());
        let error = source(&penstock)["last_error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{error} for {trouble:?}");
        assert_eq!(penstock.metric("penstock_set_source_failing{set=\"known\"}"), 1.0);
        assert!(is_blocked(&penstock, "first") && !is_blocked(&penstock, "second"), "{trouble:?}");
    }
    lists.has(None);
    lists.put(PATH, &"x".repeat(20 << 10));
    ask(&penstock, "failed");
    wait_until("the size shows", || source(&penstock)["last_error"].as_str().unwrap().contains("max_bytes"));
    lists.put(PATH, &list(&["second"]));
    ask(&penstock, "changed");
    wait_until("the new list serves", || !is_blocked(&penstock, "first") && is_blocked(&penstock, "second"));
    assert_eq!(penstock.metric("penstock_set_source_failing{set=\"known\"}"), 0.0);
    assert_eq!(penstock.metric("penstock_reload_failing"), 0.0);
}

#[test]
fn a_start_without_the_server_begins_with_what_was_kept_and_says_so() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    let mut penstock = setup(&origin, &lists.url(PATH), "").start();
    lists.has(Trouble::HangsUp);
    penstock.restart();
    assert!(is_blocked(&penstock, "first"));
    let events = penstock.wait_for_events("source", 1);
    assert_eq!((&events[0]["set"], &events[0]["level"]), (&"known".into(), &"ERROR".into()));
    assert!(source(&penstock)["last_error"].is_string());
    let (said, code) = penstock.command(&["check"]);
    assert!(code == Some(0) && said.contains("as fetched at"), "{said}");
    let (said, code) = penstock.command(&["check", "--fetch"]);
    assert!(code != Some(0) && said.contains("what was fetched before is in use"), "{said}");
    lists.has(None);
    lists.put(PATH, &list(&["second"]));
    ask(&penstock, "changed");
    wait_until("the new list is loaded", || is_blocked(&penstock, "second"));
}

#[test]
fn a_silent_server_does_not_hold_up_a_start_for_long_and_is_asked_on() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    let mut penstock = setup(&origin, &lists.url(PATH), "").start();
    lists.put(PATH, &list(&["second"]));
    lists.has(Trouble::IsSilent);
    penstock.restart();
    assert!(is_blocked(&penstock, "first"));
    assert!(penstock.log_text().contains("the server is slow"));
    lists.has(None);
    wait_until("the new list is loaded", || is_blocked(&penstock, "second"));
}

#[test]
fn with_nothing_kept_and_no_server_it_does_not_start_and_says_why() {
    let origin = Origin::start();
    let url = format!("http://{}{PATH}?token=hidden", free_address());
    let (code, said) = setup(&origin, &url, "").run_in_vain(free_address());
    assert_eq!(code, Some(1));
    assert!(said.contains("known.csv?…: cannot be fetched, and nothing is kept from before"), "{said}");
    assert!(said.contains("onnection refused") && !said.contains("hidden"), "{said}");
}

#[test]
fn a_broken_list_replaces_nothing_and_is_told_each_time_but_sent_once() {
    for validator in [Validator::ETag, Validator::Date, Validator::Nothing] {
        let (origin, lists) = (Origin::start(), Lists::start(validator));
        lists.put(PATH, &list(&["first"]));
        let mut penstock = setup(&origin, &lists.url(PATH), "").start();
        lists.put(PATH, "algorithm,hash\nsha256,00\n");
        ask(&penstock, "rejected");
        ask(&penstock, "rejected");
        let sent = lists.sent(PATH);
        ask(&penstock, "rejected");
        assert!(validator == Validator::Nothing || lists.sent(PATH) == sent, "{validator:?}");
        let error = source(&penstock)["last_error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(&format!("{}:2:8:", lists.url(PATH))), "{error}");
        assert_eq!(penstock.metric("penstock_reload_failing"), 0.0, "what serves is in order");
        penstock.restart();
        assert!(is_blocked(&penstock, "first"), "{validator:?}");
        lists.put(PATH, &list(&["second"]));
        ask(&penstock, "changed");
        wait_until("the mended list is loaded", || is_blocked(&penstock, "second"));
        assert_eq!(source(&penstock)["last_error"], Value::Null);
    }
}

#[test]
fn a_list_that_goes_back_to_what_serves_after_a_broken_one_is_confirmed() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::Nothing));
    lists.put(PATH, &list(&["first"]));
    let penstock = setup(&origin, &lists.url(PATH), "").start();
    lists.put(PATH, "broken");
    ask(&penstock, "rejected");
    lists.put(PATH, &list(&["first"]));
    ask(&penstock, "unchanged");
    assert_eq!(source(&penstock)["last_error"], Value::Null);
}

#[test]
fn with_a_key_only_what_it_signed_is_loaded() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    let (ours, other) = (keys(), keys());
    lists.put_signed(PATH, &list(&["first"]), &ours);
    let key = format!("public_key = \"{}\"", ours.pk.to_base64());
    let mut penstock = setup(&origin, &lists.url(PATH), &key).start();
    let signature = format!("{PATH}.minisig");
    let evil = list(&["second"]);
    type Change<'a> = &'a dyn Fn();
    let changes: [(Change<'_>, &str); 4] = [
        (&|| lists.put_signed(PATH, &evil, &other), "was signed with another key"),
        (&|| lists.put(&signature, &sign(&ours, "something else")), "is not what was signed"),
        (&|| lists.put(&signature, "nonsense"), "not one that minisign wrote"),
        (&|| lists.remove(&signature), "has no signature"),
    ];
    for (change, expected) in changes {
        change();
        ask(&penstock, "signature");
        wait_until(expected, || source(&penstock)["last_error"].as_str().is_some_and(|error| error.contains(expected)));
        assert!(is_blocked(&penstock, "first") && !is_blocked(&penstock, "second"), "{expected}");
    }
    penstock.restart();
    assert!(is_blocked(&penstock, "first") && !is_blocked(&penstock, "second"));
    // The list was refused for its signature; the same list with a right one is taken.
    lists.put(&signature, &sign(&ours, &evil));
    ask(&penstock, "changed");
    wait_until("the signed list is loaded", || is_blocked(&penstock, "second"));
}

#[test]
fn what_is_kept_is_checked_again_before_it_is_loaded() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    let ours = keys();
    lists.put_signed(PATH, &list(&["first"]), &ours);
    let key = format!("public_key = \"{}\"", ours.pk.to_base64());
    let penstock = setup(&origin, &lists.url(PATH), &key).start();
    let kept = fs::read_dir(penstock.path("cache/sources")).unwrap().map(|entry| entry.unwrap().path());
    let versions = kept.flat_map(|set| fs::read_dir(set).unwrap().map(|entry| entry.unwrap().path()));
    let files: Vec<_> = versions.map(|version| version.join("known.csv")).filter(|file| file.exists()).collect();
    fs::write(&files[0], list(&["other"])).unwrap();
    let (said, code) = penstock.command(&["check"]);
    assert!(code != Some(0) && said.contains("is not what was signed"), "{said}");
    // It turns out when it is loaded, and what is no longer kept is fetched.
    assert!(penstock.command(&["check", "--fetch"]).1 != Some(0));
    let (said, code) = penstock.command(&["check", "--fetch"]);
    assert!(code == Some(0), "{said}");
}

#[test]
fn a_local_file_and_every_file_of_a_folder_must_be_signed_too() {
    let (origin, ours) = (Origin::start(), keys());
    let content = list(&["first"]);
    let config =
        format!("[[hash_set]]\nname = \"known\"\npath = \"lists\"\npublic_key = \"{}\"\n", ours.pk.to_base64());
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with(&config)
        .with_folder("lists")
        .with_file("lists/a.csv", content.as_bytes())
        .with_file("lists/a.csv.minisig", sign(&ours, &content).as_bytes())
        .start();
    assert!(is_blocked(&penstock, "first"));
    let more = list(&["second"]);
    penstock.write("lists/b.csv", more.as_bytes());
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    wait_until("and the log says why", || penstock.log_text().contains("b.csv: has no signature"));
    penstock.write("lists/b.csv.minisig", sign(&ours, &more).as_bytes());
    wait_until("both are loaded", || is_blocked(&penstock, "second"));
    assert!(is_blocked(&penstock, "first"));
}

#[test]
fn a_folder_is_all_its_files_and_follows_them() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with("[[hash_set]]\nname = \"known\"\npath = \"lists\"\n")
        .with_folder("lists")
        .with_file("lists/a.csv", list(&["first"]).as_bytes())
        .with_file("lists/b.csv", list(&["second"]).as_bytes())
        .with_file("lists/.c.csv.part", b"half a li")
        .start();
    assert!(is_blocked(&penstock, "first") && is_blocked(&penstock, "second"));
    penstock.write("lists/c.csv", list(&["third"]).as_bytes());
    wait_until("a new file is loaded", || is_blocked(&penstock, "third"));
    fs::remove_file(penstock.path("lists/a.csv")).unwrap();
    wait_until("a removed one is gone", || !is_blocked(&penstock, "first"));
    penstock.write("lists/b.csv", b"algorithm,hash\nsha256,00\n");
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    let problems = penstock.get_admin("/snapshot").json()["last_reload_problems"].to_string();
    assert!(problems.contains("lists/b.csv:2:8"), "{problems}");
    assert!(is_blocked(&penstock, "second") && is_blocked(&penstock, "third"));
}

#[test]
fn a_set_too_old_shows_and_takes_penstock_out_only_where_the_set_says_so() {
    for (stale, status) in [("warn", 200), ("unready", 503)] {
        let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
        lists.put(PATH, &list(&["first"]));
        let more = format!("max_age = \"1s\"\nstale = \"{stale}\"");
        let penstock = setup(&origin, &lists.url(PATH), &more).start();
        lists.has(Trouble::HangsUp);
        wait_until("it is stale", || penstock.metric("penstock_set_stale{set=\"known\"}") == 1.0);
        let ready = penstock.get_admin("/readyz");
        assert_eq!(ready.status, status);
        assert!(ready.text().contains("hash set \"known\" is stale: last confirmed by its server"), "{}", ready.text());
        assert_eq!(source(&penstock)["is_stale"], true);
        assert!(is_blocked(&penstock, "first"), "an old set still protects");
        penstock.edit_config(|text| text.replace("max_age = \"1s\"", "max_age = \"1d\""));
        wait_until("it is no longer stale", || penstock.metric("penstock_set_stale{set=\"known\"}") == 0.0);
        assert_eq!(penstock.get_admin("/readyz").status, 200);
    }
}

#[test]
fn secrets_are_read_for_each_fetch_sent_to_their_server_alone_and_never_told() {
    let (origin, lists, elsewhere) = (Origin::start(), Lists::start(Validator::ETag), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    elsewhere.put(PATH, &list(&["second"]));
    // Its tag is that of the first server's list, and means another one.
    let more = format!(
        "headers = {{ Authorization = {{ file = \"token\" }}, X-Api-Key = {{ env = \"{}\" }} }}",
        SECRET_VARIABLE.0
    );
    let penstock = setup(&origin, &lists.url(PATH), &more).with_file("token", b"Bearer one-secret\n").start();
    penstock.write("token", b"Bearer another-secret\n");
    ask(&penstock, "unchanged");
    lists.has(Trouble::Answers("302 Found", format!("Location: {}\r\n", elsewhere.url(PATH))));
    ask(&penstock, "changed");
    let sent = |lists: &Lists, name: &str| -> Vec<Option<String>> {
        lists.origin.requests().iter().map(|request| request.headers.get(name).cloned()).collect()
    };
    let expected = ["Bearer one-secret", "Bearer another-secret", "Bearer another-secret"];
    assert_eq!(sent(&lists, "authorization"), expected.map(|value| Some(value.to_owned())));
    assert_eq!(sent(&lists, "x-api-key"), vec![Some(SECRET_VARIABLE.1.to_owned()); 3]);
    for name in ["authorization", "x-api-key"] {
        assert_eq!(sent(&elsewhere, name), [None], "{name}");
    }
    fs::remove_file(penstock.path("token")).unwrap();
    ask(&penstock, "failed");
    penstock.write("token", b"two\nlines-of-secret");
    ask(&penstock, "failed");
    wait_until("the reason shows", || source(&penstock)["last_error"].to_string().contains("not one line of text"));
    let told = [penstock.log_text(), penstock.get_admin("/snapshot").text(), penstock.get_admin("/metrics").text()];
    assert!(!told.concat().contains("secret\"") && !told.concat().contains("-secret"), "{}", told.concat());
}

#[test]
fn https_needs_an_authority_that_is_known_and_never_leads_to_http() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    // A Penstock that does not inspect is the server's TLS.
    let front = Setup::new(&[lists.origin.address])
        .with_tls("cert.pem", "key.pem")
        .with_file("cert.pem", certificate.as_bytes())
        .with_file("key.pem", key.as_bytes())
        .start();
    let url = format!("https://{}{PATH}", front.address);
    let (code, said) = setup(&origin, &url, "").run_in_vain(free_address());
    assert_eq!(code, Some(1));
    assert!(said.contains("certificate"), "{said}");
    let trusting = setup(&origin, &url, "ca_certificate = \"ca.pem\"").with_file("ca.pem", certificate.as_bytes());
    let penstock = trusting.start();
    assert!(is_blocked(&penstock, "first"));
    lists.has(Trouble::Answers("302 Found", format!("Location: {}\r\n", lists.url(PATH))));
    ask(&penstock, "failed");
    wait_until("the reason shows", || source(&penstock)["last_error"].to_string().contains("something less safe"));
}

#[test]
fn a_set_that_comes_with_a_changed_configuration_is_fetched_then() {
    let (origin, lists) = (Origin::start(), Lists::start(Validator::ETag));
    lists.put(PATH, &list(&["first"]));
    let penstock = setup(&origin, &lists.url(PATH), "").start();
    let more = format!("[[hash_set]]\nname = \"more\"\nurl = \"{}\"\ninterval = \"1s\"\n", lists.url("/more.csv"));
    penstock.edit_config(|text| text + &more);
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    assert!(is_blocked(&penstock, "first") && !is_blocked(&penstock, "second"));
    lists.put("/more.csv", &list(&["second"]));
    wait_until("it is loaded as soon as it is there", || is_blocked(&penstock, "second"));
    assert_eq!(penstock.metric("penstock_reload_failing"), 0.0);
}

/// A set from `place` in the store.
fn s3_setup(origin: &Origin, s3: &S3, place: &str, more: &str) -> Setup {
    let endpoint = s3.endpoint();
    setup(origin, place, &format!("s3 = {{ endpoint = \"{endpoint}\", region = \"eu-central-1\" }}\n{more}"))
}

#[test]
fn an_object_in_a_store_is_followed_and_kept_and_its_signature_checked() {
    let Some(mut s3) = S3::start() else { return };
    let (origin, ours) = (Origin::start(), keys());
    let put = |s3: &S3, bodies: &[&str]| {
        let content = list(bodies);
        s3.put("known.csv", &content);
        s3.put("known.csv.minisig", &sign(&ours, &content));
    };
    put(&s3, &["first"]);
    let key = format!("public_key = \"{}\"", ours.pk.to_base64());
    let mut penstock = s3_setup(&origin, &s3, "s3://lists/known.csv", &key).start();
    assert!(is_blocked(&penstock, "first"));
    ask(&penstock, "unchanged");
    assert_eq!(s3.gets("known.csv"), 1);
    assert!(source(&penstock)["validators"][0]["etag"].is_string());
    put(&s3, &["second"]);
    ask(&penstock, "changed");
    wait_until("it is loaded", || is_blocked(&penstock, "second"));
    s3.put("known.csv", &list(&["third"]));
    ask(&penstock, "signature");
    assert!(is_blocked(&penstock, "second") && !is_blocked(&penstock, "third"));
    s3.stop();
    penstock.restart();
    assert!(is_blocked(&penstock, "second"));
    assert!(source(&penstock)["last_error"].is_string());
}

#[test]
fn below_a_prefix_only_changed_objects_are_fetched_and_vanished_ones_go() {
    let Some(s3) = S3::start() else { return };
    let origin = Origin::start();
    for (key, content) in [
        ("p/a.csv", list(&["first"])),
        ("p/b.csv", list(&["second"])),
        ("p/.hidden", "no list".to_owned()),
        ("p/a.csv.minisig", "nobody asks for it".to_owned()),
        ("p/deeper/c.csv", list(&["third"])),
        ("other.csv", "no list".to_owned()),
    ] {
        s3.put(key, &content);
    }
    let penstock = s3_setup(&origin, &s3, "s3://lists/p/", "").start();
    assert!(is_blocked(&penstock, "first") && is_blocked(&penstock, "second") && !is_blocked(&penstock, "third"));
    s3.put("p/b.csv", &list(&["fourth"]));
    ask(&penstock, "changed");
    wait_until("it is loaded", || is_blocked(&penstock, "fourth"));
    assert!(is_blocked(&penstock, "first") && !is_blocked(&penstock, "second"));
    assert_eq!((s3.gets("p/a.csv"), s3.gets("p/b.csv"), s3.gets("p/.hidden")), (1, 2, 0));
    s3.put("p/b.csv", "algorithm,hash\nsha256,00\n");
    ask(&penstock, "rejected");
    let error = source(&penstock)["last_error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("s3://lists/p/b.csv:2:8:"), "{error}");
    ask(&penstock, "rejected");
    assert_eq!(s3.gets("p/b.csv"), 3, "the broken one is not fetched again");
    s3.delete("p/b.csv");
    ask(&penstock, "changed");
    wait_until("it is gone", || !is_blocked(&penstock, "fourth"));
    s3.delete("p/a.csv");
    ask(&penstock, "failed");
    assert!(source(&penstock)["last_error"].to_string().contains("no files below this prefix"));
    assert!(is_blocked(&penstock, "first"));
}

#[test]
fn a_store_that_everyone_may_read_needs_no_credentials() {
    let Some(s3) = S3::start() else { return };
    let origin = Origin::start();
    s3.put("a b+c.csv", &list(&["first"]));
    let more = format!("s3 = {{ endpoint = \"{}\", access = \"anonymous\" }}", s3.endpoint());
    let penstock = setup(&origin, "s3://lists/a b+c.csv", &more).start();
    assert!(is_blocked(&penstock, "first"));
    penstock.edit_config(|text| text.replace("s3://lists/a b+c.csv", "s3://nowhere/a.csv"));
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    assert!(is_blocked(&penstock, "first"));
}
