//! How the secrets of one-time passwords are kept: sealed where there is a master key, else as they are.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use waypost_domain::AccountId;
use waypost_store::accounts::{AccountPageRequest, KeptSecret, KeptTotp, TotpColumn};
use waypost_store::data_keys::Change;
use waypost_store::{Accounts, DataKeys};

use super::totp::{SECRET_BYTES, TotpSecret};
use crate::sealing::{Keyring, MasterId, Place, SealingError, key_of};

/// Accounts that are looked at together at the start.
const PAGE: usize = 200;
/// Accounts that are named where their secrets cannot be opened.
const NAMED_MAX: usize = 20;

/// Seals and opens the secrets of one-time passwords.
pub(crate) struct TotpKeeping(Option<Keyring>);

/// A secret's place.
type TotpPlace = (AccountId, TotpColumn);

impl TotpKeeping {
    /// With the keys of a master key, or without one.
    pub(crate) const fn new(keyring: Option<Keyring>) -> Self {
        Self(keyring)
    }

    /// A secret as it is stored from now on.
    ///
    /// # Errors
    /// See [`SealingError`].
    pub(super) async fn keep(
        &self,
        (account, column): TotpPlace,
        secret: &TotpSecret,
    ) -> Result<KeptSecret, SealingError> {
        let Some(keyring) = &self.0 else { return Ok(KeptSecret::new(secret.expose().to_vec())) };
        let row = account.to_string();
        Ok(KeptSecret::new(keyring.seal(place(&row, column), secret.expose()).await?))
    }

    /// A secret that is stored.
    ///
    /// # Errors
    /// See [`SealingError`].
    pub(super) async fn open(
        &self,
        (account, column): TotpPlace,
        kept: &KeptSecret,
    ) -> Result<TotpSecret, SealingError> {
        if is_plain(kept) {
            return Ok(TotpSecret::new(kept.expose()));
        }
        let keyring = self.0.as_ref().ok_or(SealingError::NoMasterKey)?;
        let row = account.to_string();
        Ok(TotpSecret::new(&keyring.open(place(&row, column), kept.expose()).await?))
    }

    /// Opens all that are sealed, and seals those that are not where there is a master key: so many at a time, so that nobody
    /// else who writes is kept waiting.
    ///
    /// # Errors
    /// Where one wants another master key: without it nobody could be asked for one-time passwords. One that is broken keeps its
    /// person out, and no one else.
    pub(crate) async fn go_through(&self, accounts: &Accounts) -> anyhow::Result<()> {
        let (mut request, mut locked, mut sealed) =
            (AccountPageRequest { after: None, limit: PAGE }, Locked::default(), 0_usize);
        loop {
            let page = accounts.totp_secrets(request).await?;
            for kept in &page {
                for (column, secret) in columns(kept) {
                    match self.look_at(accounts, (kept.account, column), secret).await {
                        Ok(Change::Done) => sealed += 1,
                        Ok(Change::Stale) => {}
                        Err(error) => locked.note(kept.account, (secret, error))?,
                    }
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => request.after = Some(last.account),
                _ => break,
            }
        }
        if sealed > 0 {
            tracing::info!(secrets = sealed, "secrets of one-time passwords were sealed");
        }
        locked.refuse(accounts).await
    }

    /// Whether a secret was sealed that had not been.
    async fn look_at(
        &self,
        accounts: &Accounts,
        place: TotpPlace,
        kept: &KeptSecret,
    ) -> Result<Change, SealingError> {
        let secret = self.open(place, kept).await?;
        if self.0.is_none() || !is_plain(kept) {
            return Ok(Change::Stale);
        }
        let anew = self.keep(place, &secret).await?;
        Ok(accounts.replace_totp(place, (kept, &anew)).await?)
    }
}

fn columns(kept: &KeptTotp) -> impl Iterator<Item = (TotpColumn, &KeptSecret)> {
    let both = [(TotpColumn::InUse, &kept.totp), (TotpColumn::Pending, &kept.pending)];
    both.into_iter().filter_map(|(column, secret)| Some((column, secret.as_ref()?)))
}

/// Whether it is a secret as it is. What is sealed is longer than any.
fn is_plain(kept: &KeptSecret) -> bool {
    kept.expose().len() == SECRET_BYTES
}

fn place(account: &str, column: TotpColumn) -> Place<'_> {
    Place { table: TotpColumn::TABLE, row: account.as_bytes(), column: column.name() }
}

/// Whose secrets need another master key.
#[derive(Default)]
struct Locked {
    accounts: BTreeSet<AccountId>,
    wanted: Option<MasterId>,
    present: Option<MasterId>,
    /// One that is sealed with a data key whose master key is not known here.
    sealed: Option<KeptSecret>,
}

impl Locked {
    /// Notes why one does not open, where that stands for all: else says it.
    fn note(&mut self, account: AccountId, (kept, error): (&KeptSecret, SealingError)) -> anyhow::Result<()> {
        match error {
            SealingError::NoMasterKey => self.sealed = Some(kept.clone()),
            SealingError::OtherMasterKey { wanted, present } => {
                (self.wanted, self.present) = (Some(wanted), Some(present));
            }
            SealingError::Broken => {
                tracing::error!(
                    account.id = %account,
                    "the secret of one-time passwords is not what was sealed: nobody can sign in with the account until \
                     `waypost admin reset --totp`"
                );
                return Ok(());
            }
            error @ (SealingError::Failed | SealingError::Store(_)) => return Err(error.into()),
        }
        self.accounts.insert(account);
        Ok(())
    }

    async fn refuse(self, accounts: &Accounts) -> anyhow::Result<()> {
        if self.accounts.is_empty() {
            return Ok(());
        }
        let wanted = match (self.wanted, &self.sealed) {
            (None, Some(sealed)) => master_of(accounts, sealed).await?,
            (wanted, _) => wanted,
        };
        let wanted = wanted.map_or_else(|| "is not known".to_owned(), |id| format!("is {id}"));
        let present =
            self.present.map_or_else(|| "none is configured".to_owned(), |id| format!("{id} is configured"));
        let mut named: Vec<String> = self.accounts.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        if self.accounts.len() > NAMED_MAX {
            named.push("…".to_owned());
        }
        bail!(
            "the secrets of one-time passwords of {} accounts are sealed: the master key that is wanted {wanted}, and \
             {present} ([master_key]). Give the one that is wanted. Where it is lost, `waypost admin reset ID --totp` \
             for each of them gives up its one-time passwords: {}",
            self.accounts.len(),
            named.join(", ")
        )
    }
}

/// By which master key a secret is sealed.
async fn master_of(accounts: &Accounts, sealed: &KeptSecret) -> anyhow::Result<Option<MasterId>> {
    let Some(id) = key_of(sealed.expose()) else { return Ok(None) };
    let key = DataKeys::beside(accounts.clone()).find(&id).await.context("the keys cannot be read")?;
    Ok(key.map(|key| MasterId::of(&key)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use waypost_domain::{Account, AccountState, Limits, Login, PersonName, Role, Timestamp};
    use waypost_store::accounts::{AccountLink, ResetWish};
    use waypost_store::{Clock, Place as StorePlace};

    use super::*;
    use crate::clock::SystemClock;
    use crate::sealing::MasterKey;

    const PLAIN: [u8; SECRET_BYTES] = *b"twenty secret bytes!";

    struct Ground {
        accounts: Accounts,
        folder: tempfile::TempDir,
    }

    impl Ground {
        /// So many accounts, each with a secret that is not shown to work yet, and is not sealed.
        async fn new(count: u32) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let accounts = Accounts::open(&StorePlace::Directory(folder.path().into())).await.unwrap();
            for n in 0..count {
                let account = Account {
                    id: id(n),
                    login: Login::parse(&format!("person{n}")).unwrap(),
                    name: PersonName::parse("Person").unwrap(),
                    role: Role::Agent.into(),
                    state: AccountState::Active,
                    limits: Limits::default(),
                };
                accounts.create(&account, Timestamp::from_millis(1)).await.unwrap();
                accounts.put_pending_totp(id(n), &KeptSecret::new(PLAIN.to_vec())).await.unwrap();
            }
            Self { accounts, folder }
        }

        fn keeping(&self, master: Option<u8>) -> TotpKeeping {
            let keyring = master.map(|n| {
                let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
                Keyring::new(key(n), DataKeys::beside(self.accounts.clone()), clock)
            });
            TotpKeeping::new(keyring)
        }

        async fn go_through(&self, master: Option<u8>) -> Result<(), String> {
            self.keeping(master).go_through(&self.accounts).await.map_err(|error| format!("{error:#}"))
        }

        async fn kept(&self, n: u32) -> KeptSecret {
            self.accounts.find(id(n)).await.unwrap().unwrap().totp_pending.unwrap()
        }

        fn stored_bytes(&self) -> Vec<u8> {
            let mut bytes = Vec::new();
            for entry in std::fs::read_dir(self.folder.path()).unwrap() {
                bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
            }
            bytes
        }
    }

    fn id(n: u32) -> AccountId {
        AccountId::from_parts(Timestamp::from_millis(1), n.into())
    }

    fn key(n: u8) -> MasterKey {
        MasterKey::of_random(&[n; 32]).0
    }

    #[tokio::test]
    async fn without_a_master_key_secrets_stay_as_they_are_and_with_one_they_are_sealed() {
        let ground = Ground::new(3).await;
        ground.go_through(None).await.unwrap();
        assert!(is_plain(&ground.kept(0).await));
        ground.go_through(Some(1)).await.unwrap();
        let place = (id(0), TotpColumn::Pending);
        let kept = ground.kept(0).await;
        assert!(!is_plain(&kept));
        let again = ground.keeping(Some(1));
        assert_eq!(again.open(place, &kept).await.unwrap().expose(), PLAIN);
        for other in [(id(1), TotpColumn::Pending), (id(0), TotpColumn::InUse)] {
            assert!(matches!(again.open(other, &kept).await, Err(SealingError::Broken)), "{other:?}");
        }
        ground.go_through(Some(1)).await.unwrap();
        assert_eq!(ground.kept(0).await, kept, "what is sealed stays as it is");
    }

    #[tokio::test]
    async fn all_are_sealed_however_many_there_are() {
        let count = u32::try_from(PAGE + 3).unwrap();
        let ground = Ground::new(count).await;
        ground.go_through(Some(1)).await.unwrap();
        for n in [0, count / 2, count - 1] {
            assert!(!is_plain(&ground.kept(n).await), "{n}");
        }
    }

    #[tokio::test]
    async fn what_is_kept_anew_is_never_on_the_disk() {
        let ground = Ground::new(1).await;
        let keeping = ground.keeping(Some(1));
        let secret = TotpSecret::new(b"another twenty bytes");
        let place = (id(0), TotpColumn::Pending);
        let kept = keeping.keep(place, &secret).await.unwrap();
        ground.accounts.put_pending_totp(id(0), &kept).await.unwrap();
        let holds = |part: &[u8]| ground.stored_bytes().windows(part.len()).any(|bytes| bytes == part);
        assert!(!holds(secret.expose()));
        assert!(holds(kept.expose()) && holds(&PLAIN), "it is looked for in the right place");
    }

    #[tokio::test]
    async fn whoever_lacks_the_key_is_told_which_one_and_whose_secrets_it_is_for() {
        let ground = Ground::new(2).await;
        ground.go_through(Some(1)).await.unwrap();
        let wanted = key(1).id().to_string();
        for (master, present) in
            [(None, "none is configured".to_owned()), (Some(2), format!("{} is configured", key(2).id()))]
        {
            let refused = ground.go_through(master).await.unwrap_err();
            for part in [&*wanted, &present, "of 2 accounts", &id(0).to_string(), &id(1).to_string()] {
                assert!(refused.contains(part), "{part}: {refused}");
            }
        }
        for n in 0..2 {
            let link = AccountLink { account: id(n), wish: ResetWish::PasswordAndTotp };
            let digest = [u8::try_from(n).unwrap(); 32];
            ground.accounts.put_link(Some(link), &digest, Timestamp::from_millis(1)).await.unwrap();
        }
        ground.go_through(None).await.unwrap();
        ground.go_through(Some(2)).await.unwrap();
    }

    #[tokio::test]
    async fn one_that_is_broken_keeps_nobody_else_out() {
        let ground = Ground::new(2).await;
        ground.go_through(Some(1)).await.unwrap();
        let other = ground.kept(1).await;
        ground.accounts.put_pending_totp(id(0), &other).await.unwrap();
        ground.go_through(Some(1)).await.unwrap();
        let opened = ground.keeping(Some(1)).open((id(0), TotpColumn::Pending), &other).await;
        assert!(matches!(opened, Err(SealingError::Broken)), "another's secret is nobody's");
    }
}
