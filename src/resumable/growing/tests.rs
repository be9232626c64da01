use super::*;

const MAX: ByteSize = ByteSize(100);

fn at(offset: u64) -> TusAppend {
    TusAppend { offset, length: None, is_complete: None }
}

fn new(length: Option<u64>) -> TusUpload {
    TusUpload::created(Candidate::first(length, None, &Bytes::new(), MAX).unwrap(), 0, TusMetadata::default(), true)
}

fn add(upload: &mut TusUpload, offset: u64, body: &'static str, outcome: Outcome) -> Course {
    let candidate = upload.begin(&at(offset), &body.into(), MAX).unwrap().unwrap();
    upload.settle(candidate, outcome)
}

fn text(upload: &TusUpload) -> String {
    String::from_utf8(upload.pieces.concat()).unwrap()
}

#[test]
fn what_is_kept_is_what_the_origin_says_it_has() {
    use Outcome::*;
    let mut upload = new(Some(10));
    add(&mut upload, 0, "01234", Stored(Some(5)));
    add(&mut upload, 5, "56", Refused);
    assert_eq!(text(&upload), "01234");
    add(&mut upload, 5, "5678", Stored(Some(7)));
    assert_eq!(text(&upload), "0123456", "the origin took less");
    add(&mut upload, 3, "abc", Refused);
    assert_eq!(text(&upload), "0123456");
    add(&mut upload, 3, "abc", Stored(None));
    assert_eq!(text(&upload), "012abc", "the origin had gone back");
    assert_eq!(add(&mut upload, 6, "d", Stored(Some(9))), Course::Lost, "the origin has what never came by");
}

#[test]
fn an_answer_that_never_came_leaves_one_story_or_none() {
    use Outcome::*;
    let mut upload = new(Some(10));
    assert_eq!(add(&mut upload, 0, "01234", Unknown), Course::GoesOn);
    assert_eq!(text(&upload), "01234");
    assert_eq!(upload.learn(upload.version(), 3), Course::GoesOn);
    assert_eq!(text(&upload), "012");
    assert_eq!(add(&mut upload, 3, "x", Unknown), Course::Lost, "twice in a row");
    let mut upload = new(Some(10));
    add(&mut upload, 0, "01234", Stored(Some(5)));
    assert_eq!(add(&mut upload, 0, "abcde", Unknown), Course::Lost, "it may have replaced what is kept or not");
}

#[test]
fn an_answer_about_an_older_state_changes_nothing() {
    let mut upload = new(Some(10));
    let asked = upload.version();
    add(&mut upload, 0, "01234", Outcome::Stored(Some(5)));
    assert_eq!((upload.learn(asked, 0), text(&upload).as_str()), (Course::GoesOn, "01234"));
    assert_eq!(upload.learn(upload.version(), 6), Course::Lost);
}

#[test]
fn pieces_that_fit_nowhere_are_refused() {
    let mut upload = new(Some(10));
    let begin = |upload: &mut TusUpload, append: TusAppend, body: &'static str| {
        upload.begin(&append, &body.into(), ByteSize(9)).map(|_| ()).unwrap_err()
    };
    assert_eq!(begin(&mut upload, at(1), "x"), Fault::Incomplete);
    assert_eq!(begin(&mut upload, TusAppend { length: Some(9), ..at(0) }, "x"), Fault::TusMalformed);
    assert_eq!(begin(&mut upload, at(0), "0123456789"), Fault::TooLarge(ByteSize(9)));
    let mut upload = new(Some(5));
    assert_eq!(begin(&mut upload, at(0), "012345"), Fault::TusMalformed);
    let first = upload.begin(&at(0), &"01".into(), MAX).unwrap().unwrap();
    assert_eq!(begin(&mut upload, at(0), "x"), Fault::Busy);
    upload.settle(first, Outcome::NotSent);
    add(&mut upload, 0, "01234", Outcome::Stored(None));
    assert_eq!(upload.partial().map(<[Bytes]>::concat), Some(b"01234".to_vec()));
    assert_eq!(begin(&mut upload, at(5), "x"), Fault::Incomplete, "nothing is added to the whole");
    assert!(upload.begin(&at(5), &Bytes::new(), MAX).unwrap().is_none());
}

#[test]
fn chunks_of_filepond_only_come_one_after_the_other() {
    use Outcome::*;
    let mut upload = TusUpload::of_chunks(Some(10), "/process");
    add(&mut upload, 0, "0123", Stored(None));
    let begin = |upload: &mut TusUpload, offset: u64, body: &'static str| {
        upload.begin(&at(offset), &body.into(), MAX).map(|_| ()).unwrap_err()
    };
    assert_eq!(begin(&mut upload, 2, "45"), Fault::Incomplete);
    assert_eq!(begin(&mut upload, 0, "abcd"), Fault::Incomplete);
    assert_eq!(begin(&mut upload, 5, "45"), Fault::Incomplete);
    add(&mut upload, 0, "0123", Stored(None));
    add(&mut upload, 4, "45", Refused);
    add(&mut upload, 4, "4567", Stored(None));
    assert_eq!(text(&upload), "01234567");
    let longer = TusAppend { length: Some(11), ..at(8) };
    assert_eq!(upload.begin(&longer, &"89".into(), MAX).unwrap_err(), Fault::TusMalformed);
    assert_eq!(add(&mut upload, 8, "89", Unknown), Course::Lost, "the origin may have it or not");
}

#[test]
fn chunks_of_filepond_go_where_the_first_went() {
    for (created_at, target, takes) in [
        ("/api/process?x=1", "/api/process?patch=id1", true),
        ("/api/process", "/api?patch=id1", true),
        ("/api/process", "/?patch=id1", true),
        ("/api/process", "/patch/id1", true),
        ("/api/process", "/ap?patch=id1", false),
        ("/api/process", "/api/id2?patch=id1", false),
    ] {
        let mut upload = TusUpload::of_chunks(Some(10), created_at);
        assert_eq!(upload.takes_chunks_at(target), takes, "{created_at} {target}");
        assert_eq!(upload.takes_chunks_at(target), takes, "{created_at} {target}");
        assert!(!takes || !upload.takes_chunks_at("/api/process?v=id1"), "{target}");
    }
}

#[test]
fn the_number_of_pieces_is_limited() {
    let mut upload = new(None);
    upload.pieces = vec!["x".into(); MAX_PIECES - 1];
    let max = ByteSize(u64::MAX);
    let last = upload.begin(&at(MAX_PIECES as u64 - 1), &"x".into(), max).unwrap().unwrap();
    upload.settle(last, Outcome::Stored(None));
    let over = upload.begin(&at(MAX_PIECES as u64), &"x".into(), max);
    assert_eq!(over.unwrap_err(), Fault::TooManyPieces);
}
