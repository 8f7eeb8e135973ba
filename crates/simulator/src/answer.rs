//! What a customer says to what an agent wrote.

use crate::cast::Tongue;
use crate::dice::Dice;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Text(&'static str),
    /// A text that quotes what it answers.
    Quoting(&'static str),
    Reaction(&'static str),
}

/// How often an emoji is all the answer.
const REACTION_CHANCE: f64 = 0.15;
/// How often a text quotes what it answers.
const QUOTING_CHANCE: f64 = 0.3;

const EMOJIS: [&str; 5] = ["👍", "❤️", "🙏", "👍🏽", "😊"];

/// An answer that fits `text`, as far as one who reads only its punctuation can tell.
pub(crate) fn answer_to(text: &str, tongue: Tongue, dice: &mut Dice) -> Answer {
    let asked = text.contains(['?', '؟', '？']);
    if !asked && dice.chance(REACTION_CHANCE) {
        return Answer::Reaction(dice.pick(&EMOJIS));
    }
    let (to_question, to_statement) = phrases(tongue);
    let words = dice.pick(if asked { to_question } else { to_statement });
    if dice.chance(QUOTING_CHANCE) { Answer::Quoting(words) } else { Answer::Text(words) }
}

/// What is said to a question, and to anything else.
const fn phrases(tongue: Tongue) -> (&'static [&'static str], &'static [&'static str]) {
    match tongue {
        Tongue::English => (
            &[
                "Yes, please.",
                "Yes, that works for me 🙂",
                "Hm, let me check and come back to you.",
                "No, I don't think so.",
                "The order number is in the first message.",
                "Either is fine, whatever is easier for you.",
            ],
            &[
                "Great, thank you!",
                "Perfect 🙏",
                "Thanks for the quick answer.",
                "OK, I'll wait to hear from you.",
                "That's very kind, thank you.",
                "Good to know, thanks!",
            ],
        ),
        Tongue::Spanish => (
            &["Sí, por favor.", "Sí, me viene bien 🙂", "Déjeme mirarlo y le digo.", "Creo que no."],
            &[
                "¡Muchas gracias!",
                "Perfecto 🙏",
                "Vale, quedo a la espera.",
                "Gracias por responder tan rápido.",
            ],
        ),
        Tongue::Portuguese => (
            &["Sim, por favor.", "Pode ser 🙂", "Vou ver e já respondo.", "Acho que não."],
            &["Muito obrigado!", "Perfeito 🙏", "Tá bom, fico no aguardo.", "Valeu pela resposta rápida."],
        ),
        Tongue::Arabic => (
            &["نعم، من فضلكم.", "نعم، هذا مناسب 🙂", "لحظة، سأتأكد وأعود إليكم.", "لا أظن ذلك."],
            &["شكرا جزيلا!", "ممتاز 🙏", "حسنا، سأنتظر.", "شكرا على الرد السريع."],
        ),
        Tongue::Hebrew => (
            &["כן, בבקשה.", "כן, מתאים לי 🙂", "רגע, אבדוק ואחזור אליכם.", "לא נראה לי."],
            &["תודה רבה!", "מעולה 🙏", "בסדר, מחכה לכם.", "תודה על התשובה המהירה."],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_in_words() {
        let mut dice = Dice::seeded(1);
        for _ in 0..500 {
            let answer = answer_to("Is Thursday all right?", Tongue::English, &mut dice);
            assert!(!matches!(answer, Answer::Reaction(_)), "{answer:?}");
        }
    }

    #[test]
    fn a_statement_is_answered_in_every_way() {
        let mut dice = Dice::seeded(1);
        let answers: Vec<_> =
            (0..200).map(|_| answer_to("It is on its way.", Tongue::Arabic, &mut dice)).collect();
        assert!(answers.iter().any(|answer| matches!(answer, Answer::Text(_))));
        assert!(answers.iter().any(|answer| matches!(answer, Answer::Quoting(_))));
        assert!(answers.iter().any(|answer| matches!(answer, Answer::Reaction(_))));
    }
}
