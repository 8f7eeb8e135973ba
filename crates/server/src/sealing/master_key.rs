//! The master key: its text, its id, and the data keys under it.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use waypost_store::data_keys::{DataKeyId, MasterKeyId, WrappedKey};
use zeroize::Zeroizing;

use super::envelope::{Cipher, KEY_BYTES};
use super::{Place, SealingError};

/// Before the key. API keys begin with `wpk_`: neither is to be taken for the other.
const PREFIX: &str = "wpm_";
/// What is hashed before the key, so that its id is no other digest of it.
const ID_LABEL: &[u8] = b"waypost master key id\0";

/// By what a master key is told from others. It says nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MasterId(MasterKeyId);

impl MasterId {
    /// By which master key a data key is wrapped.
    pub(crate) const fn of(key: &WrappedKey) -> Self {
        Self(key.wrapped_by)
    }
}

impl fmt::Display for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterId({self})")
    }
}

/// The key under which the data keys are. Cheap to clone.
#[derive(Clone)]
pub(crate) struct MasterKey {
    id: MasterId,
    cipher: Arc<Cipher>,
}

impl MasterKey {
    /// What [`Self::parse`] takes, for people.
    pub(crate) const FORMAT: &str = "wpm_ and 43 characters, as `waypost master-key init` writes it";

    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let digest = Sha256::new().chain_update(ID_LABEL).chain_update(key).finalize();
        let id = *digest.first_chunk().expect("a digest has 32 bytes");
        Self { id: MasterId(id), cipher: Arc::new(Cipher::new(key)) }
    }

    /// Reads the text of a key; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix(PREFIX)?;
        let key = Zeroizing::new(URL_SAFE_NO_PAD.decode(digits).ok()?);
        let key: &[u8; KEY_BYTES] = key.as_slice().try_into().ok()?;
        // One that was never random: the placeholder of a template.
        (*key != [key[0]; KEY_BYTES]).then(|| Self::new(key))
    }

    /// A new key of random bytes, and its text.
    pub(crate) fn of_random(bits: &[u8; KEY_BYTES]) -> (Self, Zeroizing<String>) {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 2 * KEY_BYTES));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bits, &mut text);
        (Self::new(bits), text)
    }

    pub(crate) fn id(&self) -> MasterId {
        self.id
    }

    /// Its id as it is stored.
    pub(super) fn id_bytes(&self) -> MasterKeyId {
        self.id.0
    }

    /// A data key under this key.
    pub(super) fn wrap(&self, id: &DataKeyId, key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, SealingError> {
        self.cipher.wrap((place(id), &self.id.0), key)
    }

    /// A data key that is under this key.
    pub(super) fn unwrap_key(
        &self,
        id: &DataKeyId,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealingError> {
        self.cipher.unwrap_key((place(id), &self.id.0), wrapped)
    }
}

fn place(id: &DataKeyId) -> Place<'_> {
    Place { table: "data_keys", row: id, column: "wrapped" }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_text() {
        let bits: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let (key, text) = MasterKey::of_random(&bits);
        assert_eq!(*text, "wpm_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        let again = MasterKey::parse(&format!(" {}\n", *text)).unwrap();
        assert_eq!(again.id(), key.id());
        assert_eq!(key.id().to_string().len(), 16);
        let wrapped = key.wrap(&[1; 16], &[2; 32]).unwrap();
        assert_eq!(*again.unwrap_key(&[1; 16], &wrapped).unwrap(), [2; 32]);
        assert!(matches!(again.unwrap_key(&[2; 16], &wrapped), Err(SealingError::Broken)));
        let (other, _) = MasterKey::of_random(&[9; 32]);
        assert_ne!(other.id(), key.id());
        assert!(matches!(other.unwrap_key(&[1; 16], &wrapped), Err(SealingError::Broken)));
        assert!(!format!("{key:?}").contains("AAECAw"));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in [
            "",
            "wpm_",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "wpk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "wpm_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg",
            "wpm_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A",
            "wpm_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
            "wpm_AAECAwQFBgcICQoLDA0O DxAREhMUFRYXGBkaGxwdHh8",
            "wpm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(MasterKey::parse(text).is_none(), "{text}");
        }
    }
}
