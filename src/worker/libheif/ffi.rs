//! The few functions of libheif that decoding needs, found at run time, and safe types over what they give out.
//!
//! Declared by hand after `libheif/heif.h` of 1.15.1; the library's name promises that 1.x keeps them. What libheif
//! says is not trusted further than it must be: it runs where a mistake of it ends in a dead worker.
#![expect(unsafe_code, reason = "calls a C library")]

use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;

use crate::media::ForeignFormat;

/// The name that libheif 1.x has on every system.
const SONAME: &str = "libheif.so.1";

const COMPRESSION_HEVC: c_int = 1;
const COMPRESSION_AV1: c_int = 4;
const COLORSPACE_RGB: c_int = 1;
const CHROMA_INTERLEAVED_RGBA: c_int = 11;
const CHANNEL_INTERLEAVED: c_int = 10;

/// Number of an item within a file.
pub(super) type ItemId = u32;

/// What libheif calls `heif_error`; handed out by value.
#[repr(C)]
struct RawError {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

#[repr(C)]
struct RawContext([u8; 0]);
#[repr(C)]
struct RawHandle([u8; 0]);
#[repr(C)]
struct RawImage([u8; 0]);

/// Declares a table of functions of C, and how it is filled from a library.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[expect(non_snake_case, reason = "named as in `heif.h`")]
        struct Functions { $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)* }

        impl Functions {
            fn find(library: &libloading::Library) -> Result<Self, libloading::Error> {
                // SAFETY: the types are those that `heif.h` declares. The pointers outlive this borrow of the library,
                // which `Libheif` keeps for as long as them.
                unsafe { Ok(Self { $($name: *library.get(concat!(stringify!($name), "\0"))?,)* }) }
            }
        }
    };
}

functions! {
    heif_get_version_number: fn() -> u32;
    heif_have_decoder_for_format: fn(c_int) -> c_int;
    heif_context_alloc: fn() -> *mut RawContext;
    heif_context_free: fn(*mut RawContext);
    heif_context_set_maximum_image_size_limit: fn(*mut RawContext, c_int);
    heif_context_read_from_memory_without_copy: fn(*mut RawContext, *const u8, usize, *const u8) -> RawError;
    heif_context_get_number_of_top_level_images: fn(*mut RawContext) -> c_int;
    heif_context_get_list_of_top_level_image_IDs: fn(*mut RawContext, *mut ItemId, c_int) -> c_int;
    heif_context_get_primary_image_ID: fn(*mut RawContext, *mut ItemId) -> RawError;
    heif_context_get_image_handle: fn(*mut RawContext, ItemId, *mut *mut RawHandle) -> RawError;
    heif_image_handle_get_width: fn(*const RawHandle) -> c_int;
    heif_image_handle_get_height: fn(*const RawHandle) -> c_int;
    heif_image_handle_release: fn(*const RawHandle);
    heif_decode_image: fn(*const RawHandle, *mut *mut RawImage, c_int, c_int, *const u8) -> RawError;
    heif_image_get_width: fn(*const RawImage, c_int) -> c_int;
    heif_image_get_height: fn(*const RawImage, c_int) -> c_int;
    heif_image_get_plane_readonly: fn(*const RawImage, c_int, *mut c_int) -> *const u8;
    heif_image_release: fn(*const RawImage);
}

/// What libheif says went wrong.
#[derive(Debug)]
pub(super) struct HeifError {
    /// `heif_error_code`.
    pub(super) code: i32,
    /// `heif_suberror_code`.
    pub(super) subcode: i32,
    /// In libheif's words.
    pub(super) message: String,
}

impl HeifError {
    fn check(raw: &RawError) -> Result<(), Self> {
        if raw.code == 0 {
            return Ok(());
        }
        let message = match raw.message.is_null() {
            true => String::new(),
            // SAFETY: `heif_error` holds a text that ends with a zero byte and lives until the next call.
            false => unsafe { CStr::from_ptr(raw.message) }.to_string_lossy().into_owned(),
        };
        Err(Self { code: raw.code, subcode: raw.subcode, message })
    }

    /// What a null pointer stands for.
    fn out_of_memory() -> Self {
        Self { code: super::MEMORY_ALLOCATION_ERROR, subcode: 0, message: String::new() }
    }
}

/// Why a library cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum OpenError {
    /// The system's linker does not find it, or something that it needs.
    NotInstalled,
    /// It lacks a function.
    TooOld,
}

/// libheif with its decoders.
pub(in crate::worker) struct Libheif {
    functions: Functions,
    _library: libloading::Library,
}

impl Libheif {
    /// Loads libheif, what it links, and the decoders that it finds in its folder of plugins.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(in crate::worker) fn open() -> Result<Self, OpenError> {
        // SAFETY: runs the initialisers of the system's own libheif, in a process with a single thread.
        let library = unsafe { libloading::Library::new(SONAME) }.map_err(|_| OpenError::NotInstalled)?;
        let functions = Functions::find(&library).map_err(|_| OpenError::TooOld)?;
        // SAFETY: as declared in `heif.h`; null stands for no parameters. Before 1.13 there is no such function, and
        // nothing that it would have to load. Plugins that fail to load show as missing decoders.
        unsafe {
            if let Ok(init) = library.get::<unsafe extern "C" fn(*const u8) -> RawError>("heif_init\0") {
                init(ptr::null());
            }
        }
        Ok(Self { functions, _library: library })
    }

    /// Major, minor and patch version.
    pub(in crate::worker) fn version(&self) -> [u8; 3] {
        // SAFETY: takes nothing.
        let [major, minor, patch, _] = unsafe { (self.functions.heif_get_version_number)() }.to_be_bytes();
        [major, minor, patch]
    }

    /// Whether there is a decoder for `format`.
    pub(in crate::worker) fn decodes(&self, format: ForeignFormat) -> bool {
        let compression = match format {
            ForeignFormat::Heic => COMPRESSION_HEVC,
            ForeignFormat::Avif => COMPRESSION_AV1,
            ForeignFormat::Jpeg2000 | ForeignFormat::Svg | ForeignFormat::Pdf => return false,
        };
        // SAFETY: takes a number, and answers 0 for one it does not know.
        unsafe { (self.functions.heif_have_decoder_for_format)(compression) != 0 }
    }

    /// Reads the structure of `file`, without decoding. Sides over `max_side` pixels are refused.
    ///
    /// # Errors
    /// It is no such file, or damaged.
    pub(super) fn read<'a>(&'a self, file: &'a [u8], max_side: u32) -> Result<Context<'a>, HeifError> {
        let functions = &self.functions;
        // SAFETY: takes nothing; the result is freed by `Context`.
        let raw = NonNull::new(unsafe { (functions.heif_context_alloc)() }).ok_or_else(HeifError::out_of_memory)?;
        let context = Context { functions, raw, file: PhantomData };
        // SAFETY: the context lives. `file` is not copied, and outlives the context by its lifetime.
        let read = unsafe {
            let limit = c_int::try_from(max_side).unwrap_or(c_int::MAX);
            (functions.heif_context_set_maximum_image_size_limit)(raw.as_ptr(), limit);
            let (start, length) = (file.as_ptr(), file.len());
            (functions.heif_context_read_from_memory_without_copy)(raw.as_ptr(), start, length, ptr::null())
        };
        HeifError::check(&read)?;
        Ok(context)
    }
}

/// A file that has been read.
pub(super) struct Context<'a> {
    functions: &'a Functions,
    raw: NonNull<RawContext>,
    file: PhantomData<&'a [u8]>,
}

impl Context<'_> {
    /// At most `most` of the pictures that stand for themselves, the one to be shown first of all.
    ///
    /// # Errors
    /// The file does not say which one is to be shown.
    pub(super) fn pictures(&self, most: usize) -> Result<Vec<ItemId>, HeifError> {
        let mut primary: ItemId = 0;
        // SAFETY: the context lives, and `primary` has room for what is written.
        HeifError::check(&unsafe {
            (self.functions.heif_context_get_primary_image_ID)(self.raw.as_ptr(), &raw mut primary)
        })?;
        // SAFETY: the context lives.
        let count = unsafe { (self.functions.heif_context_get_number_of_top_level_images)(self.raw.as_ptr()) };
        // One more than asked for, since the first of all is among them.
        let mut items: Vec<ItemId> = vec![0; usize::try_from(count).unwrap_or(0).min(most.saturating_add(1))];
        let room = c_int::try_from(items.len()).unwrap_or(c_int::MAX);
        // SAFETY: `items` has room for `room` numbers, and no more are written.
        let filled = unsafe {
            let list = self.functions.heif_context_get_list_of_top_level_image_IDs;
            list(self.raw.as_ptr(), items.as_mut_ptr(), room)
        };
        items.truncate(usize::try_from(filled).unwrap_or(0));
        items.retain(|item| *item != primary);
        items.insert(0, primary);
        items.truncate(most.max(1));
        Ok(items)
    }

    /// One picture, not yet decoded.
    ///
    /// # Errors
    /// There is none of that number, or it is damaged.
    pub(super) fn handle(&self, item: ItemId) -> Result<Handle<'_>, HeifError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the context lives, and `raw` has room for a pointer, which `Handle` releases.
        HeifError::check(&unsafe {
            (self.functions.heif_context_get_image_handle)(self.raw.as_ptr(), item, &raw mut raw)
        })?;
        let raw = NonNull::new(raw).ok_or_else(HeifError::out_of_memory)?;
        Ok(Handle { functions: self.functions, raw })
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: freed here only.
        unsafe { (self.functions.heif_context_free)(self.raw.as_ptr()) }
    }
}

/// A picture of a file.
pub(super) struct Handle<'a> {
    functions: &'a Functions,
    raw: NonNull<RawHandle>,
}

impl<'a> Handle<'a> {
    /// Width and height in pixels that the file gives it, turned as it says. 0 for what makes no sense.
    pub(super) fn size(&self) -> (u32, u32) {
        let raw = self.raw.as_ptr();
        // SAFETY: the handle lives.
        let (width, height) = unsafe {
            ((self.functions.heif_image_handle_get_width)(raw), (self.functions.heif_image_handle_get_height)(raw))
        };
        (u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
    }

    /// Decodes it, turned as the file says.
    ///
    /// # Errors
    /// It is damaged, written in a way that is not known, or too large for memory.
    pub(super) fn decode(&self) -> Result<Image<'a>, HeifError> {
        let mut raw = ptr::null_mut();
        // SAFETY: the handle lives, and `raw` has room for a pointer, which `Image` releases. Null: the usual options.
        HeifError::check(&unsafe {
            let decode = self.functions.heif_decode_image;
            decode(self.raw.as_ptr(), &raw mut raw, COLORSPACE_RGB, CHROMA_INTERLEAVED_RGBA, ptr::null())
        })?;
        let raw = NonNull::new(raw).ok_or_else(HeifError::out_of_memory)?;
        Ok(Image { functions: self.functions, raw })
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        // SAFETY: released here only.
        unsafe { (self.functions.heif_image_handle_release)(self.raw.as_ptr()) }
    }
}

/// A decoded picture.
pub(super) struct Image<'a> {
    functions: &'a Functions,
    raw: NonNull<RawImage>,
}

impl Image<'_> {
    /// Width and height in pixels. 0 when there are no such pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        let raw = self.raw.as_ptr();
        // SAFETY: the image lives; -1 stands for a channel that it lacks.
        let (width, height) = unsafe {
            (
                (self.functions.heif_image_get_width)(raw, CHANNEL_INTERLEAVED),
                (self.functions.heif_image_get_height)(raw, CHANNEL_INTERLEAVED),
            )
        };
        (u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
    }

    /// Red, green, blue and alpha of each pixel, a slice for each row. None when libheif has no such pixels.
    pub(super) fn rows(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let (width, height) = self.size();
        let mut stride: c_int = 0;
        // SAFETY: the image lives, and `stride` has room for what is written.
        let plane = unsafe {
            (self.functions.heif_image_get_plane_readonly)(self.raw.as_ptr(), CHANNEL_INTERLEAVED, &raw mut stride)
        };
        let (stride, used) = (usize::try_from(stride).ok()?, width as usize * 4);
        if plane.is_null() || stride < used {
            return None;
        }
        // SAFETY: the plane has `height` rows, `stride` bytes apart, and lives as long as the image.
        Some((0..height as usize).map(move |row| unsafe { slice::from_raw_parts(plane.add(row * stride), used) }))
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        // SAFETY: released here only.
        unsafe { (self.functions.heif_image_release)(self.raw.as_ptr()) }
    }
}
