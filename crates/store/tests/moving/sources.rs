//! Data directories as crashes and older versions leave them.

use std::fs;
use std::ops::ControlFlow;

use rusqlite::Connection;

use crate::content::of_each;
use crate::ground::Ground;
use crate::rows;
use crate::same::with;

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

#[tokio::test]
async fn what_a_killed_server_left_in_its_logs_is_moved() {
    let fixture = with(&of_each()).await;
    let (running, ground) = (fixture.ground(), Ground::new());
    fs::create_dir(ground.files.data_dir()).unwrap();
    // What a power cut leaves: the files as they are while the server runs, without the memory that it shares.
    let databases = ["waypost.db", "sessions.db", "audit.db"];
    let logs = ["waypost.db-wal", "sessions.db-wal", "audit.db-wal"];
    for name in databases.iter().chain(&logs).chain(&["dedup.key"]) {
        fs::copy(running.files.data_dir().join(name), ground.files.data_dir().join(name)).unwrap();
    }
    assert!(fs::metadata(ground.files.data_dir().join("waypost.db-wal")).unwrap().len() > 0);
    ground.try_move(|_| GO_ON).unwrap();
    assert_eq!(rows::of_database(&ground.database), rows::of_files(running));
}

#[tokio::test]
async fn a_directory_of_an_older_version_is_brought_up_to_date_first() {
    let ground = Ground::new();
    fs::create_dir(ground.files.data_dir()).unwrap();
    let file = Connection::open(ground.files.data_dir().join("waypost.db")).unwrap();
    file.execute_batch(include_str!("../../src/sqlite/schema.sql")).unwrap();
    file.execute_batch(
        "PRAGMA user_version = 1; PRAGMA foreign_keys = OFF;
         INSERT INTO aliases (kind, value, customer) VALUES ('phone', '15550002001', x'01');",
    )
    .unwrap();
    drop(file);
    ground.try_move(|_| GO_ON).unwrap();
    assert_eq!(rows::of_database(&ground.database), rows::of_files(&ground));
    assert_eq!(ground.database.text("SELECT since FROM aliases"), "0");
}

/// More than one step holds, in rows whose order is not the one in which the databases sort texts.
#[tokio::test]
async fn every_row_of_a_table_of_many_steps_goes_over() {
    let ground = Ground::new();
    drop(waypost_store::Keys::open(&ground.files.place()).unwrap());
    ground.files.execute(
        "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 999)
         INSERT INTO seen (number, wamid, what, day, message)
         SELECT n % 3, CAST(char(n / 200) AS BLOB), substr('aBéÄzZ-_/9', n % 10 + 1, 1) || n, 1, NULL FROM n;
         INSERT INTO journal (number, \"check\", name, audience, body, received_at)
         SELECT 1, 0, '', '', zeroblob(9 * 1024 * 1024), 0",
    );
    // A row that is larger than a step goes alone; its check is made up.
    let refused = ground.try_move(|_| GO_ON);
    assert!(matches!(refused, Err(waypost_store::MoveError::BrokenJournal { number: 1 })), "{refused:?}");
    assert_eq!(rows::of_database(&ground.database)["seen"], rows::of_files(&ground)["seen"]);
    assert_eq!(ground.database.text("SELECT length(body) FROM journal"), (9 * 1024 * 1024).to_string());
}
