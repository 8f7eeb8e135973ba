//! JSON as it came.

use serde_json::value::RawValue;
use waypost_domain::RawJson;

/// How deep what Meta sent may be nested to be shown: many clients refuse a whole event, or page, with anything deeper than 64.
const DEPTH_MAX: usize = 48;

/// The text as JSON; `None` where it is none (nothing that Meta sent gets here unparsed), and where clients could not read it.
pub(crate) fn raw_value(raw: &RawJson) -> Option<&RawValue> {
    serde_json::from_str(raw.as_str()).ok().filter(|_| is_shallow(raw.as_str()))
}

/// Whether nothing in a JSON text is nested deeper than is shown.
pub(super) fn is_shallow(json: &str) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    json.bytes().all(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= DEPTH_MAX
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_deeper_than_clients_read_is_not_shown() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (json, is_shown) in [
            (nested(DEPTH_MAX), true),
            (nested(DEPTH_MAX + 1), false),
            (format!("[{}]", vec!["{}"; 100].join(",")), true),
            (format!(r#"{{"\"a":"\\","b":"\"{}"}}"#, "[".repeat(100)), true),
            (format!(r#"["\\",{}]"#, nested(DEPTH_MAX)), false),
        ] {
            assert_eq!(raw_value(&RawJson::new(json.as_str())).is_some(), is_shown, "{json}");
        }
    }
}
