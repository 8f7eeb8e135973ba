//! The file of the key, which is not in the database and had better not lie where its backups do.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::chain::{AuditKey, from_hexadecimal};

/// Why the key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditKeyError {
    /// The chain was begun with a key, and it is not there.
    #[error(
        "{path} is missing: put back the copy of the key with which this audit was begun (`audit.key_file`)"
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others than its owner may read or write it.
    #[error("{path} can be read by others than its owner: chmod 600")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It holds no key.
    #[error("{path} holds no key: 64 hexadecimal digits")]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// The system says no.
    #[error("{path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads the key.
pub(super) fn load(path: &Path) -> Result<AuditKey, AuditKeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => AuditKeyError::Missing { path: path.into() },
        _ => AuditKeyError::File { path: path.into(), source },
    };
    let mut file = File::open(path).map_err(failed)?;
    // Of the file that is read, whatever lies at the path a moment later.
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(AuditKeyError::Open { path: path.into() });
    }
    let text = io::read_to_string(&mut file).map_err(failed)?;
    let key =
        from_hexadecimal(text.trim_end()).ok_or_else(|| AuditKeyError::Unusable { path: path.into() })?;
    Ok(AuditKey::new(&key))
}

/// Reads the key, or makes it of `fresh` where there is none (mode 0600).
pub(super) fn load_or_create(path: &Path, fresh: &[u8; 32]) -> Result<AuditKey, AuditKeyError> {
    match load(path) {
        Err(AuditKeyError::Missing { .. }) => {
            create(path, fresh).map_err(|source| AuditKeyError::File { path: path.into(), source })?;
            load(path)
        }
        found => found,
    }
}

/// Writes the key where there is none yet. It appears whole, so that of two who make one at once both read the same.
fn create(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.push('\n');
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let written = file.write_all(digits.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match std::fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    std::fs::remove_file(&unfinished)?;
    linked?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/audit.key");
        assert!(matches!(load(&path), Err(AuditKeyError::Missing { .. })));
        let made = load_or_create(&path, &[7; 32]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = load_or_create(&path, &[8; 32]).unwrap();
        assert_eq!(made.stands_for("a"), again.stands_for("a"));
        assert_eq!(fs::read_dir(dir.path().join("keys")).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        drop(load_or_create(&path, &[7; 32]).unwrap());
        for mode in [0o640, 0o604, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(load_or_create(&path, &[7; 32]), Err(AuditKeyError::Open { .. })));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "07", &"g".repeat(64), &"7".repeat(65)] {
            fs::write(&path, text).unwrap();
            assert!(matches!(load_or_create(&path, &[7; 32]), Err(AuditKeyError::Unusable { .. })), "{text}");
        }
    }
}
