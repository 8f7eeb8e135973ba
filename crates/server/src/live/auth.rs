//! What a client may put into `auth`.

use serde::Deserialize;
use serde_json::value::RawValue;
use waypost_api::{ErrorCode, RoomName};
use waypost_domain::Offset;
use waypost_inbox::Claim;
use waypost_realtime::{OffsetMode, Refused};

use super::refused;

/// What a client has put into `auth`, understood.
#[derive(Debug, Default)]
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
    /// Reads the `auth` of a CONNECT packet, with at most `rooms_max` rooms.
    pub(super) fn read(auth: Option<&RawValue>, rooms_max: usize) -> Result<Self, Refused> {
        let given: Given =
            auth.map_or(Ok(Given::default()), |auth| serde_json::from_str(auth.get())).map_err(|_| {
                invalid(
                    "`auth` has to be an object; its `token`, `pid`, `offset` and `since` strings, its `offsets` \
                     true or false, its `rooms` an array of strings",
                )
            })?;
        let since = given.since.map(|since| since.parse::<Offset>()).transpose();
        let since = since.map_err(|_| invalid("`auth.since` has to be an offset that an event has had"))?;
        let rooms = given.rooms.unwrap_or_default();
        if rooms.len() > rooms_max {
            return Err(refused(ErrorCode::TooManyRooms));
        }
        let rooms: Option<Vec<RoomName>> = rooms.iter().map(|room| RoomName::parse(room)).collect();
        let rooms = rooms.ok_or_else(|| {
            invalid("`auth.rooms` has a name that is no room's: `whatsapp:general`, `whatsapp:customer:…` or `monitor`")
        })?;
        Ok(Self {
            token: given.token,
            offsets: given.offsets.map(|on| if on { OffsetMode::Trailing } else { OffsetMode::FieldOnly }),
            claim: Claim { pid: given.pid, offset: given.offset, since, rooms },
        })
    }
}

fn invalid(message: &str) -> Refused {
    Refused::Final { message: message.into(), code: ErrorCode::InvalidPayload.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Auth, Refused> {
        Auth::read(Some(&RawValue::from_string(json.into()).unwrap()), 2)
    }

    #[test]
    fn an_auth_of_the_wrong_shape_is_refused_and_a_missing_one_is_empty() {
        assert!(Auth::read(None, 2).is_ok());
        let wrong = [
            "{\"token\":5}",
            "[]",
            "\"key\"",
            "{\"offsets\":\"no\"}",
            "{\"since\":\"yesterday\"}",
            "{\"since\":\"ABCDEFGH.1\"}",
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
        let many = read("{\"rooms\":[\"monitor\",\"monitor\",\"monitor\"]}");
        assert!(matches!(many, Err(Refused::Final { code, .. }) if code == "too_many_rooms"));
    }

    #[test]
    fn what_a_client_says_of_where_it_was_is_understood() {
        let json = "{\"token\":null,\"pid\":\"p\",\"offset\":\"anything\",\"since\":\"ABCDEFGH.7.0000beef\",
                     \"rooms\":[\"whatsapp:general\",\"whatsapp:customer:4915\"],\"other\":1}";
        let Claim { pid, offset, since, rooms } = read(json).unwrap().claim;
        assert_eq!((pid.as_deref(), offset.as_deref()), (Some("p"), Some("anything")));
        assert_eq!(since.map(|since| since.number), Some(7));
        assert_eq!(rooms, [RoomName::General, RoomName::Customer("4915".into())]);
    }
}
