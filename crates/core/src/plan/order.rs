//! Order: steps after those they wait for, or the rings of steps that wait for each other.

use std::collections::BTreeSet;

use crate::plan::{Step, StepIndex};

/// Steps that no order allows, and rings of their positions: each step of a ring waits for the next, the last for the
/// first.
pub(super) type Tangled = (Vec<Step>, Vec<Vec<StepIndex>>);

/// Sorts steps so that each comes after those it waits for, keeping their order otherwise.
///
/// # Errors
/// The steps as they were, when some wait for each other.
pub(super) fn sort(steps: Vec<Step>) -> Result<Vec<Step>, Tangled> {
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
        let rings = rings(&steps, &waiting);
        return Err((steps, rings));
    }
    Ok(renumber(steps, &order))
}

/// Follows the edges of steps that never became ready, from each until one repeats: no step is in two rings.
fn rings(steps: &[Step], waiting: &[usize]) -> Vec<Vec<StepIndex>> {
    let stuck = |position: &StepIndex| waiting[*position] > 0;
    let mut rings = Vec::new();
    let mut walks: Vec<Option<StepIndex>> = vec![None; steps.len()];
    for start in (0..steps.len()).filter(stuck) {
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(here) = next.filter(|here| walks[*here].is_none()) {
            walks[here] = Some(start);
            path.push(here);
            next = steps[here].after.iter().copied().find(stuck);
        }
        let first = path.iter().position(|&step| Some(step) == next);
        rings.extend(first.map(|first| path.split_off(first)));
    }
    rings
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
