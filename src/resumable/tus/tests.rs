use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    headers
}

fn read(method: &str, pairs: &[(&str, &str)]) -> Result<Option<TusRequest>, Malformed> {
    read_tus(&method.parse().unwrap(), &headers(pairs))
}

#[test]
fn requests_of_the_protocol_are_told_from_others() {
    let creation = TusCreation { length: Some(10), ..TusCreation::default() };
    let append = TusAppend { offset: 5, length: None, is_complete: None };
    for (method, pairs, expected) in [
        ("POST", &[("content-type", "image/png")][..], None),
        ("GET", &[("tus-resumable", "1.0.0")], None),
        ("POST", &[("upload-length", "10")], Some(TusRequest::Create(creation.clone()))),
        ("PATCH", &[("upload-offset", "5")], Some(TusRequest::Append(append))),
        ("POST", &[("upload-offset", "5"), ("x-http-method-override", "PATCH")], Some(TusRequest::Append(append))),
        ("PATCH", &[("upload-offset", "5"), ("upload-concat", "partial")], Some(TusRequest::Append(append))),
        (
            "PATCH",
            &[("upload-offset", "5"), ("upload-length", "9"), ("upload-name", "a.jpg")],
            Some(TusRequest::Chunk(TusAppend { length: Some(9), ..append }, vec!["a.jpg".into()])),
        ),
        (
            "PATCH",
            &[("upload-offset", "5"), ("upload-length", "9"), ("tus-resumable", "1.0.0")],
            Some(TusRequest::Append(TusAppend { length: Some(9), ..append })),
        ),
        ("HEAD", &[("tus-resumable", "1.0.0")], Some(TusRequest::Ask)),
        ("DELETE", &[("tus-resumable", "1.0.0")], Some(TusRequest::Forget)),
        (
            "POST",
            &[("upload-concat", "final;/a https://h/b"), ("upload-metadata", "name YQ==, filetype YS9i,x")],
            Some(TusRequest::Create(TusCreation {
                metadata: TusMetadata { filetype: Some("a/b".into()), texts: vec!["a".into(), Bytes::new()] },
                concat: Concat::Final(vec!["/a".into(), "https://h/b".into()]),
                ..TusCreation::default()
            })),
        ),
        (
            "PATCH",
            &[("upload-offset", "5"), ("upload-incomplete", "?0")],
            Some(TusRequest::Append(TusAppend { is_complete: Some(true), ..append })),
        ),
    ] {
        assert_eq!(read(method, pairs), Ok(expected), "{method} {pairs:?}");
    }
}

#[test]
fn whatever_servers_could_read_in_two_ways_is_refused() {
    for (method, pairs) in [
        ("PATCH", &[("tus-resumable", "1.0.0")][..]),
        ("PATCH", &[("upload-offset", "05")]),
        ("PATCH", &[("upload-offset", "+5")]),
        ("PATCH", &[("upload-offset", "-5")]),
        ("PATCH", &[("upload-offset", "0x5")]),
        ("PATCH", &[("upload-offset", "5 ")]),
        ("PATCH", &[("upload-offset", "5, 5")]),
        ("PATCH", &[("upload-offset", "")]),
        ("PATCH", &[("upload-offset", "5"), ("content-encoding", "gzip")]),
        ("POST", &[("upload-length", "5"), ("content-encoding", "gzip")]),
        ("PATCH", &[("upload-offset", "5"), ("upload-offset", "5")]),
        ("PATCH", &[("upload-offset", "18446744073709551616")]),
        ("PATCH", &[("upload-offset", "5"), ("upload_offset", "6")]),
        ("PATCH", &[("upload_offset", "6")]),
        ("PATCH", &[("upload-offset", "5"), ("upload-complete", "1")]),
        ("PATCH", &[("upload-offset", "5"), ("upload-complete", "?1"), ("upload-incomplete", "?1")]),
        ("PATCH", &[("upload-offset", "5"), ("upload-concat", "final;/a")]),
        ("PATCH", &[("upload-offset", "5"), ("x-http-method-override", "POST")]),
        ("PUT", &[("upload-offset", "5"), ("x-http-method-override", "PATCH")]),
        ("POST", &[("upload-offset", "5"), ("x-http-method-override", "patch")]),
        ("POST", &[("upload-offset", "5")]),
        ("POST", &[("upload-length", "5"), ("upload-defer-length", "1")]),
        ("POST", &[("upload-defer-length", "2")]),
        ("POST", &[("upload-concat", "Partial")]),
        ("POST", &[("upload-concat", "final;")]),
        ("POST", &[("upload-concat", "final; /a")]),
        ("POST", &[("upload-length", "5"), ("upload-metadata", "filetype %%")]),
    ] {
        assert_eq!(read(method, pairs), Err(Malformed), "{method} {pairs:?}");
    }
}

#[test]
fn an_answer_names_an_upload_when_nothing_else_is_in_it() {
    let long = "a".repeat(513);
    for (answer, expected) in [
        ("2a0f-9\r\n", Some("2a0f-9")),
        ("\"2a0f9c\"", Some("2a0f9c")),
        ("{\"id\": \"2a0f9c\"}", Some("2a0f9c")),
        ("1234", Some("1234")),
        ("eyJp+/8=", Some("eyJp+/8=")),
        ("{\"id\": \"2a0f9c\", \"name\": \"welcome\"}", None),
        ("[\"2a0f9c\"]", None),
        ("be welcome", None),
        ("<b>2a0f9c</b>", None),
        ("17", None),
        ("", None),
        (&long, None),
    ] {
        assert_eq!(upload_named(answer.as_bytes()).as_deref(), expected, "{answer}");
    }
}

#[test]
fn the_id_of_a_chunk_ends_its_url() {
    for (target, expected) in [
        ("/process?patch=%32a0f9c", Some("2a0f9c")),
        ("/process?2a0f9c", Some("2a0f9c")),
        ("/process?patch=eyJp+/8=", Some("eyJp+/8=")),
        ("/patch/2a0f9c", Some("2a0f9c")),
        ("/process?x=2a0f9c&patch=3b1f9d", None),
        ("/process?x=2a0f9c;patch=3b1f9d", None),
        ("/process?patch=2a0f9c&v=2", None),
        ("/process?patch=2a0f9c%26patch=3b1f9d", None),
        ("/patch/3b1f9d%2F2a0f9c", None),
        ("/patch/2a0f9c/", None),
        ("/patch/2a0f9c?", None),
    ] {
        assert_eq!(upload_at(target).as_deref(), expected, "{target}");
    }
}

#[test]
fn an_id_is_the_longest_word() {
    for (text, expected) in [
        ("2a0f-9", &["2a0f-9"][..]),
        ("{\"id\": \"2a0f9c\"}", &["2a0f9c"]),
        ("/process?patch=%32a0f9c&x=yes", &["process", "2a0f9c", "patch", "yes"]),
        ("a b", &[]),
    ] {
        assert_eq!(upload_ids(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn a_location_is_resolved_against_the_request() {
    for (reference, expected) in [
        ("/files/x", Some(("h", "/files/x"))),
        ("x?y=1", Some(("h", "/files/x?y=1"))),
        ("./x", Some(("h", "/files/x"))),
        ("?id=1", Some(("h", "/files/new?id=1"))),
        ("//B.com:80/x#f", Some(("b.com:80", "/x"))),
        ("HTTPS://b.com", Some(("b.com", "/"))),
        ("http://b.com?x", Some(("b.com", "/?x"))),
        ("/files/../x", None),
        ("http:x", None),
        ("", None),
    ] {
        let expected = expected.map(|(host, target): (&str, &str)| (host.to_owned(), target.to_owned()));
        assert_eq!(resolve("h", "/files/new?q=/a", reference), expected, "{reference}");
    }
}
