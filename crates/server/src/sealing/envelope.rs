//! A value under a key: nonce and ciphertext, and for what is sealed by a data key, which one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use waypost_store::data_keys::DataKeyId;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Place, SealingError};

/// The bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
/// The first byte of everything that is encrypted here: which form it has.
const FORM: u8 = 1;
const ID_BYTES: usize = size_of::<DataKeyId>();

/// A key of AES-256-GCM. The library draws a nonce each time that it encrypts, so that nobody can give it one twice.
pub(super) struct Cipher(RandomizedNonceKey);

impl Cipher {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(
            RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has the length that the cipher wants"),
        )
    }

    /// Appends nonce, ciphertext and tag.
    fn encrypt(
        &self,
        (place, key_id): (Place<'_>, &[u8]),
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealingError> {
        let mut text = plain.to_vec();
        let data = Aad::from(place.associated_data(FORM, key_id));
        let Ok(nonce) = self.0.seal_in_place_append_tag(data, &mut text) else {
            text.zeroize();
            return Err(SealingError::Failed);
        };
        out.extend_from_slice(nonce.as_ref());
        out.append(&mut text);
        Ok(())
    }

    fn decrypt(
        &self,
        (place, key_id): (Place<'_>, &[u8]),
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealingError::Broken)?;
        let mut text = Zeroizing::new(text.to_vec());
        let data = Aad::from(place.associated_data(FORM, key_id));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, data, &mut text).map_err(|_| SealingError::Broken)?.len();
        text.truncate(length);
        Ok(text)
    }

    /// A key under this one.
    pub(super) fn wrap(
        &self,
        (place, key_id): (Place<'_>, &[u8]),
        key: &[u8; KEY_BYTES],
    ) -> Result<Vec<u8>, SealingError> {
        let mut wrapped = vec![FORM];
        self.encrypt((place, key_id), key, &mut wrapped)?;
        Ok(wrapped)
    }

    /// The key that is under this one.
    pub(super) fn unwrap_key(
        &self,
        (place, key_id): (Place<'_>, &[u8]),
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealingError> {
        let bytes = wrapped.strip_prefix(&[FORM]).ok_or(SealingError::Broken)?;
        let key = self.decrypt((place, key_id), bytes)?;
        let key: &[u8; KEY_BYTES] = key.as_slice().try_into().map_err(|_| SealingError::Broken)?;
        Ok(Zeroizing::new(*key))
    }
}

/// A key with which values are sealed.
pub(super) struct DataKey {
    pub(super) id: DataKeyId,
    cipher: Cipher,
}

impl DataKey {
    pub(super) fn new(id: DataKeyId, key: &[u8; KEY_BYTES]) -> Self {
        Self { id, cipher: Cipher::new(key) }
    }

    /// The form, the key's id, the nonce, the ciphertext and its tag.
    pub(super) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealingError> {
        let mut sealed = vec![FORM];
        sealed.extend_from_slice(&self.id);
        self.cipher.encrypt((place, &self.id), plain, &mut sealed)?;
        Ok(sealed)
    }

    pub(super) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        let (id, bytes) = parts(sealed).ok_or(SealingError::Broken)?;
        if *id != self.id {
            return Err(SealingError::Broken);
        }
        self.cipher.decrypt((place, &self.id), bytes)
    }
}

/// The id of the key with which a value is sealed; `None` where it is no sealed value.
pub(crate) fn key_of(sealed: &[u8]) -> Option<DataKeyId> {
    parts(sealed).map(|(id, _)| *id)
}

fn parts(sealed: &[u8]) -> Option<(&DataKeyId, &[u8])> {
    sealed.strip_prefix(&[FORM])?.split_first_chunk::<ID_BYTES>()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PLACE: Place<'_> = Place { table: "accounts", row: b"acc_1", column: "totp" };
    const SECRET: &[u8] = b"twenty secret bytes!";

    fn data_key(n: u8) -> DataKey {
        DataKey::new([n; 16], &[n; 32])
    }

    fn is_broken<T>(opened: &Result<T, SealingError>) -> bool {
        matches!(opened, Err(SealingError::Broken))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_does_not_show() {
        let key = data_key(1);
        for plain in [SECRET, b"", &[0; 4096]] {
            let sealed = key.seal(PLACE, plain).unwrap();
            assert_eq!(sealed.len(), 1 + 16 + 12 + plain.len() + 16);
            assert_eq!(key_of(&sealed), Some([1; 16]));
            assert_eq!(**key.open(PLACE, &sealed).unwrap(), *plain);
        }
        let sealed = key.seal(PLACE, SECRET).unwrap();
        assert!(!sealed.windows(SECRET.len()).any(|part| part == SECRET));
    }

    #[test]
    fn in_another_place_it_does_not_open() {
        let key = data_key(1);
        let sealed = key.seal(PLACE, SECRET).unwrap();
        for other in [
            Place { table: "account_codes", ..PLACE },
            Place { row: b"acc_2", ..PLACE },
            Place { row: b"", ..PLACE },
            Place { column: "totp_pending", ..PLACE },
        ] {
            assert!(is_broken(&key.open(other, &sealed)), "{other:?}");
        }
    }

    #[test]
    fn under_another_key_or_id_it_does_not_open() {
        let (key, other) = (data_key(1), data_key(2));
        let sealed = key.seal(PLACE, SECRET).unwrap();
        assert!(is_broken(&other.open(PLACE, &sealed)));
        assert!(is_broken(&DataKey::new([1; 16], &[2; 32]).open(PLACE, &sealed)));
        // The right key under another id: the id is authenticated too.
        let renamed = DataKey::new([2; 16], &[1; 32]);
        let mut moved = sealed;
        moved[1..17].copy_from_slice(&[2; 16]);
        assert!(is_broken(&renamed.open(PLACE, &moved)));
    }

    #[test]
    fn every_bit_counts_and_so_does_the_length() {
        let key = data_key(1);
        let sealed = key.seal(PLACE, SECRET).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_broken(&key.open(PLACE, &flipped)), "{bit}");
        }
        for length in 0..sealed.len() {
            assert!(is_broken(&key.open(PLACE, &sealed[..length])), "{length}");
        }
        let longer = [&sealed[..], &[0]].concat();
        assert!(is_broken(&key.open(PLACE, &longer)));
    }

    #[test]
    fn no_nonce_comes_twice() {
        let key = data_key(1);
        let nonce = |sealed: Vec<u8>| <[u8; 12]>::try_from(&sealed[17..29]).unwrap();
        let nonces: HashSet<_> = (0..20_000).map(|_| nonce(key.seal(PLACE, b"").unwrap())).collect();
        assert_eq!(nonces.len(), 20_000);
    }

    #[test]
    fn a_key_is_wrapped_for_its_place_and_by_its_master_only() {
        let place = Place { table: "data_keys", row: &[1; 16], column: "wrapped" };
        let master = Cipher::new(&[7; 32]);
        let wrapped = master.wrap((place, b"master 1"), &[3; 32]).unwrap();
        assert_eq!(*master.unwrap_key((place, b"master 1"), &wrapped).unwrap(), [3; 32]);
        assert!(is_broken(&master.unwrap_key((place, b"master 2"), &wrapped)));
        assert!(is_broken(&master.unwrap_key((Place { row: &[2; 16], ..place }, b"master 1"), &wrapped)));
        assert!(is_broken(&Cipher::new(&[8; 32]).unwrap_key((place, b"master 1"), &wrapped)));
        for bit in 0..wrapped.len() * 8 {
            let mut flipped = wrapped.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_broken(&master.unwrap_key((place, b"master 1"), &flipped)), "{bit}");
        }
        // What is sealed is no wrapped key.
        let sealed = data_key(1).seal(PLACE, &[3; 32]).unwrap();
        assert!(is_broken(&master.unwrap_key((place, b"master 1"), &sealed)));
    }
}
