//! Accounts of people: signing in, one's own, and those of others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waypost_domain::{Account, AccountReach};

use crate::time::IsoTime;

/// `POST /api/login`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkRequest {
    /// What stands in the link behind `=`.
    pub token: String,
}

/// What a link is for.
#[derive(Debug, Serialize, ToSchema)]
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkUsed {
    /// What the person signs in with from now on.
    pub login: String,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its id.
    pub id: String,
    /// What its person signs in with.
    pub login: String,
    /// What its person is called.
    pub name: String,
    /// What it may do: `viewer`, `agent`, `supervisor` or `admin`.
    pub role: &'static str,
    /// `invited`, `active` or `disabled`.
    pub state: &'static str,
    /// What it is held to.
    pub reach: ReachBody,
}

impl AccountView {
    /// The account as it is told.
    #[must_use]
    pub fn new(account: &Account) -> Self {
        let AccountReach { numbers, teams, customers } = account.reach.clone();
        Self {
            id: account.id.to_string(),
            login: account.login.as_str().to_owned(),
            name: account.name.as_str().to_owned(),
            role: account.role.as_str(),
            state: account.state.as_str(),
            reach: ReachBody { numbers, teams, customers },
        }
    }
}

/// What an account is held to, as the claims of a token; what is missing holds it to nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReachBody {
    /// Our numbers, as `phoneNumberId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Vec<String>>,
    /// Teams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<String>>,
    /// Our ids of customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<String>>,
}

impl From<ReachBody> for AccountReach {
    fn from(ReachBody { numbers, teams, customers }: ReachBody) -> Self {
        Self { numbers, teams, customers }
    }
}

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
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
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// All of them.
    pub data: Vec<SessionView>,
}

/// `POST /api/me/password`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisableTotpRequest {
    /// The password.
    pub password: String,
}

/// `POST /api/accounts`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InviteRequest {
    /// What the person signs in with: a name or a mail address, without white space.
    pub login: String,
    /// What the person is called.
    pub name: String,
    /// `viewer`, `agent`, `supervisor` or `admin`.
    pub role: String,
    /// What the account is held to. This version refuses to sign in an account that is held to anything.
    #[serde(default)]
    pub reach: ReachBody,
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountPatch {
    /// What the person is called.
    pub name: Option<String>,
    /// What the account may do.
    pub role: Option<String>,
    /// Whether nobody may sign in with it.
    pub disabled: Option<bool>,
    /// What it is held to, as a whole.
    pub reach: Option<ReachBody>,
}

/// `POST /api/accounts/{id}/reset`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetRequest {
    /// Whether one-time passwords are no longer asked: whoever lost the device and the codes cannot sign in otherwise.
    #[serde(default)]
    pub disable_totp: bool,
}

/// A page of accounts, those that were made first before others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountPage {
    /// The accounts.
    pub data: Vec<AccountView>,
    /// Where the next page begins; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
