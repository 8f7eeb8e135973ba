//! Who somebody is in the audit, which has ids only.

use waypost_domain::{AuditActor, AuditName, PrincipalId};

/// The actor that a principal is. `stand_in` is asked for what stands for a subject that may be a name or an address.
pub(super) fn of(who: &PrincipalId, stand_in: impl Fn(&str) -> AuditName) -> AuditActor {
    let text = who.as_str();
    let known = match text.split_once(':') {
        Some(("account", id)) => id.parse().ok().map(AuditActor::Account),
        Some(("key", id)) => AuditName::parse(id).map(AuditActor::Key),
        Some(("user", subject)) => Some(AuditActor::Token(
            AuditName::parse(subject).filter(|_| is_uuid(subject)).unwrap_or_else(|| stand_in(subject)),
        )),
        None => Some(AuditActor::Anonymous),
        Some(_) => None,
    };
    known.unwrap_or_else(|| AuditActor::Token(stand_in(text)))
}

/// Whether it is an id by its form (RFC 9562, section 4). Anything else may say who somebody is: digits alone are a phone
/// number, letters a name.
fn is_uuid(text: &str) -> bool {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq(GROUPS)
        && groups.iter().all(|group| group.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_an_id_by_its_form_is_kept() {
        let actor = |text: &str| {
            of(&PrincipalId::parse(text).unwrap(), |_| AuditName::parse("stand-in").unwrap()).to_string()
        };
        for (principal, expected) in [
            ("key:key_01ABC", "key:key_01ABC"),
            ("key:configured", "key:configured"),
            ("local", "anonymous"),
            ("account:usr_01KAE4K2A00000000000000001", "account:usr_01KAE4K2A00000000000000001"),
            ("user:0190a5b4-8f0e-7cc1-9a3e-3f3b5d0c7e21", "token:0190a5b4-8f0e-7cc1-9a3e-3f3b5d0c7e21"),
            ("user:ana@example.com", "token:stand-in"),
            ("user:ana", "token:stand-in"),
            ("user:15550002001", "token:stand-in"),
            ("user:ana-maria-lopez-diaz-jimenezabcde", "token:stand-in"),
            ("account:ana", "token:stand-in"),
            ("something:else", "token:stand-in"),
        ] {
            assert_eq!(actor(principal), expected);
        }
    }
}
