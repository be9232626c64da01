//! Sets, rules and configuration change while traffic flows.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::{sha256, wait_until};

fn list(bodies: &[&str]) -> Vec<u8> {
    let rows: String = bodies.iter().map(|body| format!("sha256,{}\n", sha256(body.as_bytes()))).collect();
    format!("algorithm,hash\n{rows}").into_bytes()
}

fn rule(keyword: &str) -> Vec<u8> {
    format!("[[rule]]\nid = \"r\"\nkeywords = [\"{keyword}\"]\n").into_bytes()
}

fn start(origin: &Origin) -> Penstock {
    let setup = Setup::new(&[origin.address]).with_top("rules = [\"rules\"]\n").with(ENFORCING);
    setup
        .with_folder("rules")
        .with_file("rules/a.toml", &rule("turnip"))
        .with_file("known.csv", &list(&["first"]))
        .with("[[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n")
        .start()
}

fn status(penstock: &Penstock, body: &str) -> u16 {
    penstock.post("/upload/a", &[], body.as_bytes()).status
}

#[test]
fn a_changed_file_is_picked_up_however_it_is_written() {
    let origin = Origin::start();
    let penstock = start(&origin);
    assert_eq!((status(&penstock, "first"), status(&penstock, "second")), (451, 200));
    penstock.replace("known.csv", &list(&["second"]));
    penstock.wait_for_generation(2);
    assert_eq!((status(&penstock, "first"), status(&penstock, "second")), (200, 451));
    penstock.write("known.csv", &list(&["first", "second"]));
    penstock.wait_for_generation(3);
    assert_eq!((status(&penstock, "first"), status(&penstock, "second")), (451, 451));
    penstock.write("rules/b.toml", &String::from_utf8(rule("beet")).unwrap().replace("\"r\"", "\"s\"").into_bytes());
    penstock.wait_for_generation(4);
    assert_eq!((status(&penstock, "a turnip"), status(&penstock, "a beet")), (451, 451));
    std::fs::remove_file(penstock.path("rules/a.toml")).unwrap();
    penstock.wait_for_generation(5);
    assert_eq!((status(&penstock, "a turnip"), status(&penstock, "a beet")), (200, 451));
    penstock.edit_config(|text| text.replace("inspect = \"enforce\"", "inspect = \"monitor\""));
    penstock.wait_for_generation(6);
    assert_eq!(status(&penstock, "first"), 200);
}

#[test]
fn a_changed_list_is_used_where_no_folder_can_be_written() {
    let origin = Origin::start();
    let setup = Setup::new(&[origin.address]).with(ENFORCING).with_state_directory("/proc/penstock");
    // Nobody can make a file in /proc, whatever the rights.
    let setup =
        setup.with_file("known.csv", &list(&["first"])).with("[[hash_set]]\nname = \"known\"\npath = \"known.csv\"\n");
    let penstock = setup.with_spool_directory("/proc").with_cache_directory("/proc/penstock").start();
    assert_eq!((status(&penstock, "first"), status(&penstock, "second")), (451, 200));
    penstock.replace("known.csv", &list(&["second"]));
    penstock.wait_for_generation(2);
    assert_eq!((status(&penstock, "first"), status(&penstock, "second")), (200, 451));
    assert!(penstock.log_text().contains("lists are compiled in memory"), "{}", penstock.log_text());
}

#[test]
fn sighup_reloads_even_what_looks_unchanged() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.signal("HUP");
    penstock.wait_for_generation(2);
    assert_eq!(status(&penstock, "first"), 451);
}

#[test]
fn a_broken_file_keeps_what_serves_and_is_told_with_its_place_until_it_is_mended() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for (file, broken, place) in [
        ("known.csv", &b"algorithm,hash\nsha256,00\n"[..], "known.csv:2:8"),
        ("rules/a.toml", b"[[rule]]\nid = \"r\"\nkeyword = [\"x\"]\n", "a.toml:3:1"),
        ("penstock.toml", b"listener = 1\n", "penstock.toml:1:12"),
    ] {
        let good = std::fs::read(penstock.path(file)).unwrap();
        let generation = penstock.generation();
        penstock.replace(file, broken);
        wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
        assert_eq!(penstock.generation(), generation);
        assert_eq!((status(&penstock, "first"), status(&penstock, "a turnip")), (451, 451));
        let snapshot = penstock.get_admin("/snapshot").json();
        assert!(snapshot["last_reload_problems"][0].as_str().unwrap().contains(place), "{snapshot}");
        wait_until("the log names the place", || penstock.log_text().contains(place));
        assert_eq!(penstock.get_admin("/readyz").status, 200, "the old snapshot serves");
        penstock.replace(file, &good);
        wait_until("it is mended", || penstock.metric("penstock_reload_failing") == 0.0);
        assert!(penstock.generation() > generation);
    }
    assert!(penstock.metric("penstock_reloads_total{result=\"failed\"}") >= 3.0);
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.replace("known.csv", b"algorithm,hash\nsha256,00\nmd6,00\n");
    penstock.replace("rules/a.toml", b"[[rule]]\nid = \"R\"\nkeywords = []\n");
    penstock.signal("HUP");
    wait_until("all four are told", || {
        let snapshot = penstock.get_admin("/snapshot").json();
        snapshot["last_reload_problems"].as_array().unwrap().len() == 4
    });
}

#[test]
fn no_request_fails_or_sees_a_mixture_while_snapshots_are_swapped() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut connection = penstock.connect();
                while !done.load(Ordering::Relaxed) {
                    for (body, statuses) in [("first", &[451][..]), ("harmless", &[200]), ("sometimes", &[200, 451])] {
                        let status = connection.post("/upload/a", &[], body.as_bytes()).status;
                        assert!(statuses.contains(&status), "{status} for {body}");
                    }
                    assert_eq!(connection.post("/elsewhere", &[], b"first").status, 200);
                    answered.fetch_add(4, Ordering::Relaxed);
                }
            });
        }
        for round in 1..=15_u64 {
            let bodies: &[&str] = if round % 2 == 0 { &["first"] } else { &["first", "sometimes"] };
            penstock.replace("known.csv", &list(bodies));
            penstock.signal("HUP");
            penstock.wait_for_generation(round + 1);
            let before = answered.load(Ordering::Relaxed);
            wait_until("requests were answered with it", || answered.load(Ordering::Relaxed) > before + 8);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(penstock.metric("penstock_reloads_total{result=\"failed\"}"), 0.0);
}

#[test]
fn what_is_read_only_at_start_is_said_to_need_a_restart() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.edit_config(|text| text.replace("threads = 2\ninspection_threads", "threads = 3\ninspection_threads"));
    penstock.wait_for_generation(2);
    let said = "[server]: changed, and read only at start. Restart to apply it";
    wait_until("the log says so", || penstock.log_text().contains(said));
    assert!(!penstock.log_text().contains("[connections]"), "{}", penstock.log_text());
}

#[test]
fn what_a_route_does_less_after_a_reload_is_said() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.edit_config(|text| {
        text.replace("inspect = \"enforce\"", "inspect = \"enforce\"\nmethods = [\"PUT\"]\noverload = \"pass\"")
    });
    penstock.wait_for_generation(2);
    for said in ["has another host, path or methods than before", "has overload = Pass now, Refuse before"] {
        wait_until("the log says so", || penstock.log_text().contains(said));
    }
    let loaded = penstock.wait_for_events("reload", 3).pop().unwrap();
    assert_eq!((&loaded["routes"], &loaded["sets"], &loaded["hashes"]), (&1.into(), &1.into(), &1.into()), "{loaded}");
}

/// Runs `work` while `noise` is called every few milliseconds.
fn during(noise: impl Fn() + Sync, work: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                noise();
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        });
        // Also when it fails, so that the other thread ends.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

#[test]
fn files_beside_the_inputs_that_change_all_the_time_neither_delay_a_reload_nor_cause_one() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let rounds = AtomicUsize::new(0);
    let noise = || {
        let round = rounds.fetch_add(1, Ordering::Relaxed);
        for name in ["penstock.log", "rules/a.toml.swp", "rules/.hidden.toml"] {
            penstock.write(name, format!("{round}").as_bytes());
        }
        penstock.replace("rules/rotated.log", b"");
    };
    during(noise, || {
        penstock.replace("known.csv", &list(&["second"]));
        wait_until("the list is loaded", || status(&penstock, "second") == 451);
        let looked = || penstock.metric("penstock_input_look_age_seconds");
        wait_until("all inputs were looked at again", || {
            let before = looked();
            std::thread::sleep(std::time::Duration::from_millis(50));
            looked() < before
        });
        assert_eq!(penstock.generation(), 2, "nothing else was a change");
    });
}

#[test]
fn an_input_that_is_written_all_the_time_does_not_keep_others_from_being_loaded() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let written = AtomicUsize::new(0);
    let noise = || {
        let round = written.fetch_add(1, Ordering::Relaxed);
        penstock.write("rules/b.toml", format!("[[rule]]\nid = \"s\"\nkeywords = [\"k{round}\"]\n").as_bytes());
    };
    during(noise, || {
        std::fs::write(penstock.path("known.csv"), list(&["second"])).unwrap();
        wait_until("the list is loaded", || status(&penstock, "second") == 451);
    });
}

#[test]
fn what_is_no_file_is_refused_without_a_wait_and_later_changes_are_seen() {
    let origin = Origin::start();
    let penstock = start(&origin);
    for file in ["known.csv", "rules/a.toml", "penstock.toml"] {
        let good = std::fs::read(penstock.path(file)).unwrap();
        let generation = penstock.generation();
        std::fs::remove_file(penstock.path(file)).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(penstock.path(file)).status().unwrap().success());
        let said = format!("{file}: cannot be read: this is a pipe, expected a file");
        wait_until("the pipe is refused", || penstock.log_text().contains(&said));
        assert_eq!(penstock.metric("penstock_reload_failing"), 1.0);
        assert_eq!((status(&penstock, "first"), status(&penstock, "a turnip")), (451, 451));
        penstock.replace(file, &good);
        wait_until("it is mended", || penstock.metric("penstock_reload_failing") == 0.0);
        assert!(penstock.generation() > generation);
    }
    std::fs::remove_file(penstock.path("known.csv")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", penstock.path("known.csv")).unwrap();
    wait_until("the device is refused", || penstock.log_text().contains("this is a device, expected a file"));
}

/// A list of `count` entries, none of which is of "first" but the first.
fn long_list(count: usize) -> Vec<u8> {
    let rows: Vec<String> = (1..count).map(|number| format!("entry {number}")).collect();
    list(&[&["first"][..], &rows.iter().map(String::as_str).collect::<Vec<_>>()].concat())
}

#[test]
fn input_that_was_cut_off_and_still_parses_keeps_what_serves() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.replace("known.csv", &long_list(100));
    penstock.wait_for_generation(2);
    let config = std::fs::read_to_string(penstock.path("penstock.toml")).unwrap();
    let before_routes = config.split("[[route]]").next().unwrap().to_owned();
    let before_sets = config.split("[[hash_set]]").next().unwrap().to_owned();
    for (file, cut, said) in [
        ("penstock.toml", before_routes.into_bytes(), "no route inspects, 1 before"),
        ("penstock.toml", before_sets.into_bytes(), "there is no hash set, 1 before"),
        ("penstock.toml", config.replace("rules = [\"rules\"]", "").into_bytes(), "there is no rule, 1 before"),
        ("rules/a.toml", Vec::new(), "a.toml: there is no rule in it, 1 before"),
        ("known.csv", long_list(89), "has 89 entries, 100 before"),
        ("known.csv", b"algorithm,hash\n".to_vec(), "has 0 entries, 100 before"),
        ("known.csv", other_list(), "had, some 100 are gone"),
    ] {
        let good = std::fs::read(penstock.path(file)).unwrap();
        penstock.replace(file, &cut);
        wait_until("the loss is reported", || penstock.log_text().contains(said));
        wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
        assert_eq!((status(&penstock, "first"), status(&penstock, "a turnip")), (451, 451), "{said}");
        penstock.signal("HUP");
        let events = penstock.events("reload").len();
        wait_until("it is refused again", || penstock.events("reload").len() > events);
        assert_eq!((status(&penstock, "first"), status(&penstock, "a turnip")), (451, 451), "{said}");
        penstock.replace(file, &good);
        wait_until("it is mended", || penstock.metric("penstock_reload_failing") == 0.0);
    }
    std::fs::remove_file(penstock.path("rules/a.toml")).unwrap();
    wait_until("an emptied folder is reported", || {
        penstock.log_text().matches("there is no rule, 1 before").count() >= 3
    });
    assert_eq!(status(&penstock, "a turnip"), 451);
}

/// As many entries of another algorithm.
fn other_list() -> Vec<u8> {
    let rows: String = (0..100).map(|number| format!("md5,{number:032x}\n")).collect();
    format!("algorithm,hash\n{rows}").into_bytes()
}

#[test]
fn a_set_that_loses_a_little_with_each_reload_is_noticed() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.replace("known.csv", &long_list(100));
    penstock.wait_for_generation(2);
    penstock.replace("known.csv", &long_list(92));
    penstock.wait_for_generation(3);
    penstock.replace("known.csv", &long_list(84));
    wait_until("the loss is reported", || penstock.log_text().contains("has 84 entries, 100 before"));
    assert_eq!(penstock.metric("penstock_reload_failing"), 1.0);
}

#[test]
fn a_file_that_is_written_in_place_with_its_old_time_is_read_again() {
    let origin = Origin::start();
    let penstock = start(&origin);
    let path = penstock.path("known.csv");
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let entry = text.lines().last().unwrap().to_owned();
    let changed = entry.replace(|digit: char| digit == entry.chars().last().unwrap(), "0");
    std::fs::write(&path, text.replace(&entry, &changed)).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    penstock.wait_for_generation(2);
}

#[test]
fn what_the_configuration_allows_may_be_lost_and_a_short_list_can_be_edited() {
    let origin = Origin::start();
    let penstock = start(&origin);
    penstock.replace("known.csv", &long_list(10));
    penstock.wait_for_generation(2);
    penstock.replace("known.csv", &list(&["another"]));
    penstock.wait_for_generation(3);
    assert_eq!((status(&penstock, "first"), status(&penstock, "another")), (200, 451));
    penstock.replace("known.csv", &long_list(100));
    penstock.wait_for_generation(4);
    penstock.replace("known.csv", &long_list(90));
    penstock.wait_for_generation(5);
    penstock.edit_config(|text| {
        let allowed = text.replace("path = \"known.csv\"", "path = \"known.csv\"\nallow_shrink = 1.0");
        format!("{allowed}[reload]\nallow_empty = [\"rules\", \"routes\"]\n")
    });
    penstock.wait_for_generation(6);
    penstock.replace("known.csv", b"algorithm,hash\n");
    penstock.wait_for_generation(7);
    assert_eq!(status(&penstock, "first"), 200);
    penstock.replace("rules/a.toml", b"");
    penstock.wait_for_generation(8);
    assert_eq!(status(&penstock, "a turnip"), 200);
    penstock.edit_config(|text| text.replace("\"enforce\"", "\"off\""));
    penstock.wait_for_generation(9);
    assert_eq!(penstock.metric("penstock_reload_failing"), 0.0);
    wait_until("less is said to be there", || penstock.log_text().contains("has 0 rules, 1 before"));
}
