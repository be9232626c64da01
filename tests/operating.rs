//! What operators see: health, metrics, what is loaded, and how it ends.

use std::process::Command;

use crate::support::http::head;
use crate::support::origin::Origin;
use crate::support::penstock::{BINARY, ENFORCING, Setup};
use crate::support::{sha256, wait_until};

#[test]
fn the_admin_listener_tells_health_readiness_metrics_and_what_is_loaded() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with_top("rules = [\"rules.toml\"]\n")
        .with_file("rules.toml", b"[[rule]]\nid = \"r\"\nkeywords = [\"turnip\"]\n")
        .with(ENFORCING)
        .with_known("sha256", &sha256(b"listed"))
        .start();
    assert_eq!(penstock.get_admin("/healthz").text(), "ok\n");
    assert_eq!(penstock.get_admin("/readyz").text(), "ready, snapshot 1\n");
    assert_eq!(penstock.get_admin("/nothing").status, 404);

    let snapshot = penstock.get_admin("/snapshot").json();
    let set = &snapshot["hash_sets"][0];
    assert_eq!((set["name"].as_str(), set["hashes"]["sha256"].as_u64()), (Some("known"), Some(1)));
    let info = Command::new(BINARY).args(["set", "info", "--json"]).arg(penstock.path("known.csv")).output().unwrap();
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).unwrap();
    assert_eq!(set["version"], info["version"], "equal content has an equal version wherever it is compiled");
    assert_eq!((snapshot["generation"].as_u64(), snapshot["rules"].as_u64()), (Some(1), Some(1)));
    assert_eq!(snapshot["routes"][0]["inspect"], "enforce");

    penstock.post("/upload/a", &[], b"listed");
    penstock.post("/elsewhere", &[], b"listed");
    let verdicts = "penstock_verdicts_total{route=\"uploads\",verdict=\"block\",if_enforced=\"block\"}";
    for (metric, value) in [
        (verdicts, 1.0),
        ("penstock_matches_total{source=\"known\",action=\"block\",mode=\"enforce\"}", 1.0),
        ("penstock_passed_requests_total", 1.0),
        ("penstock_loaded_hashes", 1.0),
        ("penstock_loaded_rules", 1.0),
        ("penstock_snapshot_generation", 1.0),
        ("penstock_reload_failing", 0.0),
    ] {
        wait_until(metric, || penstock.metric(metric) == value);
    }
}

#[test]
fn sigterm_lets_a_running_upload_end() {
    let origin = Origin::start();
    let mut penstock = Setup::new(&[origin.address]).with(ENFORCING).with_server_grace("20s").start();
    let mut client = penstock.connect();
    client.send(head("POST", "/upload/a", &[], Some(4)));
    client.send("ha");
    wait_until("the upload is held", || penstock.metric("penstock_held_uploads") == 1.0);
    penstock.signal("TERM");
    client.send("lf");
    assert_eq!(client.read_response().unwrap().status, 200);
    drop(client);
    assert!(penstock.wait_for_exit().success());
}

#[test]
fn a_start_that_cannot_succeed_says_why_and_exits_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = Origin::start();
    let setup = Setup::new(&[origin.address]).with(ENFORCING);
    let (code, said) = setup.run_in_vain(taken.local_addr().unwrap());
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("cannot listen on {}", taken.local_addr().unwrap())), "{said}");

    let setup = Setup::new(&[origin.address]).with(ENFORCING).with("[[hash_set]]\nname = \"x\"\npath = \"none.csv\"\n");
    let (code, said) = setup.run_in_vain("127.0.0.1:0".parse().unwrap());
    assert_eq!(code, Some(1));
    assert!(said.contains("none.csv: cannot be read: No such file"), "{said}");

    let setup = Setup::new(&[origin.address])
        .with(ENFORCING)
        .with_file("cert.pem", b"not a certificate")
        .with_file("key.pem", b"not a key")
        .with_tls("cert.pem", "key.pem");
    let (code, said) = setup.run_in_vain("127.0.0.1:0".parse().unwrap());
    assert_eq!(code, Some(1));
    assert!(said.contains("cert.pem and key") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_log_filter_that_is_none_is_said_to_be_none() {
    let output = std::process::Command::new(crate::support::penstock::BINARY)
        .args(["run", "--config", "none.toml"])
        .env("PENSTOCK_LOG", "info,,=x=")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("PENSTOCK_LOG is not a log filter"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_second_process_on_one_state_directory_is_refused_until_the_first_is_gone() {
    let origin = Origin::start();
    let mut first = Setup::new(&[origin.address]).with(ENFORCING).start();
    let state = first.path("state").display().to_string();
    let second = || {
        let setup = Setup::new(&[origin.address]).with(ENFORCING);
        setup.with_state_directory(&state)
    };
    let (exit, said) = second().run_in_vain(crate::support::free_address());
    assert_eq!(exit, Some(1));
    assert!(said.contains("another Penstock (process ") && said.contains(&state), "{said}");
    first.signal("KILL");
    first.wait_for_exit();
    second().start();
}

#[test]
fn the_admin_listener_answers_to_no_name_that_a_page_could_have() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let asked = |path: &str, host: &str| {
        let mut client = crate::support::http::Connection::open(penstock.admin);
        client.send(format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n"));
        client.read_response().unwrap().status
    };
    for path in ["/readyz", "/metrics", "/snapshot", "/quarantine", "/nothing", "/healthz/"] {
        assert_eq!(asked(path, "Host: evil.example\r\n"), 403, "{path}");
        assert_eq!(asked(path, "Host: 127.0.0.1\r\nHost: evil.example\r\n"), 403, "{path}");
        assert_ne!(asked(path, "Host: localhost:9180\r\n"), 403, "{path}");
    }
    assert_eq!(asked("/healthz", "Host: evil.example\r\n"), 200);
}
