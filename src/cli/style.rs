//! Colours: what a plan and a message look like on a terminal. `anstream` takes them away elsewhere.

use anstyle::{AnsiColor, Style};

fn paint(color: AnsiColor, text: &str) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{text}{style:#}")
}

/// Something that went wrong.
pub(super) fn bad(text: &str) -> String {
    paint(AnsiColor::Red, text)
}

/// Something to think about.
pub(super) fn caution(text: &str) -> String {
    paint(AnsiColor::Yellow, text)
}

/// A heading.
pub(super) fn strong(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// A plan, its lines coloured by what they do.
pub(super) fn plan(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let painted_line = match line.trim_start().chars().next() {
            Some('+') => paint(AnsiColor::Green, line),
            Some('~') => paint(AnsiColor::Yellow, line),
            Some('±') => paint(AnsiColor::Magenta, line),
            Some('-') => paint(AnsiColor::Red, line),
            _ if line.ends_with("(forces replacement)") => paint(AnsiColor::Magenta, line),
            _ if line.starts_with("warning") => caution(line),
            _ => line.to_owned(),
        };
        painted.push_str(&painted_line);
        painted.push('\n');
    }
    painted
}
