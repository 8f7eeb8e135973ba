//! What the server has asked one client, and who waits for the answers.

use super::command::Answer;

/// The events of one socket that ask for an ack. Most sockets never have one, so this is small while it is empty.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Numbers are used once: an answer that comes after its waiting ended is nobody's.
    next: u64,
    waiting: Vec<(u64, Answer)>,
}

impl Asked {
    /// The number to ask with; gives `answer` back when `awaited_max` are waited for already. What nobody waits for any
    /// more does not count.
    pub(crate) fn ask(&mut self, answer: Answer, awaited_max: usize) -> Result<u64, Answer> {
        if self.waiting.len() >= awaited_max {
            self.waiting.retain(|(_, answer)| !answer.is_closed());
        }
        if self.waiting.len() >= awaited_max {
            return Err(answer);
        }
        let number = self.next;
        self.next += 1;
        self.waiting.push((number, answer));
        Ok(number)
    }

    /// Who waits for the answer to `number`.
    pub(crate) fn answered(&mut self, number: u64) -> Option<Answer> {
        let at = self.waiting.iter().position(|(asked, _)| *asked == number)?;
        Some(self.waiting.swap_remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn what_nobody_waits_for_makes_room() {
        let mut asked = Asked::default();
        let (first, first_waits) = oneshot::channel();
        let (second, _second_waits) = oneshot::channel();
        assert_eq!((asked.ask(first, 2).ok(), asked.ask(second, 2).ok()), (Some(0), Some(1)));
        let (third, _third_waits) = oneshot::channel();
        let Err(third) = asked.ask(third, 2) else { panic!("there was no room") };
        drop(first_waits);
        assert_eq!(asked.ask(third, 2).ok(), Some(2));
        assert!(asked.answered(0).is_none() && asked.answered(1).is_some() && asked.answered(1).is_none());
    }
}
