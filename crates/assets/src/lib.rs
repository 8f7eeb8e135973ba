//! What the browser side built, inside the binary.
//!
//! [`find`] answers an [`Asset`]: bytes with the content type and the ETag to send with them. The files are made by
//! `cargo xtask build-web` and embedded when this crate is compiled; without them it compiles too, and [`asset`] says
//! what is [`Missing`] and what to do about it.
//!
//! Deliberately absent: HTTP (routes, caching headers and status codes are the server's), templating (the server fills
//! the page's one placeholder), and building anything.
//!
//! Start reading at `manifest.rs`, the list of files, then `build.rs`.

mod manifest;

use std::error::Error;
use std::fmt;

pub use manifest::{LOGIN_PAGE, PAGE};

/// A file, as it is served.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name, without a folder.
    pub name: &'static str,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
    /// The value of `ETag`, quotes included: strong, and equal exactly for equal bytes.
    pub etag: &'static str,
}

/// The names of all files that the binary should hold, embedded or not.
pub const NAMES: [&str; manifest::FILES.len()] = {
    let mut names = [""; manifest::FILES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = manifest::FILES[index].0;
        index += 1;
    }
    names
};

static EMBEDDED: &[Asset] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The file of that name, or `None` where there is no such file or it was not embedded; [`asset`] tells which.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    EMBEDDED.iter().find(|asset| asset.name == name)
}

/// The file of that name.
///
/// # Errors
///
/// [`Missing`], which tells a name that is none of [`NAMES`] from a file that was not embedded.
pub fn asset(name: &str) -> Result<&'static Asset, Missing> {
    look_up(name, EMBEDDED)
}

/// Whether all of [`NAMES`] are embedded.
#[must_use]
pub fn is_complete() -> bool {
    NAMES.iter().all(|name| find(name).is_some())
}

fn look_up(name: &str, embedded: &'static [Asset]) -> Result<&'static Asset, Missing> {
    if let Some(asset) = embedded.iter().find(|asset| asset.name == name) {
        return Ok(asset);
    }
    match NAMES.into_iter().find(|known| *known == name) {
        Some(name) => Err(Missing::NotBuilt { name }),
        None => Err(Missing::Unknown),
    }
}

/// Why there is no asset. Its text may be shown to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The file belongs to the binary, but the front end had not been built when the binary was.
    NotBuilt {
        /// Which file.
        name: &'static str,
    },
    /// There is no file of that name.
    Unknown,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt { name } => write!(
                f,
                "{name} is not in this binary, because its front-end parts had not been built: run \
                 `cargo xtask build-web` (it needs Node.js 20 or newer), then build waypost again"
            ),
            Self::Unknown => f.write_str("there is no file of that name"),
        }
    }
}

impl Error for Missing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_embedded_is_found_by_its_name_with_its_type_and_etag() {
        for asset in EMBEDDED {
            assert_eq!(find(asset.name), Some(asset));
            let quoted = asset.etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let digits = quoted.expect("an ETag is quoted");
            assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
            assert!(!asset.bytes.is_empty(), "{}", asset.name);
            assert!(manifest::FILES.contains(&(asset.name, asset.content_type)), "{}", asset.name);
        }
    }

    #[test]
    fn different_files_have_different_etags() {
        for (index, one) in EMBEDDED.iter().enumerate() {
            assert!(EMBEDDED[index + 1..].iter().all(|other| other.etag != one.etag), "{}", one.name);
        }
    }

    #[test]
    fn without_the_front_end_the_answer_says_what_to_run() {
        let missing = look_up("socket.io.js", &[]).expect_err("nothing is embedded");
        assert_eq!(missing, Missing::NotBuilt { name: "socket.io.js" });
        assert!(missing.to_string().contains("cargo xtask build-web"), "{missing}");
    }

    #[test]
    fn an_unknown_name_is_not_called_unbuilt() {
        for name in ["", "/", "../Cargo.toml", "whatsapp-websocket-test.html/", "SOCKET.IO.JS"] {
            assert_eq!(asset(name), Err(Missing::Unknown), "{name}");
        }
    }

    #[test]
    fn complete_means_every_name_is_found() {
        assert_eq!(is_complete(), EMBEDDED.len() == NAMES.len());
    }
}
