//! The end of a run: everybody is connected, reads, and waits. Then what each was shown is checked.

use std::time::Duration;

use waypost_testkit::hub_client::pass;

use crate::chain::Chain;
use crate::client::{Kind, State};
use crate::connection::Plan;
use crate::script::Script;
use crate::world::Server;

/// Most times that somebody has to be connected again: each of two that share a session sends the other away.
const ROUNDS_MAX: usize = 30;
const SANE: Plan = Plan { is_polling: false, pipe_bytes: 64 * 1024, read_bytes: 4_096, breaks_after: None };

pub(crate) async fn finish(script: &mut Script, server: &Server) {
    for player in &script.clients {
        if let Some(connection) = &player.connection {
            connection.reads.send_replace(true);
        }
    }
    // Room for more commits; then an append, which finds what another node has appended last.
    pass(Duration::from_secs(1)).await;
    if !script.publish_by(&server.store, 1).await {
        script.world.ledger.wrong("a webhook is refused though nothing is wrong".into());
    }
    server.look(&crate::facts::names()).await;
    let mut rounds = 0;
    while rounds < ROUNDS_MAX {
        rounds += 1;
        let mut all_are_there = true;
        for at in 0..script.clients.len() {
            let breaks = script.clients[at].connection.as_ref().is_none_or(|connection| connection.breaks);
            if breaks || script.is_offline(at) {
                // Who shares a session is there once and may then be sent away.
                if script.clients[at].client.lock().unwrap().is_shared && rounds > 3 {
                    continue;
                }
                script.connect_as(at, server, Plan { is_polling: at % 2 == 1, ..SANE });
                all_are_there = false;
            }
        }
        pass(Duration::from_secs(5)).await;
        let is_away = |at| script.is_offline(at) && !script.clients[at].client.lock().unwrap().is_shared;
        if all_are_there && !(0..script.clients.len()).any(is_away) {
            break;
        }
    }
    // Long enough for everybody to be told how far it is complete.
    let hub = &script.world.setting.hub;
    pass(hub.position_age + hub.ping_interval * 4).await;
    server.look(&crate::facts::names()).await;
    check(script);
}

fn check(script: &Script) {
    let journals = script.world.journals.lock().unwrap();
    let here = journals.last().unwrap();
    for player in &script.clients {
        let client = player.client.lock().unwrap();
        let blame = |chain: &Chain, what: &str| client.wrong(&format!("{what}\n{chain:?}"));
        for chain in &client.ended {
            let journal = &journals[chain.lineage];
            if let Err(what) = chain.check(journal, chain.place().unwrap_or(0)) {
                blame(chain, &what);
            }
        }
        let chain = &client.chain;
        let is_whole = client.state == State::Connected;
        if !is_whole && !client.is_shared {
            blame(chain, "it is not connected in the end");
        }
        if is_whole && chain.place() != Some(here.head()) {
            blame(chain, &format!("it knows {:?} in the end, not {}", chain.place(), here.head()));
        }
        let complete_to = if is_whole { here.head() } else { chain.place().unwrap_or(0) };
        let journal = &journals[chain.lineage];
        if let Err(what) = chain.check(journal, complete_to) {
            blame(chain, &what);
        }
        let wanted: Vec<String> = client.wanted.iter().cloned().collect();
        if is_whole && client.kind != Kind::Rejoining && wanted != chain.rooms() {
            blame(chain, &format!("it wants {wanted:?} and holds {:?}", chain.rooms()));
        }
    }
}
