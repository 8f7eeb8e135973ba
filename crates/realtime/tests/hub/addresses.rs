//! Clients told apart by their address: what is believed of it, and how many each may keep waiting.

use crate::fixture::{World, config};
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use std::net::SocketAddr;
use tower::ServiceExt;
use waypost_realtime::{HubConfig, Protocol, TrustedProxies};
use waypost_testkit::hub_client::PollingClient;

const FLOODER: &str = "192.0.2.1";
const NEIGHBOUR: &str = "192.0.2.2";

/// A hub behind a proxy in 10.0.0.0/8 that lets each client have two unconnected connections.
fn world() -> World {
    let trusted_proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    World::with(HubConfig { unconnected_per_address_max: 2, trusted_proxies, ..config() })
}

/// A handshake from this peer, with this `X-Forwarded-For`.
async fn handshake(world: &World, peer: &str, forwarded_for: &str) -> Response<Body> {
    let mut request =
        Request::builder().uri("/socket.io/?EIO=4&transport=polling").body(Body::empty()).unwrap();
    let peer = SocketAddr::new(peer.parse().unwrap(), 5000);
    request.extensions_mut().insert(ConnectInfo(peer));
    if !forwarded_for.is_empty() {
        request.headers_mut().insert("x-forwarded-for", forwarded_for.parse().unwrap());
    }
    world.hub.router::<()>().oneshot(request).await.unwrap()
}

/// A session of a client that the proxy speaks for.
async fn polling(world: &World, client: &str) -> PollingClient {
    let response = handshake(world, "10.0.0.1", client).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    world.session(std::str::from_utf8(&body).unwrap())
}

async fn status(world: &World, client: &str) -> u16 {
    handshake(world, "10.0.0.1", client).await.status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn the_application_is_told_whose_a_handshake_is() {
    let world = world();
    for (peer, forwarded_for) in [
        ("198.51.100.1", ""),
        ("198.51.100.1", FLOODER),
        ("10.0.0.1", FLOODER),
        ("10.0.0.1", "192.0.2.9, 10.9.9.9"),
    ] {
        handshake(&world, peer, forwarded_for).await;
    }
    let seen = world.desk.seen.lock().unwrap();
    assert_eq!(*seen, ["from 198.51.100.1", "from 198.51.100.1", "from 192.0.2.1", "from 192.0.2.9"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_from_one_address_is_refused_and_another_connects_and_works() {
    let world = world();
    let _held = [polling(&world, FLOODER).await, polling(&world, FLOODER).await];
    for n in 1..=50 {
        let refusal = handshake(&world, "10.0.0.1", FLOODER).await;
        assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refusal.headers()["retry-after"], "5");
        assert_eq!(world.counts().handshakes_refused, n);
    }
    assert_eq!(world.hub.connections(), 2);
    let neighbour = polling(&world, NEIGHBOUR).await;
    assert_eq!(neighbour.push("40").await.1, "ok");
    assert!(neighbour.poll().await.1.starts_with("40{\"sid\":"));
    assert_eq!(neighbour.push("420[\"note\"]").await.1, "ok");
    assert_eq!(neighbour.poll().await.1, "430[{\"ok\":true}]");
}

#[tokio::test(start_paused = true)]
async fn only_a_connected_namespace_or_the_end_makes_room_for_one_more() {
    let world = world();
    let (first, second) = (polling(&world, FLOODER).await, polling(&world, FLOODER).await);
    let auth = r#"40{"as":"nobody"}"#;
    assert_eq!(first.push(auth).await.1, "ok");
    assert!(first.poll().await.1.starts_with("44{\"message\":"));
    assert_eq!(status(&world, FLOODER).await, 503, "a CONNECT that was refused");

    assert_eq!(first.push("40").await.1, "ok");
    assert!(first.poll().await.1.starts_with("40{\"sid\":"));
    let third = polling(&world, FLOODER).await;
    assert_eq!(status(&world, FLOODER).await, 503);
    assert_eq!(first.push("40/websocket,").await.1, "ok");
    assert!(first.poll().await.1.starts_with("40/websocket,{\"sid\":"));
    assert_eq!(status(&world, FLOODER).await, 503, "a second namespace");
    assert_eq!(first.push("41/websocket,").await.1, "ok");

    assert_eq!(second.push("1").await.1, "ok");
    polling(&world, FLOODER).await;
    assert_eq!(status(&world, FLOODER).await, 503);
    assert_eq!(first.push("1").await.1, "ok");
    assert_eq!(status(&world, FLOODER).await, 503, "the end of one that counted no more");
    assert_eq!(third.push("1").await.1, "ok");
    assert_eq!(status(&world, FLOODER).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_the_application_refuses_keeps_no_place() {
    let world = world();
    for _ in 0..5 {
        let mut request = Request::builder()
            .uri("/socket.io/?EIO=4&transport=polling")
            .header("x-refuse", "1")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 5000))));
        let refusal = world.hub.router::<()>().oneshot(request).await.unwrap();
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(start_paused = true)]
async fn connections_that_never_connect_free_their_places_by_the_timeout() {
    let world = world();
    let held = [polling(&world, FLOODER).await, polling(&world, FLOODER).await];
    assert_eq!(status(&world, FLOODER).await, 503);
    for client in &held {
        while client.poll().await.0 == StatusCode::OK {
            client.push("3").await;
        }
    }
    assert_eq!(status(&world, FLOODER).await, 200);
}

#[tokio::test(start_paused = true)]
async fn where_no_address_is_known_only_the_table_bounds() {
    let world = World::with(HubConfig { unconnected_per_address_max: 1, connections_max: 4, ..config() });
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(world.polling().await);
    }
    assert_eq!(world.request("GET", "EIO=4&transport=polling", "").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn in_bare_engine_io_only_the_table_bounds() {
    let protocol = Protocol::EngineIo;
    let limits = HubConfig { protocol, unconnected_per_address_max: 1, connections_max: 4, ..config() };
    let world = World::with(limits);
    for expected in [200, 200, 200, 200, 503] {
        let mut request =
            Request::builder().uri("/engine.io/?EIO=4&transport=polling").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 5000))));
        let answer = world.hub.router::<()>().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), expected);
    }
}
