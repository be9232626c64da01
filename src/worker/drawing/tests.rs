use data_encoding::BASE64;

use super::*;

/// Whether browsers may show more of the drawing, with a picture of two pixels as `PICTURE`, than is drawn.
fn is_left_out(svg: &str) -> Result<bool, DecodeError> {
    let picture = BASE64.encode(&png());
    let svg = svg.replace("PICTURE", &format!("data:image/png;base64,{picture}"));
    let mut count = 0;
    let drawn = draw::<DecodeError>(svg.as_bytes(), &DecodeLimits::default(), &mut |_| {
        count += 1;
        Ok(())
    });
    match drawn {
        Err(DecodeError::Unsupported(_)) if count > 0 => Ok(true),
        other => other.map(|()| false),
    }
}

fn png() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(2, 1).write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}

const HEAD: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='9' height='9'";
const IMAGE: &str = "<image id='a' class='b' width='2' height='1' href='PICTURE'/>";

#[test]
fn what_browsers_show_of_pictures_and_the_renderer_does_not_is_told() {
    let html = "xmlns='http://www.w3.org/1999/xhtml'";
    let nested = BASE64.encode(format!("{HEAD}><style>rect{{x:3px}}</style><rect a='data:,b'/></svg>").as_bytes());
    for inside in [
        format!("><foreignObject><div {html}><img src='PICTURE'/></div></foreignObject>"),
        format!("><foreignObject><div {html} style='background:url(PICTURE)'/></foreignObject>"),
        "><image href='PICTURE'><set attributeName='x' to='5'/></image>".to_owned(),
        format!(">{IMAGE}<rect><animate attributeName='width' values='5;0' dur='1s'/></rect>"),
        format!("><animateTransform xlink:href='#a' attributeName='transform' to='5 5'/>{IMAGE}"),
        format!("><style>#a{{x:5px}}</style>{IMAGE}"),
        format!("><style>.b{{transform:translate(1px,2px)}}</style>{IMAGE}"),
        format!("><style>@media screen{{.b{{transform:scale(2)}}}}</style>{IMAGE}"),
        format!("><style>@keyframes k{{from{{transform:scale(2)}}}}image{{animation:k 1s}}</style>{IMAGE}"),
        format!("><style>@import url(data:text/css,a)</style>{IMAGE}"),
        format!("><style>image:nth-child(2){{display:none}}</style>{IMAGE}"),
        format!("><style>image:not(.c){{opacity:0}}</style>{IMAGE}"),
        format!("><style>image{{opacity:0;;a b;opacity:1}}</style>{IMAGE}"),
        format!("><style media='print'>image{{opacity:0}}</style>{IMAGE}"),
        format!("><style xmlns='urn:a'>image{{opacity:0}}</style>{IMAGE}"),
        format!("><style>/**/<!-- a -->#a{{opacity:0}}</style>{IMAGE}"),
        format!("><g style='translate:5px'>{IMAGE}</g>"),
        format!("><g style='--a:0;opacity:var(--a)'>{IMAGE}</g>"),
        " style='background:url(PICTURE)'>".to_owned(),
        "><image x='calc(5px)' href='PICTURE'/>".to_owned(),
        format!("><switch><g systemLanguage='de'>{IMAGE}</g></switch>"),
        format!("><image href='data:image/svg+xml;base64,{nested}'/>"),
        format!(
            "><image href='data:image/bmp;base64,{}'/>",
            BASE64.encode(b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0")
        ),
    ] {
        let svg = format!("{HEAD}{inside}</svg>");
        assert_eq!(is_left_out(&svg), Ok(true), "{svg}");
    }
    let linked = format!("<?xml-stylesheet href='data:text/css,a'?>{HEAD}>{IMAGE}</svg>");
    assert_eq!(is_left_out(&linked), Ok(true));
    let stray =
        "<a:svg xmlns:a='http://www.w3.org/2000/svg' width='9' height='9'><a:image href='PICTURE'/><rect/></a:svg>";
    assert_eq!(is_left_out(stray), Ok(true));
}

#[test]
fn what_ordinary_drawings_have_is_not() {
    let labels = "<switch><foreignObject width='9' requiredFeatures='http://www.w3.org/TR/SVG11/feature#Extensibility'>\
                  <div xmlns='http://www.w3.org/1999/xhtml' style='display:flex;background-color:#fff'>text</div>\
                  </foreignObject><text>text</text></switch>";
    let rectangles = "<rect class='c' width='1' height='1'/>".repeat(MANY);
    for inside in [
        format!(" style='width:5em;height:2em;background:#fff'>{IMAGE}{}", labels.repeat(300)),
        format!(
            "><style>@font-face{{font-family:a;src:url(data:font/woff2;base64,AAAA)}}.b{{opacity:.5}}</style>{IMAGE}"
        ),
        format!(
            "><style type='text/css'><![CDATA[.st0{{fill:#FFF;stroke:none}}.a,.b{{display:inline}}]]></style>{IMAGE}"
        ),
        format!("><style>text{{x:5px}} a:hover{{transform:scale(1.1)}}@media print{{.c{{fill:red}}}}</style>{IMAGE}"),
        format!("><g transform='translate(1 2)' style='mix-blend-mode:multiply;clip-path:url(#c)'>{IMAGE}</g>"),
        format!("><style>@media(prefers-color-scheme:dark){{.c{{fill:#eee}}}}</style>{rectangles}"),
        format!(
            "><style>.d{{animation:k 1s}}@keyframes k{{to{{transform:rotate(9deg)}}}}</style><path class='d'/>{rectangles}"
        ),
        format!("><rect><animate attributeName='x' to='5'/></rect>{rectangles}"),
        format!(
            "><style>@keyframes k{{to{{transform:translateX(9px)}}}}</style><symbol id='s'><text>a</text></symbol>\
             <g style='animation:k 1s'>{}</g>",
            "<use xlink:href='#s' y='3'/>".repeat(MANY)
        ),
        format!(">{IMAGE}<path><animate attributeName='stroke-dashoffset' to='5'/></path>"),
    ] {
        let svg = format!("{HEAD}{inside}</svg>");
        assert_eq!(is_left_out(&svg), Ok(false), "{svg}");
    }
    let many = format!("{HEAD}><style>.c{{x:5px}}</style>{rectangles}</svg>");
    assert_eq!(is_left_out(&many), Ok(true), "as many may be a picture");
}

/// Shapes that may be a picture.
const MANY: usize = 256;
