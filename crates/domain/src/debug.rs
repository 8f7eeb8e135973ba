//! `Debug` of types in which something is personal.

/// Implements `Debug` for types by those of their fields that may be shown. What is personal (numbers, names, texts) or secret is
/// left out, and so is a field that is added later, until somebody decides otherwise.
#[macro_export]
macro_rules! debug_shows {
    ($($name:ident: $($field:ident)*;)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                $(shown.field(stringify!($field), &self.$field);)*
                shown.finish_non_exhaustive()
            }
        }
    )+};
}
