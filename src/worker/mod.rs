//! Decoders written in C, and one that nothing else bounds, each file in a process that can do nothing but decode.
//!
//! [`Workers`] is the proxy's side: it starts the binary it is part of again, as `penstock worker`, and speaks with it
//! over two pipes (`protocol`). [`serve`] is the other side: it loads libheif or pdfium if that is installed, gives up
//! every right that the kernel lets it give up (`sandbox`), and only then reads the first byte of an upload. A file
//! that makes the library crash, hang or do somebody's bidding costs one process, which is replaced.

mod bounds;
mod child;
mod drawing;
mod drawn;
mod hello;
mod jpeg2000;
mod libheif;
mod patience;
mod pdfium;
mod pipe;
mod pool;
mod protocol;
mod sandbox;
mod serve;

pub use hello::{Confinement, Hello, Library, Renderer};
pub use pool::{Undecodable, Workers};
pub use sandbox::Rations;
pub use serve::{Forbidden, Role, attempt, serve};
