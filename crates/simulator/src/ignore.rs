//! Results that do not matter, said aloud.

/// To drop a result with the reason beside it.
pub(crate) trait Ignore {
    /// Drops the result; `_reason` is for the reader.
    fn ignore_because(self, _reason: &'static str);
}

impl<T, E> Ignore for Result<T, E> {
    fn ignore_because(self, _reason: &'static str) {}
}
