//! The part of the owner that deals with namespaces.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use waypost_wire::CloseReason;
use waypost_wire::namespaces::{Namespace, Namespaces, Request, Rules};
use waypost_wire::session::Millis;
use waypost_wire::socket::{ARGUMENTS_MAX, Args, Body, DecodeError, NAMESPACE_BYTES_MAX, Packet};

use super::Flow;

const NAMES: [&str; 2] = ["/", "/custom"];
const CONNECT_TIMEOUT_MS: Millis = 45_000;
const ATTACHMENTS_BYTES_MAX: usize = 40;

/// What the owner knows about a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not connected, or not any more.
    Out,
    /// The owner has to decide.
    Deciding(Namespace),
    In(Namespace),
}

/// A packet whose attachments are on their way.
#[derive(Debug, Clone, Copy)]
struct Announced {
    attachments: usize,
    come: usize,
    come_bytes: usize,
}

pub(super) struct Socket {
    namespaces: Namespaces,
    phases: [Phase; NAMES.len()],
    announced: Option<Announced>,
}

impl Socket {
    pub(super) fn new(now: Millis) -> Socket {
        let rules = Rules {
            names: NAMES.map(Arc::from).to_vec(),
            connect_timeout_ms: CONNECT_TIMEOUT_MS,
            attachments_bytes_max: ATTACHMENTS_BYTES_MAX,
        };
        Socket {
            namespaces: Namespaces::new(Arc::new(rules), now),
            phases: [Phase::Out; NAMES.len()],
            announced: None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        self.namespaces.deadline()
    }

    /// Closes a connection that has had no namespace for too long.
    pub(super) fn settle(&self, now: Millis) -> Flow {
        let is_connected = self.phases.iter().any(|phase| matches!(phase, Phase::In(_)));
        match self.namespaces.deadline() {
            None => assert!(is_connected, "nothing is connected and nobody minds"),
            Some(by) => {
                assert!(!is_connected && by <= now + CONNECT_TIMEOUT_MS);
                if by <= now {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    pub(super) fn accept(&mut self, place: usize) {
        if let Some(phase) = self.phases.get_mut(place)
            && let Phase::Deciding(namespace) = *phase
        {
            self.namespaces.connected(namespace);
            *phase = Phase::In(namespace);
        }
    }

    pub(super) fn leave(&mut self, place: usize, now: Millis) {
        if let Some(phase) = self.phases.get_mut(place)
            && let Phase::Deciding(namespace) | Phase::In(namespace) = *phase
        {
            self.namespaces.left(namespace, now);
            *phase = Phase::Out;
        }
    }

    pub(super) fn receive_text(&mut self, text: &str, now: Millis) -> Flow {
        let request = match self.namespaces.receive_text(text, now) {
            Ok(request) => request,
            Err(CloseReason::Socket(DecodeError::Attachment)) => return ControlFlow::Break(()),
            Err(reason) => {
                assert!(self.announced.is_none(), "{reason:?} in place of an attachment");
                return ControlFlow::Break(());
            }
        };
        assert!(self.announced.is_none(), "a packet in place of an attachment");
        let packet = Packet::decode(text).expect("what was taken is a packet");
        if let Body::Event { attachments: attachments @ 1.., .. }
        | Body::Ack { attachments: attachments @ 1.., .. } = packet.body
        {
            assert!(matches!(request, Request::None), "{request:?} before its attachments");
            self.announced = Some(Announced { attachments, come: 0, come_bytes: 0 });
            return ControlFlow::Continue(());
        }
        self.take(request);
        ControlFlow::Continue(())
    }

    pub(super) fn receive_binary(&mut self, bytes: &[u8]) -> Flow {
        let request = match self.namespaces.receive_binary(Bytes::copy_from_slice(bytes)) {
            Ok(request) => request,
            Err(reason) => {
                let expected = match self.announced {
                    None => DecodeError::Attachment,
                    Some(announced) => {
                        assert!(announced.come_bytes + bytes.len() > ATTACHMENTS_BYTES_MAX);
                        DecodeError::AttachmentsTooLong
                    }
                };
                assert_eq!(reason, CloseReason::Socket(expected));
                return ControlFlow::Break(());
            }
        };
        let mut announced = self.announced.take().expect("an attachment that nothing announced is refused");
        announced.come += 1;
        announced.come_bytes += bytes.len();
        assert!(announced.come_bytes <= ATTACHMENTS_BYTES_MAX, "attachments beyond their limit");
        if announced.come < announced.attachments {
            assert!(matches!(request, Request::None), "{request:?} before its last attachment");
            self.announced = Some(announced);
            return ControlFlow::Continue(());
        }
        if let Request::Event { args, .. } | Request::Ack { args, .. } = &request {
            assert_eq!(args.attachments().len(), announced.attachments);
            assert_eq!(args.attachments().iter().map(Bytes::len).sum::<usize>(), announced.come_bytes);
        }
        self.take(request);
        ControlFlow::Continue(())
    }

    /// Does what is asked, and checks that it may be.
    fn take(&mut self, request: Request) {
        match request {
            Request::None => {}
            Request::Connect { namespace, auth } => {
                assert_eq!(self.phases[namespace.index()], Phase::Out, "a second CONNECT");
                assert!(auth.is_none_or(|auth| auth.get().starts_with('{')));
                self.phases[namespace.index()] = Phase::Deciding(namespace);
            }
            Request::NoSuchNamespace(name) => {
                assert!(!NAMES.contains(&&*name) && name.len() <= NAMESPACE_BYTES_MAX);
            }
            Request::Event { namespace, args, .. } | Request::Ack { namespace, args, .. } => {
                assert_eq!(self.phases[namespace.index()], Phase::In(namespace));
                assert_good(&args);
            }
            Request::Left(namespace) => {
                assert_ne!(self.phases[namespace.index()], Phase::Out);
                self.phases[namespace.index()] = Phase::Out;
            }
        }
    }
}

/// What the owner hands on could be sent on as it is.
fn assert_good(args: &Args) {
    assert!(args.values().len() <= ARGUMENTS_MAX);
    let again =
        Args::with_attachments(args.values().map(ToOwned::to_owned).collect(), args.attachments().to_vec());
    assert!(again.is_ok(), "a placeholder for nothing in {args:?}");
}
