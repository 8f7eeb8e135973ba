//! A crash leaves SQLite's write-ahead log.

use crate::caller::at_once;
use crate::fixture::{Fixture, message};

#[test]
fn a_store_that_is_dropped_leaves_its_log_and_opens_again() {
    let fixture = Fixture::new();
    at_once(fixture.receive(vec![message("wamid.1", "one")]));
    let fixture = at_once(fixture.closed_and_opened(&mut Vec::new(), |ground| {
        assert!(ground.data_dir().join("waypost.db-wal").metadata().unwrap().len() > 0);
    }))
    .unwrap();
    assert_eq!(at_once(fixture.store.head()).unwrap().number, 1);
    assert_eq!(at_once(fixture.receive(vec![message("wamid.1", "one")])).repeated, 1);
}
