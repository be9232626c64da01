//! The rule file and its tools, through the command line and a running Penstock.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::origin::Origin;
use crate::support::penstock::{BINARY, ENFORCING, Penstock, Setup};
use crate::support::{folder_with as folder, penstock_in as penstock, repository, wait_until};

const TURNIP: &str = "[[rule]]\nid = \"veg\"\nkeywords = [\"turnip\", \"beet\"]\n";

fn test(text: &str, expect: &str) -> String {
    format!("[[rule.test]]\ntext = \"{text}\"\nexpect = \"{expect}\"\n")
}

#[test]
fn tests_in_rules_are_told_like_a_diff() {
    let rules = [TURNIP, &test("a turnip", "match"), &test("a carrot", "match"), &test("red beet", "none")].concat();
    let folder = folder(&[("rules.toml", &rules), ("other.toml", "[[rule]]\nid = \"o\"\nkeywords = [\"x\"]\n")]);
    assert_snapshot!(penstock(folder.path(), &["rules", "test", "rules.toml", "other.toml"]));
    assert!(penstock(folder.path(), &["rules", "test", "other.toml"]).ends_with("exit code 0"));
    assert_snapshot!("tests_of_a_broken_file", penstock(folder.path(), &["rules", "test", "none.toml"]));
}

#[test]
fn check_runs_the_tests_too() {
    let config = "rules = [\"rules.toml\"]\n[[listener]]\naddress = \"127.0.0.1:1\"\n\
        [[origin]]\nname = \"site\"\nservers = [\"127.0.0.1:2\"]\n[server]\nworker = false\n";
    let rules = [TURNIP, "expires = 2001-01-01\n", &test("a carrot", "match")].concat();
    let folder = folder(&[("penstock.toml", config), ("rules.toml", &rules)]);
    assert_snapshot!(penstock(folder.path(), &["check", "-c", "penstock.toml"]));
    fs::write(folder.path().join("rules.toml"), rules.replace("carrot", "beet")).unwrap();
    assert_snapshot!("check_tells_of_expired_rules", penstock(folder.path(), &["check", "-c", "penstock.toml"]));
    assert!(penstock(folder.path(), &["rules", "test", "-c", "penstock.toml"]).contains("1 test of 1 rule: 0 failed"));
}

#[test]
fn routes_of_a_scope_must_be_in_the_configuration() {
    let config = "rules = [\"rules.toml\"]\n[[listener]]\naddress = \"127.0.0.1:1\"\n\
        [[origin]]\nname = \"site\"\nservers = [\"127.0.0.1:2\"]\n[server]\nworker = false\n";
    let routes = "[[route]]\nname = \"chat\"\npath = \"/chat/*\"\ninspect = \"off\"\n[[route]]\nname = \"forum-2\"\npath = \"/forum/*\"\ninspect = \"off\"\n";
    let rules = [TURNIP, "scope = { routes = [\"Chat\", \"forum-*\", \"chatt\"] }\n"].concat();
    let folder = folder(&[("penstock.toml", &[config, routes].concat()), ("rules.toml", &rules)]);
    let check = || penstock(folder.path(), &["check", "-c", "penstock.toml"]);
    assert_snapshot!(check());
    assert!(penstock(folder.path(), &["rules", "test", "rules.toml"]).ends_with("exit code 0"), "no route is known");
    fs::write(folder.path().join("penstock.toml"), config).unwrap();
    assert!(check().contains("rules.toml:4:21: no [[route]] is named \"Chat\", expected no routes in the scope"));
    fs::write(folder.path().join("rules.toml"), TURNIP).unwrap();
    assert!(check().ends_with("exit code 0"), "{}", check());
}

#[test]
fn a_reload_that_names_an_unknown_route_is_refused() {
    let origin = Origin::start();
    let penstock = start(&origin, &[("rules/a.toml", TURNIP)]);
    penstock.replace(
        "rules/a.toml",
        [&TURNIP.replace("beet", "leek"), "scope = { routes = [\"uplods\"] }\n"].concat().as_bytes(),
    );
    wait_until("the log says why", || penstock.log_text().contains("(did you mean \\\"uploads\\\"?)"));
    assert_eq!((status(&penstock, "a beet"), status(&penstock, "a leek")), (451, 200));
}

#[test]
fn explain_shows_every_step() {
    let rules = "[[rule]]\nid = \"offer\"\nall = [\"turnip\"]\nany = [\"sell\", \"price\"]\nnear = { words = 3 }\n\
        unless = { keywords = [\"museum\"] }\naction = \"flag\"\n\
        [[rule]]\nid = \"mail\"\nregex = ['\\w+@\\w+']\nscope = { fields = [\"to\"] }\n\
        [[rule]]\nid = \"quiet\"\nkeywords = [\"beet\"]\nunless = { quoted = true }\n";
    let folder = folder(&[("rules.toml", rules), ("latin1", "")]);
    fs::write(folder.path().join("latin1"), b"I pr1ce a caf\xe9 TURN\xc2\xadIP").unwrap();
    let explain = |arguments: &[&str]| {
        penstock(folder.path(), &[&["rules", "explain", "--rules", "rules.toml"], arguments].concat())
    };
    assert_snapshot!("explain_a_match", explain(&["latin1"]));
    assert_snapshot!("explain_near_misses", explain(&["--text", "Sell one two three four turnip. “beet” me@here"]));
    assert!(explain(&["--text", "a turnip price in the museum"]).contains("no match: \"museum\" is an exception"));
    assert!(
        explain(&["--text", "me@here", "--field", "from"]).contains("no match: the rule has expired, or its scope")
    );
    assert!(explain(&["--text", "me@here", "--field", "to"]).contains("outcome  match, block (enforce)"));
    assert!(explain(&["--text", "turnip", "--rule", "ofer"]).contains("(did you mean \"offer\"?)"));
    assert!(explain(&["--text", "carrot"]).contains("no rule has a term in this text"));
    let said = explain(&["--json", "--rule", "offer", "--text", "sell turnip"]);
    let object: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(object["rules"][0]["spans"], json!([[0, 4], [5, 11]]));
    assert_eq!(object["rules"][0]["match"], true);
    assert_eq!(object["readings"][0]["normalised"], "sell turnip");
}

#[test]
fn lint_points_out_what_is_hardly_meant() {
    let rules = "[[rule]]\nid = \"old\"\nexpires = 2001-01-01\nkeywords = [\"the\", \"red beets\"]\n\
        keywords_file = \"list.txt\"\n[[rule]]\nid = \"never\"\nall = [\"beets\"]\nnone = [\"beets\"]\n";
    let folder = folder(&[("rules.toml", rules), ("list.txt", "# roots\nbeets\nx\n"), ("good.toml", TURNIP)]);
    assert_snapshot!(penstock(folder.path(), &["rules", "lint", "rules.toml"]));
    assert!(penstock(folder.path(), &["rules", "lint", "--deny-warnings", "rules.toml"]).ends_with("exit code 1"));
    assert!(penstock(folder.path(), &["rules", "lint", "--deny-warnings", "good.toml"]).ends_with("exit code 0"));
}

#[test]
fn the_schema_fits_what_is_shipped_and_refuses_what_is_misspelt() {
    let said = Command::new(BINARY).args(["rules", "schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&said.stdout).unwrap();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("rules.json", schema).unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("rules.json", &mut schemas).unwrap();
    let mut files = vec![fs::read_to_string(repository("rules/sample.toml")).unwrap()];
    files.extend(examples());
    for file in &files {
        let rules: toml::Value = toml::from_str(file).unwrap();
        let rules = without_dates(rules);
        schemas.validate(&rules, index).unwrap_or_else(|error| panic!("{error}\n{file}"));
    }
    for (right, wrong) in [
        ("keywords", "keyword"),
        ("id =", "name ="),
        ("keywords", "severity = \"hi\"\nkeywords"),
        ("\"turnip\"", "{ txt = \"turnip\" }"),
    ] {
        let rules: toml::Value = toml::from_str(&TURNIP.replace(right, wrong)).unwrap();
        assert!(schemas.validate(&without_dates(rules), index).is_err(), "{wrong}");
    }
}

/// As editors see it: dates are text in JSON.
fn without_dates(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(without_dates).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, without_dates(value))).collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

/// The rule files in `docs/rules.md`.
fn examples() -> Vec<String> {
    let page = fs::read_to_string(repository("docs/rules.md")).unwrap();
    page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_example_in_the_documentation_passes_its_tests() {
    let examples = examples();
    assert!(examples.len() >= 6, "{}", examples.len());
    for example in examples {
        let folder = folder(&[("rules.toml", &example), ("street-names.txt", "# of the city\nfairy floss\n")]);
        let said = penstock(folder.path(), &["rules", "test", "rules.toml"]);
        assert!(said.contains(": 0 failed") && said.ends_with("exit code 0"), "{said}\n{example}");
        let said = penstock(folder.path(), &["rules", "lint", "rules.toml"]);
        assert!(said.contains(": 0 warnings"), "{said}\n{example}");
    }
    let said = penstock(&repository(""), &["rules", "test", "rules"]);
    assert!(said.ends_with("exit code 0"), "{said}");
    let said = penstock(&repository(""), &["rules", "lint", "--deny-warnings", "rules"]);
    assert!(said.ends_with("exit code 0"), "{said}");
}

#[test]
fn every_field_is_documented_and_in_the_schema() {
    let page = fs::read_to_string(repository("docs/rules.md")).unwrap();
    let schema = penstock(&repository(""), &["rules", "schema"]);
    let folder = folder(&[("rules.toml", "[[rule]]\nsurprise = 1\n")]);
    let said = penstock(folder.path(), &["rules", "test", "rules.toml"]);
    let fields: Vec<&str> = said.split("expected one of ").nth(1).unwrap().split('"').skip(1).step_by(2).collect();
    assert!(fields.len() >= 29, "{fields:?}");
    for field in fields {
        assert!(schema.contains(&format!("\"{field}\": {{")), "{field} is in the schema");
        let is_told = page.contains(&format!("`{field}`")) || page.contains(&format!("`{field} ="));
        assert!(is_told || field == "test" && page.contains("[[rule.test]]"), "{field} is documented");
    }
}

fn start(origin: &Origin, files: &[(&str, &str)]) -> Penstock {
    let setup = Setup::new(&[origin.address]).with_top("rules = [\"rules\"]\n").with(ENFORCING).with_folder("rules");
    files.iter().fold(setup, |setup, (name, content)| setup.with_file(name, content.as_bytes())).start()
}

fn status(penstock: &Penstock, body: &str) -> u16 {
    penstock.post("/upload/a", &[], body.as_bytes()).status
}

#[test]
fn a_reload_whose_rule_tests_fail_is_refused() {
    let origin = Origin::start();
    let good = [TURNIP, &test("a turnip", "match")].concat();
    let penstock = start(&origin, &[("rules/a.toml", &good)]);
    assert_eq!(status(&penstock, "a turnip"), 451);
    penstock.replace("rules/a.toml", good.replacen("\"turnip\", ", "", 1).as_bytes());
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    let told = "a.toml:4:1: test 1 of rule \\\"veg\\\" fails: expected match, found none";
    wait_until("the log says which test", || penstock.log_text().contains(told));
    assert_eq!((penstock.generation(), status(&penstock, "a turnip")), (1, 451));
    penstock.replace("rules/a.toml", good.replace("turnip", "carrot").as_bytes());
    penstock.wait_for_generation(2);
    assert_eq!((status(&penstock, "a turnip"), status(&penstock, "a carrot")), (200, 451));
}

#[test]
fn a_changed_list_reloads_and_one_outside_the_folder_is_refused() {
    let origin = Origin::start();
    let rule = "[[rule]]\nid = \"r\"\nkeywords_file = \"list.txt\"\n";
    let penstock = start(&origin, &[("rules/a.toml", rule), ("rules/list.txt", "turnip\n"), ("secret.txt", "x\n")]);
    assert_eq!((status(&penstock, "a turnip"), status(&penstock, "a beet")), (451, 200));
    penstock.replace("rules/list.txt", b"# roots\nbeet\n");
    penstock.wait_for_generation(2);
    assert_eq!((status(&penstock, "a turnip"), status(&penstock, "a beet")), (200, 451));
    fs::remove_file(penstock.path("rules/list.txt")).unwrap();
    std::os::unix::fs::symlink(penstock.path("secret.txt"), penstock.path("rules/list.txt")).unwrap();
    wait_until("the failure shows", || penstock.metric("penstock_reload_failing") == 1.0);
    wait_until("the log says why", || penstock.log_text().contains("a link to outside the folder"));
    assert_eq!(status(&penstock, "a beet"), 451);
}

#[test]
fn scopes_and_expiry_hold_for_uploads_and_grounds_stand_in_the_log() {
    let origin = Origin::start();
    let rules = "[[rule]]\nid = \"scoped\"\nkeywords = [\"turnip\"]\nseverity = \"high\"\nlegal_ground = \"§ 1 Turnip Act\"\n\
        jurisdiction = \"Moon\"\nscope = { fields = [\"comment*\"], routes = [\"uploads\"] }\n\
        [[rule]]\nid = \"elsewhere\"\nkeywords = [\"beet\"]\nscope = { routes = [\"other\"] }\n\
        [[rule]]\nid = \"old\"\nkeywords = [\"carrot\"]\nexpires = 2001-01-01\n\
        [[rule]]\nid = \"typed\"\nkeywords = [\"leek\"]\nscope = { kinds = [\"file\"], file_names = [\"*.txt\"] }\n\
        [[rule]]\nid = \"shown\"\nkeywords = [\"chard\"]\nscope = { kinds = [\"file\"], types = [\"text/*\"] }\n";
    let penstock = Setup::new(&[origin.address])
        .with_top("rules = [\"rules\"]\n")
        .with(ENFORCING)
        .with("[[route]]\nname = \"other\"\npath = \"/other/*\"\ninspect = \"off\"\n")
        .with_folder("rules")
        .with_file("rules/a.toml", rules.as_bytes())
        .start();
    let form = |disposition: &str, value: &str| {
        let body = format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n--b--\r\n");
        penstock.post("/upload/a", &[("Content-Type", "multipart/form-data; boundary=b")], body.as_bytes()).status
    };
    for (disposition, value, expected) in [
        ("name=\"comment_2\"", "a turnip", 451),
        ("name=\"title\"", "a turnip", 200),
        ("name=\"comment\"", "YSB0dXJuaXAgZm9yIHlvdSBhbmQgYW5vdGhlciBvbmUgZm9yIG1l", 451),
        ("name=\"title\"", "YSB0dXJuaXAgZm9yIHlvdSBhbmQgYW5vdGhlciBvbmUgZm9yIG1l", 200),
        ("name=\"comment\"", "a beet", 200),
        ("name=\"comment\"", "a carrot", 200),
        ("name=\"f\"; filename=\"A.TXT\"", "a leek", 451),
        ("name=\"f\"; filename=\"a.md\"", "a leek", 200),
        ("name=\"f\"; filename=\"a\"\r\nContent-Type: image/png", "a chard", 451),
        ("name=\"f\"; filename=\"a\"\r\nContent-Type: text/html", "a chard", 451),
        ("name=\"f\"", "a chard", 200),
    ] {
        assert_eq!(form(disposition, value), expected, "{disposition}: {value}");
    }
    wait_until("the verdict is logged", || penstock.log_text().contains("§ 1 Turnip Act"));
    let log = penstock.log_text();
    assert!(log.contains("Moon") && log.contains("high"), "{log}");
    assert!(log.contains("expired on 2001-01-01"), "{log}");
}
