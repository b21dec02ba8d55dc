//! Plans as people read them.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use crate::{
    attributes::Value,
    expr::Expr,
    plan::{Action, After, Delta, Goal, Plan, Reason, Step},
};

/// How much of a plan is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Every step, and the fields that change.
    #[default]
    Changes,
    /// Also every field of what is created.
    Full,
}

/// Longest value written out; the rest is cut.
const WIDTH: usize = 72;

impl Plan {
    /// The plan as text: what, where and why, counts at the end. The same plan gives the same bytes.
    pub fn render(&self, detail: Detail) -> String {
        let mut text = String::new();
        self.write(detail, &mut text).expect("writing to a string does not fail");
        text
    }

    /// Counts by what is done: `3 to create, 1 to update`.
    pub fn summary(&self) -> String {
        let count = |action: Action| self.steps.iter().filter(|step| step.action == action).count();
        let parts = [
            (count(Action::Create), "to create"),
            (count(Action::Update), "to update"),
            (count(Action::CreateReplacement), "to replace"),
            (count(Action::Delete), "to delete"),
            (count(Action::Forget), "to forget"),
            (count(Action::Move), "to move"),
            (self.gone.len(), "found deleted in AWS"),
            (self.unchanged, "unchanged"),
        ];
        let said: Vec<_> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if said.is_empty() { "nothing is declared and nothing is recorded".to_owned() } else { said.join(", ") }
    }

    fn write(&self, detail: Detail, out: &mut impl Write) -> fmt::Result {
        let goal = match self.goal {
            Goal::Apply => "apply",
            Goal::Destroy => "destroy",
        };
        writeln!(out, "Plan to {goal} {}-{}, against revision {}", self.topology, self.environment, self.base)?;
        let mut places: BTreeMap<_, Vec<&Step>> = BTreeMap::new();
        for step in self.steps.iter().filter(|step| step.action != Action::DeleteReplaced) {
            places.entry(step.place).or_default().push(step);
        }
        for (place, steps) in places {
            match place.region() {
                Some(region) => writeln!(out, "\n{place} ({})", region.city)?,
                None => writeln!(out, "\n{place}")?,
            }
            for step in steps {
                self.write_step(step, detail, out)?;
            }
        }
        for warning in &self.warnings {
            writeln!(out, "\nwarning: {warning}")?;
        }
        if self.is_empty() {
            writeln!(out, "\nNo changes: {}.", self.summary())
        } else {
            writeln!(out, "\n{}.", self.summary())
        }
    }

    fn write_step(&self, step: &Step, detail: Detail, out: &mut impl Write) -> fmt::Result {
        let sign = match step.action {
            Action::Create => '+',
            Action::Update => '~',
            Action::CreateReplacement => '±',
            Action::Delete | Action::DeleteReplaced => '-',
            Action::Forget | Action::Record => '.',
            Action::Move => '>',
        };
        let path = step.address.as_str();
        let local = path.strip_prefix(step.place.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
        write!(out, "  {sign} {local}")?;
        if let Some(why) = self.why(step) {
            write!(out, "  ({why})")?;
        }
        writeln!(out)?;
        if step.action == Action::Create && detail == Detail::Changes {
            return Ok(());
        }
        for delta in &step.deltas {
            write_delta(delta, step.action, out)?;
        }
        Ok(())
    }

    fn why(&self, step: &Step) -> Option<String> {
        if step.action == Action::CreateReplacement {
            let last = step.after.iter().any(|&before| {
                let before = &self.steps[before];
                before.action == Action::DeleteReplaced && before.address == step.address
            });
            return Some(if last { "deleted first" } else { "successor first" }.to_owned());
        }
        match (&step.reason, step.action) {
            (Some(Reason::DeletedOutside), _) => Some("was deleted in AWS".to_owned()),
            (Some(Reason::Interrupted), _) => Some("completes an interrupted create".to_owned()),
            (Some(Reason::NotDeclared), Action::Forget) => Some("not declared any more, stays in AWS".to_owned()),
            (Some(Reason::NotDeclared), _) => Some("not declared any more".to_owned()),
            (Some(Reason::Destroyed), Action::Forget) => Some("stays in AWS".to_owned()),
            (Some(Reason::Deposed), _) => Some("replaced by an earlier run".to_owned()),
            (Some(Reason::Formerly(from)), _) => Some(format!("was {from}")),
            (None, Action::Record) => Some("options or edges in the state only".to_owned()),
            (Some(Reason::Destroyed) | None, _) => None,
        }
    }
}

fn write_delta(delta: &Delta, action: Action, out: &mut impl Write) -> fmt::Result {
    let after = match &delta.after {
        After::Secret => "(secret)".to_owned(),
        After::Field(expr) => show(expr),
    };
    if action == Action::Create {
        return writeln!(out, "      {} = {after}", delta.field);
    }
    let before = match (&delta.before, &delta.after) {
        (_, After::Secret) => "(secret)".to_owned(),
        (Some(value), After::Field(_)) => cut(&value.to_string()),
        (None, After::Field(_)) => "null".to_owned(),
    };
    let notes = match (delta.replaces, delta.drift) {
        (true, true) => "  (changed in AWS, forces replacement)",
        (true, false) => "  (forces replacement)",
        (false, true) => "  (changed in AWS)",
        (false, false) => "",
    };
    writeln!(out, "      {}: {before} → {after}{notes}", delta.field)
}

/// An expression as text; what is unknown shows where it will come from.
fn show(expr: &Expr) -> String {
    match expr.known() {
        Some(value) => cut(&value.to_string()),
        None => cut(&unknown(expr)),
    }
}

fn unknown(expr: &Expr) -> String {
    match expr {
        Expr::Value(value) => value.to_string(),
        Expr::List(items) => format!("[{}]", items.iter().map(unknown).collect::<Vec<_>>().join(", ")),
        Expr::Map(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .filter(|(_, field)| field.known() != Some(Value::Null))
                .map(|(name, field)| format!("{name}: {}", unknown(field)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Expr::Attribute { of, name } => format!("<{name} of {of}>"),
        Expr::Existing { id, .. } => format!("\"{id}\""),
        Expr::Join(parts) => parts.iter().map(unknown).collect::<Vec<_>>().join(" + "),
        Expr::Call { argument, .. } => unknown(argument),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let kept: String = text.chars().take(WIDTH - 1).collect();
    format!("{kept}…")
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(Detail::Changes, f)
    }
}
