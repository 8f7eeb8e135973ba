//! JSON as Meta writes it: everything but ASCII as `\u…`, and `/` as `\/` (`cloud-api.md`, 1.2). A server that
//! checks the signature over anything but the raw bytes fails on this, as it would on Meta's.

use std::io::{self, Write};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

pub(super) fn write(value: &Value) -> Bytes {
    let mut bytes = Vec::with_capacity(1_024);
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, Escaping))
        .expect("a `Value` has only text keys, and a `Vec` takes every byte");
    bytes.into()
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let (mut units, mut byte) = ([0; 2], [0]);
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(b"\\/")?,
                '\0'..='\u{7f}' => writer.write_all(character.encode_utf8(&mut byte).as_bytes())?,
                _ => {
                    for unit in character.encode_utf16(&mut units) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_ascii_is_escaped_and_reads_back() {
        let value = json!({ "é": "a/b \"\n 👍🏽" });
        let bytes = write(&value);
        assert_eq!(&bytes[..], br#"{"\u00e9":"a\/b \"\n \ud83d\udc4d\ud83c\udffd"}"#);
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }
}
