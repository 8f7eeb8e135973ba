//! What a token claims.

use waypost_api::ErrorCode;
use waypost_domain::{LimitError, Limits, PrincipalId, Responder, Role, Sees, View};

use crate::rights::Claimed;

use super::*;

async fn check(claims: &Value, expected: Result<(), TokenError>) {
    let token = Issuer::secret().sign(claims);
    assert_eq!(verify(&tokens_with_secret(), &token).await.map(drop), expected, "{claims}");
}

#[tokio::test]
async fn a_token_says_who_what_and_until_when() {
    for role in Role::ALL {
        let token = Issuer::secret().sign(&claims_but("role", json!(role.as_str())));
        let id = PrincipalId::parse("user:ana").unwrap();
        let expected = Token {
            id,
            claimed: Claimed {
                rights: role.rights(),
                agent: Responder::parse("ana"),
                limits: Limits::default(),
            },
            issuer: "https://login.example".into(),
            until: Timestamp::from_millis((NOW + 3_630) * 1000),
        };
        assert_eq!(verify(&tokens_with_secret(), &token).await, Ok(expected));
    }
}

#[tokio::test]
async fn issuer_and_audience_are_ours() {
    for issuer in [Value::Null, json!("https://login.example/"), json!("HTTPS://LOGIN.EXAMPLE"), json!("")] {
        check(&claims_but("iss", issuer), Err(TokenError::Issuer)).await;
    }
    check(&claims_but("iss", json!(["https://login.example"])), Err(TokenError::Malformed)).await;
    for audience in [Value::Null, json!("other"), json!([]), json!(["a", "b"]), json!("waypost,other")] {
        check(&claims_but("aud", audience), Err(TokenError::Audience)).await;
    }
    check(&claims_but("aud", json!(["other", "waypost"])), Ok(())).await;
    check(&claims_but("aud", json!({ "waypost": true })), Err(TokenError::Malformed)).await;
}

#[tokio::test]
async fn a_token_ends_within_a_day() {
    let day = 86_400;
    let cases = [
        (Value::Null, Err(TokenError::NoExpiry)),
        (json!(NOW + 1), Ok(())),
        (json!(NOW - 29), Ok(())),
        (json!(NOW - 30), Err(TokenError::Expired)),
        (json!(0), Err(TokenError::Expired)),
        (json!(-5), Err(TokenError::Expired)),
        (json!(i64::MIN), Err(TokenError::Expired)),
        (json!(NOW + day + 30), Ok(())),
        (json!(NOW + day + 31), Err(TokenError::TooLong)),
        (json!(i64::MAX), Err(TokenError::TooLong)),
        (json!(u64::MAX), Err(TokenError::TooLong)),
        (json!(1e300), Err(TokenError::TooLong)),
        (json!(1_794_000_000.5), Ok(())),
        (json!((NOW + 60).to_string()), Err(TokenError::Malformed)),
    ];
    for (expiry, expected) in cases {
        check(&claims_but("exp", expiry), expected).await;
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_is_refused() {
    for name in ["nbf", "iat"] {
        check(&claims_but(name, json!(NOW + 30)), Ok(())).await;
        check(&claims_but(name, json!(NOW - 9_999_999)), Ok(())).await;
        check(&claims_but(name, json!(NOW + 31)), Err(TokenError::NotYetValid)).await;
        check(&claims_but(name, json!("soon")), Err(TokenError::Malformed)).await;
    }
}

#[tokio::test]
async fn a_subject_is_safe_to_log() {
    let long = "x".repeat(124);
    for subject in [Value::Null, json!(""), json!("ana maria"), json!("añа"), json!("a\nb"), json!(long)] {
        check(&claims_but("sub", subject), Err(TokenError::Subject)).await;
    }
    check(&claims_but("sub", json!("x".repeat(123))), Ok(())).await;
    check(&claims_but("sub", json!(7)), Err(TokenError::Malformed)).await;
}

#[tokio::test]
async fn without_a_role_nothing_is_allowed() {
    check(&claims_but("role", Value::Null), Err(TokenError::NoRole)).await;
    for role in [json!("owner"), json!("Admin"), json!(""), json!(["admin"]), json!(4), json!("root")] {
        check(&claims_but("role", role), Err(TokenError::UnknownRole)).await;
    }
}

#[tokio::test]
async fn a_role_of_ones_own_is_what_the_configuration_says() {
    let roles = Roles::of("night:read:own:masked").unwrap();
    let settings = JwtSettings { roles, ..settings(JwtKeys::Secret(Secret::new(SECRET).unwrap())) };
    let tokens = Tokens::new(&settings, Arc::new(TestClock::default()), TaskTracker::new()).unwrap();
    let token = verify(&tokens, &Issuer::secret().sign(&claims_but("role", json!("night")))).await.unwrap();
    assert_eq!((token.claimed.rights.sees, token.claimed.rights.view), (Sees::Own, View::Masked));
}

#[tokio::test]
async fn claims_that_narrow_are_never_passed_over() {
    let mut narrow = claims();
    narrow["numbers"] = json!(["100000000000101"]);
    narrow["teams"] = json!(["sales", "night shift"]);
    narrow["customers"] = json!([]);
    let token = verify(&tokens_with_secret(), &Issuer::secret().sign(&narrow)).await.unwrap();
    let Limits { numbers, teams, customers } = token.claimed.limits;
    assert_eq!([numbers.unwrap().len(), teams.unwrap().len(), customers.unwrap().len()], [1, 2, 0]);
    for (name, error) in
        [("numbers", LimitError::Numbers), ("teams", LimitError::Teams), ("customers", LimitError::Customers)]
    {
        for value in [json!("1"), json!(false), json!([1]), json!({}), json!(null)] {
            let mut narrow = claims();
            narrow[name] = value;
            check(&narrow, Err(TokenError::Malformed)).await;
        }
        check(&claims_but(name, json!([""])), Err(TokenError::Limits(error))).await;
        assert!(TokenError::Limits(error).to_string().contains(name));
    }
}

#[test]
fn only_what_may_pass_by_itself_is_no_verdict() {
    assert_eq!(TokenError::Expired.code(), ErrorCode::Unauthenticated);
    assert_eq!(TokenError::UnknownKey.code(), ErrorCode::Unauthenticated);
    assert_eq!(TokenError::Unavailable.code(), ErrorCode::Unavailable);
}
