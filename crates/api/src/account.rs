//! Accounts of people: signing in, one's own, and those of others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waypost_domain::{Account, LimitError, Limits};

use crate::time::IsoTime;

/// `POST /api/login`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginRequest {
    /// What the person signs in with.
    pub login: String,
    /// The password.
    pub password: String,
    /// A one-time password or a recovery code, where the account has them.
    pub code: Option<String>,
}

/// `POST /api/login/link`: whose link is it?
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkRequest {
    /// What stands in the link behind `=`.
    pub token: String,
}

/// What a link is for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    /// `firstAdmin`: a login and a name are to be chosen; `password`: a password for the account with this login.
    pub kind: &'static str,
    /// The account's login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// What its person is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `POST /api/login/link/use`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UseLinkRequest {
    /// What stands in the link behind `=`.
    pub token: String,
    /// The new password, 12 to 128 characters.
    pub password: String,
    /// What the first administrator signs in with.
    pub login: Option<String>,
    /// What the first administrator is called.
    pub name: Option<String>,
}

/// The answer to [`UseLinkRequest`].
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkUsed {
    /// What the person signs in with from now on.
    pub login: String,
}

/// An account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// What its person signs in with.
    pub login: String,
    /// What its person is called.
    pub name: String,
    /// What it may do: `viewer`, `agent`, `service`, `supervisor`, `admin`, or a role of the configuration.
    pub role: String,
    /// `invited`, `active` or `disabled`.
    pub state: &'static str,
    /// What narrows the role.
    pub limits: LimitsBody,
}

impl AccountView {
    /// The account as it is told.
    #[must_use]
    pub fn new(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            login: account.login.as_str().to_owned(),
            name: account.name.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            state: account.state.as_str(),
            limits: LimitsBody::new(&account.limits),
        }
    }
}

/// What narrows the role of an account, by the names that a token's claims have. What is missing narrows nothing; an empty
/// list leaves nothing; any other name is refused, as whoever misspells one would be given more than was meant.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LimitsBody {
    /// The business numbers that it holds for, as `phoneNumberId`; 64 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Vec<String>>,
    /// The teams whose conversations it holds for, beside those that are assigned to the account; 64 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<String>>,
    /// The customers that it holds for, each by any name; 64 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<String>>,
}

impl LimitsBody {
    /// The limits as they are told.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let [numbers, teams, customers] = limits.names();
        Self { numbers, teams, customers }
    }

    /// The limits that are asked for.
    ///
    /// # Errors
    /// See [`LimitError`].
    pub fn limits(&self) -> Result<Limits, LimitError> {
        Limits::parse(self.numbers.as_deref(), self.teams.as_deref(), self.customers.as_deref())
    }
}

/// Who calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeView {
    /// Who it is, whatever the credential.
    pub principal: String,
    /// What it may do, by the words of the table of permissions.
    pub permissions: Vec<&'static str>,
    /// The account, of whoever is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountView>,
    /// The session, of whoever is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionView>,
    /// Whether one-time passwords are asked: `on`; `off`; or `missing`, where they have to be set up before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp: Option<&'static str>,
}

/// That somebody is signed in, from one browser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// The browser, as it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When somebody signed in.
    pub created_at: IsoTime,
    /// When it was used last, to a few minutes.
    pub seen_at: IsoTime,
    /// When it ends.
    pub expires_at: IsoTime,
    /// Whether it is that of this request.
    pub current: bool,
}

/// Sessions, those that were used last first.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// All of them.
    pub data: Vec<SessionView>,
}

/// `POST /api/me/password`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordRequest {
    /// The present password.
    pub present: String,
    /// The new one, 12 to 128 characters.
    pub next: String,
}

/// What an app is told that makes one-time passwords.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentView {
    /// To be typed into the app.
    pub secret: String,
    /// To be read by the app.
    pub uri: String,
}

/// `POST /api/me/totp/confirm`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmTotpRequest {
    /// What the app shows.
    pub code: String,
}

/// What one signs in with whose device is lost, each once. They are shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Ten of them.
    pub recovery_codes: Vec<String>,
}

/// `POST /api/me/totp/disable`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisableTotpRequest {
    /// The password.
    pub password: String,
}

/// `POST /api/accounts`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InviteRequest {
    /// What the person signs in with: a name or a mail address, without white space.
    pub login: String,
    /// What the person is called.
    pub name: String,
    /// `viewer`, `agent`, `service`, `supervisor`, `admin`, or a role of the configuration.
    pub role: String,
    /// What narrows the role.
    #[serde(default)]
    pub limits: LimitsBody,
}

/// An account with a link to it, which is good once. It is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitedView {
    /// The account.
    pub account: AccountView,
    /// To be given to its person.
    pub link: String,
    /// Until when it is good.
    pub expires_at: IsoTime,
}

/// `PATCH /api/accounts/{id}`: what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountPatch {
    /// What the person is called.
    pub name: Option<String>,
    /// What the account may do.
    pub role: Option<String>,
    /// Whether nobody may sign in with it.
    pub disabled: Option<bool>,
    /// What narrows the role, as a whole.
    pub limits: Option<LimitsBody>,
}

/// `POST /api/accounts/{id}/reset`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetRequest {
    /// Whether one-time passwords are no longer asked: whoever lost the device and the codes cannot sign in otherwise.
    #[serde(default)]
    pub disable_totp: bool,
}

/// A page of accounts, those that were made first before others.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountPage {
    /// The accounts.
    pub data: Vec<AccountView>,
    /// Where the next page begins; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
