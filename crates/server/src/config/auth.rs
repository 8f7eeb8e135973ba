//! `[auth]`: who may connect and call.

use super::key::{Demo, Section, section};
use super::setting::choice;
use super::values::Values;
use super::{
    ClaimText, Hours, JwksUrl, JwtKeys, JwtSecret, JwtSettings, Minutes, PublicKey, RoleList, Roles, Seconds,
    Secrets,
};

section! {
    Section::Auth;
    /// Who may connect and call.
    pub(crate) struct AuthConfig {
        /// A key that may do everything, as `Authorization: Bearer …` and as `auth.token` of Socket.IO; several,
        /// comma-separated, while it is being replaced. `waypost key create` makes further ones.
        api_key: Secrets = "", short "api_key", demo Demo::Own;
        /// Who needs no key: nobody (`off`), or direct requests from this machine to a loopback name (`loopback`; not
        /// through a proxy or tunnel).
        anonymous: Anonymous = "off", short "anonymous", demo Demo::Default("loopback");
        /// Roles beside `viewer`, `agent`, `service`, `supervisor` and `admin`: what they may, in whose conversations, and whether they
        /// are shown numbers and WhatsApp's ids there.
        roles: Roles = "";
        /// The secret with which another program signs tokens for people (JWTs with HS256, HS384 or HS512). At most one of
        /// this, `jwt_public_key` and `jwt_jwks_url` is set; without any, no token is taken. A token has `iss`, `aud`, `sub`,
        /// `exp` (at most a day ahead) and `role`; `numbers`, `teams` and `customers` narrow it.
        jwt_secret: Option<JwtSecret> = "", short "jwt_secret";
        /// The public key of whoever signs tokens: RSA of at least 2048 bits (RS256 to RS512, PS256 to PS512), P-256 (ES256),
        /// P-384 (ES384) or Ed25519 (EdDSA).
        jwt_public_key: Option<PublicKey> = "", short "jwt_public_key";
        /// Where whoever signs tokens publishes their keys (a JWK set). It is read with the first token, every 10 minutes when
        /// tokens come, and when a token names a key that is new, at most every 30 s. What was read stays good for a day
        /// while the address does not answer.
        jwt_jwks_url: Option<JwksUrl> = "", short "jwt_jwks_url";
        /// What a token's `iss` has to be. Wanted where tokens are verified.
        jwt_issuer: Option<ClaimText> = "", short "jwt_issuer";
        /// What a token's `aud` has to be, or have among others. Wanted where tokens are verified.
        jwt_audience: Option<ClaimText> = "", short "jwt_audience";
        /// By how much the clock of whoever signs tokens may differ from ours.
        jwt_leeway_seconds: Seconds<0, 300> = "30";
        /// How long a person stays signed in.
        session_hours: Hours<1, 720> = "12";
        /// How long a person stays signed in who does nothing. A page that is connected does something.
        session_idle_minutes: Minutes<5, 43_200> = "120";
        /// The roles whose people have to have one-time passwords: without, they can sign in to set them up, and do nothing else.
        totp_required_roles: RoleList = "";
    }
}

impl AuthConfig {
    /// What tokens are verified with, if they are.
    pub(crate) fn jwt(&self) -> Option<JwtSettings> {
        let (_, keys) = self.jwt_sources().into_iter().flatten().next()?;
        Some(JwtSettings {
            keys,
            issuer: self.jwt_issuer.as_ref()?.as_str().into(),
            audience: self.jwt_audience.as_ref()?.as_str().into(),
            leeway: self.jwt_leeway_seconds.duration(),
            roles: self.roles.clone(),
        })
    }

    /// What no single key of the section can show.
    pub(super) fn check_together(&self, values: &mut Values) {
        let mut required = self.totp_required_roles.as_slice().iter();
        if let Some(unknown) = required.find(|role| self.roles.rights(role).is_none()) {
            let named = "roles that there are: ours and those of auth.roles";
            values.refuse("auth.totp_required_roles", unknown.as_str(), named);
        }
        let mut sources = self.jwt_sources().into_iter().flatten().map(|(name, _)| name);
        let Some(first) = sources.next() else { return };
        for further in sources {
            values.conflict(further, "set", &format!("{first} is, too; keep one"));
        }
        let wanted = |what| format!("wanted with {first}: {what}");
        if self.jwt_issuer.is_none() {
            values.conflict("auth.jwt_issuer", "not set", &wanted("the `iss` of every token"));
        }
        if self.jwt_audience.is_none() {
            values.conflict(
                "auth.jwt_audience",
                "not set",
                &wanted("the `aud` by which tokens are for this server"),
            );
        }
    }

    fn jwt_sources(&self) -> [Option<(&'static str, JwtKeys)>; 3] {
        let secret = self.jwt_secret.as_ref().map(|secret| JwtKeys::Secret(secret.secret().clone()));
        let public = self.jwt_public_key.clone().map(JwtKeys::PublicKey);
        let published = self.jwt_jwks_url.clone().map(JwtKeys::Jwks);
        [
            secret.map(|keys| ("auth.jwt_secret", keys)),
            public.map(|keys| ("auth.jwt_public_key", keys)),
            published.map(|keys| ("auth.jwt_jwks_url", keys)),
        ]
    }
}

choice! {
    /// Who needs no credential.
    pub(crate) enum Anonymous, allowed "`off` or `loopback`" {
        Off = "off",
        Loopback = "loopback",
    }
}
