//! A hub from outside: clients speak bytes over in-memory pipes and requests in process, on a paused clock.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its fixture too")]

mod addresses;
mod allocations;
mod catching_up;
mod cuts;
mod delivery;
#[path = "../../examples/conformance/echo.rs"]
mod echo;
mod engine;
mod fixture;
mod hostile;
mod limits;
mod properties;
mod published_engine;
mod published_socket;
mod sockets;
