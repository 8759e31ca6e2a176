//! Which messages make a turn: order, isolation of controls, withholding while suspended.

use crate::Kind;
use crate::Phase;
use crate::batch::BATCH_BYTES;
use crate::batch::Forming;
use crate::batch::Offer;

/// Forms a batch from an inbox as the store does: the lead first, then the rest in order.
fn form(phase: Phase, inbox: &[Kind]) -> Vec<usize> {
    let kinds = Forming::lead_kinds(phase);
    let lead = inbox.iter().position(|kind| kinds.contains(kind));
    let mut taken = Vec::new();
    let mut forming = match lead {
        Some(index) => {
            taken.push(index);
            Forming::with_lead(inbox[index], 10)
        }
        None if kinds.is_empty() => Forming::open(),
        None => return taken,
    };
    for (index, kind) in inbox.iter().enumerate() {
        if Some(index) == lead || forming.is_complete() {
            continue;
        }
        match forming.offer(*kind, 10) {
            Offer::Take => taken.push(index),
            Offer::TakeLast => {
                taken.push(index);
                break;
            }
            Offer::Skip => {}
            Offer::Stop => break,
        }
    }
    taken
}

#[test]
fn controls_stand_alone_and_starts_come_first() {
    use Kind::ActivityResult as Result;
    use Kind::Event;
    use Kind::Resume;
    use Kind::Start;
    use Kind::Suspend;
    use Kind::Terminate;
    use Kind::Timer;
    use Phase::New;
    use Phase::Renewed;
    use Phase::Running;
    use Phase::Suspended;
    let cases: [(Phase, &[Kind], &[usize]); 15] = [
        (New, &[], &[]),
        (New, &[Event], &[]),
        (New, &[Start, Event, Event], &[0, 1, 2]),
        // Events that came before a scheduled start follow it.
        (New, &[Event, Start, Event], &[1, 0, 2]),
        (New, &[Start, Terminate], &[0]),
        (New, &[Start, Event, Suspend, Event], &[0, 1]),
        (Renewed, &[Start, Event, Suspend], &[0, 1]),
        (Running, &[Result, Timer, Event, Result], &[0, 1, 2, 3]),
        (Running, &[Result, Terminate, Event], &[0]),
        (Running, &[Terminate, Event], &[0]),
        (Running, &[Suspend, Event, Resume], &[0]),
        (Suspended, &[Event, Result], &[]),
        (Suspended, &[Event, Terminate], &[1]),
        (Suspended, &[Event, Resume, Result], &[1, 0, 2]),
        (
            Suspended,
            &[Event, Resume, Result, Suspend, Event],
            &[1, 0, 2],
        ),
    ];
    for (phase, inbox, expected) in cases {
        assert_eq!(form(phase, inbox), expected, "{phase:?} {inbox:?}");
    }
}

#[test]
fn a_turn_is_cut_by_bytes_but_never_empty() {
    let mut forming = Forming::open();
    assert_eq!(forming.offer(Kind::Event, 2 * BATCH_BYTES), Offer::Take);
    assert_eq!(forming.offer(Kind::Event, 1), Offer::Stop);
    let mut forming = Forming::open();
    assert_eq!(forming.offer(Kind::Event, BATCH_BYTES - 1), Offer::Take);
    assert_eq!(forming.offer(Kind::Event, 1), Offer::Take);
    assert_eq!(forming.offer(Kind::Event, 1), Offer::Stop);
}

#[test]
fn a_rewind_stands_alone_and_so_does_the_replay_behind_it() {
    use Kind::ActivityResult as Result;
    use Kind::Event;
    use Kind::Replay;
    use Kind::Resume;
    use Kind::Rewind;
    use Kind::Terminate;
    let cases: [(Phase, &[Kind], &[usize]); 5] = [
        (Phase::Rewinding, &[Event, Terminate, Rewind, Result], &[2]),
        (Phase::Rewinding, &[Event, Terminate], &[]),
        (Phase::Running, &[Replay, Event, Result], &[0]),
        (Phase::Running, &[Replay, Terminate], &[0]),
        // It has nothing to tell, so a resume tells all.
        (Phase::Suspended, &[Replay, Event, Resume], &[2, 0, 1]),
    ];
    for (phase, inbox, expected) in cases {
        assert_eq!(form(phase, inbox), expected, "{phase:?} {inbox:?}");
    }
}
