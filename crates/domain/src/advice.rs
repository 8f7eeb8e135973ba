//! What to do about an error of Meta's ("Cloud API error codes"), for whoever answers and for programs.

use std::ops::RangeInclusive;

/// What helps against an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Try the same again, a few times, with growing pauses.
    Retry,
    /// Wait first: a limit was reached.
    Wait,
    /// Send an approved template: the customer has not written for more than 24 hours.
    Template,
    /// This message does not get through as it is: change it, or use another way.
    Change,
    /// Somebody has to put the account, the number, the token or the payment in order.
    Configure,
}

impl Remedy {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Wait => "wait",
            Self::Template => "template",
            Self::Change => "change",
            Self::Configure => "configure",
        }
    }
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// For programs.
    pub remedy: Remedy,
    /// For people.
    pub text: &'static str,
}

/// Codes, what helps against them, and in words.
type Row = (&'static [RangeInclusive<i64>], Remedy, &'static str);

static TABLE: &[Row] = &[
    (&[190..=190], Remedy::Configure, "The access token is invalid or has expired: enter a new one."),
    (
        &[3..=3, 10..=10, 200..=299, 131_005..=131_005],
        Remedy::Configure,
        "The access token lacks a permission: grant it to the system user.",
    ),
    (
        &[1..=1, 2..=2, 131_000..=131_000, 131_016..=131_016, 133_004..=133_004, 135_000..=135_000],
        Remedy::Retry,
        "WhatsApp had a problem of its own: try again in a while.",
    ),
    (&[4..=4], Remedy::Wait, "The app made too many calls: wait before the next."),
    (&[80_007..=80_007], Remedy::Wait, "The account made too many calls: wait before the next."),
    (&[130_429..=130_429], Remedy::Wait, "The number sent too fast: slow down."),
    (
        &[131_056..=131_056],
        Remedy::Wait,
        "Too many messages to this one customer: wait before the next to them.",
    ),
    (
        &[131_048..=131_048],
        Remedy::Configure,
        "The number is limited for its quality: stop bulk messages and look at its rating.",
    ),
    (
        &[131_064..=131_064],
        Remedy::Wait,
        "Templates were classified wrongly too often: review them, and wait.",
    ),
    (
        &[33..=33, 100..=100],
        Remedy::Change,
        "The request names something that does not exist or may not be used so.",
    ),
    (
        &[131_008..=131_008, 131_009..=131_009],
        Remedy::Change,
        "A value is missing or not allowed: correct the message.",
    ),
    (&[131_021..=131_021], Remedy::Change, "Sender and recipient are the same number."),
    (
        &[131_026..=131_026],
        Remedy::Change,
        "The message cannot be delivered: the customer is not on WhatsApp, has not accepted its terms or uses an old \
             version. Use another way.",
    ),
    (
        &[131_030..=131_030],
        Remedy::Configure,
        "A test number writes only to the numbers on its list: add this one.",
    ),
    (
        &[131_031..=131_031],
        Remedy::Configure,
        "The account is locked, or its PIN is wrong: see the account's page at Meta.",
    ),
    (
        &[368..=368, 130_497..=130_497],
        Remedy::Configure,
        "The account is restricted by policy: stop sending and see Meta's notice.",
    ),
    (&[131_037..=131_037], Remedy::Configure, "The number's display name is not approved yet."),
    (
        &[131_042..=131_042],
        Remedy::Configure,
        "There is a problem with the payment: see the billing settings at Meta.",
    ),
    (
        &[131_045..=131_045, 133_006..=133_006, 133_010..=133_010],
        Remedy::Configure,
        "The number is not registered: register it at Meta.",
    ),
    (
        &[131_047..=131_047],
        Remedy::Template,
        "The customer has not written for more than 24 hours: only a template can be sent.",
    ),
    (
        &[131_049..=131_049],
        Remedy::Change,
        "The customer gets enough marketing already: do not send it again for a day.",
    ),
    (&[131_050..=131_050], Remedy::Change, "The customer does not want marketing messages: respect it."),
    (
        &[130_472..=130_472],
        Remedy::Change,
        "The customer is in an experiment of Meta's and gets no marketing: use another way.",
    ),
    (&[130_403..=130_403], Remedy::Change, "You have blocked this customer: unblock them first."),
    (&[131_051..=131_051], Remedy::Change, "WhatsApp does not hand out or take messages of this type."),
    (&[131_052..=131_052], Remedy::Change, "WhatsApp could not fetch the customer's file: ask for it again."),
    (
        &[131_053..=131_053],
        Remedy::Change,
        "WhatsApp could not take the file: check its type, its size and its address.",
    ),
    (
        &[131_057..=131_057, 2_494_100..=2_494_100],
        Remedy::Retry,
        "The account is being maintained: try again in some minutes.",
    ),
    (
        &[131_060..=131_060],
        Remedy::Change,
        "The message is not available here: it can be read in the app on the phone.",
    ),
    (
        &[131_062..=131_062],
        Remedy::Change,
        "This template needs the phone number: the user id is not enough.",
    ),
    (
        &[131_055..=131_055, 131_063..=131_063, 132_018..=132_018, 134_100..=134_102],
        Remedy::Configure,
        "The marketing API is not set up for this: see its settings at Meta.",
    ),
    (
        &[132_000..=132_000, 132_008..=132_008, 132_012..=132_012],
        Remedy::Change,
        "The parameters do not fit the template: compare their number and format.",
    ),
    (&[132_001..=132_001], Remedy::Change, "There is no approved template of this name in this language."),
    (
        &[132_005..=132_005, 132_007..=132_007],
        Remedy::Change,
        "The template's text is too long or against the policy.",
    ),
    (
        &[132_015..=132_015, 132_016..=132_016],
        Remedy::Change,
        "The template is paused or disabled for its quality: use another one.",
    ),
    (
        &[132_068..=132_068, 132_069..=132_069],
        Remedy::Configure,
        "The flow is blocked or slowed down: see its page at Meta.",
    ),
    (
        &[
            133_000..=133_000,
            133_005..=133_005,
            133_008..=133_008,
            133_009..=133_009,
            133_015..=133_015,
            133_016..=133_016,
        ],
        Remedy::Configure,
        "The number's registration or PIN is in trouble: see its page at Meta, and wait.",
    ),
    (&[134_011..=134_011], Remedy::Configure, "The terms of payments have not been accepted."),
    (&[147_001..=147_005], Remedy::Configure, "There is a problem with the business' username."),
    (
        &[2_593_107..=2_593_109],
        Remedy::Configure,
        "The history of the phone cannot be had: it was asked for before, too late, or was declined.",
    ),
];

/// What to do about the error with this code; `None` for a code that is not known here.
#[must_use]
pub fn advice(code: i64) -> Option<Advice> {
    let row = TABLE.iter().find(|(codes, ..)| codes.iter().any(|codes| codes.contains(&code)));
    row.map(|&(_, remedy, text)| Advice { remedy, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_send_only_a_template_is_told_so() {
        assert_eq!(advice(131_047).unwrap().remedy, Remedy::Template);
        assert_eq!(advice(131_026).unwrap().remedy, Remedy::Change);
        assert_eq!(advice(190).unwrap().remedy, Remedy::Configure);
        assert_eq!(advice(131_056).unwrap().remedy, Remedy::Wait);
        assert_eq!(advice(131_016).unwrap().remedy, Remedy::Retry);
    }

    #[test]
    fn an_unknown_code_has_no_advice() {
        for code in [-1, 5, 300, 999_999, i64::MAX] {
            assert_eq!(advice(code), None, "{code}");
        }
    }
}
