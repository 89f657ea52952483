//! The player on its clock: where it is sent, and the frames it shows.

use super::nowhere::nowhere;
use super::{Gone, Worker};
use crate::model::Micros;
use crate::player::{Grid, Jump, Reached};
use crate::tui::msg::{Frame, Msg, Order, Pace};
use std::sync::mpsc::TrySendError;
use std::time::{Duration, Instant};

/// The shortest time between two frames: 50 a second are smooth, and leave the terminal time.
const FRAME_MIN: Duration = Duration::from_millis(20);
/// How often the playhead moves on the screen while nothing else does.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// A session that is being watched.
pub(super) struct Replay {
    pub(super) pending: Option<Jump>,
    /// When that is, where it is known.
    pub(super) about: Option<Micros>,
    /// What is shown of it until the recording is read so far.
    pub(super) glimpse: Option<(Micros, Grid)>,
    pub(super) play: bool,
    /// When the clock was read last.
    pub(super) since: Instant,
    pub(super) shown_at: Option<Instant>,
    /// The screen or the status differs from the last frame.
    pub(super) dirty: bool,
}

impl Replay {
    /// How long the next frame must wait.
    pub(super) fn rest(&self) -> Duration {
        self.shown_at
            .map_or(Duration::ZERO, |at| FRAME_MIN.saturating_sub(at.elapsed()))
    }
}

impl Worker {
    /// Starts over at `jump`.
    pub(super) fn replay(&mut self, jump: Jump, about: Option<Micros>, play: bool, pace: Pace) {
        let Some(open) = &mut self.open else { return };
        open.player.set_playing(false);
        open.player.set_speed(pace.speed);
        open.player.set_idle(pace.idle);
        open.player.jump(Jump::Start);
        open.replay = Some(Replay {
            pending: Some(jump),
            about,
            glimpse: None,
            play,
            since: Instant::now(),
            shown_at: None,
            dirty: true,
        });
    }

    /// Does what the viewer asks of the player.
    pub(super) fn order(&mut self, order: Order) {
        let Some(open) = &mut self.open else { return };
        let Some(replay) = &mut open.replay else {
            return;
        };
        // Time that passed before the order still counts.
        open.player.advance(replay.since.elapsed());
        replay.since = Instant::now();
        replay.dirty = true;
        replay.about = None;
        let player = &mut open.player;
        match order {
            Order::Toggle => {
                let playing = player.playing();
                player.set_playing(!playing);
                replay.play = !playing;
            }
            Order::Jump(jump) => replay.pending = Some(jump),
            Order::By(seconds) => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                // Several in a row add up, also while the first one waits for the index.
                let from = match replay.pending {
                    Some(Jump::Time(at)) => at,
                    _ => player.now(),
                };
                let to = if seconds < 0 {
                    Micros::from(from.since(Micros(0)).saturating_sub(by))
                } else {
                    from + by
                };
                replay.pending = Some(Jump::Time(to));
            }
            Order::Part(part) => {
                let to = player.length().0 / 1000 * u64::from(part);
                replay.pending = Some(Jump::Time(Micros(to)));
            }
            Order::Step => {
                replay.play = false;
                player.step();
            }
            Order::Speed(way) => player.change_speed(way),
            Order::ToggleIdle => player.toggle_idle(),
        }
    }

    /// Moves the playhead to where it should be by now, and shows it.
    pub(super) fn play(&mut self) -> Result<(), Gone> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let Some(replay) = &mut open.replay else {
            return Ok(());
        };
        if let Some(jump) = replay.pending {
            match open.player.jump(jump) {
                Reached::NotYet => {
                    let at = match jump {
                        Jump::Time(at) => Some(at),
                        Jump::End => Some(Micros(u64::MAX)),
                        _ => replay.about,
                    };
                    let known = replay.glimpse.as_ref().map(|(at, _)| *at);
                    if known != at {
                        let seen = at.and_then(|at| Some((at, open.player.glimpse(at)?)));
                        replay.glimpse = seen.map(|(at, screen)| (at, screen.grid()));
                        replay.dirty = true;
                    }
                }
                reached => {
                    replay.glimpse = None;
                    if reached == Reached::Nowhere {
                        let said = self.out.send(Msg::Notice(nowhere(jump)));
                        said.map_err(|_| Gone)?;
                    }
                    replay.pending = None;
                    // Going to the end to look at it must not start over from the beginning.
                    let over = open.player.now() >= open.player.landmarks().until
                        && open.player.landmarks().complete;
                    if replay.play && !open.player.playing() && !over {
                        open.player.set_playing(true);
                    }
                    replay.dirty = true;
                }
            }
            replay.since = Instant::now();
        } else {
            let was = open.player.playing();
            let elapsed = replay.since.elapsed();
            replay.since = Instant::now();
            replay.dirty |= open.player.advance(elapsed);
            if was && !open.player.playing() {
                replay.play = false;
                replay.dirty = true;
            }
        }
        let tick = replay.shown_at.is_none_or(|at| at.elapsed() >= TICK);
        let moves = open.player.playing() || replay.pending.is_some();
        if (replay.dirty && replay.rest().is_zero()) || (moves && tick) {
            let glimpse = replay.glimpse.as_ref();
            let frame = Frame {
                id: open.id,
                grid: match glimpse {
                    Some((_, grid)) => grid.clone(),
                    None => open.player.screen().grid(),
                },
                now: match glimpse {
                    Some((at, _)) if *at < Micros(u64::MAX) => *at,
                    _ => open.player.now(),
                },
                until: open.player.length(),
                spot: open.player.spot(),
                playing: open.player.playing(),
                speed: open.player.speed(),
                idle: open.player.idle(),
                skipping: open.player.skipping(),
                indexed: open.player.indexed(),
                waiting: replay.pending.is_some(),
                glimpse: glimpse.is_some(),
            };
            match self.out.try_send(Msg::Frame(Box::new(frame))) {
                Ok(()) => replay.dirty = false,
                // The viewer's terminal is slow: the next frame will show more at once.
                Err(TrySendError::Full(_)) => replay.dirty = true,
                Err(TrySendError::Disconnected(_)) => return Err(Gone),
            }
            replay.shown_at = Some(Instant::now());
        }
        Ok(())
    }
}
