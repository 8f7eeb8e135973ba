//! `waypost admin`: links for the first administrator, and for whoever is locked out.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use waypost_domain::time::HOUR_MS;
use waypost_domain::{AccountId, AuditAction, Login};
use waypost_store::accounts::ResetWish;
use waypost_store::{Accounts, Clock as _};

use super::audit::{note, open_trail};
use super::purpose::claim_for_server;
use crate::accounts::{FIRST_LINK_MINUTES, InviteError, Secret256, first_admin_link, reset_link};
use crate::cli::AdminCommand;
use crate::clock::{SystemClock, random_seed};
use crate::config::{Config, PublicUrl};

/// Does what is asked, beside a server that may be running on the same data.
pub(crate) fn admin(command: &AdminCommand, config: &Config) -> anyhow::Result<()> {
    let place = config.store.place();
    claim_for_server(&place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let link = runtime.block_on(async {
        let accounts = Accounts::open(&place).await?;
        let trail = open_trail(config)?;
        match command {
            AdminCommand::Link => {
                let link = link(&accounts).await?;
                note(&trail, AuditAction::FirstLinkMade, None).await?;
                Ok(link)
            }
            AdminCommand::Reset { login, totp } => {
                let wish = if *totp { ResetWish::PasswordAndTotp } else { ResetWish::Password };
                let (account, link) = reset(&accounts, login, wish).await?;
                note(&trail, AuditAction::AccountReset, Some(account.into())).await?;
                anyhow::Ok(link)
            }
        }
    })?;
    let address = address(config.server.public_url.as_ref(), config.server.listen.as_slice());
    // On stderr, so that the link alone can be taken from stdout.
    writeln!(std::io::stderr(), "for the server whose data is in {place}, good once, for {}:", link.time)?;
    let text = format!("{address}/login#{}={}\n", link.kind, link.secret.expose());
    std::io::stdout().write_all(text.as_bytes()).context("cannot write to the terminal")
}

struct Link {
    kind: &'static str,
    secret: Secret256,
    time: String,
}

async fn link(accounts: &Accounts) -> anyhow::Result<Link> {
    let secret = first_admin_link(accounts, random_seed()?, SystemClock::new().now()).await?;
    let hint = "there is an administrator already, who can invite others; whoever is locked out is helped by \
                `waypost admin reset LOGIN`";
    let time = format!("{FIRST_LINK_MINUTES} minutes");
    Ok(Link { kind: "first", secret: secret.context(hint)?, time })
}

async fn reset(accounts: &Accounts, login: &str, wish: ResetWish) -> anyhow::Result<(AccountId, Link)> {
    let mut found = match Login::parse(login) {
        Some(login) => accounts.find_login(&login).await?,
        None => None,
    };
    // A server that lacks its master key names accounts by their ids.
    if let (None, Ok(id)) = (&found, login.parse()) {
        found = accounts.find(id).await?;
    }
    let account = found.context("nobody signs in so")?.account;
    let now = SystemClock::new().now();
    let made = reset_link(accounts, account, wish, (random_seed()?, now)).await;
    let made = made.map_err(|error| match error {
        InviteError::Disabled => anyhow::anyhow!("the account is disabled; an administrator can enable it"),
        error @ InviteError::Account(_) => error.into(),
    })?;
    let hours = (made.until.as_millis() - now.as_millis()) / HOUR_MS;
    let link = Link { kind: "reset", secret: made.secret, time: format!("{hours} h") };
    Ok((made.account.id, link))
}

/// Where a browser finds the server: at the public address, else where it listens.
pub(crate) fn address(public_url: Option<&PublicUrl>, listen: &[SocketAddr]) -> String {
    if let Some(url) = public_url {
        return url.origin().to_string();
    }
    let Some(mut address) = listen.first().copied() else { return String::new() };
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_where_a_browser_finds_the_server() {
        let url = PublicUrl::new("https://waypost.example.com");
        let listen = |address: &str| [address.parse::<SocketAddr>().unwrap()];
        assert_eq!(address(url.as_ref(), &listen("127.0.0.1:3000")), "https://waypost.example.com");
        assert_eq!(address(None, &listen("127.0.0.1:3000")), "http://127.0.0.1:3000");
        assert_eq!(address(None, &listen("0.0.0.0:3000")), "http://127.0.0.1:3000");
        assert_eq!(address(None, &listen("[::1]:3000")), "http://[::1]:3000");
    }
}
