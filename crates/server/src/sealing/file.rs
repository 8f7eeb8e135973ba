//! A master key in a file: its owner's alone, and not where the database is, because whoever copies the one would have both.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use zeroize::Zeroizing;

use super::{MasterId, MasterKey};
use crate::clock::random_seed;

/// More than any text of a key.
pub(super) const TEXT_BYTES_MAX: usize = 1_024;

/// Reads the key in a file.
///
/// # Errors
/// Where it lies in the data directory, where others than its owner may do anything with it, and where it holds no key.
pub(crate) fn read_file(path: &Path, data_dir: &Path) -> anyhow::Result<MasterKey> {
    ensure_outside(path, data_dir)?;
    let shown = path.display();
    let cannot = || format!("the master key's file {shown} cannot be read");
    // Before it is opened: a pipe would keep us waiting.
    ensure!(std::fs::metadata(path).with_context(cannot)?.is_file(), "{shown} is no file");
    let file = File::open(path).with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    let mode = metadata.mode() & 0o777;
    ensure!(
        mode & 0o077 == 0,
        "others than its owner may read or write {shown} (its mode is {mode:04o}); `chmod 600 {shown}` mends it"
    );
    ensure!(
        [0, rustix::process::geteuid().as_raw()].contains(&metadata.uid()),
        "{shown} belongs neither to the user that the server runs as nor to root"
    );
    // It does not grow, which would leave a part of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES_MAX));
    file.take(TEXT_BYTES_MAX as u64).read_to_string(&mut text).with_context(cannot)?;
    MasterKey::parse(&text)
        .with_context(|| format!("{shown} holds no master key: that is {}", MasterKey::FORMAT))
}

/// Makes a key in a new file; its id.
///
/// # Errors
/// Where the file is there already, lies in the data directory, or cannot be written.
pub(crate) fn make_file(path: &Path, data_dir: &Path) -> anyhow::Result<MasterId> {
    ensure_outside(path, data_dir)?;
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the directory {}", folder.display()))?;
    let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!("{shown} is there already, and stays as it is: what is sealed by a key is lost with it")
        }
        opened => opened.with_context(|| format!("cannot make {shown}"))?,
    };
    let (key, text) = MasterKey::of_random(&Zeroizing::new(random_seed()?));
    if let Err(error) = write(&file, &text, folder) {
        // Half a key would be in the way of the next attempt.
        let (Ok(()) | Err(_)) = std::fs::remove_file(path);
        return Err(error).with_context(|| format!("cannot write {shown}"));
    }
    Ok(key.id())
}

fn write(mut file: &File, text: &str, folder: &Path) -> std::io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // The file's name is the directory's.
    File::open(folder)?.sync_all()
}

fn ensure_outside(path: &Path, data_dir: &Path) -> anyhow::Result<()> {
    let where_it_is = |path: &Path| {
        resolve(path).with_context(|| format!("it cannot be told where {} lies", path.display()))
    };
    let (file, directory) = (where_it_is(path)?, where_it_is(data_dir)?);
    ensure!(
        !file.starts_with(&directory),
        "the master key's file {} lies in the data directory {}: whoever has a copy of that would have both. Keep it \
         elsewhere, and out of its backups",
        path.display(),
        data_dir.display()
    );
    Ok(())
}

/// Where a path leads, with what is not there yet behind what is.
fn resolve(path: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for there in path.ancestors() {
        match there.canonicalize() {
            Ok(resolved) => {
                let rest = path.strip_prefix(there)?;
                ensure!(
                    rest.components().all(|part| matches!(part, Component::Normal(_))),
                    "`..` behind a directory that is not there"
                );
                return Ok(resolved.join(rest));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("there is no root directory")
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    struct Ground {
        folder: tempfile::TempDir,
    }

    impl Ground {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn make(&self, name: &str) -> anyhow::Result<MasterId> {
            make_file(&self.path(name), &self.path("data"))
        }

        fn read(&self, name: &str) -> anyhow::Result<MasterKey> {
            read_file(&self.path(name), &self.path("data"))
        }

        fn mode(&self, name: &str) -> u32 {
            self.path(name).metadata().unwrap().permissions().mode() & 0o777
        }
    }

    #[track_caller]
    fn check_error<T>(result: anyhow::Result<T>, part: &str) {
        let Err(error) = result else { panic!("it should be refused") };
        let text = format!("{error:#}");
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("wpm_A"), "{text}");
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_holds_a_key() {
        let ground = Ground::new();
        let id = ground.make("keys/deep/master.key").unwrap();
        assert_eq!((ground.mode("keys/deep/master.key"), ground.mode("keys/deep")), (0o600, 0o700));
        assert_eq!(ground.read("keys/deep/master.key").unwrap().id(), id);
        assert_ne!(ground.make("another.key").unwrap(), id);
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let ground = Ground::new();
        let id = ground.make("master.key").unwrap();
        check_error(ground.make("master.key"), "is there already");
        assert_eq!(ground.read("master.key").unwrap().id(), id);
        symlink(ground.path("nowhere"), ground.path("link")).unwrap();
        check_error(ground.make("link"), "is there already");
    }

    #[test]
    fn the_data_directory_is_no_place_for_it_by_whatever_path() {
        let ground = Ground::new();
        for name in ["data/master.key", "data/deep/master.key", "data/../data/x"] {
            assert!(ground.make(name).is_err(), "{name}, while there is no such directory");
        }
        assert!(!ground.path("data").exists());
        std::fs::create_dir(ground.path("data")).unwrap();
        symlink(ground.path("data"), ground.path("link")).unwrap();
        for name in ["data/master.key", "data/deep/master.key", "link/master.key", "data/../data/x"] {
            check_error(ground.make(name), "in the data directory");
        }
        ground.make("master.key").unwrap();
        std::fs::rename(ground.path("master.key"), ground.path("data/master.key")).unwrap();
        symlink(ground.path("data/master.key"), ground.path("master.key")).unwrap();
        for name in ["data/master.key", "link/master.key", "master.key"] {
            check_error(ground.read(name), "in the data directory");
        }
        // A name that only begins alike is another place.
        ground.make("data2/master.key").unwrap();
    }

    #[test]
    fn a_file_that_others_may_read_or_write_is_refused() {
        let ground = Ground::new();
        ground.make("master.key").unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
            std::fs::set_permissions(ground.path("master.key"), Permissions::from_mode(mode)).unwrap();
            check_error(ground.read("master.key"), &format!("{mode:04o}"));
        }
        std::fs::set_permissions(ground.path("master.key"), Permissions::from_mode(0o400)).unwrap();
        ground.read("master.key").unwrap();
    }

    #[test]
    fn what_holds_no_key_is_told() {
        let ground = Ground::new();
        for text in ["", "wpm_AAAA\n", "wpk_0123", &"x".repeat(5_000)] {
            std::fs::write(ground.path("no.key"), text).unwrap();
            std::fs::set_permissions(ground.path("no.key"), Permissions::from_mode(0o600)).unwrap();
            check_error(ground.read("no.key"), "holds no master key");
        }
        std::fs::write(ground.path("no.key"), [0xff; 47]).unwrap();
        check_error(ground.read("no.key"), "cannot be read");
        check_error(ground.read("missing.key"), "cannot be read");
        check_error(ground.read("."), "is no file");
    }
}
