//! Who says the next line.

use std::collections::VecDeque;

use crate::cast::{self, Line};
use crate::dice::Dice;

/// How many customers are in the middle of a talk at once: few enough to follow, enough to be busy.
const TALKING_MAX: usize = 4;
/// How often somebody new begins, while there is room.
const BEGIN_CHANCE: f64 = 0.3;

/// The talks of the whole cast. Everyone's lines come in order; everyone has had a talk before anyone has a second.
#[derive(Debug)]
pub(super) struct Talks {
    talking: Vec<Talking>,
    /// Who begins next is at the front. With the number of talks they have had.
    silent: VecDeque<(usize, usize)>,
}

#[derive(Debug)]
struct Talking {
    position: usize,
    had: usize,
    next_line: usize,
}

impl Talks {
    /// Everybody is silent, in an order of chance.
    pub(super) fn begin(dice: &mut Dice) -> Self {
        let mut order: Vec<usize> = (0..cast::customers().len()).collect();
        for end in (1..order.len()).rev() {
            order.swap(end, dice.below(end + 1));
        }
        Self { talking: Vec::new(), silent: order.into_iter().map(|position| (position, 0)).collect() }
    }

    /// Whose turn it is, by position in the cast, and what they say.
    pub(super) fn next_line(&mut self, dice: &mut Dice) -> (usize, Line) {
        let begins =
            self.talking.is_empty() || (self.talking.len() < TALKING_MAX && dice.chance(BEGIN_CHANCE));
        if begins && let Some((position, had)) = self.silent.pop_front() {
            self.talking.push(Talking { position, had, next_line: 0 });
        }
        let turn = if begins { self.talking.len() - 1 } else { dice.below(self.talking.len()) };
        let talking = &mut self.talking[turn];
        let talks = cast::customer(talking.position).talks;
        let talk = talks[talking.had % talks.len()];
        let said = (talking.position, talk[talking.next_line]);
        talking.next_line += 1;
        if talking.next_line == talk.len() {
            let Talking { position, had, .. } = self.talking.swap_remove(turn);
            self.silent.push_back((position, had + 1));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn everyone_says_all_lines_in_order() {
        let mut dice = Dice::seeded(3);
        let mut talks = Talks::begin(&mut dice);
        let mut said: HashMap<usize, Vec<Line>> = HashMap::new();
        for _ in 0..600 {
            let (position, line) = talks.next_line(&mut dice);
            said.entry(position).or_default().push(line);
        }
        for (position, customer) in cast::customers().enumerate() {
            let script = customer.talks.iter().copied().flatten().cycle();
            let lines = &said[&position];
            assert!(lines.len() > 10, "{} says {} lines", customer.name, lines.len());
            assert!(lines.iter().zip(script).all(|(said, line)| said == line), "{}", customer.name);
        }
    }

    #[test]
    fn no_talk_begins_with_a_reaction() {
        for talk in cast::customers().flat_map(|customer| customer.talks) {
            assert!(!matches!(talk[0], Line::Reaction(_)));
        }
    }
}
