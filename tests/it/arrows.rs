//! The dependency arrows between the crates, and what a user of a part compiles.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Every arrow that `ARCHITECTURE.md` allows; what is missing here is forbidden.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("engine", &["core"]),
    ("aws", &["core"]),
    ("sandbox", &["core"]),
    ("netlayer", &["core", "aws"]),
    ("security", &["core", "aws"]),
    ("datalayer", &["core", "aws", "netlayer", "security"]),
    ("compute", &["core", "aws", "netlayer", "security", "datalayer"]),
    ("edge", &["core", "aws", "netlayer", "security", "datalayer", "compute"]),
    ("dns", &["core", "aws", "netlayer", "security", "datalayer", "compute", "edge"]),
    ("observe", &["core", "aws", "netlayer", "security", "datalayer", "compute", "edge", "dns"]),
];

const LAYERS: &[&str] = &["netlayer", "security", "datalayer", "compute", "edge", "dns", "observe"];

fn metadata() -> Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata runs")
}

fn folder(package: &Package) -> Option<String> {
    package.name.strip_prefix("landfall-").map(str::to_owned)
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for package in metadata().workspace_packages() {
        let Some(from) = folder(package) else { continue };
        if package.publish.as_ref().is_some_and(Vec::is_empty) {
            continue; // test support, in no user's build
        }
        let Some(to) = allowed.get(from.as_str()) else {
            wrong.push(format!("{from} has no line in ARROWS"));
            continue;
        };
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        for target in normal.filter_map(|dependency| dependency.name.strip_prefix("landfall-")) {
            if !to.contains(target) {
                wrong.push(format!("{from} -> {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that are not allowed: {wrong:?}");
}

#[test]
fn only_aws_and_the_layers_aws_modules_know_the_sdk() {
    for package in metadata().workspace_packages() {
        let Some(name) = folder(package) else { continue };
        if package.publish.as_ref().is_some_and(Vec::is_empty) || name == "aws" {
            continue;
        }
        for dependency in &package.dependencies {
            let is_sdk = dependency.name.starts_with("aws-") && dependency.kind == DependencyKind::Normal;
            assert!(!is_sdk || dependency.optional, "{name} compiles {} always", dependency.name);
        }
    }
}

#[test]
fn core_knows_no_runtime() {
    let metadata = metadata();
    let core =
        metadata.workspace_packages().into_iter().find(|package| *package.name == "landfall-core").expect("is there");
    let names: Vec<_> =
        core.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.as_str()).collect();
    assert!(!names.contains(&"tokio"), "core depends on {names:?}");
}

/// Crates that a build of `package` with these features compiles, by `cargo tree`.
fn compiled(package: &str, features: &[&str]) -> BTreeSet<String> {
    let mut command = std::process::Command::new(env!("CARGO"));
    command.args([
        "tree",
        "--offline",
        "--prefix",
        "none",
        "--edges",
        "normal",
        "--format",
        "{p}",
        "--package",
        package,
    ]);
    let output = command.args(features).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn a_user_of_the_network_layer_compiles_no_other_layer_and_no_other_sdk() {
    let crates = compiled("landfall-netlayer", &[]);
    let services: Vec<_> = crates.iter().filter(|name| name.starts_with("aws-sdk-")).map(String::as_str).collect();
    let own = ["aws-sdk-ec2", "aws-sdk-sso", "aws-sdk-ssooidc", "aws-sdk-sts"];
    assert_eq!(services, own, "netlayer compiles its own SDK crate and those of the credential chain");
    for layer in LAYERS.iter().filter(|layer| **layer != "netlayer") {
        assert!(!crates.contains(&format!("landfall-{layer}")), "netlayer compiles {layer}");
    }
}

#[test]
fn who_only_declares_compiles_nothing_of_the_sdk() {
    let features = LAYERS.join(",");
    for extra in [features.clone(), format!("{features},sandbox")] {
        let crates = compiled("landfall", &["--no-default-features", "--features", &extra]);
        let sdk: Vec<_> = crates.iter().filter(|name| name.starts_with("aws-")).collect();
        assert!(sdk.is_empty(), "{extra}: compiles {sdk:?}");
        assert!(crates.contains("landfall-observe"), "the layers are there: {crates:?}");
    }
}

#[test]
fn every_crate_has_what_a_crate_needs() {
    for package in metadata().workspace_packages() {
        let folder = package.manifest_path.parent().expect("has a folder");
        if package.publish.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        for file in ["README.md", "CHANGELOG.md"] {
            assert!(folder.join(file).exists(), "{} has no {file}", package.name);
        }
        assert!(package.description.is_some() && package.license.is_some(), "{}", package.name);
    }
}
