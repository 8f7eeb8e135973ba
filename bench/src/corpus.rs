//! What customers write: webhook requests made ahead, signed, and the same for the same seed.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Different customers in a run.
pub(crate) const CUSTOMERS: u64 = 2_000;

/// Stands before the number in the text of a message whose receipt is timed.
pub(crate) const MARK: &str = "bench-number ";

/// What people write, in the form in which Meta writes it (not ASCII and `/` escaped), 200 bytes on average.
const TEXTS: [&str; 8] = [
    "ok, thank you",
    "Good morning! I ordered two lamps on Monday and the tracking page still says that the parcel has not left. \
     Could you look where it is? The order number is 48-2231-77 and it should go to the same address as the last one.",
    "Hola, \\u00bfsiguen teniendo la silla azul? La vi en \
     https:\\/\\/shop.example\\/sillas\\/azul-02?color=azul pero dice que est\\u00e1 agotada. Si llega otra \
     vez me gustar\\u00eda reservar dos, y saber cu\\u00e1nto cuesta el env\\u00edo a C\\u00f3rdoba. Gracias \
     \\ud83d\\ude4f",
    "Yes, Tuesday between ten and noon is fine. Please ring at the second door, the first bell does not work. If \
     nobody opens, leave it with the neighbour at number 14; she knows about it and will be at home all day. It is \
     the house with the green gate, opposite the bakery, and there is usually room to park in front of it.",
    "I have sent the form twice and both times I got an error at the last step, right after the page where one \
     chooses how to pay. It says \\\"something went wrong, try again later\\\". Is it on your side?",
    "Vielen Dank f\\u00fcr die schnelle Antwort! Die Gr\\u00f6\\u00dfe 42 passt leider nicht, ich \
     br\\u00e4uchte sie eine Nummer kleiner. Kann ich die Schuhe direkt im Gesch\\u00e4ft umtauschen, oder \
     muss ich sie zur\\u00fcckschicken?",
    "Hello, can somebody call me back about the invoice from last month? There are two positions on it that we have \
     not ordered, number 3 and number 7, and the discount is missing. I am in the office until five.",
    "The technician was here and everything works again. He said that the filter has to be changed twice a year and \
     that you would send a reminder. Could you also tell me which one it is, so that I can order some ahead?",
];

/// What every value of a change begins with. The number is `waypost_testkit::NUMBER_ID`.
const VALUE_START: &str = concat!(
    r#""messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001001","#,
    r#""phone_number_id":"100000000000101"}"#
);

/// A source of webhooks of which no two have a message in common.
pub(crate) struct Corpus {
    seed: u64,
    written: u64,
    secret: String,
    host: SocketAddr,
    timestamp: i64,
}

/// A request as it goes over the wire, and how many messages it brings.
pub(crate) struct Request {
    pub(crate) bytes: Box<[u8]>,
    pub(crate) messages: u64,
}

impl Corpus {
    /// Webhooks for a server at `host`, signed with `secret`.
    pub(crate) fn new(seed: u64, secret: &str, host: SocketAddr) -> Self {
        Self { seed, written: 0, secret: secret.to_owned(), host, timestamp: waypost_testkit::unix_seconds() }
    }

    /// As many requests, each with as many messages. Any [`CUSTOMERS`] messages in a row come from all customers.
    pub(crate) fn requests(&mut self, count: u64, messages: u64) -> Vec<Request> {
        (0..count).map(|_| self.request(messages, None)).collect()
    }

    /// A request whose messages all carry [`MARK`] and the number.
    pub(crate) fn marked(&mut self, messages: u64, number: u64) -> Request {
        self.request(messages, Some(number))
    }

    fn request(&mut self, messages: u64, mark: Option<u64>) -> Request {
        let body = self.body(messages, mark);
        let signature = waypost_cloud_api::signature::sign(&self.secret, body.as_bytes());
        let head = format!(
            "POST /whatsapp/webhook HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip\r\n\
             User-Agent: facebookexternalua\r\nContent-Type: application/json\r\n\
             X-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len(),
        );
        Request { bytes: [head.as_bytes(), body.as_bytes()].concat().into_boxed_slice(), messages }
    }

    /// Each message is a change of its own, as in the batches that Meta sends.
    pub(crate) fn body(&mut self, messages: u64, mark: Option<u64>) -> String {
        let mut body = String::from(
            r#"{"object":"whatsapp_business_account","entry":[{"id":"200000000000001","changes":["#,
        );
        for position in 0..messages {
            if position > 0 {
                body.push(',');
            }
            self.write_change(&mut body, mark);
        }
        body.push_str("]}]}");
        body
    }

    fn write_change(&mut self, body: &mut String, mark: Option<u64>) {
        // The factor has no divisor in common with the number of customers: a round brings each of them once, in an
        // order without neighbours.
        let customer = (self.written * 1_237 + self.written / CUSTOMERS * 619) % CUSTOMERS;
        let luck = mix(self.seed ^ mix(self.written));
        self.written += 1;
        let phone = format!("1555{customer:07}");
        let bsuid = format!("US.7000000000000{customer:07}");
        let wamid = wamid(&phone, luck, self.written);
        let text = TEXTS[usize::from(luck.to_be_bytes()[0]) % TEXTS.len()];
        let mark = mark.map(|number| format!("{MARK}{number} ")).unwrap_or_default();
        let contact = format!(
            r#"{{"profile":{{"name":"Customer {customer}","username":"customer.{customer}"}},"wa_id":"{phone}","user_id":"{bsuid}"}}"#
        );
        let message = format!(
            r#"{{"from":"{phone}","from_user_id":"{bsuid}","id":"{wamid}","timestamp":"{}","type":"text","text":{{"body":"{mark}{text}"}}}}"#,
            self.timestamp
        );
        write!(
            body,
            r#"{{"value":{{{VALUE_START},"contacts":[{contact}],"messages":[{message}]}},"field":"messages"}}"#
        )
        .expect("writing to a String does not fail");
    }
}

/// An id in the form of Meta's: base64 of a small record with the number in clear and 20 hexadecimal digits.
fn wamid(phone: &str, luck: u64, ordinal: u64) -> String {
    let mut record = b"\x1c\x18\x0b".to_vec();
    record.extend_from_slice(phone.as_bytes());
    record.extend_from_slice(b"\x15\x02\x00\x12\x18\x14");
    // The ordinal makes it unique, the rest unlike its neighbours.
    record.extend_from_slice(format!("{:012X}{:08X}", luck >> 16, ordinal & 0xffff_ffff).as_bytes());
    record.push(0);
    format!("wamid.{}", STANDARD.encode(record))
}

/// The finaliser of SplitMix64: different numbers stay different and look random.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn corpus() -> Corpus {
        Corpus::new(1, "secret", SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    fn messages(body: &str) -> Vec<Value> {
        let body: Value = serde_json::from_str(body).unwrap();
        let changes = body["entry"][0]["changes"].as_array().unwrap();
        changes.iter().map(|change| change["value"]["messages"][0].clone()).collect()
    }

    #[test]
    fn a_round_has_every_customer_once_and_no_id_twice() {
        let mut corpus = corpus();
        let messages = messages(&corpus.body(2 * CUSTOMERS, None));
        let different = |name: &str, part: &[Value]| {
            part.iter().map(|message| message[name].to_string()).collect::<HashSet<_>>().len()
        };
        let (first, second) = messages.split_at(messages.len() / 2);
        for round in [first, second] {
            assert_eq!(different("from", round), round.len());
            assert_eq!(different("from_user_id", round), round.len());
        }
        assert_eq!(different("id", &messages), messages.len());
    }

    #[test]
    fn a_message_takes_750_bytes_or_so() {
        let mut corpus = corpus();
        let bytes: usize = (0..1_000).map(|_| corpus.body(1, None).len()).sum();
        assert!((700..800).contains(&(bytes / 1_000)), "{}", bytes / 1_000);
    }

    #[test]
    fn a_mark_stands_in_the_text() {
        let body = corpus().body(1, Some(17));
        assert!(messages(&body)[0]["text"]["body"].as_str().unwrap().starts_with("bench-number 17 "));
    }
}
