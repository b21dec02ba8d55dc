//! Progress: the events of an operation, as bars, lines or JSON.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use landfall_core::{Address, Fault, plan::Action};
use landfall_engine::{Event, Moment};
use tokio::sync::mpsc::UnboundedReceiver;

use super::style;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Bars that move, for a terminal.
    Bars,
    /// One line per event that matters, for logs.
    Lines,
    /// One JSON object per event, on standard output.
    Json,
}

/// Steps shown under the main bar at a time.
const SHOWN: usize = 8;

impl Progress {
    pub(super) fn choose(json: bool) -> Self {
        match (json, std::io::stderr().is_terminal()) {
            (true, _) => Self::Json,
            (false, true) => Self::Bars,
            (false, false) => Self::Lines,
        }
    }

    /// Shows events until the operation ends.
    pub(super) async fn show(self, mut events: UnboundedReceiver<Moment>) {
        match self {
            Self::Bars => {
                let mut bars = Bars::new();
                while let Some(moment) = events.recv().await {
                    bars.on(&moment.event);
                }
                bars.end();
            }
            Self::Lines => {
                while let Some(moment) = events.recv().await {
                    if let Some(line) = line(&moment) {
                        let _ = writeln!(anstream::stderr(), "{line}");
                    }
                }
            }
            Self::Json => {
                while let Some(moment) = events.recv().await {
                    if let Ok(line) = serde_json::to_string(&moment) {
                        let _ = writeln!(std::io::stdout(), "{line}");
                    }
                }
            }
        }
    }
}

/// A bar over all steps, and a line for each that is under way.
struct Bars {
    screen: MultiProgress,
    total: ProgressBar,
    steps: BTreeMap<Address, ProgressBar>,
}

impl Bars {
    fn new() -> Self {
        let screen = MultiProgress::new();
        let total = screen.add(ProgressBar::hidden());
        Self { screen, total, steps: BTreeMap::new() }
    }

    fn on(&mut self, event: &Event) {
        match event {
            Event::Refreshing { total } => self.begin(*total, "reading"),
            Event::Refreshed { .. } => self.total.inc(1),
            Event::StepsTotal { steps, .. } => self.begin(*steps, "steps"),
            Event::Started { address, action } if self.steps.len() < SHOWN => {
                let bar = self.screen.add(ProgressBar::new_spinner());
                bar.set_style(template("    {spinner} {msg} {elapsed:>5}"));
                bar.set_message(format!("{} {address}", sign(*action)));
                bar.enable_steady_tick(Duration::from_millis(120));
                self.steps.insert(address.clone(), bar);
            }
            Event::Waiting { address, what } => {
                if let Some(bar) = self.steps.get(address) {
                    bar.set_message(format!("{address}: waiting for {what}"));
                }
            }
            Event::Retried { address, fault, .. } => {
                if let Some(bar) = self.steps.get(address) {
                    bar.set_message(format!("{address}: trying again, {}", fault.kind));
                }
            }
            Event::Finished { address, .. } | Event::Skipped { address, .. } => self.done(address),
            Event::Failed { address, fault, .. } => {
                self.done(address);
                let _ = self.screen.println(format!("  ✗ {address}: {fault}"));
            }
            Event::Recovering { open } => {
                let _ = self.screen.println(format!("settling {open} calls that an interrupted run left"));
            }
            Event::Unsettled { address, fault } => {
                let _ = self.screen.println(unsettled(address, fault));
            }
            Event::LookingAgain { absent, delay } => {
                let _ = self.screen.println(again(*absent, *delay));
            }
            Event::Stopping { at_once } => {
                let _ = self.screen.println(stopping(*at_once));
            }
            _ => {}
        }
    }

    fn begin(&mut self, length: usize, what: &'static str) {
        self.screen.remove(&self.total);
        self.total = self.screen.insert(0, ProgressBar::new(length as u64));
        self.total.set_style(template("  [{bar:32}] {pos}/{len} {msg} {elapsed}").progress_chars("━╸ "));
        self.total.set_message(what);
        self.total.enable_steady_tick(Duration::from_millis(200));
    }

    fn done(&mut self, address: &Address) {
        self.total.inc(1);
        if let Some(bar) = self.steps.remove(address) {
            bar.finish_and_clear();
        }
    }

    fn end(self) {
        for bar in self.steps.values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).expect("the templates of this file are valid")
}

fn sign(action: Action) -> char {
    match action {
        Action::Create => '+',
        Action::Update => '~',
        Action::CreateReplacement => '±',
        Action::Delete | Action::DeleteReplaced => '-',
        Action::Forget | Action::Record => '.',
        Action::Move => '>',
    }
}

fn unsettled(address: &Address, fault: &Fault) -> String {
    format!("what an interrupted call left of {address} can't be found out: {fault}")
}

fn again(absent: usize, delay: Duration) -> String {
    format!(
        "{absent} recorded objects are not there; reading them again in {:.0} s, as AWS can be late to show them",
        delay.as_secs_f64()
    )
}

fn stopping(at_once: bool) -> &'static str {
    if at_once {
        "leaving at once; the next run settles the calls under way"
    } else {
        "stopping: calls under way are finished, nothing else is started; again to leave at once"
    }
}

/// One event as a line, with the time since the operation began.
fn line(moment: &Moment) -> Option<String> {
    let text = match &moment.event {
        Event::Refreshing { total } => format!("reading {total} objects"),
        Event::Recovering { open } => format!("settling {open} calls that an interrupted run left"),
        Event::Unsettled { address, fault } => unsettled(address, fault),
        Event::LookingAgain { absent, delay } => again(*absent, *delay),
        Event::Settled { address, operation, exists } => {
            let found = if *exists { "exists" } else { "does not exist" };
            format!("{address} {found} after an interrupted {operation}")
        }
        Event::StepsTotal { steps, calls } => format!("{steps} steps, {calls} of them in AWS"),
        Event::Started { address, action } => format!("{} {address}", sign(*action)),
        Event::Retried { address, fault, delay } => {
            format!("{address}: trying again in {:.1} s: {fault}", delay.as_secs_f64())
        }
        Event::Finished { address, duration, unchanged, .. } => {
            let what = if *unchanged { "nothing to change" } else { "done" };
            format!("✓ {address} {what} after {}", time(duration.as_secs_f64()))
        }
        Event::Failed { address, fault, .. } => style::bad(&format!("✗ {address}: {fault}")),
        Event::Skipped { address, because: Some(cause), .. } => format!("{address} left out, because {cause} failed"),
        Event::Stopping { at_once } => stopping(*at_once).to_owned(),
        _ => return None,
    };
    Some(format!("{:>8}  {text}", time(moment.at)))
}

/// Seconds as people say them: `0.4 s`, `12 s`, `8 min 20 s`.
pub(super) fn time(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times of runs are small and positive")]
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..120 => format!("{whole} s"),
        _ => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        for (seconds, said) in
            [(0.04, "0.0 s"), (9.4, "9.4 s"), (12.4, "12 s"), (119.0, "119 s"), (500.0, "8 min 20 s")]
        {
            assert_eq!(time(seconds), said);
        }
    }
}
