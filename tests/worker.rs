//! Formats whose decoders are written in C or look at no clock: decoded in a process of their own, whatever becomes of
//! that.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use penstock::content::{Deadline, DecodeLimits};
use penstock::media::{DecodeError, ForeignDecoder, ForeignFormat, ForeignPicture};
use penstock::telemetry::Metrics;
use penstock::worker::{Library, Workers};

use crate::support::origin::Origin;
use crate::support::penstock::{BINARY, ENFORCING, Setup};
use crate::support::{repository, skipped, wait_until};

/// The PDQ hash of the picture that `hills.heic` and `hills.avif` were made of.
const HILLS: &str = "3a05c1698dd83e97616b67749c979b2ad42429d7728a9138ae735dcbb68ca135";

/// The formats, with what their fixtures end in.
const FORMATS: [(ForeignFormat, &str); 2] = [(ForeignFormat::Heic, "heic"), (ForeignFormat::Avif, "avif")];

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository("tests/fixtures/pictures/heif").join(name)).unwrap()
}

fn jpeg2000(name: &str) -> Vec<u8> {
    fs::read(repository("tests/fixtures/pictures/jpeg2000").join(name)).unwrap()
}

/// Workers and what they count, or `None` with a loud word where libheif is not installed or cannot decode everything.
fn workers(what: &str) -> Option<(Workers, Arc<Metrics>)> {
    let metrics = Arc::new(Metrics::default());
    let workers = Workers::running(Path::new(BINARY), 1, Arc::clone(&metrics));
    if let Some(lack) = workers.undecodable().first() {
        skipped("libheif", what, &format!("{}: {}", lack.format, lack.why));
        return None;
    }
    Some((workers, metrics))
}

fn decode(workers: &Workers, file: &[u8], limits: &DecodeLimits) -> Result<Vec<ForeignPicture>, DecodeError> {
    decode_as(workers, ForeignFormat::Heic, file, limits)
}

fn decode_as(
    workers: &Workers,
    format: ForeignFormat,
    file: &[u8],
    limits: &DecodeLimits,
) -> Result<Vec<ForeignPicture>, DecodeError> {
    let mut pictures = Vec::new();
    workers.decode(format, file, limits, &Deadline::NEVER, &mut |picture| pictures.push(picture))?;
    Ok(pictures)
}

/// Limits that a worker can be told by, since they are on its command line.
fn marked(mark: u64) -> DecodeLimits {
    let limits = DecodeLimits::default();
    DecodeLimits { max_alloc: limits.max_alloc + mark, ..limits }
}

/// The process that was started for files within `limits`.
fn worker_for(limits: &DecodeLimits) -> Option<String> {
    let wanted = format!("--max-alloc\0{}\0", limits.max_alloc);
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let mut found = processes.filter(|process| {
        fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(&wanted))
    });
    found.next().map(|process| process.file_name().unwrap().to_str().unwrap().to_owned())
}

fn signal(name: &str, process: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), process]).status().unwrap().success());
}

#[track_caller]
fn assert_counts(metrics: &Metrics, line: &str) {
    let text = metrics.render();
    assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
}

const RED: [u8; 4] = [220, 30, 30, 255];
const GREEN: [u8; 4] = [30, 200, 40, 255];
const BLUE: [u8; 4] = [30, 40, 220, 255];
const HALF_WHITE: [u8; 4] = [240, 240, 240, 128];

/// The colours of the quarters: upper left, upper right, lower left, lower right.
#[track_caller]
fn assert_quarters(picture: &ForeignPicture, colours: [[u8; 4]; 4], what: &str) {
    let (width, height) = (picture.width as usize, picture.height as usize);
    for (quarter, colour) in colours.into_iter().enumerate() {
        let (x, y) = (width / 4 + quarter % 2 * width / 2, height / 4 + quarter / 2 * height / 2);
        let found = &picture.rgba[(y * width + x) * 4..][..4];
        let is_near = found.iter().zip(colour).all(|(found, wanted)| found.abs_diff(wanted) <= 12);
        assert!(is_near, "{what} at {x}, {y}: {found:?} is not {colour:?}");
    }
}

#[test]
fn pictures_that_are_to_be_turned_come_out_turned() {
    let Some((workers, _)) = workers("HEIC and AVIF that are to be turned") else { return };
    let limits = DecodeLimits::default();
    for (format, name, size, colours) in [
        (ForeignFormat::Heic, "turned.heic", (64, 96), [GREEN, HALF_WHITE, RED, BLUE]),
        (ForeignFormat::Avif, "turned.avif", (64, 96), [GREEN, HALF_WHITE, RED, BLUE]),
        (ForeignFormat::Heic, "mirrored.heic", (96, 64), [GREEN, RED, HALF_WHITE, BLUE]),
    ] {
        let pictures = decode_as(&workers, format, &fixture(name), &limits).unwrap();
        let [picture] = pictures.as_slice() else { panic!("{} pictures", pictures.len()) };
        assert_eq!((picture.width, picture.height), size, "{name}");
        assert_quarters(picture, colours, name);
    }
}

#[test]
fn heic_and_avif_come_out_with_their_colours_the_right_way_up() {
    let Some((workers, metrics)) = workers("decoding HEIC and AVIF") else { return };
    let limits = DecodeLimits::default();
    for (format, ending) in FORMATS {
        let file = fixture(&format!("quarters.{ending}"));
        let pictures = decode_as(&workers, format, &file, &limits).unwrap();
        let [picture] = pictures.as_slice() else { panic!("{} pictures", pictures.len()) };
        assert_eq!((picture.width, picture.height, picture.rgba.len()), (96, 64, 96 * 64 * 4));
        assert_quarters(picture, [RED, GREEN, BLUE, HALF_WHITE], ending);
    }
    assert_counts(&metrics, "penstock_worker_starts_total 1");
    assert_counts(&metrics, "penstock_worker_requests_total{format=\"avif\",outcome=\"decoded\"} 1");
}

#[test]
fn several_pictures_of_a_file_come_in_their_order_up_to_the_limits() {
    let Some((workers, _)) = workers("HEIC with two pictures") else { return };
    let sizes = |limits: &DecodeLimits| -> Vec<(u32, u32)> {
        let pictures = decode(&workers, &fixture("two.heic"), limits).unwrap();
        pictures.iter().map(|picture| (picture.width, picture.height)).collect()
    };
    let limits = DecodeLimits::default();
    assert_eq!(sizes(&limits), [(96, 64), (160, 120)]);
    let of_one = decode(&workers, &fixture("two.heic"), &DecodeLimits { max_frames: 1, ..limits });
    assert_eq!(of_one.map(|pictures| pictures.len()), Err(DecodeError::TooManyPictures));
    let enough_for_the_first = DecodeLimits { max_pixels: 96 * 64, ..limits };
    let mut seen = Vec::new();
    let mut visit = |picture: ForeignPicture| seen.push((picture.width, picture.height));
    let file = fixture("two.heic");
    let result = workers.decode(ForeignFormat::Heic, &file, &enough_for_the_first, &Deadline::NEVER, &mut visit);
    assert_eq!(result, Err(DecodeError::TooLarge { width: 160, height: 120 }));
    assert_eq!(seen, [(96, 64)], "what can be decoded is, and the rest is not passed over");
}

#[test]
fn what_cannot_be_decoded_is_told_apart() {
    let Some((workers, metrics)) = workers("broken HEIC") else { return };
    let whole = fixture("hills.heic");
    let limits = DecodeLimits::default();
    let cut_off = &whole[..whole.len() - 700];
    let torn: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| if at > 600 { !byte } else { *byte }).collect();
    for (what, file) in [("cut off", cut_off), ("empty", &[]), ("garbage", &[0xA5; 4096]), ("torn", &torn)] {
        match decode(&workers, file, &limits) {
            Err(DecodeError::Broken(_) | DecodeError::Unsupported(_)) => {}
            // Some damage only shows as wrong pixels, which is as well.
            Ok(_) if what == "torn" => {}
            other => panic!("{what}: {other:?}"),
        }
    }
    let too_large = DecodeError::TooLarge { width: 160, height: 120 };
    for small in [
        DecodeLimits { max_pixels: 160 * 120 - 1, ..limits },
        DecodeLimits { max_side: 159, ..limits },
        DecodeLimits { max_alloc: 160 * 120 * 4 - 1, ..limits },
    ] {
        let error = decode(&workers, &whole, &small).unwrap_err();
        assert!(matches!(error, DecodeError::TooLarge { .. }), "{error:?}");
    }
    assert_eq!(decode(&workers, &whole, &DecodeLimits { max_pixels: 9_999, ..limits }), Err(too_large));
    assert_eq!(
        decode(&workers, &vec![0; 20_000], &DecodeLimits { max_alloc: 19_999, ..limits }).unwrap_err().code(),
        "picture_too_large"
    );
    assert!(!metrics.render().contains("penstock_worker_deaths_total{"), "no worker died of it");
}

#[test]
fn a_worker_that_hangs_is_killed_at_the_deadline_and_replaced() {
    let Some((workers, metrics)) = workers("a worker that hangs") else { return };
    let limits = marked(1);
    let file = fixture("hills.heic");
    decode(&workers, &file, &limits).unwrap();
    let process = worker_for(&limits).unwrap();
    signal("STOP", &process);
    let short = DecodeLimits { deadline: Duration::from_millis(200), ..limits };
    assert_eq!(decode(&workers, &file, &short), Err(DecodeError::Deadline));
    assert!(!Path::new("/proc").join(&process).exists(), "it was killed and waited for");
    assert_eq!(decode(&workers, &file, &limits).unwrap().len(), 1, "the next one works");
    assert_counts(&metrics, "penstock_worker_deaths_total{reason=\"deadline\"} 1");
}

#[test]
fn uploads_whose_time_is_over_leave_workers_to_the_next() {
    let Some((workers, metrics)) = workers("workers that nobody waits for any longer") else { return };
    let limits = marked(3);
    let file = fixture("hills.heic");
    for _ in 0..6 {
        decode(&workers, &file, &limits).unwrap();
        signal("STOP", &worker_for(&limits).unwrap());
        let over = Deadline::after(Duration::from_millis(50));
        let ended = workers.decode(ForeignFormat::Heic, &file, &limits, &over, &mut |_| {});
        assert_eq!(ended, Err(DecodeError::Deadline));
    }
    assert_eq!(decode(&workers, &file, &limits).unwrap().len(), 1, "nobody has to wait for one");
    assert_counts(&metrics, "penstock_worker_deaths_total{reason=\"deadline\"} 6");
}

#[test]
fn a_worker_that_dies_costs_one_file_at_most() {
    let Some((workers, metrics)) = workers("a worker that dies") else { return };
    let limits = marked(2);
    let file = fixture("hills.heic");
    decode(&workers, &file, &limits).unwrap();
    let process = worker_for(&limits).unwrap();
    signal("STOP", &process);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| decode(&workers, &file, &limits));
        // It has the file by then, or gets it after it was killed: both end in the same way.
        thread::sleep(Duration::from_millis(100));
        signal("KILL", &process);
        assert_eq!(waiting.join().unwrap(), Err(DecodeError::Panicked));
    });
    assert_eq!(decode(&workers, &file, &limits).unwrap().len(), 1, "the next one works");

    let idle = worker_for(&limits).unwrap();
    signal("KILL", &idle);
    let is_dead = || fs::read_to_string(format!("/proc/{idle}/stat")).unwrap().contains(") Z ");
    wait_until("the idle worker is dead", is_dead);
    assert_eq!(decode(&workers, &file, &limits).unwrap().len(), 1, "one that dies while idle costs nothing");
    assert_counts(&metrics, "penstock_worker_deaths_total{reason=\"crash\"} 2");
}

#[test]
fn a_worker_can_open_no_file_and_no_socket() {
    let output = Command::new(BINARY).args(["worker", "--probe"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    for line in [
        "system calls     filter in force (seccomp)",
        "resource limits  in force",
        "opening a file   is refused",
        "making a socket  ends the worker (SIGSYS)",
    ] {
        assert!(said.lines().any(|found| found == line), "{line} is not in\n{said}");
    }
}

#[test]
fn a_worker_has_nothing_but_its_pipes_and_ends_with_its_proxy() {
    let Some((workers, _)) = workers("what a worker inherits") else { return };
    let limits = marked(3);
    decode(&workers, &fixture("hills.heic"), &limits).unwrap();
    assert!(matches!(workers.hello().unwrap().library, Library::Loaded { version: [1, ..] }));
    let process = worker_for(&limits).unwrap();
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1") && status.contains("Seccomp:\t2"), "{status}");
    // A process that cannot be traced shows these to root only.
    if let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) {
        for descriptor in descriptors {
            let target = fs::read_link(descriptor.unwrap().path()).unwrap();
            let target = target.to_str().unwrap();
            assert!(target.starts_with("pipe:") || target == "/dev/null", "{target}");
        }
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap();
        assert_eq!(environment, b"MALLOC_ARENA_MAX=2\0");
    }
    drop(workers);
    assert_eq!(worker_for(&limits), None);
}

#[test]
fn an_upload_in_heic_or_avif_is_matched_like_any_other() {
    if workers("uploads in HEIC and AVIF").is_none() {
        return;
    }
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", HILLS).start();
    assert_eq!(penstock.get_admin("/snapshot").json()["undecodable"], serde_json::json!([]));
    // Of a sequence, the picture that it shows where there are no sequences.
    for name in ["hills.heic", "hills.avif", "sequence.avif"] {
        let answer = penstock.post("/upload/a", &[], &fixture(name));
        assert_eq!(answer.status, 451, "{name}: {}", answer.text());
    }
    assert_eq!(origin.connections(), 0);
    assert_eq!(penstock.metric("penstock_worker_starts_total"), 2.0, "one of them for documents");
    assert_eq!(penstock.metric("penstock_worker_requests_total{format=\"heic\",outcome=\"decoded\"}"), 1.0);
}

#[test]
fn an_upload_in_jpeg_2000_is_matched_like_any_other() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", HILLS).start();
    let files = [
        "hills.jp2",
        "lossy.jp2",
        "tiled.jp2",
        "codestream.j2k",
        "grey.jp2",
        "sixteen-bits.jp2",
        "luma-and-chroma.jp2",
        "numbers.jp2",
        "opaque.jp2",
        "transparent.jp2",
        "page.pdf",
    ];
    for name in files {
        let answer = penstock.post("/upload/a", &[], &jpeg2000(name));
        assert_eq!(answer.status, 451, "{name}: {}", answer.text());
    }
    let whole = jpeg2000("lossy.jp2");
    let answer = penstock.post("/upload/a", &[], &whole[..whole.len() * 9 / 10]);
    assert_eq!(answer.status, 451, "what there is of it is compared: {}", answer.text());
    assert_eq!(origin.connections(), 0);
    assert_eq!(penstock.metric("penstock_worker_starts_total"), 2.0, "one of them for documents");
    let decoded = penstock.metric("penstock_worker_requests_total{format=\"jp2\",outcome=\"decoded\"}");
    assert_eq!(decoded, files.len() as f64);
}

#[test]
fn another_picture_in_jpeg_2000_passes_and_a_bomb_does_not() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &"5a".repeat(32)).start();
    let file = jpeg2000("lossy.jp2");
    assert_eq!(penstock.post("/upload/a", &[], &file).status, 200);
    assert_eq!(penstock.next_verdict()["doubts"], serde_json::Value::Null);
    let mut bomb = file;
    let size = memchr::memmem::find(&bomb, &[0xff, 0x4f, 0xff, 0x51]).unwrap() + 8;
    // Thirty thousand pixels along each side.
    bomb[size..size + 8].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    assert_ne!(penstock.post("/upload/a", &[], &bomb).status, 200);
    assert_eq!(penstock.next_verdict()["doubts"][0]["code"], "picture_too_large");
    let deaths = |reason| penstock.metric(&format!("penstock_worker_deaths_total{{reason=\"{reason}\"}}"));
    assert_eq!(["crash", "deadline", "protocol"].map(deaths), [0.0; 3], "no worker died of it");
}

#[test]
fn what_cannot_be_decoded_on_this_machine_is_listed_in_plain_words() {
    let origin = Origin::start();
    let penstock =
        Setup::new(&[origin.address]).with_server("worker = false").with(ENFORCING).with_known("pdq", HILLS).start();
    let snapshot = penstock.get_admin("/snapshot").json();
    let why = "the worker is switched off";
    let formats = ["HEIC", "AVIF", "JPEG 2000", "SVG"];
    let listed = formats.map(|format| serde_json::json!({ "format": format, "why": why }));
    assert_eq!(snapshot["undecodable"], serde_json::json!(listed));
    let (said, code) = penstock.command(&["check"]);
    assert_eq!(code, Some(0), "{said}");
    for format in formats {
        assert!(said.contains(&format!("{format} cannot be decoded here: the worker is switched off\n")), "{said}");
    }
    assert_eq!(penstock.wait_for_events("worker", 3)[0]["format"], "HEIC", "the log says it at the start");
    for file in [fixture("hills.heic"), jpeg2000("lossy.jp2")] {
        let answer = penstock.post("/upload/a", &[], &file);
        assert_ne!(answer.status, 200, "undecodable is not the same as harmless");
        assert_eq!(penstock.next_verdict()["doubts"][0]["code"], "picture_decoder_missing");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_no_reader_shows_of_a_file_is_no_reason_to_refuse_it() {
    let Some((workers, _)) = workers("HEIC and AVIF as devices write them") else { return };
    let limits = DecodeLimits::default();
    for (format, kind) in FORMATS {
        let mut stray = fixture(&format!("quarters.{kind}"));
        let reference = memchr::memmem::find(&stray, b"auxl").expect("it has alpha");
        // Of an item that is not there.
        stray[reference + 8..reference + 10].copy_from_slice(&[0, 0]);
        let pictures = decode_as(&workers, format, &stray, &limits).unwrap();
        assert_eq!(pictures.len(), 1, "{kind}: what belongs to nothing is not shown");
        assert_eq!((pictures[0].width, pictures[0].height), (96, 64), "{kind}");

        let mut sequence = fixture(&format!("hills.{kind}"));
        let end = u32::from_be_bytes(sequence[..4].try_into().unwrap()) as usize;
        sequence[8..end].as_chunks_mut::<4>().0.iter_mut().skip(2).for_each(|brand| *brand = *b"msf1");
        assert_eq!(decode_as(&workers, format, &sequence, &limits).unwrap().len(), 1, "{kind}");

        // Frames alone: the box of the picture is called otherwise.
        let meta = memchr::memmem::find(&sequence, b"meta").unwrap();
        sequence[meta..meta + 4].copy_from_slice(b"moov");
        let ended = decode_as(&workers, format, &sequence, &limits).unwrap_err();
        assert_eq!(ended.code(), "picture_unsupported", "{kind}: {ended}");
    }
}
