//! How much memory decoding may take.

/// What may be allocated for an input of N bytes: `per_byte · N + fixed_bytes`, all allocations summed up.
///
/// The sum, not the peak: it bounds the peak as well, and it also finds memory that is taken and given back over and
/// over. A vector that grows counts each of its sizes; since they double, they come to less than four times its
/// content.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// For each byte of the input.
    pub per_byte: u64,
    /// For any input, however short. What an input announces and does not contain has to fit in here.
    pub fixed_bytes: u64,
}

impl Budget {
    /// Does `work`, which may allocate what the budget has for `input_bytes`.
    ///
    /// # Panics
    /// When it allocates more.
    pub fn spend<T>(self, input_bytes: usize, work: impl FnOnce() -> T) -> T {
        let mut result = None;
        let spent = allocation_counter::measure(|| result = Some(work())).bytes_total;
        let allowed = self.per_byte * input_bytes as u64 + self.fixed_bytes;
        assert!(spent <= allowed, "{spent} bytes were allocated for an input of {input_bytes}: {self:?}");
        result.expect("the work was done")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { per_byte: 2, fixed_bytes: 10 };

    #[test]
    fn what_is_within_the_budget_is_given_back() {
        assert_eq!(BUDGET.spend(20, || vec![7_u8; 50]).len(), 50);
    }

    #[test]
    #[should_panic(expected = "51 bytes were allocated for an input of 20")]
    fn memory_that_is_only_reserved_counts() {
        BUDGET.spend(20, || Vec::<u8>::with_capacity(51));
    }

    #[test]
    #[should_panic(expected = "60 bytes were allocated for an input of 20")]
    fn memory_that_was_given_back_counts() {
        BUDGET.spend(20, || (0..2).for_each(|_| drop(Vec::<u8>::with_capacity(30))));
    }
}
