//! Order: steps after those they wait for, or the ring of steps that wait for each other.

use std::collections::BTreeSet;

use crate::plan::{Step, StepIndex};

/// Sorts steps so that each comes after those it waits for, keeping their order otherwise.
///
/// # Errors
/// The steps as they were, and the positions of some that wait for each other.
pub(super) fn sort(steps: Vec<Step>) -> Result<Vec<Step>, (Vec<Step>, Vec<StepIndex>)> {
    let mut waiting: Vec<usize> = steps.iter().map(|step| step.after.len()).collect();
    let mut dependents: Vec<Vec<StepIndex>> = vec![Vec::new(); steps.len()];
    for (position, step) in steps.iter().enumerate() {
        for &before in &step.after {
            dependents[before].push(position);
        }
    }
    let mut ready: BTreeSet<StepIndex> = (0..steps.len()).filter(|&position| waiting[position] == 0).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &dependent in &dependents[next] {
            waiting[dependent] -= 1;
            if waiting[dependent] == 0 {
                ready.insert(dependent);
            }
        }
    }
    if order.len() < steps.len() {
        let ring = ring(&steps, &waiting);
        return Err((steps, ring));
    }
    Ok(renumber(steps, &order))
}

/// Follows the edges of steps that never became ready until one repeats.
fn ring(steps: &[Step], waiting: &[usize]) -> Vec<StepIndex> {
    let stuck = |position: &StepIndex| waiting[*position] > 0;
    let mut path: Vec<StepIndex> = (0..steps.len()).find(stuck).into_iter().collect();
    let mut seen: BTreeSet<StepIndex> = path.iter().copied().collect();
    while let Some(next) = path.last().and_then(|last| steps[*last].after.iter().copied().find(stuck)) {
        if !seen.insert(next) {
            return path.split_off(path.iter().position(|step| *step == next).unwrap_or_default());
        }
        path.push(next);
    }
    path
}

/// The steps in `order`, with their edges renumbered; `order` may leave steps out that no other waits for.
pub(super) fn renumber(steps: Vec<Step>, order: &[StepIndex]) -> Vec<Step> {
    let mut place: Vec<Option<StepIndex>> = vec![None; steps.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = Some(new);
    }
    let mut steps: Vec<_> = steps.into_iter().map(Some).collect();
    order
        .iter()
        .filter_map(|&old| steps[old].take())
        .map(|mut step| {
            step.after = step.after.iter().filter_map(|&before| place[before]).collect();
            step
        })
        .collect()
}
