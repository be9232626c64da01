//! TLS and HTTP/2 towards the client, HTTP/1.1 towards the origin.

use std::fs;

use crate::support::curl::{curl, form_file};
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Penstock, Setup};
use crate::support::{repository, sha256};

fn start_with_tls(origin: &Origin) -> Penstock {
    let issued = rcgen::generate_simple_self_signed(vec!["site.test".to_owned()]).unwrap();
    Setup::new(&[origin.address])
        .with_file("cert.pem", issued.cert.pem().as_bytes())
        .with_file("key.pem", issued.signing_key.serialize_pem().as_bytes())
        .with_tls("cert.pem", "key.pem")
        .with(ENFORCING)
        .with_known("sha256", &sha256(b"listed"))
        .start()
}

#[test]
fn uploads_over_tls_are_judged_in_both_versions_of_http() {
    let origin = Origin::start();
    let penstock = start_with_tls(&origin);
    let certificate = penstock.path("cert.pem").display().to_string();
    let port = penstock.address.port();
    let resolve = format!("site.test:{port}:127.0.0.1");
    let upload = |version: &str, path: &str, body: &str| {
        let url = format!("https://site.test:{port}{path}");
        let with = ["--cacert", &certificate, "--resolve", &resolve, version, "--data-binary", body];
        curl(&[&with[..], &["-H", "Content-Type: text/plain", &url]].concat())
    };
    for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let allowed = upload(flag, "/upload/a", "harmless");
        assert_eq!((allowed.status, allowed.version.as_str(), allowed.body.as_str()), (200, version, "8 bytes "));
        let blocked = upload(flag, "/upload/a", "listed");
        assert_eq!((blocked.status, blocked.version.as_str()), (451, version));
        assert!(blocked.body.contains("urn:penstock:blocked"));
        assert_eq!(upload(flag, "/elsewhere", "listed").status, 200, "not inspected there");
    }
    let seen = origin.requests();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|request| request.headers["host"] == format!("site.test:{port}")));
    assert!(seen.iter().all(|request| request.headers["content-length"] == request.body.len().to_string()));
}

#[test]
fn large_uploads_over_http2_arrive_whole_with_their_length() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).start();
    let photo = repository("deploy/demo/samples/harbour.jpg");
    let url = format!("http://{}/upload/form", penstock.address);
    let form = curl(&["--http2-prior-knowledge", "-F", &form_file(&photo), &url]);
    assert_eq!((form.status, form.version.as_str()), (200, "2"));
    let bytes = fs::read(&photo).unwrap();
    let seen = origin.requests().pop().unwrap();
    assert!(seen.body.windows(bytes.len()).any(|window| window == bytes));

    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    penstock.write("large.bin", &large);
    let file = penstock.path("large.bin").display().to_string();
    for http in ["--http1.1", "--http2-prior-knowledge"] {
        let put = curl(&[&[http, "-T", &file][..], &[&url]].concat());
        assert_eq!(put.status, 200);
        assert!(origin.requests().pop().unwrap().body == large, "{http}");
    }
}

#[test]
fn the_authority_of_http2_is_the_host_that_the_origin_sees() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with("[[route]]\nname = \"uploads\"\nhost = \"up.test\"\ninspect = \"enforce\"\n")
        .with_known("sha256", &sha256(b"listed"))
        .start();
    let url = format!("http://{}/a", penstock.address);
    let post = |arguments: &[&str]| {
        curl(&[&["--data-binary", "listed", "-H", "Content-Type: a/b"], arguments, &[&url]].concat())
    };
    assert_eq!(post(&["-H", "Host: up.test"]).status, 451);
    assert_eq!(post(&["--http2-prior-knowledge", "-H", "Host: up.test"]).status, 451);
    assert_eq!(post(&["-H", "Host: other.test"]).status, 200);
    let absolute = |host| post(&["--request-target", "http://up.test/a", "-H", host]).status;
    assert_eq!((absolute("Host: up.test"), absolute("Host: other.test")), (451, 400), "a URL as the target");
    assert_eq!(penstock.post("/a", &[("Host", "up.test")], b"listed").status, 400, "two hosts");
    assert_eq!(origin.requests().len(), 1);
}
