//! What becomes of an accepted send: its statuses, and when each arrives.

use std::time::Duration;

use crate::chances::Chances;
use crate::dice::Dice;

/// How long after its acceptance a send leaves Meta, in milliseconds.
const SENT_AFTER_MS: std::ops::Range<u64> = 60..600;
/// From sent to on the device.
const DELIVERED_AFTER_MS: std::ops::Range<u64> = 200..2_500;
/// From on the device to seen.
const READ_AFTER_MS: std::ops::Range<u64> = 800..9_000;
/// Added where `read` is late.
const LATE_BY_MS: std::ops::Range<u64> = 30_000..90_000;
/// From sent to known to have failed.
const FAILED_AFTER_MS: std::ops::Range<u64> = 300..3_000;
/// By how much a status comes after the one that it should precede.
const OVERTAKEN_BY_MS: std::ops::Range<u64> = 150..2_000;
/// From a status to its repetition.
const REPEATED_AFTER_MS: std::ops::Range<u64> = 200..8_000;

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    Sent,
    Delivered,
    Read,
    Failed(&'static Failure),
}

/// Why a send failed after it was accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u32,
    pub(crate) title: &'static str,
    pub(crate) details: &'static str,
}

const UNDELIVERABLE: Failure =
    Failure { code: 131_026, title: "Message undeliverable", details: "Message undeliverable." };
const IN_EXPERIMENT: Failure = Failure {
    code: 130_472,
    title: "User's number is part of an experiment",
    details: "Failed to send message because this user's phone number is part of an experiment",
};
const WENT_WRONG: Failure = Failure {
    code: 131_000,
    title: "Something went wrong",
    details: "Message failed to send due to an unknown error.",
};

/// Undeliverable thrice, since that is what fails most in life (`cloud-api.md`, 6.6).
const FAILURES: [&Failure; 5] = [&UNDELIVERABLE, &UNDELIVERABLE, &UNDELIVERABLE, &IN_EXPERIMENT, &WENT_WRONG];

/// One status on its way. Both times count from the acceptance of the send; it never arrives before it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) report: Report,
    pub(crate) happened: Duration,
    pub(crate) arrives: Duration,
}

impl Hop {
    const fn on_time(report: Report, happened: Duration) -> Self {
        Self { report, happened, arrives: happened }
    }
}

/// The statuses of a text or other message: in the end it was read or has failed.
pub(crate) fn of_message(dice: &mut Dice, chances: &Chances) -> Vec<Hop> {
    let sent = sent(dice, chances);
    let mut hops =
        if dice.chance(chances.failed) { failing(dice, sent) } else { arriving(dice, chances, sent) };
    if hops.len() > 1 && dice.chance(chances.out_of_order) {
        let slow = dice.below(hops.len() - 1);
        hops[slow].arrives = hops[slow + 1].arrives + dice.millis(OVERTAKEN_BY_MS);
    }
    if dice.chance(chances.repeated) {
        let mut again = dice.pick(&hops);
        again.arrives += dice.millis(REPEATED_AFTER_MS);
        hops.push(again);
    }
    hops
}

/// The status of a reaction: it is sent and nothing more is heard (`cloud-api.md`, 6.2).
pub(crate) fn of_reaction(dice: &mut Dice, chances: &Chances) -> Vec<Hop> {
    vec![Hop::on_time(Report::Sent, sent(dice, chances))]
}

fn sent(dice: &mut Dice, chances: &Chances) -> Duration {
    let after = dice.millis(SENT_AFTER_MS);
    if dice.chance(chances.before_answer) { Duration::ZERO } else { after }
}

fn failing(dice: &mut Dice, sent: Duration) -> Vec<Hop> {
    let failed = Hop::on_time(Report::Failed(dice.pick(&FAILURES)), sent + dice.millis(FAILED_AFTER_MS));
    if dice.chance(0.5) { vec![Hop::on_time(Report::Sent, sent), failed] } else { vec![failed] }
}

fn arriving(dice: &mut Dice, chances: &Chances, sent: Duration) -> Vec<Hop> {
    let delivered = sent + dice.millis(DELIVERED_AFTER_MS);
    let late = if dice.chance(chances.late) { dice.millis(LATE_BY_MS) } else { Duration::ZERO };
    let read = delivered + dice.millis(READ_AFTER_MS) + late;
    let mut hops = vec![Hop::on_time(Report::Sent, sent)];
    if !dice.chance(chances.delivered_skipped) {
        hops.push(Hop::on_time(Report::Delivered, delivered));
    }
    hops.push(Hop::on_time(Report::Read, read));
    hops
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(chances: &Chances) -> Vec<Vec<Hop>> {
        (0..2_000).map(|send| of_message(&mut Dice::apart(1, send), chances)).collect()
    }

    fn arrivals(hops: &[Hop]) -> Vec<Report> {
        let mut hops = hops.to_vec();
        hops.sort_by_key(|hop| hop.arrives);
        hops.into_iter().map(|hop| hop.report).collect()
    }

    #[test]
    fn every_send_is_read_or_fails_in_the_end() {
        for hops in fates(&Chances::LIVELY) {
            let read = hops.iter().any(|hop| hop.report == Report::Read);
            let failed = hops.iter().any(|hop| matches!(hop.report, Report::Failed(_)));
            assert!(read != failed, "{hops:?}");
        }
    }

    #[test]
    fn nothing_arrives_before_it_happened() {
        for hop in fates(&Chances::LIVELY).into_iter().flatten() {
            assert!(hop.arrives >= hop.happened, "{hop:?}");
        }
    }

    #[test]
    fn the_plain_fate_is_sent_delivered_read() {
        for hops in fates(&Chances::PLAIN) {
            assert_eq!(arrivals(&hops), [Report::Sent, Report::Delivered, Report::Read]);
        }
    }

    #[test]
    fn some_are_late_some_repeated_some_out_of_order_some_skip_delivered_some_fail() {
        let fates = fates(&Chances::LIVELY);
        let some = |what: &str, of: &dyn Fn(&[Hop]) -> bool| {
            let share = fates.iter().filter(|hops| of(hops)).count() * 100 / fates.len();
            assert!((2..30).contains(&share), "{what}: {share} %");
        };
        let has = |hops: &[Hop], report| hops.iter().any(|hop| hop.report == report);
        some("late", &|hops| hops.iter().any(|hop| hop.happened > Duration::from_secs(30)));
        some("repeated", &|hops| hops.iter().enumerate().any(|(i, hop)| has(&hops[..i], hop.report)));
        some("out of order", &|hops| hops.windows(2).any(|two| two[0].arrives > two[1].arrives));
        some("skips delivered", &|hops| has(hops, Report::Read) && !has(hops, Report::Delivered));
        some("failed", &|hops| hops.iter().any(|hop| matches!(hop.report, Report::Failed(_))));
        some("before the answer", &|hops| hops[0].happened.is_zero());
    }
}
