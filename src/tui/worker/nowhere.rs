//! Places that a session does not have.

use crate::player::{Jump, Way};

/// What to say of a place that is not in the session.
pub(super) fn nowhere(jump: Jump) -> String {
    let said = match jump {
        Jump::NextCommand(Way::Forward) => "there is no later command",
        Jump::NextCommand(Way::Back) => "there is no earlier command",
        Jump::NextFailed(Way::Forward) => "no later command failed",
        Jump::NextFailed(Way::Back) => "no earlier command failed",
        Jump::NextMark(Way::Forward) => "no marker, gap or pause comes later",
        Jump::NextMark(Way::Back) => "no marker, gap or pause comes earlier",
        Jump::Command(number) | Jump::Outcome(number) => {
            return format!("there is no command {number} in this session");
        }
        Jump::Start | Jump::End | Jump::Time(_) => "there is no such place in this session",
    };
    said.to_owned()
}
