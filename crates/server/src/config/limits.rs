//! `[limits]`: how much of what comes in is held at once, and how often who may come.

use super::key::{Section, section};
use super::{Bytes, Count, OrOff, Seconds};

section! {
    Section::Limits;
    /// How much of what comes in is held at once, how long is waited for it, and how often who may come.
    pub(crate) struct LimitsConfig {
        /// The largest webhook; a larger one is answered 413. Meta sends up to 3 MiB.
        webhook_body_bytes_max: Bytes<1_024, 67_108_864> = "3145728";
        /// How many of the largest webhooks fit into memory at the same time. What has not come yet takes no room; what no
        /// longer fits waits.
        webhook_bodies_in_memory_max: Count<1, 4_096> = "64";
        /// How long sending a webhook may take.
        webhook_body_timeout_seconds: Seconds<1, 300> = "10";
        /// How long a webhook waits to be committed before it is answered 503, so that Meta sends it again.
        webhook_answer_timeout_seconds: Seconds<1, 60> = "10";
        /// Items that wait for the writer; when it is full, webhooks wait.
        ingest_queue_max: Count<1, 1_000_000> = "4096";
        /// The largest body of a REST request; a larger one is answered 413.
        rest_body_bytes_max: Bytes<1_024, 16_777_216> = "65536";
        /// Socket.IO connections of one client address that have not connected a namespace yet; one more is answered 503
        /// with `Retry-After`. An IPv6 client is its /64. Behind a proxy that is not among the trusted ones, all clients
        /// are one address.
        unconnected_per_address_max: OrOff<Count<1, 1_000_000>> = "1000";
        /// New Socket.IO connections of one client address in a second; ten times as many at once. One more is answered 503 with
        /// `Retry-After`. An IPv6 client is its /64.
        handshakes_per_address_per_second: OrOff<Count<1, 1_000_000>> = "200";
        /// Events that one connection may send in a second; ten times as many at once. One more is refused (`rate_limited`).
        events_per_connection_per_second: OrOff<Count<1, 1_000_000>> = "200";
        /// Of these, joins of rooms.
        joins_per_connection_per_second: OrOff<Count<1, 1_000_000>> = "100";
        /// REST requests of one API key, account or holder of tokens in a second; ten times as many at once. One more is answered
        /// 429 with `Retry-After`. Whoever has no credential, or a wrong one, is its address.
        requests_per_principal_per_second: OrOff<Count<1, 1_000_000>> = "200";
        /// Rooms that one connection may be in.
        rooms_per_connection_max: Count<1, 100_000> = "1000";
        /// Of these, rooms of customers that are not known yet.
        unbound_rooms_per_connection_max: OrOff<Count<1, 100_000>> = "100";
        /// While fewer clients than this are connected, everybody who may monitor is told without
        /// asking who comes and goes.
        monitors_below_clients: Count<0, 100_000> = "100";
        /// Sign-ins to one account that may fail. Whoever tries then is answered 429 with `Retry-After`: 30 s, doubled by each
        /// further failure, 15 minutes at most. One fades in 15 minutes, and all are forgotten after 15 minutes without one.
        login_failures_per_account_max: OrOff<Count<1, 1_000>> = "5";
        /// The same of one client address over all accounts; as many fade in 15 minutes. An IPv6 client is its /64.
        login_failures_per_address_max: OrOff<Count<1, 100_000>> = "20";
    }
}
