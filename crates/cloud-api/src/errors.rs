//! Meta's error object, the same in webhooks and in answers of the Graph API.

use waypost_domain::ErrorDetail;

use crate::json::Node;
use crate::shapes::{ErrorData, ErrorItem};

/// The longest text of an error that is kept, in characters.
const TEXT_CHARS_MAX: usize = 1_024;

/// The most errors of one item that are kept. Meta sends one, seldom two; the raw item has them all.
const ERRORS_MAX: usize = 16;

/// The errors of a list, or the one error that stands in its place.
pub(crate) fn error_details(errors: Node<'_>) -> Vec<ErrorDetail> {
    errors.items_or_one().into_iter().filter_map(error_detail).take(ERRORS_MAX).collect()
}

/// One error; `None` where it is no object. A code that is missing or no number becomes 0.
pub(crate) fn error_detail(error: Node<'_>) -> Option<ErrorDetail> {
    let error: ErrorItem<'_> = error.object()?;
    let (title, message) = (text(error.title), text(error.message));
    // `error_data` may be missing, or a plain string.
    let details = match error.error_data.object::<ErrorData<'_>>() {
        Some(data) => text(data.details),
        None => text(error.error_data),
    };
    Some(ErrorDetail {
        code: error.code.whole_number().unwrap_or(0),
        details: details.or_else(|| message.clone().filter(|message| title.as_ref() != Some(message))),
        title: title.or(message),
    })
}

fn text(node: Node<'_>) -> Option<String> {
    let text = node.readable()?;
    let text: String = text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(code: i64, title: Option<&str>, details: Option<&str>) -> ErrorDetail {
        ErrorDetail { code, title: title.map(str::to_owned), details: details.map(str::to_owned) }
    }

    #[test]
    fn errors_are_read_in_every_dress() {
        for (json, expected) in [
            (
                r#"[{"code":131047,"title":"Late","message":"Late","error_data":{"details":"24 h"}}]"#,
                vec![detail(131_047, Some("Late"), Some("24 h"))],
            ),
            (r#"{"code":"131047","message":"Late"}"#, vec![detail(131_047, Some("Late"), Some("Late"))]),
            (r#"[{"code":1,"title":"A","error_data":"text"}]"#, vec![detail(1, Some("A"), Some("text"))]),
            (r#"[{}, 7, null, "no"]"#, vec![detail(0, None, None)]),
            (r#""oops""#, vec![]),
            ("null", vec![]),
        ] {
            let node: Node<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(error_details(node), expected, "{json}");
        }
    }
}
