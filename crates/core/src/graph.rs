//! The dependency graph of a topology, as pictures in text.

use std::{collections::BTreeMap, fmt::Write};

use crate::topology::{Declaration, Lowered};

/// The graph in Mermaid's language: GitHub and many editors draw it.
///
/// Resources are grouped by place; an arrow points from a resource to what it needs.
pub fn mermaid(lowered: &Lowered) -> String {
    let mut text = String::from("flowchart LR\n");
    for (place, members) in by_place(lowered) {
        let _ = writeln!(text, "  subgraph {}[\"{place}\"]", place.replace('-', "_"));
        for (position, own) in members {
            let _ = writeln!(text, "    n{position}[\"{}<br/>{}\"]", own.kind.name, label(own));
        }
        text.push_str("  end\n");
    }
    for (from, to) in edges(lowered) {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

/// The graph in DOT, Graphviz's language.
pub fn dot(lowered: &Lowered) -> String {
    let mut text =
        format!("digraph \"{}-{}\" {{\n  rankdir=LR;\n  node [shape=box];\n", lowered.topology, lowered.environment);
    for (cluster, (place, members)) in by_place(lowered).into_iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{cluster} {{\n    label=\"{place}\";");
        for (position, own) in members {
            let _ = writeln!(text, "    n{position} [label=\"{}\\n{}\"];", own.kind.name, label(own));
        }
        text.push_str("  }\n");
    }
    for (from, to) in edges(lowered) {
        let _ = writeln!(text, "  n{from} -> n{to};");
    }
    text.push_str("}\n");
    text
}

fn label(own: &Declaration) -> String {
    let scopes = own.address.scope().split_once('/').map_or(String::new(), |(_, scopes)| format!("{scopes}/"));
    format!("{scopes}{}", own.address.name())
}

fn by_place(lowered: &Lowered) -> BTreeMap<&'static str, Vec<(usize, &Declaration)>> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (position, own) in lowered.declarations.iter().enumerate() {
        places.entry(own.place.as_str()).or_default().push((position, own));
    }
    places
}

fn edges(lowered: &Lowered) -> Vec<(usize, usize)> {
    let uses = |(from, own): (usize, &Declaration)| -> Vec<(usize, usize)> {
        own.dependencies()
            .into_iter()
            .filter_map(|address| Some((from, lowered.declarations.position(address)?)))
            .collect()
    };
    lowered.declarations.iter().enumerate().flat_map(uses).collect()
}
