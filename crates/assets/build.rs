//! Embeds the files that the front end has built, as many as are there. Never builds them, and never uses the network:
//! `cargo build` works without Node.js, and the page then says what is missing.

#[path = "src/manifest.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses what this script does not")]
mod manifest;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest as _, Sha256};

const DIST: &str = "../../packages/test-client/dist";

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let dist = here.join(DIST);

    // While the folder is absent, cargo runs this script at every build: that is how it notices the folder's coming.
    println!("cargo::rerun-if-changed={DIST}");
    println!("cargo::rerun-if-changed=src/manifest.rs");
    println!("cargo::rerun-if-changed=build.rs");

    let mut table = String::from("&[\n");
    for (name, content_type) in manifest::FILES {
        match fs::read(dist.join(name)) {
            Ok(bytes) => table.push_str(&entry(&out, name, content_type, &bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{DIST}/{name}: {error}").into()),
        }
    }
    table.push_str("]\n");
    fs::write(out.join("embedded.rs"), table)?;
    Ok(())
}

/// One row of the table. The bytes are embedded from a copy, so that they are those which the ETag was made of even if
/// the front end is being built meanwhile.
fn entry(out: &Path, name: &str, content_type: &str, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
    fs::write(out.join(name), bytes)?;
    Ok(format!(
        "    Asset {{ name: {name:?}, content_type: {content_type:?}, \
         bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/\", {name:?})), etag: {:?} }},\n",
        etag(bytes)?
    ))
}

/// A strong ETag, quotes included: the first 128 bits of the SHA-256, in hexadecimal.
fn etag(bytes: &[u8]) -> Result<String, std::fmt::Error> {
    let mut etag = String::from("\"");
    for byte in &Sha256::digest(bytes)[..16] {
        write!(etag, "{byte:02x}")?;
    }
    etag.push('"');
    Ok(etag)
}
