//! `[auth]`: who may connect and call.

use super::Secrets;
use super::key::{Demo, Section, section};
use super::setting::choice;

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
    }
}

choice! {
    /// Who needs no credential.
    pub(crate) enum Anonymous, allowed "`off` or `loopback`" {
        Off = "off",
        Loopback = "loopback",
    }
}
