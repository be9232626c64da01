use super::*;

fn claims(pairs: &[(&str, &str)]) -> Result<Vec<Claim>, Contradiction> {
    let named: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let claims = chunk_claims(&named, Unnamed { name: "a.jpg", naming: Naming::Id })?;
    Ok(claims.into_iter().map(|claim| Claim { naming: Naming::Id, first: None, ..claim }).collect())
}

fn claim(upload: &str, index: Option<u64>, offset: Option<u64>, count: Option<u64>, total: Option<u64>) -> Claim {
    Claim { upload: upload.into(), place: Place { index, offset }, count, total, ..Claim::default() }
}

#[test]
fn each_library_is_known_by_what_it_sends() {
    let some = Some;
    for (pairs, expected) in [
        (
            &[
                ("dzuuid", "u"),
                ("dzchunkindex", "1"),
                ("dztotalchunkcount", "3"),
                ("dzchunkbyteoffset", "20"),
                ("dztotalfilesize", "50"),
                ("dzchunksize", "20"),
            ][..],
            claim("u", some(1), some(20), some(3), some(50)),
        ),
        (
            &[
                ("resumableChunkNumber", "2"),
                ("resumableTotalChunks", "3"),
                ("resumableChunkSize", "20"),
                ("resumableTotalSize", "50"),
                ("resumableIdentifier", "50-ajpg"),
            ],
            claim("50-ajpg", some(1), some(20), some(3), some(50)),
        ),
        (
            &[("flowChunkNumber", "1"), ("flowTotalChunks", "2"), ("flowIdentifier", "i")],
            claim("i", some(0), None, some(2), None),
        ),
        (&[("name", "x.png"), ("chunk", "0"), ("chunks", "4")], claim("x.png", some(0), None, some(4), None)),
        (
            &[("qquuid", "q"), ("qqpartindex", "2"), ("qqtotalparts", "3"), ("qqpartbyteoffset", "40")],
            claim("q", some(2), some(40), some(3), None),
        ),
        (
            &[("_chunkNumber", "1"), ("_chunkSize", "20"), ("_totalSize", "50"), ("_currentChunkSize", "20")],
            claim("a.jpg", some(1), some(20), None, some(50)),
        ),
        (
            &[("chunkIndex", "1"), ("totalChunks", "2"), ("totalFileSize", "9"), ("uploadUid", "k")],
            claim("k", some(1), None, some(2), some(9)),
        ),
        (&[("a.jpg@Offset", "20"), ("a.jpg@Length", "50")], claim("a.jpg", None, some(20), None, some(50))),
        (
            &[("x-chunk-index", "1"), ("x-total-chunks", "2"), ("x-file-id", "f")],
            claim("f", some(1), None, some(2), None),
        ),
        (
            &[("X-Chunk-Offset", "10"), ("X-File-Size", "20"), ("X-Upload-Id", "g")],
            claim("g", None, some(10), None, some(20)),
        ),
        (
            &[("uploader-chunk-number", "0"), ("uploader-chunks-total", "2"), ("uploader-file-id", "h")],
            claim("h", some(0), None, some(2), None),
        ),
        (
            &[("upload[chunk]", "0"), ("upload[chunks]", "4"), ("upload[name]", "y.png")],
            claim("y.png", some(0), None, some(4), None),
        ),
        (
            &[("chunk_number", "3"), ("total_chunks", "3"), ("file_hash", "beef")],
            claim("beef", some(3), None, some(3), None),
        ),
    ] {
        assert_eq!(claims(pairs), Ok(vec![expected]), "{pairs:?}");
    }
    let first_of = |pairs: &[(&str, &str)]| {
        let named: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        chunk_claims(&named, Unnamed { name: "", naming: Naming::Id }).unwrap()[0].first
    };
    assert_eq!(first_of(&[("dzchunkindex", "1"), ("dztotalchunkcount", "3")]), some(0));
    assert_eq!(first_of(&[("chunkNumber", "1"), ("totalChunks", "3")]), None, "many use names of simple-uploader.js");
    let jupyter = claims(&[("chunk", "-1"), ("format", "base64"), ("type", "file")]).unwrap();
    assert!(jupyter[0].is_last && jupyter[0].place.index == Some(u64::MAX), "{jupyter:?}");
    assert!(claims(&[("chunk", "1"), ("format", "base64"), ("type", "file")]).unwrap()[0].restarts);
}

#[test]
fn what_is_said_in_two_ways_is_a_contradiction_and_other_forms_are_no_chunks() {
    for pairs in [
        &[("chunk", "0"), ("chunk", "1"), ("chunks", "2")][..],
        &[("chunk", "1x"), ("chunks", "2")],
        &[("dzchunkindex", "-1"), ("dztotalchunkcount", "2")],
        &[("resumableChunkNumber", "0"), ("resumableTotalChunks", "2"), ("resumableIdentifier", "x")],
    ] {
        assert_eq!(claims(pairs), Err(Contradiction), "{pairs:?}");
    }
    for pairs in [
        &[("chunk", "of text"), ("chunks", "many")][..],
        &[("title", "x"), ("size", "10")],
        &[("offset", "0"), ("limit", "10")],
        &[("Index", "Register"), ("FileSize", "small")],
        &[("offset", "30"), ("filesize", "5000")],
        &[("name", "x"), ("chunk", "1")],
    ] {
        assert_eq!(claims(pairs), Ok(vec![]), "{pairs:?}");
    }
    let both = claims(&[("chunk", "0"), ("chunks", "1"), ("x-chunk-index", "1"), ("x-total-chunks", "2")]).unwrap();
    assert_eq!(both.len(), 2, "either may be what the origin reads: {both:?}");
}
