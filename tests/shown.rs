//! What documents show that is in none of their files: pictures put together, and words between which others are left
//! out.

use data_encoding::BASE64;
use image::{DynamicImage, Rgb, RgbImage};

use crate::support::archives::{ZipEntry, zip};
use crate::support::http::form_with_file;
use crate::support::origin::Origin;
use crate::support::penstock::{ENFORCING, Setup};
use crate::support::pictures::{landscape, pdq, png};

/// A PDF file whose one page draws `images`, each with its dictionary and its data, by `content`.
fn page(images: &[(String, Vec<u8>)], content: &str) -> Vec<u8> {
    let names: String = (0..images.len()).map(|number| format!("/I{number} {} 0 R", 10 + number)).collect();
    let mut file = format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1\
         /Resources<</XObject<<{names}>>>>>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R>>\
         endobj\n4 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n",
        content.len()
    )
    .into_bytes();
    for (number, (dictionary, data)) in images.iter().enumerate() {
        let head = format!("{} 0 obj<</Subtype/Image{dictionary}/Length {}>>stream\n", 10 + number, data.len());
        file.extend([head.as_bytes(), data, b"\nendstream endobj\n"].concat());
    }
    file.extend(b"trailer<</Root 1 0 R>>\n%%EOF\n");
    file
}

/// As PDF has it, in samples.
fn image(picture: &DynamicImage) -> (String, Vec<u8>) {
    let (width, height) = (picture.width(), picture.height());
    let size = format!("/Width {width}/Height {height}/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode");
    (size, miniz_oxide::deflate::compress_to_vec_zlib(picture.to_rgb8().as_raw(), 6))
}

/// Eight strips of `picture`, the first at the top.
fn strips(picture: &DynamicImage) -> Vec<DynamicImage> {
    let height = picture.height() / 8;
    (0..8).map(|number| picture.crop_imm(0, number * height, picture.width(), height)).collect()
}

fn in_strips(picture: &DynamicImage) -> Vec<(&'static str, Vec<u8>)> {
    let strips = strips(picture);
    let pieces: Vec<_> = strips.iter().map(image).collect();
    let content: String =
        (0..8).map(|number| format!("q 300 0 0 25 10 {} cm /I{number} Do Q\n", 200 - 25 * number)).collect();
    let upside_down: String = (0..8)
        .map(|number| format!("q 1 0 0 -1 0 250 cm 300 0 0 -25 10 {} cm /I{number} Do Q\n", 50 + 25 * number))
        .collect();
    let data = |strip: &DynamicImage| format!("data:image/png;base64,{}", BASE64.encode(&png(strip)));
    let svg: String = strips
        .iter()
        .enumerate()
        .map(|(number, strip)| format!("<image y='{}' width='300' height='25' href='{}'/>", 25 * number, data(strip)))
        .collect();
    vec![
        ("PDF", page(&pieces, &content)),
        ("PDF, mirrored twice", page(&pieces, &upside_down)),
        ("SVG", format!("<svg xmlns='http://www.w3.org/2000/svg'>{svg}</svg>").into_bytes()),
    ]
}

#[test]
fn pictures_are_compared_as_documents_show_them() {
    let origin = Origin::start();
    let known = landscape(480, 320, 5);
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &pdq(&png(&known))).start();
    let other = landscape(480, 320, 77);
    for ((what, body), (_, clean)) in in_strips(&known).into_iter().zip(in_strips(&other)) {
        let answer = penstock.post("/upload/a", &[], &body);
        assert_eq!(answer.status, 451, "{what}: {}", answer.text());
        let (content_type, form) = form_with_file("a", &body);
        assert_eq!(penstock.post("/upload/a", &[("Content-Type", &content_type)], &form).status, 451, "{what}");
        let answer = penstock.post("/upload/a", &[], &clean);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
}

/// Drawings that show `picture`, none of whose files is like it.
fn drawn(picture: &DynamicImage) -> Vec<(&'static str, Vec<u8>)> {
    let (width, height) = (picture.width(), picture.height());
    let source = picture.to_rgb8();
    let wide = width + height;
    let sheared = RgbImage::from_fn(wide, height, |x, y| {
        x.checked_sub(y).filter(|x| *x < width).map_or(Rgb([255; 3]), |x| *source.get_pixel(x, y))
    });
    let data = BASE64.encode(&png(&sheared.into()));
    let image = format!("<image width='{wide}' height='{height}' href='data:image/png;base64,{data}'/>");
    let opened = format!("<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>");
    let small = picture.thumbnail_exact(96, 64).to_rgb8();
    let rectangle = |(x, y, pixel): (u32, u32, &Rgb<u8>)| {
        let [red, green, blue] = pixel.0;
        format!("<rect x='{x}' y='{y}' width='1.1' height='1.1' fill='rgb({red},{green},{blue})'/>")
    };
    let rectangles: String = small.enumerate_pixels().map(rectangle).collect();
    let style = "<style>.x{transform:skewX(-45deg)}</style>";
    vec![
        ("skewed", format!("{opened}<g transform='skewX(-45)'>{image}</g></svg>").into_bytes()),
        ("behind a comment", format!("<?xml version='1.0'?><!-- a -->{opened}<g transform='skewX(-45)'>{image}</g></svg>").into_bytes()),
        ("used", format!("{opened}<defs><g id='a'>{image}</g></defs><use href='#a' transform='skewX(-45)'/></svg>").into_bytes()),
        ("in a page", format!("<!doctype html><p>A page<svg width='{width}' height='{height}'><g transform='skewX(-45)'>{image}</g></svg>").into_bytes()),
        ("in a page, as HTML", format!("<p>A page<SVG width={width} height={height}><g transform=skewX(-45)><IMAGE width={wide} height={height} href=data:image/png;base64,{data} /></Svg >").into_bytes()),
        ("in Latin-1", [b"<?xml version='1.0' encoding='ISO-8859-1'?><!-- ".as_slice(), b"\xe9", format!(" -->{opened}<g transform='skewX(-45)'>{image}</g></svg>").as_bytes()].concat()),
        ("rectangles", format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 96 64'>{style}{rectangles}</svg>").into_bytes()),
    ]
}

#[test]
fn drawings_are_compared_as_browsers_show_them() {
    let origin = Origin::start();
    let known = landscape(480, 320, 5);
    let penstock = Setup::new(&[origin.address]).with(ENFORCING).with_known("pdq", &pdq(&png(&known))).start();
    for ((what, body), (_, clean)) in drawn(&known).into_iter().zip(drawn(&landscape(480, 320, 77))) {
        let answer = penstock.post("/upload/a", &[], &body);
        assert_eq!(answer.status, 451, "{what}: {}", answer.text());
        let answer = penstock.post("/upload/a", &[], &clean);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    }
    let connections = origin.requests().len();
    let image = format!(
        "<image id='a' width='9' height='9' href='data:image/png;base64,{}'/>",
        BASE64.encode(&png(&landscape(48, 32, 78)))
    );
    let html = "xmlns='http://www.w3.org/1999/xhtml'";
    let more = [
        (format!("<style>@media screen{{#a{{transform:skewX(-45deg)}}}}</style>{image}"), true),
        (
            format!(
                "<foreignObject><div {html} style='background:url(data:image/png;base64,AAAA)'/></foreignObject>{image}"
            ),
            true,
        ),
        (format!("{image}<set href='#a' attributeName='x' to='5'/>"), true),
        (format!("{image}</g>"), true),
        (format!("{image}<foreignObject><p {html}>A label</p></foreignObject>"), false),
        (format!("<style>#a{{opacity:.5}}</style>{image}"), false),
    ];
    for (number, (content, is_more)) in more.iter().enumerate() {
        let body = format!("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{content}</svg>");
        let answer = penstock.post("/upload/a", &[], body.as_bytes());
        assert_eq!(answer.status, 200, "{content}: {}", answer.text());
        let labels = origin.requests()[connections + number].headers.get("penstock-labels").cloned();
        assert_eq!(labels.as_deref(), is_more.then_some("unsupported"), "{content}");
    }
    let harmless = "<svg xmlns='http://www.w3.org/2000/svg'><circle r='5'/><image href='file:///etc/passwd'/></svg>";
    for body in [harmless, "<svg", "<svg><g></svg>", "<svg xmlns='http://www.w3.org/2000/svg'/>"] {
        assert_eq!(penstock.post("/upload/a", &[], body.as_bytes()).status, 200, "{body}");
    }
}

#[test]
fn words_are_found_as_documents_of_word_show_them() {
    let origin = Origin::start();
    let penstock = Setup::new(&[origin.address])
        .with_file("rules.toml", b"[[rule]]\nid = \"phrase\"\nkeywords = [\"forbidden turnip\"]\n")
        .with_top("rules = [\"rules.toml\"]\n")
        .with(ENFORCING)
        .start();
    let document = |between: &str| {
        let text = format!(
            "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p>\
             <w:r><w:t>forbid</w:t></w:r>{between}<w:r><w:t>den turnip</w:t></w:r></w:p></w:body></w:document>"
        );
        zip(&[ZipEntry::deflated("word/document.xml", text.as_bytes())])
    };
    for between in [
        "<w:del><w:r><w:delText>xyz</w:delText></w:r></w:del>",
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>xyz</w:t></w:r>",
        "<w:r><w:ruby><w:rt><w:r><w:t>xyz</w:t></w:r></w:rt><w:rubyBase/></w:ruby></w:r>",
        "<w:r><w:instrText> PAGE </w:instrText></w:r>",
    ] {
        let answer = penstock.post("/upload/a", &[], &document(between));
        assert_eq!(answer.status, 451, "{between}: {}", answer.text());
    }
    assert_eq!(penstock.post("/upload/a", &[], &document("<w:r><w:t>xyz</w:t></w:r>")).status, 200);
    assert_eq!(origin.connections(), 1);
}
