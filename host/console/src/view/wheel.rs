//! The wheel of stages as a picture: one arc per stage, clockwise from the top, each with its name and
//! the time it took.

use std::f64::consts::TAU;

use api::read::{Stage, StageState};

/// Radius of the ring, in units of the picture.
const RADIUS: f64 = 90.0;

/// Radius at which names stand.
const LABEL_RADIUS: f64 = 112.0;

/// Gap between two arcs, in turns.
const GAP: f64 = 0.012;

/// The wheel, ready to print.
pub struct Wheel {
    /// One per stage.
    pub arcs: Vec<Arc>,
    /// What the deal is waiting for, or that all is done.
    pub centre: String,
    /// Below it.
    pub under: String,
    /// The same in words, for people who cannot see it.
    pub words: String,
}

/// One stage.
pub struct Arc {
    /// Path of the arc.
    pub path: String,
    /// `done`, `current`, `blocked`, `ahead`.
    pub state: &'static str,
    /// Name.
    pub label: String,
    /// Time it took, or empty.
    pub took: String,
    /// Where the name stands.
    pub x: String,
    /// Where the name stands.
    pub y: String,
    /// Where the time stands.
    pub y_under: String,
    /// `start`, `middle`, `end`.
    pub anchor: &'static str,
}

impl Wheel {
    /// The picture of these stages.
    pub fn of(stages: &[Stage]) -> Self {
        let done = stages.iter().filter(|stage| stage.state == StageState::Done).count();
        let next = stages.iter().find(|stage| matches!(stage.state, StageState::Current | StageState::Blocked));
        let last = stages.iter().rfind(|stage| stage.state == StageState::Done);
        let centre = last.map_or("Not yet sold".into(), |stage| stage.label.clone());
        let under = match next {
            Some(stage) if stage.state == StageState::Blocked => {
                format!("stopped before: {}", stage.label.to_lowercase())
            }
            Some(stage) => format!("next: {}", stage.label.to_lowercase()),
            None => "all done".into(),
        };
        let told: Vec<String> =
            stages.iter().map(|stage| format!("{}: {}", stage.label, stage.state.words())).collect();
        let words = format!("{done} of {} stages done. {}.", stages.len(), told.join(", "));
        let arcs = stages.iter().enumerate().map(|(index, stage)| arc(index, stages.len(), stage)).collect();
        Self { arcs, centre, under, words }
    }
}

fn arc(index: usize, count: usize, stage: &Stage) -> Arc {
    #[allow(clippy::cast_precision_loss)] // a handful of stages
    let (index, count) = (index as f64, count as f64);
    let (from, to) = (index / count + GAP, (index + 1.0) / count - GAP);
    let (x1, y1) = at(from, RADIUS);
    let (x2, y2) = at(to, RADIUS);
    let (x, y) = at((from + to) / 2.0, LABEL_RADIUS);
    let anchor = if x.abs() < 12.0 {
        "middle"
    } else if x > 0.0 {
        "start"
    } else {
        "end"
    };
    // Two lines of text: moved so that the pair is centred on the point, outwards at top and bottom.
    let lift = y / LABEL_RADIUS * 10.0;
    Arc {
        path: format!("M{x1:.2} {y1:.2}A{RADIUS} {RADIUS} 0 0 1 {x2:.2} {y2:.2}"),
        state: stage.state.as_str(),
        label: stage.label.clone(),
        took: stage.took.clone().filter(|took| took != "0 ms").map_or(String::new(), |took| format!("+{took}")),
        x: format!("{x:.1}"),
        y: format!("{:.1}", y + lift),
        y_under: format!("{:.1}", y + lift + 14.0),
        anchor,
    }
}

/// A point on a circle, `turn` from the top, clockwise.
fn at(turn: f64, radius: f64) -> (f64, f64) {
    let angle = TAU * turn;
    (radius * angle.sin(), -radius * angle.cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(label: &str, state: StageState) -> Stage {
        Stage { code: label.to_lowercase(), label: label.into(), state, at: None, took: None }
    }

    #[test]
    fn the_wheel_says_in_words_what_it_shows() {
        let stages =
            [stage("Sold", StageState::Done), stage("Active", StageState::Blocked), stage("Paid", StageState::Ahead)];
        let wheel = Wheel::of(&stages);
        assert_eq!(wheel.words, "1 of 3 stages done. Sold: done, Active: blocked, Paid: to come.");
        assert_eq!((wheel.centre.as_str(), wheel.under.as_str()), ("Sold", "stopped before: active"));
    }

    #[test]
    fn arcs_go_clockwise_from_the_top() {
        let stages: Vec<Stage> = ["a", "b", "c", "d"].map(|label| stage(label, StageState::Ahead)).into();
        let anchors: Vec<&str> = Wheel::of(&stages).arcs.iter().map(|arc| arc.anchor).collect();
        assert_eq!(anchors, ["start", "start", "end", "end"]);
        assert!(at(0.0, 1.0).1 < -0.99);
    }
}
