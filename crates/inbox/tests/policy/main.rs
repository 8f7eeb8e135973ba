//! The policy, generated: people and programs of all kinds come, join, leave, lose and gain rights and come back, while messages
//! come, conversations are assigned and customers are merged and parted; and what each was shown is what `may` says of that
//! moment. The store, the hub and the recovery are the product's; what is expected is told from the events alone, with a model of its
//! own of who answers what and who is one with whom (`town.rs`), and never from the filters under test.
//!
//! `POLICY_SEED=7 cargo nextest run -p waypost-inbox --test policy the_seed_that_is_named` repeats one seed with its log;
//! `POLICY_STEPS=20000` beside it lets it run further.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod dice;
mod guest;
mod oracle;
mod script;
mod town;

use script::Script;

/// 10,000 steps in all.
const STEPS: usize = 1_250;

fn run(seed: u64, steps: usize) -> Vec<String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut script = Script::new(seed).await;
        for _ in 0..steps {
            script.step().await;
        }
        script.finish().await
    })
}

#[track_caller]
fn check(seed: u64) {
    let outcome = std::panic::catch_unwind(|| run(seed, STEPS));
    let repeat = format!(
        "POLICY_SEED={seed} cargo nextest run -p waypost-inbox --test policy the_seed_that_is_named --no-capture"
    );
    assert!(outcome.is_ok(), "seed {seed} fails; to repeat it: {repeat}");
}

macro_rules! seeds {
    ($($name:ident: $seed:literal,)*) => {
        $(#[test]
        fn $name() {
            check($seed);
        })*
    };
}

seeds! {
    each_is_shown_what_the_policy_says_in_seed_1: 1,
    each_is_shown_what_the_policy_says_in_seed_2: 2,
    each_is_shown_what_the_policy_says_in_seed_3: 3,
    each_is_shown_what_the_policy_says_in_seed_4: 4,
    each_is_shown_what_the_policy_says_in_seed_5: 5,
    each_is_shown_what_the_policy_says_in_seed_6: 6,
    each_is_shown_what_the_policy_says_in_seed_7: 7,
    each_is_shown_what_the_policy_says_in_seed_8: 8,
}

#[test]
fn the_same_seed_does_the_same() {
    assert_eq!(run(40, 200), run(40, 200));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever repeats a seed names it")]
fn the_seed_that_is_named() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("POLICY_SEED") {
        let steps = number("POLICY_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
        println!("{}", run(seed, steps).join("\n"));
    }
}
