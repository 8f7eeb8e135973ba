//! Keys that an issuer publishes.

use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::*;
use crate::config::JwksUrl;

/// What the issuer answers.
#[derive(Clone)]
enum Answer {
    Body(String),
    Status(StatusCode),
    Elsewhere(String),
}

/// An issuer's address on this machine.
struct Published {
    state: Arc<PublishedState>,
    url: String,
    clock: Arc<TestClock>,
    tokens: Tokens,
    serving: TaskTracker,
}

struct PublishedState {
    /// A short section: one answer.
    answer: Mutex<Answer>,
    asked: AtomicU64,
    /// A permit lets an answer go out.
    may_answer: Semaphore,
}

const MANY: usize = 1 << 20;

impl Published {
    async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let may_answer = Semaphore::new(MANY);
        let state = PublishedState { answer: Mutex::new(answer), asked: AtomicU64::new(0), may_answer };
        let state = Arc::new(state);
        let router = Router::new().fallback(answer_keys).with_state(Arc::clone(&state));
        let serving = TaskTracker::new();
        serving.spawn(async move { axum::serve(listener, router).await });
        let clock = Arc::new(TestClock::default());
        let keys = JwtKeys::Jwks(JwksUrl::new(&url).unwrap());
        let tokens = Tokens::new(&settings(keys), clock.clone(), TaskTracker::new()).unwrap();
        Self { state, url, clock, tokens, serving }
    }

    async fn of(issuers: &[&Issuer]) -> Self {
        Self::start(Answer::Body(set(issuers))).await
    }

    fn publish(&self, answer: Answer) {
        *self.state.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }

    fn fail(&self) {
        self.publish(Answer::Status(StatusCode::SERVICE_UNAVAILABLE));
    }

    fn asked(&self) -> u64 {
        self.state.asked.load(Ordering::Relaxed)
    }

    async fn verify(&self, issuer: &Issuer) -> Result<(), TokenError> {
        verify(&self.tokens, &issuer.sign(&claims())).await.map(drop)
    }
}

async fn answer_keys(State(state): State<Arc<PublishedState>>) -> Response {
    state.asked.fetch_add(1, Ordering::Relaxed);
    state.may_answer.acquire().await.unwrap().forget();
    let answer = state.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match answer {
        Answer::Body(text) => text.into_response(),
        Answer::Status(status) => status.into_response(),
        Answer::Elsewhere(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
    }
}

fn set(issuers: &[&Issuer]) -> String {
    set_of(&issuers.iter().map(|issuer| issuer.jwk()).collect::<Vec<_>>())
}

fn set_of(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn without(mut key: Value, name: &str) -> Value {
    key.as_object_mut().unwrap().remove(name);
    key
}

fn but(mut key: Value, name: &str, value: Value) -> Value {
    key[name] = value;
    key
}

#[tokio::test]
async fn published_keys_are_read_once_and_kept() {
    let issuers = [Issuer::rsa().named("a"), Issuer::p256().named("b"), Issuer::ed25519().named("c")];
    let published = Published::of(&[&issuers[0], &issuers[1], &issuers[2]]).await;
    for _ in 0..3 {
        for issuer in &issuers {
            assert_eq!(published.verify(issuer).await, Ok(()));
        }
    }
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn tokens_that_come_together_ask_once() {
    let issuer = Issuer::p256().named("a");
    let published = Published::of(&[&issuer]).await;
    let (a, b, c) =
        tokio::join!(published.verify(&issuer), published.verify(&issuer), published.verify(&issuer));
    assert_eq!((a, b, c), (Ok(()), Ok(()), Ok(())));
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn keys_are_read_again_after_ten_minutes() {
    let (old, new) = (Issuer::p256().named("old"), Issuer::p256().named("new"));
    let published = Published::of(&[&old]).await;
    assert_eq!(published.verify(&old).await, Ok(()));
    published.publish(Answer::Body(set(&[&new])));
    published.clock.pass(599);
    assert_eq!(published.verify(&old).await, Ok(()));
    published.clock.pass(1);
    assert_eq!(published.verify(&old).await, Err(TokenError::UnknownKey), "it was taken back");
    assert_eq!(published.verify(&new).await, Ok(()));
    assert_eq!(published.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_at_its_first_token() {
    let (old, new) = (Issuer::p256().named("old"), Issuer::p256().named("new"));
    let published = Published::of(&[&old]).await;
    assert_eq!(published.verify(&old).await, Ok(()));
    published.publish(Answer::Body(set(&[&old, &new])));
    published.clock.pass(30);
    assert_eq!(published.verify(&new).await, Ok(()));
    assert_eq!(published.verify(&old).await, Ok(()));
    assert_eq!(published.asked(), 2);
}

/// Anybody can make up the name of a key; the issuer must not be asked for each.
#[tokio::test]
async fn made_up_names_ask_the_issuer_seldom() {
    let issuer = Issuer::p256().named("a");
    let published = Published::of(&[&issuer]).await;
    for round in 1..=3 {
        for name in ["x", "y", "z"] {
            let unknown = Issuer::p256().named(name);
            assert_eq!(published.verify(&unknown).await, Err(TokenError::UnknownKey));
        }
        assert_eq!(published.asked(), round);
        published.clock.pass(29);
        assert_eq!(
            published.verify(&Issuer::p256().named("x")).await,
            Err(TokenError::UnknownKey),
            "not yet time"
        );
        assert_eq!(published.asked(), round);
        published.clock.pass(1);
    }
    assert_eq!(published.verify(&issuer).await, Ok(()));
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_no_verdict() {
    let issuer = Issuer::p256().named("a");
    let published = Published::of(&[&issuer]).await;
    published.fail();
    for _ in 0..3 {
        assert_eq!(published.verify(&issuer).await, Err(TokenError::Unavailable));
    }
    assert_eq!(published.asked(), 1);
    published.publish(Answer::Body(set(&[&issuer])));
    published.clock.pass(30);
    assert_eq!(published.verify(&issuer).await, Ok(()));
    assert_eq!(published.asked(), 2);
}

#[tokio::test]
async fn nobody_at_the_address_is_no_verdict() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    drop(listener);
    let tokens = tokens_with(JwtKeys::Jwks(JwksUrl::new(&url).unwrap())).unwrap();
    let token = Issuer::p256().named("a").sign(&claims());
    assert_eq!(verify(&tokens, &token).await, Err(TokenError::Unavailable));
}

/// The clock is paused: it goes on by itself when everybody waits for the answer.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_answer_is_waited_for_five_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", silent.local_addr().unwrap());
    let tokens = tokens_with(JwtKeys::Jwks(JwksUrl::new(&url).unwrap())).unwrap();
    let token = Issuer::p256().named("a").sign(&claims());
    let started = tokio::time::Instant::now();
    assert_eq!(verify(&tokens, &token).await, Err(TokenError::Unavailable));
    let waited = started.elapsed();
    assert!(waited <= Duration::from_millis(5_100), "{waited:?}");
    assert_eq!(verify(&tokens, &token).await, Err(TokenError::Unavailable));
    assert_eq!(started.elapsed(), waited, "the next one does not wait");
}

#[tokio::test]
async fn known_keys_stay_good_for_a_day_while_the_issuer_is_down() {
    let (issuer, unknown) = (Issuer::p256().named("a"), Issuer::p256().named("b"));
    let published = Published::of(&[&issuer]).await;
    assert_eq!(published.verify(&issuer).await, Ok(()));
    published.fail();
    for _ in 0..23 {
        published.clock.pass(3_600);
        assert_eq!(published.verify(&issuer).await, Ok(()));
        assert_eq!(published.verify(&unknown).await, Err(TokenError::Unavailable), "it may be a new one");
    }
    published.clock.pass(3_599);
    assert_eq!(published.verify(&issuer).await, Ok(()));
    published.clock.pass(1);
    assert_eq!(published.verify(&issuer).await, Err(TokenError::Unavailable));
    published.publish(Answer::Body(set(&[&issuer])));
    published.clock.pass(30);
    assert_eq!(published.verify(&issuer).await, Ok(()));
}

/// Otherwise whoever shows tokens and leaves could keep the keys from ever being read.
#[tokio::test]
async fn keys_are_read_also_where_whoever_wanted_them_has_gone() {
    let issuer = Issuer::p256().named("a");
    let published = Published::of(&[&issuer]).await;
    published.state.may_answer.forget_permits(MANY);
    tokio::select! {
        biased;
        verified = published.verify(&issuer) => panic!("nothing was answered yet: {verified:?}"),
        () = std::future::ready(()) => {}
    }
    published.state.may_answer.add_permits(1);
    assert_eq!(published.verify(&issuer).await, Ok(()));
    assert_eq!(published.asked(), 1);
}

#[tokio::test]
async fn answers_that_are_no_key_set_leave_what_is_known() {
    let issuer = Issuer::p256().named("a");
    let elsewhere = Published::of(&[&issuer]).await;
    let keys: Vec<Value> = (0..65).map(|_| issuer.jwk()).collect();
    let answers = [
        Answer::Elsewhere(elsewhere.url.clone()),
        Answer::Status(StatusCode::NO_CONTENT),
        Answer::Status(StatusCode::NOT_FOUND),
        Answer::Body(String::new()),
        Answer::Body("<html>".to_owned()),
        Answer::Body("{}".to_owned()),
        Answer::Body("[]".to_owned()),
        Answer::Body(set_of(&keys)),
        Answer::Body(format!("{}{}", set(&[&issuer]), " ".repeat(256 * 1024))),
    ];
    for answer in answers {
        let fresh = Published::start(answer.clone()).await;
        assert_eq!(fresh.verify(&issuer).await, Err(TokenError::Unavailable));
        let published = Published::of(&[&issuer]).await;
        assert_eq!(published.verify(&issuer).await, Ok(()));
        published.publish(answer);
        published.clock.pass(600);
        assert_eq!(published.verify(&issuer).await, Ok(()));
        assert_eq!(published.asked(), 2);
    }
    assert_eq!(elsewhere.asked(), 0, "no redirect was followed");
    elsewhere.serving.close();
}

#[tokio::test]
async fn a_published_key_takes_its_own_algorithms_only() {
    use Algorithm::{HS256, PS256, RS256, RS384};
    let rsa = Issuer::rsa().named("a");
    let jwk = rsa.jwk();
    let pinned = Published::start(Answer::Body(set_of(std::slice::from_ref(&jwk)))).await;
    let free = Published::start(Answer::Body(set_of(&[without(jwk.clone(), "alg")]))).await;
    let mut rsa = rsa;
    for (algorithm, by_pinned) in
        [(RS256, Ok(())), (RS384, Err(TokenError::Algorithm)), (PS256, Err(TokenError::Algorithm))]
    {
        rsa = rsa.with(algorithm);
        assert_eq!(pinned.verify(&rsa).await, by_pinned);
        assert_eq!(free.verify(&rsa).await, Ok(()));
    }
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for bytes in [modulus, jwk.to_string().into_bytes(), rsa.pem.clone().into_bytes()] {
        let key = EncodingKey::from_secret(&bytes);
        let forged = Issuer { key, algorithm: HS256, pem: String::new(), name: Some("a".to_owned()) };
        assert_eq!(pinned.verify(&forged).await, Err(TokenError::Algorithm));
        assert_eq!(free.verify(&forged).await, Err(TokenError::Algorithm));
    }
}

#[tokio::test]
async fn published_keys_that_are_not_to_be_verified_with_are_left_out() {
    let (rsa, p256) = (Issuer::rsa().named("a"), Issuer::p256().named("a"));
    let good = Issuer::ed25519().named("good");
    let secret = Issuer { name: Some("a".to_owned()), ..Issuer::secret() };
    let octets = json!({ "kty": "oct", "kid": "a", "k": encoded(SECRET), "alg": "HS256" });
    let cases = [
        (octets, &secret),
        (but(rsa.jwk(), "use", json!("enc")), &rsa),
        (but(rsa.jwk(), "key_ops", json!(["encrypt"])), &rsa),
        (but(rsa.jwk(), "alg", json!("HS256")), &rsa),
        (but(rsa.jwk(), "alg", json!("ES256")), &rsa),
        (but(rsa.jwk(), "alg", json!("RSA-OAEP")), &rsa),
        (but(rsa.jwk(), "n", json!(encoded([0xc5; 128]))), &rsa),
        (but(rsa.jwk(), "n", json!("%%%")), &rsa),
        (without(rsa.jwk(), "e"), &rsa),
        (but(p256.jwk(), "crv", json!("P-384")), &p256),
        (but(p256.jwk(), "crv", json!("secp256k1")), &p256),
        (but(p256.jwk(), "x", json!(encoded([1; 31]))), &p256),
        (but(p256.jwk(), "kty", json!("new")), &p256),
        (json!({ "kid": "a" }), &p256),
        (json!(7), &p256),
    ];
    for (key, issuer) in cases {
        let published = Published::start(Answer::Body(set_of(&[key.clone(), good.jwk()]))).await;
        assert_eq!(published.verify(issuer).await, Err(TokenError::UnknownKey), "{key}");
        assert_eq!(published.verify(&good).await, Ok(()), "{key}");
    }
}

#[tokio::test]
async fn a_token_without_a_key_name_means_the_only_key() {
    let (a, b) = (Issuer::p256().named("a"), Issuer::p256().named("b"));
    let one = Published::of(&[&a]).await;
    let two = Published::of(&[&a, &b]).await;
    let nameless = Issuer { name: None, ..a };
    assert_eq!(one.verify(&nameless).await, Ok(()));
    assert_eq!(two.verify(&nameless).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn keys_of_two_kinds_may_share_a_name() {
    let (rsa, p256) = (Issuer::rsa().named("a"), Issuer::p256().named("a"));
    let published = Published::of(&[&rsa, &p256]).await;
    assert_eq!(published.verify(&rsa).await, Ok(()));
    assert_eq!(published.verify(&p256).await, Ok(()));
}
