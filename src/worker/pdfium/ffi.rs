//! The few functions of pdfium that rendering needs, found at run time, and safe types over what they give out.
//!
//! Declared by hand after `fpdfview.h`, `fpdf_edit.h`, `fpdf_annot.h` and `fpdf_progressive.h` of 8149, whose interface
//! is kept from one version to the next. What pdfium says is not trusted further than it must be: it runs where a
//! mistake of it ends in a dead worker. No scripts run and no XFA is read, for which a program would have to ask.
#![expect(unsafe_code, reason = "calls a C library")]

use std::ffi::{c_char, c_double, c_float, c_int, c_uint, c_ulong, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::{self, NonNull};

use crate::worker::libheif::OpenError;

/// The name that pdfium has on every system that has it.
const SONAME: &str = "libpdfium.so";

/// The version of [`Config`] whose fields are read.
const CONFIG_VERSION: c_int = 2;

/// Four bytes a pixel, the last of which says nothing.
const FORMAT: c_int = 3;

/// Annotations are drawn, in red, green and blue, with little kept of pictures, which are made smaller by means.
const FLAGS: c_int = 0x01 | 0x10 | 0x200 | 0x400;

/// The filter of pictures that the proxy leaves to a renderer.
const UNREAD: &[u8] = b"JBIG2Decode";

const TO_BE_CONTINUED: c_int = 1;
const DONE: c_int = 2;

const ERROR_PASSWORD: c_ulong = 4;
const ERROR_SECURITY: c_ulong = 5;

#[repr(C)]
struct RawDocument([u8; 0]);
#[repr(C)]
struct RawPage([u8; 0]);
#[repr(C)]
struct RawObject([u8; 0]);
#[repr(C)]
struct RawClipPath([u8; 0]);
#[repr(C)]
struct RawFont([u8; 0]);
#[repr(C)]
struct RawAnnotation([u8; 0]);
#[repr(C)]
struct RawBitmap([u8; 0]);

/// `FPDF_LIBRARY_CONFIG`, with the fields of later versions.
#[repr(C)]
struct Config {
    version: c_int,
    font_folders: *const *const c_char,
    isolate: *mut c_void,
    slot: c_uint,
    platform: *mut c_void,
    renderer: c_int,
    fonts: c_int,
}

/// `FS_RECTF`.
#[repr(C)]
#[derive(Default)]
struct RawRect {
    left: c_float,
    top: c_float,
    right: c_float,
    bottom: c_float,
}

/// `FS_MATRIX`.
#[repr(C)]
#[derive(Default)]
struct RawMatrix {
    a: c_float,
    b: c_float,
    c: c_float,
    d: c_float,
    e: c_float,
    f: c_float,
}

/// `IFSDK_PAUSE`.
#[repr(C)]
struct Pause {
    version: c_int,
    is_wanted: unsafe extern "C" fn(*mut Pause) -> c_int,
    user: *mut c_void,
}

/// Declares a table of functions of C, and how it is filled from a library.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[expect(non_snake_case, reason = "named as in pdfium's headers")]
        struct Functions { $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Functions {
            fn find(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the types are those that the headers declare. The pointers outlive this borrow of the
                // library, which `Pdfium` keeps for as long as them.
                unsafe { Ok(Self { $($name: *library.get(concat!(stringify!($name), "\0"))?,)* }) }
            }
        }
    };
}

functions! {
    FPDF_InitLibraryWithConfig: fn(*const Config);
    FPDF_LoadMemDocument64: fn(*const u8, usize, *const c_char) -> *mut RawDocument;
    FPDF_GetLastError: fn() -> c_ulong;
    FPDF_CloseDocument: fn(*mut RawDocument);
    FPDF_GetPageCount: fn(*mut RawDocument) -> c_int;
    FPDF_LoadPage: fn(*mut RawDocument, c_int) -> *mut RawPage;
    FPDF_ClosePage: fn(*mut RawPage);
    FPDF_GetPageWidthF: fn(*mut RawPage) -> c_float;
    FPDF_GetPageHeightF: fn(*mut RawPage) -> c_float;
    FPDF_PageToDevice: fn(*mut RawPage, c_int, c_int, c_int, c_int, c_int, c_double, c_double, *mut c_int, *mut c_int) -> c_int;
    FPDFPage_CountObjects: fn(*mut RawPage) -> c_int;
    FPDFPage_GetObject: fn(*mut RawPage, c_int) -> *mut RawObject;
    FPDFPageObj_GetType: fn(*mut RawObject) -> c_int;
    FPDFPageObj_GetBounds: fn(*mut RawObject, *mut c_float, *mut c_float, *mut c_float, *mut c_float) -> c_int;
    FPDFPageObj_GetMatrix: fn(*mut RawObject, *mut RawMatrix) -> c_int;
    FPDFPageObj_GetClipPath: fn(*mut RawObject) -> *mut RawClipPath;
    FPDFPageObj_HasTransparency: fn(*mut RawObject) -> c_int;
    FPDFClipPath_CountPaths: fn(*mut RawClipPath) -> c_int;
    FPDFImageObj_GetImageFilterCount: fn(*mut RawObject) -> c_int;
    FPDFImageObj_GetImageFilter: fn(*mut RawObject, c_int, *mut u8, c_ulong) -> c_ulong;
    FPDFTextObj_GetFont: fn(*mut RawObject) -> *mut RawFont;
    FPDFFont_GetFontData: fn(*mut RawFont, *mut u8, usize, *mut usize) -> c_int;
    FPDFPage_GetAnnotCount: fn(*mut RawPage) -> c_int;
    FPDFPage_GetAnnot: fn(*mut RawPage, c_int) -> *mut RawAnnotation;
    FPDFPage_CloseAnnot: fn(*mut RawAnnotation);
    FPDFAnnot_GetRect: fn(*const RawAnnotation, *mut RawRect) -> c_int;
    FPDFBitmap_CreateEx: fn(c_int, c_int, c_int, *mut u8, c_int) -> *mut RawBitmap;
    FPDFBitmap_Destroy: fn(*mut RawBitmap);
    FPDF_RenderPageBitmap_Start: fn(*mut RawBitmap, *mut RawPage, c_int, c_int, c_int, c_int, c_int, c_int, *mut Pause) -> c_int;
    FPDF_RenderPage_Close: fn(*mut RawPage);
}

/// pdfium, made ready.
pub(in crate::worker) struct Pdfium {
    functions: Functions,
    _library: libloading::Library,
}

/// Why a document cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// It needs a password, or is encrypted in a way that is not known.
    Locked,
    /// It is none.
    Broken,
}

/// Why there is no picture of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unrendered {
    /// Time was over.
    Late,
    /// pdfium says no more than that.
    Failed,
}

/// What is on a page, as far as it is told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters of a font.
    Letters,
    /// Letters that the file draws itself, as pictures if it likes.
    DrawnLetters,
    /// Lines and areas, with patterns maybe.
    Path,
    /// A picture, shown as it is stored.
    Picture,
    /// A picture that is clipped, masked or turned, or in a format that only a renderer reads.
    ChangedPicture,
    Shading,
    /// A drawing of its own.
    Form,
    /// What lies on the page and belongs to nothing on it.
    Annotation,
}

/// Where something is, in pixels of a page as it is rendered. It may reach beyond the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Pdfium {
    /// Loads pdfium from `path`, or from where the system's linker finds it. It gets no fonts but its own.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(in crate::worker) fn open(path: Option<&Path>) -> Result<Self, OpenError> {
        let name = path.map_or(SONAME.as_ref(), Path::as_os_str);
        // SAFETY: runs the initialisers of the library that the operator installed, in a process with a single thread.
        let library = unsafe { libloading::Library::new(name) }.map_err(|_| OpenError::NotInstalled)?;
        let functions = Functions::find(&library).map_err(|_| OpenError::TooOld)?;
        // A list without an entry: otherwise it would look into the folders of the system.
        static FOLDERS: [usize; 1] = [0];
        let config = Config {
            version: CONFIG_VERSION,
            font_folders: FOLDERS.as_ptr().cast(),
            isolate: ptr::null_mut(),
            slot: 0,
            platform: ptr::null_mut(),
            renderer: 0,
            fonts: 0,
        };
        // SAFETY: as declared in `fpdfview.h`; called once, since a worker opens one library. The list of folders,
        // which ends with a null pointer, is static.
        unsafe { (functions.FPDF_InitLibraryWithConfig)(&raw const config) };
        Ok(Self { functions, _library: library })
    }

    /// Opens `file`, with an empty password.
    ///
    /// # Errors
    /// [`Closed`].
    pub(super) fn read<'a>(&'a self, file: &'a [u8]) -> Result<Document<'a>, Closed> {
        let functions = &self.functions;
        // SAFETY: `file` is not copied, and outlives the document by its lifetime. Null stands for no password.
        let raw = unsafe { (functions.FPDF_LoadMemDocument64)(file.as_ptr(), file.len(), ptr::null()) };
        match NonNull::new(raw) {
            Some(raw) => Ok(Document { functions, raw, file: PhantomData }),
            // SAFETY: takes nothing.
            None => Err(match unsafe { (functions.FPDF_GetLastError)() } {
                ERROR_PASSWORD | ERROR_SECURITY => Closed::Locked,
                _ => Closed::Broken,
            }),
        }
    }
}

/// A file that has been opened.
pub(super) struct Document<'a> {
    functions: &'a Functions,
    raw: NonNull<RawDocument>,
    file: PhantomData<&'a [u8]>,
}

impl Document<'_> {
    /// How many pages it says it has.
    pub(super) fn page_count(&self) -> usize {
        // SAFETY: the document lives.
        usize::try_from(unsafe { (self.functions.FPDF_GetPageCount)(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// Reads what page `index` consists of; `None` for what is no page.
    pub(super) fn page(&self, index: usize) -> Option<Page<'_>> {
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the document lives, and outlives the page by its lifetime.
        let raw = NonNull::new(unsafe { (self.functions.FPDF_LoadPage)(self.raw.as_ptr(), index) })?;
        Some(Page { functions: self.functions, raw, document: PhantomData })
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        // SAFETY: closed here only, after its pages.
        unsafe { (self.functions.FPDF_CloseDocument)(self.raw.as_ptr()) }
    }
}

/// A page whose content has been read.
pub(super) struct Page<'d> {
    functions: &'d Functions,
    raw: NonNull<RawPage>,
    document: PhantomData<&'d ()>,
}

impl Page<'_> {
    /// Width and height in points, turned as the page says.
    pub(super) fn size(&self) -> (f32, f32) {
        let raw = self.raw.as_ptr();
        // SAFETY: the page lives.
        unsafe { ((self.functions.FPDF_GetPageWidthF)(raw), (self.functions.FPDF_GetPageHeightF)(raw)) }
    }

    /// How much is on it, without annotations.
    pub(super) fn object_count(&self) -> usize {
        // SAFETY: the page lives.
        usize::try_from(unsafe { (self.functions.FPDFPage_CountObjects)(self.raw.as_ptr()) }).unwrap_or(0)
    }

    /// What is on it and where, of at most `most` things, when it is rendered in this `size`.
    pub(super) fn objects(&self, most: usize, size: (i32, i32)) -> impl Iterator<Item = (Kind, Place)> {
        let count = c_int::try_from(self.object_count().min(most)).unwrap_or(0);
        let objects = (0..count).filter_map(move |index| self.object(index, size));
        // SAFETY: the page lives.
        let annotations = unsafe { (self.functions.FPDFPage_GetAnnotCount)(self.raw.as_ptr()) };
        let annotations = annotations.clamp(0, c_int::try_from(most).unwrap_or(c_int::MAX));
        objects.chain((0..annotations).filter_map(move |index| self.annotation(index, size)))
    }

    fn object(&self, index: c_int, size: (i32, i32)) -> Option<(Kind, Place)> {
        let functions = self.functions;
        // SAFETY: the page lives, and an object of it as long as the page.
        let object = NonNull::new(unsafe { (functions.FPDFPage_GetObject)(self.raw.as_ptr(), index) })?;
        let object = object.as_ptr();
        // SAFETY: the object lives.
        let kind = match unsafe { (functions.FPDFPageObj_GetType)(object) } {
            1 if self.is_drawn_by_file(object) => Kind::DrawnLetters,
            1 => Kind::Letters,
            2 => Kind::Path,
            3 if self.is_changed(object) || self.is_unread(object) => Kind::ChangedPicture,
            3 => Kind::Picture,
            4 => Kind::Shading,
            5 => Kind::Form,
            _ => return None,
        };
        let mut rect = RawRect::default();
        let RawRect { left, top, right, bottom } = &mut rect;
        // SAFETY: the object lives, and there is room for four numbers.
        let is_known = unsafe { (functions.FPDFPageObj_GetBounds)(object, left, bottom, right, top) };
        (is_known != 0).then(|| self.place(&rect, size)).flatten().map(|place| (kind, place))
    }

    /// Whether the font of a text has no program: its letters are drawn like pages.
    fn is_drawn_by_file(&self, text: *mut RawObject) -> bool {
        // SAFETY: `text` is a text on this page, which lives. No font is a font without a program.
        unsafe {
            let font = (self.functions.FPDFTextObj_GetFont)(text);
            let mut length = 0;
            font.is_null()
                || (self.functions.FPDFFont_GetFontData)(font, ptr::null_mut(), 0, &raw mut length) == 0
                || length == 0
        }
    }

    /// Whether a picture shows otherwise than it is stored.
    fn is_changed(&self, picture: *mut RawObject) -> bool {
        let (functions, mut matrix) = (self.functions, RawMatrix::default());
        // SAFETY: `picture` is on this page, which lives, and there is room for a matrix.
        let (is_known, is_transparent) = unsafe {
            (
                (functions.FPDFPageObj_GetMatrix)(picture, &raw mut matrix),
                (functions.FPDFPageObj_HasTransparency)(picture),
            )
        };
        // SAFETY: likewise; a clip lives as long as what it belongs to, and there may be none.
        let clips = unsafe {
            let clip = (functions.FPDFPageObj_GetClipPath)(picture);
            if clip.is_null() { 0 } else { (functions.FPDFClipPath_CountPaths)(clip) }
        };
        let RawMatrix { a, b, c, d, .. } = matrix;
        let (straight, skewed) = (a.abs().min(d.abs()), b.abs().max(c.abs()));
        let is_upright = skewed * 100.0 <= straight;
        is_known == 0 || is_transparent != 0 || clips > 0 || !is_upright
    }

    /// Whether the last filter of a picture is one that the proxy does not undo.
    fn is_unread(&self, picture: *mut RawObject) -> bool {
        // SAFETY: `picture` is a picture on this page, which lives.
        let last = unsafe { (self.functions.FPDFImageObj_GetImageFilterCount)(picture) } - 1;
        let mut name = [0_u8; 32];
        // SAFETY: likewise, and `name` has as much room as is said.
        let length = unsafe {
            let get = self.functions.FPDFImageObj_GetImageFilter;
            if last < 0 { 0 } else { get(picture, last, name.as_mut_ptr(), name.len() as c_ulong) }
        };
        let name = name.get(..usize::try_from(length).unwrap_or(0)).unwrap_or_default();
        name.starts_with(UNREAD)
    }

    fn annotation(&self, index: c_int, size: (i32, i32)) -> Option<(Kind, Place)> {
        let mut rect = RawRect::default();
        // SAFETY: the page lives; the annotation is closed where it was opened, and there is room for a rectangle.
        let is_known = unsafe {
            let annotation = NonNull::new((self.functions.FPDFPage_GetAnnot)(self.raw.as_ptr(), index))?;
            let is_known = (self.functions.FPDFAnnot_GetRect)(annotation.as_ptr(), &raw mut rect);
            (self.functions.FPDFPage_CloseAnnot)(annotation.as_ptr());
            is_known
        };
        (is_known != 0).then(|| self.place(&rect, size)).flatten().map(|place| (Kind::Annotation, place))
    }

    /// Where `rect` is when the page is rendered in this size; `None` for what is not on it.
    fn place(&self, rect: &RawRect, (width, height): (i32, i32)) -> Option<Place> {
        let corner = |x: c_float, y: c_float| {
            let (mut across, mut down) = (0, 0);
            // SAFETY: the page lives, and there is room for two numbers.
            let is_known = unsafe {
                let (x, y) = (c_double::from(x), c_double::from(y));
                let raw = self.raw.as_ptr();
                (self.functions.FPDF_PageToDevice)(raw, 0, 0, width, height, 0, x, y, &raw mut across, &raw mut down)
            };
            (is_known != 0).then_some((across, down))
        };
        let (one, other) = (corner(rect.left, rect.top)?, corner(rect.right, rect.bottom)?);
        let place = Place {
            left: one.0.min(other.0),
            top: one.1.min(other.1),
            right: one.0.max(other.0),
            bottom: one.1.max(other.1),
        };
        let is_on_page = place.left < width.min(place.right) && place.top < height.min(place.bottom);
        (is_on_page && place.right > 0 && place.bottom > 0).then_some(place)
    }

    /// Renders what `window` shows of the page when all of it is rendered in this `size`, on white, as red, green, blue
    /// and 255, until `is_late`.
    ///
    /// # Errors
    /// [`Unrendered`].
    pub(super) fn render(
        &self,
        window: Place,
        size: (i32, i32),
        is_late: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, Unrendered> {
        let (width, height) = (window.right - window.left, window.bottom - window.top);
        let sides = usize::try_from(width).ok().zip(usize::try_from(height).ok()).ok_or(Unrendered::Failed)?;
        let stride = width.checked_mul(4).ok_or(Unrendered::Failed)?;
        let mut pixels = vec![255; sides.0.checked_mul(sides.1 * 4).ok_or(Unrendered::Failed)?];
        let (functions, page) = (self.functions, self.raw.as_ptr());
        let mut late: &dyn Fn() -> bool = is_late;
        let mut pause = Pause { version: 1, is_wanted: is_pause_wanted, user: (&raw mut late).cast() };
        // SAFETY: the page lives, and `pixels` have `height` rows of `stride` bytes and outlive the bitmap, which is
        // destroyed here. `pause` and what it refers to outlive the call.
        let status = unsafe {
            let buffer = pixels.as_mut_ptr();
            let bitmap = (functions.FPDFBitmap_CreateEx)(width, height, FORMAT, buffer, stride);
            let bitmap = NonNull::new(bitmap).ok_or(Unrendered::Failed)?.as_ptr();
            let start = functions.FPDF_RenderPageBitmap_Start;
            let (left, top) = (-window.left, -window.top);
            let status = start(bitmap, page, left, top, size.0, size.1, 0, FLAGS, &raw mut pause);
            (functions.FPDF_RenderPage_Close)(page);
            (functions.FPDFBitmap_Destroy)(bitmap);
            status
        };
        match status {
            DONE => {
                pixels.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel[3] = 255);
                Ok(pixels)
            }
            TO_BE_CONTINUED => Err(Unrendered::Late),
            _ => Err(Unrendered::Failed),
        }
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // SAFETY: closed here only.
        unsafe { (self.functions.FPDF_ClosePage)(self.raw.as_ptr()) }
    }
}

/// Whether rendering shall stop.
///
/// # Safety
/// `pause` is one of [`Page::render`].
unsafe extern "C" fn is_pause_wanted(pause: *mut Pause) -> c_int {
    // SAFETY: pdfium hands on what it was given; `user` points to a reference that lives during the call.
    let is_late = unsafe { *(*pause).user.cast::<&dyn Fn() -> bool>() };
    c_int::from(is_late())
}
