//! Whether the store can write, as its last commit showed.

use tokio::sync::watch;

/// Whether the last commit went well. All clones are one.
#[derive(Clone)]
pub(crate) struct Health(watch::Sender<bool>);

impl Health {
    /// Well, until a commit says otherwise.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(true))
    }

    pub(crate) fn is_well(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Notes how a commit went; says in the log when trouble begins and when it ends, once each.
    pub(crate) fn note(&self, commit: Result<(), &dyn std::fmt::Display>) {
        let changed =
            self.0.send_if_modified(|is_well| std::mem::replace(is_well, commit.is_ok()) != commit.is_ok());
        match commit {
            Ok(()) if changed => tracing::info!("the store can write again"),
            Err(error) if changed => {
                tracing::error!(error = %error, "the store cannot write; until it can, nothing is acknowledged");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
