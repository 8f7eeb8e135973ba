//! Every reason to refuse something, with the HTTP status and the words for it.

/// A stable code: in problem details, in `CONNECT_ERROR`, in `exception` and in acks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// No credential, or one that is not valid.
    Unauthenticated,
    /// The credential does not allow it.
    Forbidden,
    /// The `Host` header names another site.
    ForeignHost,
    /// The `Origin` header names a site that is not allowed.
    ForeignOrigin,
    /// A webhook's signature is missing, malformed or wrong.
    InvalidSignature,
    /// Meta's verification named another token.
    VerificationFailed,
    /// There is nothing at this address.
    NotFound,
    /// The address does not take this method.
    MethodNotAllowed,
    /// The body is not declared as `application/json`.
    UnsupportedMediaType,
    /// The request cannot be understood.
    InvalidRequest,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The body took too long to come.
    BodyTimeout,
    /// There is no such customer.
    UnknownCustomer,
    /// There is no such conversation.
    UnknownConversation,
    /// There is no such message.
    UnknownMessage,
    /// The name fits more than one customer.
    AmbiguousCustomer,
    /// The name is another customer's.
    NameTaken,
    /// The customer was not merged into another.
    NotMerged,
    /// As many customers are merged into one as may be.
    TooManyMerged,
    /// It was not noted that two may be one.
    UnknownDuplicate,
    /// Dead letters are being read again.
    ReprocessRunning,
    /// Sending needs settings that are missing.
    SendingNotConfigured,
    /// The webhook needs settings that are missing.
    NotSetUp,
    /// The connection is in as many rooms as it may be.
    TooManyRooms,
    /// The event is none that a client may emit.
    UnknownEvent,
    /// The event's arguments cannot be understood.
    InvalidPayload,
    /// The server cannot do it just now; try again.
    Unavailable,
    /// A fault of the server's.
    Internal,
    /// The login, the password or the one-time password is wrong.
    InvalidLogin,
    /// The password is right, and a one-time password is needed too.
    TotpRequired,
    /// The account may do nothing before it has one-time passwords.
    TotpMissing,
    /// One-time passwords are asked already.
    TotpAlreadyOn,
    /// A request that the cookie speaks for lacks the header that only our own pages set.
    CsrfHeaderMissing,
    /// The link was used, or its time is over.
    LinkVoid,
    /// There is no such account.
    UnknownAccount,
    /// There is no such session.
    UnknownSession,
    /// Another account has the login.
    LoginTaken,
    /// Nobody would be left who can manage accounts.
    LastAdmin,
    /// The account is disabled.
    AccountDisabled,
    /// There are as many accounts as may be.
    TooManyAccounts,
    /// Too much was asked, or too much failed, in a short time.
    RateLimited,
}

impl ErrorCode {
    /// Every one of them.
    pub const ALL: [Self; 41] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::ForeignHost,
        Self::ForeignOrigin,
        Self::InvalidSignature,
        Self::VerificationFailed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::InvalidRequest,
        Self::BodyTooLarge,
        Self::BodyTimeout,
        Self::UnknownCustomer,
        Self::UnknownConversation,
        Self::UnknownMessage,
        Self::AmbiguousCustomer,
        Self::NameTaken,
        Self::NotMerged,
        Self::TooManyMerged,
        Self::UnknownDuplicate,
        Self::ReprocessRunning,
        Self::SendingNotConfigured,
        Self::NotSetUp,
        Self::TooManyRooms,
        Self::UnknownEvent,
        Self::InvalidPayload,
        Self::Unavailable,
        Self::Internal,
        Self::InvalidLogin,
        Self::TotpRequired,
        Self::TotpMissing,
        Self::TotpAlreadyOn,
        Self::CsrfHeaderMissing,
        Self::LinkVoid,
        Self::UnknownAccount,
        Self::UnknownSession,
        Self::LoginTaken,
        Self::LastAdmin,
        Self::AccountDisabled,
        Self::TooManyAccounts,
        Self::RateLimited,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().0
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.facts().1
    }

    /// What it means, for a person.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.facts().2
    }

    const fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Unauthenticated => ("unauthenticated", 401, "A valid credential is needed"),
            Self::Forbidden => ("forbidden", 403, "The credential does not allow this"),
            Self::ForeignHost => ("foreign_host", 403, "This server is not reached under that host"),
            Self::ForeignOrigin => ("foreign_origin", 403, "Pages of that origin may not use this server"),
            Self::InvalidSignature => ("invalid_signature", 401, "The webhook is not signed by a known app"),
            Self::VerificationFailed => {
                ("verification_failed", 403, "The verify token is not the configured one")
            }
            Self::NotFound => ("not_found", 404, "There is nothing at this address"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "The address does not take this method"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", 415, "The body has to be application/json")
            }
            Self::InvalidRequest => ("invalid_request", 400, "The request cannot be understood"),
            Self::BodyTooLarge => ("body_too_large", 413, "The body is larger than the limit"),
            Self::BodyTimeout => ("body_timeout", 408, "The body took too long to come"),
            Self::UnknownCustomer => ("unknown_customer", 404, "There is no such customer"),
            Self::UnknownConversation => ("unknown_conversation", 404, "There is no such conversation"),
            Self::UnknownMessage => ("unknown_message", 404, "There is no such message"),
            Self::AmbiguousCustomer => ("ambiguous", 409, "The name fits more than one customer"),
            Self::NameTaken => ("name_taken", 409, "The name is another customer's"),
            Self::NotMerged => ("not_merged", 409, "The customer was not merged into another"),
            Self::TooManyMerged => {
                ("too_many_merged", 409, "As many customers are merged into this one as may be")
            }
            Self::UnknownDuplicate => ("unknown_duplicate", 404, "There is no such possible duplicate"),
            Self::ReprocessRunning => {
                ("reprocess_running", 409, "Dead letters are being read again already: wait for that to end")
            }
            Self::SendingNotConfigured => {
                ("sending_not_configured", 409, "Sending needs settings that are missing")
            }
            Self::NotSetUp => ("not_set_up", 503, "The webhook needs settings that are missing"),
            Self::TooManyRooms => ("too_many_rooms", 429, "The connection is in as many rooms as it may be"),
            Self::UnknownEvent => ("unknown_event", 400, "There is no such event"),
            Self::InvalidPayload => ("invalid_payload", 400, "The event's arguments cannot be understood"),
            Self::Unavailable => ("unavailable", 503, "The server cannot do this just now; try again"),
            Self::Internal => ("internal", 500, "The server made a mistake"),
            Self::InvalidLogin => ("invalid_login", 401, "The login, the password or the code is wrong"),
            Self::TotpRequired => {
                ("totp_required", 401, "A one-time password or a recovery code is needed too")
            }
            Self::TotpMissing => ("totp_missing", 403, "The account has to have one-time passwords first"),
            Self::TotpAlreadyOn => ("totp_already_on", 409, "One-time passwords are asked already"),
            Self::CsrfHeaderMissing => {
                ("csrf_header_missing", 403, "A change by cookie has to have the header X-Waypost-CSRF")
            }
            Self::LinkVoid => ("link_void", 410, "The link was used, or its time is over"),
            Self::UnknownAccount => ("unknown_account", 404, "There is no such account"),
            Self::UnknownSession => ("unknown_session", 404, "There is no such session"),
            Self::LoginTaken => ("login_taken", 409, "The login is another account's"),
            Self::LastAdmin => ("last_admin", 409, "It is the last administrator"),
            Self::AccountDisabled => ("account_disabled", 409, "The account is disabled"),
            Self::TooManyAccounts => ("too_many_accounts", 409, "There are as many accounts as may be"),
            Self::RateLimited => ("rate_limited", 429, "Too much in too short a time; try again later"),
        }
    }
}

/// The page of the docs that lists every code.
#[must_use]
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Error codes\n\n\
         Every refusal carries one of these codes: as `code` in the problem details of an HTTP answer (RFC 9457), as\n\
         `data.code` of a Socket.IO `CONNECT_ERROR` (but for an unknown namespace), and as `code` of an `exception` event or a refused ack.\n\
         This page is generated from the code (`cargo xtask generate`).\n\n\
         | code | HTTP status | meaning |\n| --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        page.push_str(&format!("| `{}` | {} | {} |\n", code.as_str(), code.status(), code.title()));
    }
    page
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::*;

    #[test]
    fn the_page_of_the_docs_is_current() {
        expect_file!["../../../docs/ERRORS.md"].assert_eq(&reference_markdown());
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = ErrorCode::ALL.map(ErrorCode::as_str).into();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
    }
}
