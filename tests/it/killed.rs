//! The flagship on emulators, its process killed again and again: what exists in the end is what was declared, once.

use std::io::{BufRead, BufReader};

use landfall_conformance::Moment;
use rustix::process::{Pid, Signal, kill_process};

use super::machine::{Machine, ended};

/// Runs the flagship's command until it ends by itself, killing it at a call whose number `gaps` gives, counted from
/// where the steps begin, and every fifth time from its start, inside of the recovery; returns how often it was killed.
fn killed_until_done(machine: &Machine, command: &str, gaps: &mut impl Iterator<Item = usize>) -> usize {
    for kills in 0.. {
        let mut program = machine.start("india_london", &[command, "--yes", "--refresh", "none"]);
        let pid = Pid::from_child(&program);
        let moment = if kills % 2 == 0 { Moment::Before } else { Moment::After };
        let gap = gaps.next().expect("gaps without end");
        let strike = || {
            machine.calls.strike(gap, moment, move || kill_process(pid, Signal::KILL).expect("it runs"));
        };
        let mut said = BufReader::new(program.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
        let mut lines = Vec::new();
        if kills % 5 == 4 {
            strike();
        } else {
            lines.extend(said.by_ref().take_while(|line| !line.contains(" steps, ")));
            strike();
        }
        lines.extend(said);
        let end = ended(program);
        machine.calls.spare();
        match end.code {
            Some(code) => {
                assert_eq!(code, 0, "after {kills} kills\n{}{}", end.out, lines.join("\n"));
                return kills;
            }
            None => assert!(kills < 100, "it never gets to its end:\n{}", lines.join("\n")),
        }
    }
    unreachable!("the loop has no end");
}

#[test]
fn killed_at_25_calls_and_more_nothing_is_lost_or_doubled() {
    let machine = Machine::for_the_flagship();
    // A walk through the numbers from 0 to 52, the same each time; which calls they meet is for the scheduler to say.
    let mut gaps = (0..).map(|round: usize| (round * 31) % 53);
    let while_applying = killed_until_done(&machine, "apply", &mut gaps);
    machine.assert_agrees_with_state_of("india_london");
    let again = machine.run("india_london", &["plan", "--detailed-exitcode"]);
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
    let while_destroying = killed_until_done(&machine, "destroy", &mut gaps);
    machine.assert_nothing_is_left();
    assert!(while_applying + while_destroying >= 25, "killed {while_applying} and {while_destroying} times only");
}
