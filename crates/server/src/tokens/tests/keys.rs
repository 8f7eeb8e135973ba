//! Keys, their algorithms, and tokens that are none.

use rcgen::PublicKeyData as _;

use super::*;

#[tokio::test]
async fn each_kind_of_key_verifies_with_its_own_algorithms() {
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
    let public = |issuer: Issuer| (tokens_with_key(&issuer), issuer);
    let kinds = [
        (tokens_with_secret(), Issuer::secret(), &[HS256, HS384, HS512][..]),
        with(public(Issuer::rsa()), &[RS256, RS384, RS512, PS256, PS384, PS512]),
        with(public(Issuer::p256()), &[ES256]),
        with(public(Issuer::p384()), &[ES384]),
        with(public(Issuer::ed25519()), &[EdDSA]),
    ];
    for (tokens, mut issuer, algorithms) in kinds {
        for algorithm in algorithms {
            issuer = issuer.with(*algorithm);
            let token = verify(&tokens, &issuer.sign(&claims())).await;
            assert_eq!(token.unwrap().id.as_str(), "user:ana", "{algorithm:?}");
        }
    }

    fn with(
        (tokens, issuer): (Tokens, Issuer),
        algorithms: &'static [Algorithm],
    ) -> (Tokens, Issuer, &'static [Algorithm]) {
        (tokens, issuer, algorithms)
    }
}

#[tokio::test]
async fn a_public_key_may_be_in_a_file() {
    let issuer = Issuer::p256();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("login.pem");
    std::fs::write(&path, &issuer.pem).unwrap();
    let tokens = tokens_with(JwtKeys::PublicKey(PublicKey::File(path))).unwrap();
    assert!(verify(&tokens, &issuer.sign(&claims())).await.is_ok());
}

/// Whoever has the public key, which is no secret, must not be able to use it as one.
#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    for issuer in [Issuer::rsa(), Issuer::p256(), Issuer::ed25519()] {
        let tokens = tokens_with_key(&issuer);
        let der = pem_content(&issuer.pem);
        for bytes in [issuer.pem.as_bytes(), issuer.pem.trim_end().as_bytes(), &der] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let key = EncodingKey::from_secret(bytes);
                let forged = Issuer { key, algorithm, pem: String::new(), name: None };
                assert_eq!(verify(&tokens, &forged.sign(&claims())).await, Err(TokenError::Algorithm));
            }
        }
    }
}

#[tokio::test]
async fn a_key_takes_no_algorithm_of_another_kind() {
    let issuers = [Issuer::rsa(), Issuer::p256(), Issuer::p384(), Issuer::ed25519(), Issuer::secret()];
    for (at, issuer) in issuers.iter().enumerate() {
        let token = issuer.sign(&claims());
        for (other_at, other) in issuers[..4].iter().enumerate() {
            let expected = if at == other_at { Ok(()) } else { Err(TokenError::Algorithm) };
            assert_eq!(verify(&tokens_with_key(other), &token).await.map(drop), expected);
        }
        let expected = if at == 4 { Ok(()) } else { Err(TokenError::Algorithm) };
        assert_eq!(verify(&tokens_with_secret(), &token).await.map(drop), expected);
    }
}

#[tokio::test]
async fn a_token_that_is_not_signed_is_refused() {
    let payload = encoded(claims().to_string());
    let signed = Issuer::secret().sign(&claims());
    let signature = signed.rsplit_once('.').unwrap().1;
    for tokens in [tokens_with_secret(), tokens_with_key(&Issuer::rsa())] {
        for word in ["none", "None", "NONE", "nOnE", "", "ES512", "HS1", "A128KW"] {
            let header = encoded(json!({ "alg": word, "typ": "JWT" }).to_string());
            for signature in ["", signature] {
                let token = format!("{header}.{payload}.{signature}");
                assert_eq!(verify(&tokens, &token).await, Err(TokenError::Algorithm), "{word}");
            }
        }
    }
}

#[tokio::test]
async fn a_changed_token_and_a_wrong_key_are_refused() {
    let tokens = tokens_with_secret();
    let token = Issuer::secret().sign(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let raised = encoded(claims_but("role", json!("admin")).to_string());
    let other = Issuer { key: EncodingKey::from_secret(b"another"), ..Issuer::secret() };
    for token in [
        format!("{}.{raised}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][..parts[2].len() - 3]),
        other.sign(&claims()),
    ] {
        assert_eq!(verify(&tokens, &token).await, Err(TokenError::Signature));
    }
    let (rsa, p256) = (tokens_with_key(&Issuer::rsa()), tokens_with_key(&Issuer::p256()));
    assert_eq!(verify(&rsa, &Issuer::rsa().sign(&claims())).await, Err(TokenError::Signature));
    assert_eq!(verify(&p256, &Issuer::p256().sign(&claims())).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let tokens = tokens_with_secret();
    let token = Issuer::secret().sign(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let hs256 = parts[0];
    let twice = encoded(r#"{"alg":"HS256","alg":"HS512"}"#);
    for broken in [
        String::new(),
        "...".to_owned(),
        "wp_0123456789".to_owned(),
        format!("{hs256}.{}", parts[1]),
        format!("{token}.{}", parts[2]),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}="),
        format!("{}=.{}.{}", hs256, parts[1], parts[2]),
        format!("%%%.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", encoded("{"), parts[1], parts[2]),
        format!("{}.{}.{}", encoded("[]"), parts[1], parts[2]),
        format!("{}.{}.{}", encoded("{}"), parts[1], parts[2]),
        format!("{twice}.{}.{}", parts[1], parts[2]),
        format!("{hs256}.{}.ä", parts[1]),
    ] {
        assert_eq!(verify(&tokens, &broken).await, Err(TokenError::Malformed), "{broken}");
    }
}

#[tokio::test]
async fn a_signed_payload_that_is_no_claims_is_refused() {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let tokens = tokens_with_secret();
    for payload in ["%%%".to_owned(), encoded("text"), encoded("[]"), encoded(r#"{"exp":1,"exp":2}"#)] {
        let message = format!("{}.{payload}", encoded(r#"{"alg":"HS256"}"#));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        let token = format!("{message}.{signature}");
        assert_eq!(verify(&tokens, &token).await, Err(TokenError::Malformed), "{payload}");
    }
}

#[tokio::test]
async fn a_giant_token_is_refused_before_it_is_read() {
    let tokens = tokens_with_secret();
    let giant = Issuer::secret().sign(&claims_but("filling", json!("x".repeat(8 * 1024))));
    assert_eq!(verify(&tokens, &giant).await, Err(TokenError::TooLarge));
    assert_eq!(verify(&tokens, &"x".repeat(8 * 1024 + 1)).await, Err(TokenError::TooLarge));
    assert_eq!(verify(&tokens, &"x".repeat(8 * 1024)).await, Err(TokenError::Malformed));
    let large = Issuer::secret().sign(&claims_but("filling", json!("x".repeat(5 * 1024))));
    assert!(verify(&tokens, &large).await.is_ok());
}

#[tokio::test]
async fn what_is_critical_is_not_passed_over() {
    let payload = encoded(claims().to_string());
    let header = encoded(json!({ "alg": "HS256", "crit": ["b64"], "b64": false }).to_string());
    let token = format!("{header}.{payload}.x");
    assert_eq!(verify(&tokens_with_secret(), &token).await, Err(TokenError::Critical));
}

#[test]
fn what_cannot_be_a_public_key_is_refused_at_the_start() {
    // A modulus of 1,024 bits.
    let small: Vec<u8> = [&[0x02, 0x81, 0x81, 0x00][..], &[0xc5; 128], &[0x02, 0x03, 1, 0, 1]].concat();
    let small = [&[0x30, 0x81, 0x89][..], &small].concat();
    let bits = [&[0x03, 0x81, 0x8d, 0x00][..], &small].concat();
    let algorithm = [0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];
    let small = [&[0x30, 0x81, 0x9f][..], &algorithm, &bits].concat();
    let p521 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap().subject_public_key_info();
    let cases = [
        (pem_of(&small), "an RSA key has to have at least 2048 bits"),
        (pem_of(&p521), "it is of another kind than RSA, P-256, P-384 and Ed25519"),
        (pem_of(b"0123"), "it is no public key"),
        (pem_of(b""), "it is no public key"),
        ("text".to_owned(), "it has no part that begins with -----BEGIN PUBLIC KEY----- and can be read"),
    ];
    for (pem, expected) in cases {
        let error = tokens_with(JwtKeys::PublicKey(PublicKey::Pem(pem))).err().expect("a refusal");
        assert_eq!(format!("{error:#}"), format!("auth.jwt_public_key cannot be used: {expected}"));
    }
    let nowhere = PublicKey::File("/nowhere/login.pem".into());
    let error = tokens_with(JwtKeys::PublicKey(nowhere)).err().expect("a refusal");
    assert_eq!(error.to_string(), "auth.jwt_public_key cannot be read from `/nowhere/login.pem`");
}

fn pem_of(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
}
