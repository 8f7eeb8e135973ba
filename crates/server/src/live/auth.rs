//! What a client may put into `auth`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use waypost_api::{ErrorCode, RoomName};
use waypost_inbox::Claim;
use waypost_realtime::{OffsetMode, Refused};

/// What a client has put into `auth`, understood.
#[derive(Default)]
pub(super) struct Auth {
    pub(super) token: Option<String>,
    pub(super) offsets: Option<OffsetMode>,
    pub(super) claim: Claim,
}

#[derive(Default, Deserialize)]
struct Given {
    token: Option<String>,
    offsets: Option<bool>,
    pid: Option<String>,
    offset: Option<String>,
    since: Option<String>,
    rooms: Option<Vec<String>>,
}

impl Auth {
    /// Reads the `auth` of a CONNECT packet.
    pub(super) fn read(auth: Option<&RawValue>) -> Result<Self, Refused> {
        let given: Given =
            auth.map_or(Ok(Given::default()), |auth| serde_json::from_str(auth.get())).map_err(|_| {
                invalid(
                    "`auth` has to be an object; its `token`, `pid`, `offset` and `since` strings, its `offsets` \
                     true or false, its `rooms` an array of strings",
                )
            })?;
        let rooms = given.rooms.unwrap_or_default();
        let rooms: Option<BTreeSet<RoomName>> = rooms.iter().map(|room| RoomName::parse(room)).collect();
        let rooms = rooms.ok_or_else(|| {
            invalid("`auth.rooms` has a name that is no room's: `whatsapp:general`, `whatsapp:customer:…` or `monitor`")
        })?;
        Ok(Self {
            token: given.token,
            offsets: given.offsets.map(|on| if on { OffsetMode::Trailing } else { OffsetMode::FieldOnly }),
            claim: Claim {
                pid: given.pid,
                offset: given.offset,
                since: given.since,
                rooms: rooms.into_iter().collect(),
            },
        })
    }
}

/// An `auth` that cannot be understood.
pub(super) fn invalid(message: &str) -> Refused {
    Refused::Final { message: message.into(), code: ErrorCode::InvalidPayload.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Auth, Refused> {
        Auth::read(Some(&RawValue::from_string(json.into()).unwrap()))
    }

    #[test]
    fn an_auth_of_the_wrong_shape_is_refused_and_a_missing_one_is_empty() {
        assert!(Auth::read(None).is_ok());
        let wrong = [
            "{\"token\":5}",
            "[]",
            "\"key\"",
            "{\"offsets\":\"no\"}",
            "{\"since\":7}",
            "{\"rooms\":\"whatsapp:general\"}",
            "{\"rooms\":[\"lobby\"]}",
            "{\"rooms\":[\"whatsapp:customer:\"]}",
            "{\"pid\":{}}",
        ];
        for json in wrong {
            let refused = read(json);
            assert!(
                matches!(&refused, Err(Refused::Final { code, .. }) if code == "invalid_payload"),
                "{json}"
            );
        }
        let repeated = read("{\"rooms\":[\"monitor\",\"monitor\",\"monitor\"]}").unwrap();
        assert_eq!(repeated.claim.rooms.len(), 1, "they are one");
    }

    #[test]
    fn what_a_client_says_of_where_it_was_is_understood() {
        let json = "{\"token\":null,\"pid\":\"p\",\"offset\":\"anything\",\"since\":\"ABCDEFGH.7.0000beef\",
                     \"rooms\":[\"whatsapp:general\",\"whatsapp:customer:4915\"],\"other\":1}";
        let Claim { pid, offset, since, rooms } = read(json).unwrap().claim;
        assert_eq!((pid.as_deref(), offset.as_deref()), (Some("p"), Some("anything")));
        assert_eq!(since.as_deref(), Some("ABCDEFGH.7.0000beef"));
        assert_eq!(rooms, [RoomName::General, RoomName::Customer("4915".into())]);
    }
}
