//! The language of the scripts.

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// In the first line: the handshake came by WebSocket, not by polling.
    StartWithWebSocket,
    /// So many milliseconds pass.
    Wait(u32),
    /// Time passes up to the next deadline.
    WaitForDeadline,
    /// An Engine.IO packet by the transport of the session.
    Packet(&'a str),
    /// An Engine.IO packet by the transport that is not the session's.
    ByOtherTransport(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    OpenPoll,
    EndPoll,
    OpenCandidate,
    LoseCandidate,
    /// The owner accepts the CONNECT of the namespace at this place, if it is to decide on one.
    Accept(usize),
    /// The owner refuses that CONNECT, or disconnects the namespace.
    Leave(usize),
}

impl<'a> Step<'a> {
    /// Reads a line; `None` where it is no step.
    ///
    /// | line | step |
    /// |---|---|
    /// | `websocket` | start with a WebSocket |
    /// | `wait 250`, `wait` | 250 ms pass; time passes up to the next deadline |
    /// | `<42["a"]` | a packet by the session's transport |
    /// | `?2probe` | a packet by the other one |
    /// | `#bytes` | a binary message |
    /// | `poll`, `/poll` | a poll comes; it is answered |
    /// | `candidate`, `/candidate` | a second WebSocket comes; it is lost |
    /// | `+0`, `-0` | the owner accepts namespace 0; refuses or leaves it |
    pub(super) fn read(line: &'a [u8]) -> Option<Step<'a>> {
        if let Some(bytes) = line.strip_prefix(b"#") {
            return Some(Step::Binary(bytes));
        }
        let line = std::str::from_utf8(line).ok()?;
        Some(match line {
            "websocket" => Step::StartWithWebSocket,
            "wait" => Step::WaitForDeadline,
            "poll" => Step::OpenPoll,
            "/poll" => Step::EndPoll,
            "candidate" => Step::OpenCandidate,
            "/candidate" => Step::LoseCandidate,
            _ => match line.split_at_checked(1)? {
                ("<", text) => Step::Packet(text),
                ("?", text) => Step::ByOtherTransport(text),
                ("+", place) => Step::Accept(place.parse().ok()?),
                ("-", place) => Step::Leave(place.parse().ok()?),
                _ => Step::Wait(line.strip_prefix("wait ")?.parse().ok()?),
            },
        })
    }
}
