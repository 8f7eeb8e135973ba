//! Who may know whom: the table of the design (ARCHITECTURE.md has its reasons). A new edge is a decision about the
//! whole house, so it is made here, where it is seen.

use super::{Problem, Tree};

/// What each room of the product may know of the others.
const MAY_KNOW: [(&str, &[&str]); 12] = [
    ("waypost-domain", &[]),
    ("waypost-wire", &[]),
    ("waypost-assets", &[]),
    ("waypost-realtime", &["waypost-wire"]),
    ("waypost-store", &["waypost-domain"]),
    ("waypost-cloud-api", &["waypost-domain"]),
    ("waypost-api", &["waypost-domain"]),
    (
        "waypost-inbox",
        &["waypost-domain", "waypost-store", "waypost-cloud-api", "waypost-realtime", "waypost-api"],
    ),
    ("waypost-simulator", &["waypost-domain", "waypost-cloud-api"]),
    (
        "waypost-server",
        &[
            "waypost-domain",
            "waypost-wire",
            "waypost-assets",
            "waypost-realtime",
            "waypost-store",
            "waypost-cloud-api",
            "waypost-api",
            "waypost-inbox",
            "waypost-simulator",
        ],
    ),
    ("waypost-fuzz", &["waypost-domain", "waypost-wire", "waypost-cloud-api"]),
    ("xtask", &[]),
];

/// Never part of the product, so free to know all of it.
const KNOW_ALL: [&str; 3] = ["waypost-testkit", "waypost-tests", "waypost-bench"];

/// Rooms that are pure, and crates that would end that: I/O, clocks, randomness, async runtimes, and for the domain
/// also serialisation.
const IMPURE: [(&str, &[&str]); 2] = [
    (
        "waypost-domain",
        &["serde", "serde_json", "tokio", "rand", "getrandom", "futures-util", "reqwest", "rusqlite"],
    ),
    ("waypost-wire", &["tokio", "tokio-util", "rand", "getrandom", "futures-util", "hyper", "axum"]),
];

/// Edges that the table does not have.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let ours: Vec<&str> = tree.metadata.members().map(|package| package.name.as_str()).collect();
    let mut problems = Vec::new();
    for package in tree.metadata.members().filter(|package| !KNOW_ALL.contains(&package.name.as_str())) {
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == package.name) else {
            problems.push(format!("{}: this crate has no row in xtask/src/tidy/edges.rs", package.name));
            continue;
        };
        for dependency in
            package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        {
            let name = dependency.name.as_str();
            if ours.contains(&name) && !allowed.contains(&name) {
                problems.push(format!("{} must not know {name}", package.name));
            }
        }
    }
    problems
}

/// Impure dependencies of pure rooms.
pub(super) fn check_purity(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in tree.metadata.members() {
        let forbidden =
            IMPURE.iter().find(|(name, _)| *name == package.name).map_or(&[][..], |(_, names)| names);
        let normal = package.dependencies.iter().filter(|dependency| dependency.is_normal());
        let impure = normal.filter(|dependency| forbidden.contains(&dependency.name.as_str()));
        problems
            .extend(impure.map(|dependency| format!("{} must not use {}", package.name, dependency.name)));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Metadata;
    use super::*;

    fn tree(members: &[(&str, &[&str])]) -> Tree {
        Tree { metadata: Metadata::of_members(members), ..Tree::default() }
    }

    #[test]
    fn an_edge_that_the_table_has_not_is_found() {
        let tree =
            tree(&[("waypost-domain", &["waypost-store"]), ("waypost-store", &["waypost-domain", "serde"])]);
        assert_eq!(check(&tree), ["waypost-domain must not know waypost-store"]);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(check(&tree(&[("waypost-utils", &[])])).len(), 1);
        assert!(check(&tree(&[("waypost-tests", &["waypost-store"]), ("waypost-store", &[])])).is_empty());
    }

    #[test]
    fn the_product_does_not_depend_on_its_testkit() {
        let tree = tree(&[("waypost-server", &["waypost-testkit"]), ("waypost-testkit", &[])]);
        assert_eq!(check(&tree), ["waypost-server must not know waypost-testkit"]);
    }

    #[test]
    fn a_runtime_in_a_pure_room_is_found() {
        let tree = tree(&[("waypost-wire", &["bytes", "tokio"]), ("waypost-domain", &["serde"])]);
        assert_eq!(
            check_purity(&tree),
            ["waypost-wire must not use tokio", "waypost-domain must not use serde"]
        );
    }
}
