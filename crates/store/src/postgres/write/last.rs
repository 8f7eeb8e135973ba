//! Of what is written more than once within a plan, the last counts.

use std::collections::HashMap;
use std::hash::Hash;

/// Rows by their key, in the order in which they were first written.
pub(super) struct Last<K, V> {
    places: HashMap<K, usize>,
    pub(super) rows: Vec<(K, V)>,
}

impl<K, V> Default for Last<K, V> {
    fn default() -> Self {
        Self { places: HashMap::new(), rows: Vec::new() }
    }
}

impl<K: Clone + Eq + Hash, V> Last<K, V> {
    pub(super) fn put(&mut self, key: K, value: V) {
        let mut value = Some(value);
        let known = self.of(key, || value.take().expect("it is taken once"));
        if let Some(value) = value {
            *known = value;
        }
    }

    /// The row with the key, where there is one.
    pub(super) fn find(&mut self, key: &K) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        Some(&mut self.rows[place].1)
    }

    /// The row with the key; `fresh`, where there is none yet.
    pub(super) fn of(&mut self, key: K, fresh: impl FnOnce() -> V) -> &mut V {
        let place = *self.places.entry(key.clone()).or_insert(self.rows.len());
        if place == self.rows.len() {
            self.rows.push((key, fresh()));
        }
        &mut self.rows[place].1
    }
}
