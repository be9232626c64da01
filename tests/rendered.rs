//! Pages of PDF are compared as a renderer shows them, where one is installed, and nothing is worse where none is.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use penstock::content::{Deadline, DecodeLimits};
use penstock::media::{DecodeError, ForeignDecoder, ForeignFormat, ForeignPicture};
use penstock::telemetry::Metrics;
use penstock::worker::Workers;

use crate::support::origin::Origin;
use crate::support::penstock::{BINARY, ENFORCING, Penstock, Setup};
use crate::support::pictures::{landscape, pdq, png};
use crate::support::{pdfium, repository};

/// A file of objects, from number 1 on, each a dictionary and the data of its stream if it is one.
fn file(objects: &[(String, Option<Vec<u8>>)]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, (dictionary, data)) in objects.iter().enumerate() {
        file.extend(format!("{} 0 obj<<{dictionary}", number + 1).bytes());
        if let Some(data) = data {
            file.extend(
                [format!("/Length {}>>stream\n", data.len()).as_bytes(), data, b"\nendstream endobj\n"].concat(),
            );
        } else {
            file.extend(b">>endobj\n");
        }
    }
    file.extend(b"trailer<</Root 1 0 R>>\n%%EOF\n");
    file
}

/// A file of one page with this content, whose resources refer to `others`, which begin with number 5.
fn page(content: &str, resources: &str, others: Vec<(String, Option<Vec<u8>>)>) -> Vec<u8> {
    let first = [
        ("/Type/Catalog/Pages 2 0 R".to_owned(), None),
        ("/Type/Pages/Kids[3 0 R]/Count 1".to_owned(), None),
        (
            format!(
                "/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1\
                 /BaseFont/Helvetica>>>>{resources}>>"
            ),
            None,
        ),
        (String::new(), Some(format!("BT /F 12 Tf 60 780 Td (A letter of some words) Tj ET\n{content}").into_bytes())),
    ];
    file(&first.into_iter().chain(others).collect::<Vec<_>>())
}

/// A picture as PDF has it, with more in its dictionary.
fn image(picture: &DynamicImage, more: &str) -> (String, Option<Vec<u8>>) {
    filtered(picture, &format!("/Filter/FlateDecode{more}"), &|samples| {
        miniz_oxide::deflate::compress_to_vec_zlib(samples, 6)
    })
}

fn filtered(picture: &DynamicImage, more: &str, filter: &dyn Fn(&[u8]) -> Vec<u8>) -> (String, Option<Vec<u8>>) {
    let (width, height) = (picture.width(), picture.height());
    let (space, samples) = match picture {
        DynamicImage::ImageLuma8(grey) => ("DeviceGray", grey.as_raw().clone()),
        other => ("DeviceRGB", other.to_rgb8().into_raw()),
    };
    let head = format!(
        "/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8/ColorSpace/{space}{more}"
    );
    (head, Some(filter(&samples)))
}

fn hex(samples: &[u8]) -> Vec<u8> {
    [data_encoding::HEXLOWER.encode(samples).as_bytes(), b">"].concat()
}

fn lzw(samples: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(samples).unwrap()
}

fn runs(samples: &[u8]) -> Vec<u8> {
    let pieces = samples.chunks(128).flat_map(|piece| [&[piece.len() as u8 - 1], piece].concat());
    pieces.chain([128]).collect()
}

/// Six pieces like bricks, whose edges are not in line, each through other filters.
fn bricks(picture: &DynamicImage) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let mut pieces = Vec::new();
    let mut content = String::new();
    for column in 0..2 {
        let edges =
            if column == 0 { [0, height / 4, height * 5 / 8, height] } else { [0, height / 3, height * 3 / 4, height] };
        for (top, bottom) in edges.iter().zip(&edges[1..]) {
            let piece = picture.crop_imm(column * width / 2, *top, width / 2, bottom - top);
            pieces.push(match pieces.len() {
                0 => filtered(&piece, "", &<[u8]>::to_vec),
                1 => filtered(&piece, "/Filter/ASCIIHexDecode", &hex),
                2 => filtered(&piece, "/Filter/LZWDecode", &lzw),
                3 => filtered(&piece, "/Filter/RunLengthDecode", &runs),
                4 => filtered(&piece, "/Filter[/AHx/LZW]", &|samples| hex(&lzw(samples))),
                _ => image(&piece, ""),
            });
            let (left, lower) = (100 + column * width / 2, 400 + height - bottom);
            writeln!(content, "q {} 0 0 {} {left} {lower} cm /I{} Do Q", width / 2, bottom - top, pieces.len())
                .unwrap();
        }
    }
    let names: String = (0..6).map(|piece| format!("/I{} {} 0 R", piece + 1, 5 + piece)).collect();
    page(&content, &format!("/XObject<<{names}>>"), pieces)
}

/// Two whole pictures on each other, of each of which a soft mask shows a half; the other half is something else.
fn masked(picture: &DynamicImage) -> Vec<u8> {
    let source = picture.to_rgb8();
    let half = |is_left: bool| {
        let shown = |x: u32| (x < source.width() / 2) == is_left;
        let colour =
            |x: u32, y: u32| if shown(x) { *source.get_pixel(x, y) } else { Rgb([(x ^ y) as u8, (x * 7) as u8, 0]) };
        RgbImage::from_fn(source.width(), source.height(), colour)
    };
    let mask = |is_left: bool| GrayImage::from_fn(16, 16, |x, _| Luma([if (x < 8) == is_left { 255 } else { 0 }]));
    let pieces = vec![
        image(&half(true).into(), "/SMask 7 0 R"),
        image(&half(false).into(), "/SMask 8 0 R"),
        image(&mask(true).into(), ""),
        image(&mask(false).into(), ""),
    ];
    let (width, height) = (picture.width(), picture.height());
    let content = format!("q {width} 0 0 {height} 60 300 cm /A Do /B Do Q");
    page(&content, "/XObject<</A 5 0 R/B 6 0 R>>", pieces)
}

/// The picture in the middle of another one, of which a clip shows no more.
fn clipped(picture: &DynamicImage) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let mut larger = landscape(3 * width, 3 * height, 900);
    image::imageops::replace(&mut larger, picture, i64::from(width), i64::from(height));
    let content = format!(
        "q 100 300 {width} {height} re W n {} 0 0 {} {} {} cm /A Do Q",
        3 * width,
        3 * height,
        100 - i64::from(width),
        300 - i64::from(height)
    );
    page(&content, "/XObject<</A 5 0 R>>", vec![image(&larger, "")])
}

/// Sheared, in a pattern that shears it back.
fn patterned(picture: &DynamicImage) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let source = picture.to_rgb8();
    let sheared = RgbImage::from_fn(width + height, height, |x, y| {
        x.checked_sub(height - 1 - y).filter(|x| *x < width).map_or(Rgb([255; 3]), |x| *source.get_pixel(x, y))
    });
    let cell = format!("q {} 0 0 {height} 0 0 cm /A Do Q", width + height);
    let pattern = format!(
        "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 {0} {height}]/XStep {0}/YStep {height}\
         /Matrix[1 0 -1 1 80 300]/Resources<</XObject<</A 6 0 R>>>>",
        width + height
    );
    let content = format!("/Pattern cs /P scn 80 300 {width} {height} re f");
    page(&content, "/Pattern<</P 5 0 R>>", vec![(pattern, Some(cell.into_bytes())), image(&sheared.into(), "")])
}

/// A shading of triangles between points, whose colours are those of the picture.
fn shaded(picture: &DynamicImage) -> Vec<u8> {
    let small = picture.thumbnail_exact(96, 64).to_rgb8();
    let mut mesh = Vec::new();
    for (x, y, colour) in small.enumerate_pixels() {
        mesh.extend([(x * 255 / 95) as u8, 255 - (y * 255 / 63) as u8]);
        mesh.extend(colour.0);
    }
    let shading = "/ShadingType 5/ColorSpace/DeviceRGB/BitsPerCoordinate 8/BitsPerComponent 8/VerticesPerRow 96\
                   /Decode[0 1 0 1 0 1 0 1 0 1]";
    page("q 480 0 0 320 60 300 cm /S sh Q", "/Shading<</S 5 0 R>>", vec![(shading.to_owned(), Some(mesh))])
}

fn rectangles(picture: &DynamicImage, unit: f32) -> String {
    let small = picture.thumbnail_exact(96, 64).to_rgb8();
    let mut content = String::new();
    for (x, y, Rgb(colour)) in small.enumerate_pixels() {
        let [red, green, blue] = colour.map(|tone| f32::from(tone) / 255.0);
        let (left, lower) = (x as f32 * unit, (63 - y) as f32 * unit);
        writeln!(content, "{red:.2} {green:.2} {blue:.2} rg {left} {lower} {0:.2} {0:.2} re f", unit * 1.1).unwrap();
    }
    content
}

/// Letters that are a picture each.
fn lettered(picture: &DynamicImage) -> Vec<u8> {
    let font = "/Type/Font/Subtype/Type3/FontBBox[0 0 480 320]/FontMatrix[.01 0 0 .01 0 0]/CharProcs<</a 6 0 R>>\
                /Encoding<</Type/Encoding/Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[480]";
    let letter = format!("480 0 d0\n{}", rectangles(picture, 5.0));
    let content = "BT /T 80 Tf 70 300 Td (a) Tj ET";
    let objects = vec![(font.to_owned(), None), (String::new(), Some(letter.into_bytes()))];
    let file = page(content, "", objects);
    let text = String::from_utf8(file).unwrap();
    text.replace("/Font<<", "/Font<</T 5 0 R").into_bytes()
}

/// A note on the page that has a look of its own.
fn stamped(picture: &DynamicImage) -> Vec<u8> {
    let stamp = "/Type/Annot/Subtype/Stamp/Rect[60 300 540 620]/F 4/AP<</N 6 0 R>>";
    let look = "/Type/XObject/Subtype/Form/BBox[0 0 480 320]";
    let objects = vec![(stamp.to_owned(), None), (look.to_owned(), Some(rectangles(picture, 5.0).into_bytes()))];
    let text = String::from_utf8(page("", "", objects)).unwrap();
    text.replace("/Type/Page/", "/Type/Page/Annots[5 0 R]/").into_bytes()
}

/// Small on a page that is as large as pages get.
fn distant(picture: &DynamicImage) -> Vec<u8> {
    let content = format!("q 1 0 0 1 9000 400 cm {} Q", rectangles(picture, 2.0));
    let text = String::from_utf8(page(&content, "", vec![])).unwrap();
    text.replace("[0 0 595 842]", "[0 0 14400 14400]").into_bytes()
}

/// Pages that show `picture`, none of whose streams is like it.
fn shown(picture: &DynamicImage) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("bricks through six filters", bricks(picture)),
        ("halves under soft masks", masked(picture)),
        ("a clip", clipped(picture)),
        ("a pattern", patterned(picture)),
        ("a shading", shaded(picture)),
        ("rectangles", page(&format!("1 0 0 1 60 300 cm {}", rectangles(picture, 5.0)), "", vec![])),
        ("letters that are drawn", lettered(picture)),
        ("a stamp", stamped(picture)),
        ("far away", distant(picture)),
    ]
}

fn with_renderer(origin: &Origin, pdfium: &Path, hash: &str) -> Penstock {
    let server = format!("pdfium = \"{}\"", pdfium.display());
    let setup = Setup::new(&[origin.address]).with_server(&server).with_limits("inspection_deadline = \"120s\"");
    setup.with(ENFORCING).with_known("pdq", hash).start()
}

#[test]
fn pages_are_compared_as_they_are_rendered() {
    let Some(pdfium) = pdfium("pages as they are rendered") else { return };
    let origin = Origin::start();
    let known = landscape(480, 320, 5);
    let penstock = with_renderer(&origin, &pdfium, &pdq(&png(&known)));
    let mut missed = Vec::new();
    for ((what, body), (_, clean)) in shown(&known).into_iter().zip(shown(&landscape(480, 320, 77))) {
        if penstock.post("/upload/a", &[], &body).status != 451 {
            missed.push(what);
        }
        let answer = penstock.post("/upload/a", &[], &clean);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
    assert!(missed.is_empty(), "{missed:?}");
    assert_eq!(penstock.metric("penstock_rendered_pages_total{outcome=\"rendered\"}"), 18.0);
    let (said, _) = penstock.command(&["check"]);
    assert!(said.contains("pages of PDF are rendered by pdfium\n"), "{said}");
}

#[test]
fn a_picture_in_jbig2_is_compared_as_a_page_shows_it() {
    let Some(pdfium) = pdfium("JBIG2") else { return };
    let origin = Origin::start();
    let fixture = |name: &str| fs::read(repository("tests/fixtures/pictures/jbig2").join(name)).unwrap();
    let image = "/Subtype/Image/Width 240/Height 160/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/JBIG2Decode";
    let body = page(
        "q 480 0 0 320 60 300 cm /I Do Q",
        "/XObject<</I 5 0 R>>",
        vec![(image.to_owned(), Some(fixture("dithered.jb2")))],
    );
    let penstock = with_renderer(&origin, &pdfium, &pdq(&fixture("dithered.png")));
    let answer = penstock.post("/upload/a", &[], &body);
    assert_eq!(answer.status, 451, "{}", answer.text());
    assert_eq!(origin.connections(), 0);
}

/// Files that are hard on a renderer.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let good = page("0 0 1 rg 100 100 200 200 re f", "", vec![]);
    let text = String::from_utf8(good).unwrap();
    let replaced = |from: &str, to: &str| text.replace(from, to).into_bytes();
    vec![
        ("a tree that hangs on itself", replaced("/Kids[3 0 R]/Count 1", "/Kids[2 0 R 3 0 R 2 0 R]/Count 99999999")),
        ("a million things", page(&"1 1 9 9 re f\n".repeat(1_000_000), "", vec![])),
        ("a huge page", replaced("[0 0 595 842]", "[0 0 1e30 1e30]")),
        ("a page of no size", replaced("[0 0 595 842]", "[0 0 0 0]")),
        ("cut off", text.as_bytes()[..text.len() / 2].to_vec()),
        (
            "a form in itself",
            page(
                "/A Do",
                "/XObject<</A 5 0 R>>",
                vec![(
                    "/Subtype/Form/BBox[0 0 500 500]/Resources<</XObject<</A 5 0 R>>>>".to_owned(),
                    Some(b"/A Do /A Do 0 0 9 9 re f".to_vec()),
                )],
            ),
        ),
    ]
}

#[test]
fn what_cannot_be_rendered_is_no_worse_off_than_without_a_renderer() {
    let Some(pdfium) = pdfium("hostile PDF") else { return };
    let origin = Origin::start();
    let known = landscape(480, 320, 5);
    let hash = pdq(&png(&known));
    let start = |pdfium: &Path| {
        let server = format!("pdfium = \"{}\"", pdfium.display());
        let setup = Setup::new(&[origin.address])
            .with_server(&server)
            .with_limits("render_work = \"1s\"\ninspection_deadline = \"120s\"");
        setup.with(ENFORCING).with_known("pdq", &hash).start()
    };
    let (with, without) = (start(&pdfium), start(Path::new("/nonexistent/libpdfium.so")));
    for (what, body) in hostile() {
        let answers = [&with, &without].map(|penstock| penstock.post("/upload/a", &[], &body).status);
        assert_eq!(answers, [200, 200], "{what}");
        let doubts = [&with, &without].map(|penstock| penstock.next_verdict()["doubts"].clone());
        assert_eq!(doubts[0], doubts[1], "{what}");
    }
    assert_eq!(with.post("/upload/a", &[], &bricks(&known)).status, 451, "it goes on rendering");
    assert_eq!(with.metric("penstock_worker_deaths_total{reason=\"protocol\"}"), 0.0);
}

fn workers(pdfium: &Path) -> (Workers, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::default());
    let workers = Workers::running(Path::new(BINARY), 1, Arc::clone(&metrics)).rendering_by(Some(pdfium.to_owned()));
    (workers, metrics)
}

#[test]
fn pages_are_rendered_within_bounds_the_most_covered_first() {
    let Some(pdfium) = pdfium("bounds of rendering") else { return };
    let (workers, metrics) = workers(&pdfium);
    assert_eq!(workers.renders(), Ok(()));
    let kids: String = (0..5).map(|number| format!("{} 0 R ", 3 + 2 * number)).collect();
    let mut objects = vec![
        ("/Type/Catalog/Pages 2 0 R".to_owned(), None),
        (format!("/Type/Pages/Kids[{kids}]/Count 5/MediaBox[0 0 400 400]"), None),
    ];
    for (number, colour) in [(0, ""), (1, "1 0 0 rg"), (2, "0 1 0 rg"), (3, ""), (4, "0 0 1 rg")] {
        let side = 40 + 40 * number;
        let content = if colour.is_empty() { String::new() } else { format!("{colour} 20 20 {side} {side} re f") };
        objects.push((format!("/Type/Page/Parent 2 0 R/Contents {} 0 R", 4 + 2 * number), None));
        objects.push((String::new(), Some(content.into_bytes())));
    }
    let document = file(&objects);
    let limits = DecodeLimits { max_frames: 8, ..DecodeLimits::default() };
    let mut pictures = Vec::new();
    let mut visit = |picture: ForeignPicture| pictures.push(picture);
    workers.decode(ForeignFormat::Pdf, &document, &limits, &Deadline::NEVER, &mut visit).unwrap();
    let colours: Vec<_> = pictures
        .iter()
        .map(|picture| {
            let (x, y) = (picture.width as usize / 4, picture.height as usize * 3 / 4);
            picture.rgba[(y * picture.width as usize + x) * 4..][..4].to_vec()
        })
        .collect();
    let (blue, green) = (vec![0, 0, 255, 255], vec![0, 255, 0, 255]);
    assert_eq!(colours, [blue.clone(), blue, green.clone(), green], "each page, and what is on it");
    assert_eq!((pictures[0].width, pictures[0].height), (768, 768));
    let text = metrics.render();
    for line in ["rendered\"} 2", "left_out\"} 1"] {
        assert!(text.contains(&format!("penstock_rendered_pages_total{{outcome=\"{line}\n")), "{line}\n{text}");
    }

    let none = DecodeLimits { deadline: Duration::ZERO, ..limits };
    let ended = workers.decode(ForeignFormat::Pdf, &document, &none, &Deadline::NEVER, &mut |_| {});
    assert!(matches!(ended, Err(DecodeError::Deadline | DecodeError::Broken(_))), "{ended:?}");
    let ended = workers.decode(ForeignFormat::Pdf, b"%PDF-1.7\nnothing", &limits, &Deadline::NEVER, &mut |_| {});
    assert!(matches!(ended, Err(DecodeError::Broken(_))), "{ended:?}");
}

#[test]
fn where_there_is_no_renderer_it_is_said_and_nothing_else_changes() {
    let origin = Origin::start();
    let known = landscape(480, 320, 5);
    let penstock = with_renderer(&origin, Path::new("/nonexistent/libpdfium.so"), &pdq(&png(&known)));
    let (said, code) = penstock.command(&["check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("pages of PDF are not rendered here: pdfium is not installed\n"), "{said}");
    assert_eq!(penstock.wait_for_events("start", 1)[0]["pages_of_pdf"], "pdfium is not installed");
    assert_eq!(penstock.post("/upload/a", &[], &bricks(&known)).status, 200);
    assert_eq!(penstock.next_verdict()["doubts"], serde_json::Value::Null);
    let simple = page("q 480 0 0 320 60 300 cm /I Do Q", "/XObject<</I 5 0 R>>", vec![image(&known, "")]);
    assert_eq!(penstock.post("/upload/a", &[], &simple).status, 451, "what can be read is compared");
}
