//! What `cargo metadata` tells, as far as checks ask.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::place::Place;
use crate::process;

#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    workspace_members: Vec<String>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    pub(super) description: Option<String>,
    manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Nothing for a normal one, else `dev` or `build`.
    pub(super) kind: Option<String>,
    rename: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Metadata {
    /// Both workspaces: the product's, and the fuzzer's beside it.
    pub(super) fn read(place: &Place) -> Result<Self> {
        let product = Self::read_workspace(place, "Cargo.toml")?;
        Ok(product.and(Self::read_workspace(place, "fuzz/Cargo.toml")?))
    }

    /// An error also where the workspace's lockfile is missing or out of date.
    fn read_workspace(place: &Place, manifest: &str) -> Result<Self> {
        let arguments = ["metadata", "--format-version", "1", "--locked", "--manifest-path", manifest];
        let json = process::output(place.cargo().args(arguments))?;
        serde_json::from_str(&json).context("`cargo metadata` prints what it has printed before")
    }

    /// This workspace and another one below its root, which may share packages.
    fn and(mut self, other: Self) -> Self {
        for package in other.packages {
            if self.packages.iter().all(|known| known.id != package.id) {
                self.packages.push(package);
            }
        }
        self.workspace_members.extend(other.workspace_members);
        self
    }

    /// Our own packages.
    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Everybody else's.
    pub(super) fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| !self.workspace_members.contains(&package.id))
    }

    /// The manifest of a member, from the root, with slashes.
    pub(super) fn manifest(&self, package: &Package) -> String {
        self.relative(&package.manifest_path)
    }

    /// The folder of a member, from the root, with a slash at its end.
    pub(super) fn folder(&self, package: &Package) -> String {
        self.manifest(package).trim_end_matches("Cargo.toml").to_owned()
    }

    /// The file with which a member's library begins, from the root.
    pub(super) fn library(&self, package: &Package) -> Option<String> {
        let library = package.targets.iter().find(|target| target.kind.iter().any(|kind| kind == "lib"))?;
        Some(self.relative(&library.src_path))
    }

    fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.workspace_root).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }

    /// Members as tests of checks give them: name, and the names of what each depends on, normally.
    #[cfg(test)]
    pub(super) fn of_members(members: &[(&str, &[&str])]) -> Self {
        let normal = |name: &&str| Dependency { name: (*name).to_owned(), kind: None, rename: None };
        let package = |(name, dependencies): &(&str, &[&str])| Package {
            id: (*name).to_owned(),
            name: (*name).to_owned(),
            version: "0.1.0".to_owned(),
            license: None,
            description: None,
            manifest_path: format!("/root/{name}/Cargo.toml").into(),
            dependencies: dependencies.iter().map(normal).collect(),
            targets: vec![Target {
                kind: vec!["lib".to_owned()],
                src_path: format!("/root/{name}/src/lib.rs").into(),
            }],
        };
        Self {
            packages: members.iter().map(package).collect(),
            workspace_members: members.iter().map(|(name, _)| (*name).to_owned()).collect(),
            workspace_root: "/root".into(),
        }
    }

    /// The same packages, as if they were not ours.
    #[cfg(test)]
    pub(super) fn into_foreign(mut self) -> Self {
        self.workspace_members.clear();
        self
    }
}

impl Dependency {
    /// Whether the product is built with it.
    pub(super) fn is_normal(&self) -> bool {
        self.kind.is_none()
    }

    /// Its name in code.
    pub(super) fn identifier(&self) -> String {
        self.rename.as_ref().unwrap_or(&self.name).replace('-', "_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_two_workspaces_is_one() {
        let product = Metadata::of_members(&[("waypost-wire", &["bytes"])]);
        let fuzzer =
            Metadata::of_members(&[("waypost-fuzz", &["waypost-wire"]), ("waypost-wire", &["bytes"])]);
        let both = product.and(fuzzer);
        let names: Vec<&str> = both.members().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["waypost-wire", "waypost-fuzz"]);
    }
}
