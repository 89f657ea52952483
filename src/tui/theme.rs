//! Colours: the terminal's own sixteen for the views, the recording's as they were, and none at
//! all where the user wants none.

use ratatui::style::{Color, Modifier, Style};

/// How many colours may be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR`, or a terminal without them.
    None,
    /// The sixteen that every terminal has.
    Sixteen,
    /// The sixteen, a cube of 216 and 24 greys.
    Indexed,
    /// Red, green and blue.
    True,
}

impl Depth {
    /// What `NO_COLOR`, `TERM` and `COLORTERM` say. Terminals that are known to have few colours
    /// get few; an unknown one gets what the recording has, as it most likely is the same one.
    pub fn find(no_color: Option<&str>, term: Option<&str>, colorterm: Option<&str>) -> Depth {
        if no_color.is_some_and(|v| !v.is_empty()) {
            return Depth::None;
        }
        if matches!(colorterm, Some("truecolor" | "24bit")) {
            return Depth::True;
        }
        match term.unwrap_or_default() {
            "" | "dumb" => Depth::None,
            term if term.starts_with("vt") => Depth::None,
            "linux" | "xterm" | "xterm-color" | "ansi" | "screen" | "rxvt" | "cygwin" => {
                Depth::Sixteen
            }
            "xterm-256color" | "screen-256color" | "tmux-256color" => Depth::Indexed,
            _ => Depth::True,
        }
    }
}

/// How the views are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// What the terminal can show.
    pub depth: Depth,
    /// The views' colours must be legible on white.
    pub light: bool,
}

impl Theme {
    /// For a terminal with so many colours.
    pub fn new(depth: Depth) -> Theme {
        Theme {
            depth,
            light: false,
        }
    }

    fn coloured(self, color: Color) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Sixteen | Depth::Indexed | Depth::True => Style::new().fg(color),
        }
    }

    /// What matters less.
    pub fn quiet(self) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            // Bright black is invisible in some themes; dim is not everywhere. Both together are
            // legible wherever one of them is.
            Depth::Sixteen | Depth::Indexed | Depth::True => {
                Style::new().add_modifier(Modifier::DIM)
            }
        }
    }

    /// Titles of panes, keys on the bottom line.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The title of the pane that has the keys.
    pub fn focused(self) -> Style {
        let colour = if self.light { Color::Blue } else { Color::Cyan };
        self.coloured(colour).add_modifier(Modifier::BOLD)
    }

    /// The selected line: where the keys go, and where they do not.
    pub fn selected(self, focused: bool) -> Style {
        if focused {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new().add_modifier(Modifier::BOLD)
        }
    }

    /// Failures and errors.
    pub fn bad(self) -> Style {
        self.coloured(Color::Red)
    }

    /// Gaps, pauses, what was masked or interrupted.
    pub fn warning(self) -> Style {
        // Yellow is hardly seen on white.
        self.coloured(if self.light {
            Color::Magenta
        } else {
            Color::Yellow
        })
    }

    /// What was masked.
    pub fn masked(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::UNDERLINED),
            Depth::Sixteen | Depth::Indexed | Depth::True => {
                self.coloured(Color::Magenta).add_modifier(Modifier::BOLD)
            }
        }
    }

    /// Markers, and what is playing.
    pub fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    /// A colour of the recording.
    pub fn recorded(self, color: avt::Color) -> Option<Color> {
        let index = match (self.depth, color) {
            (Depth::None, _) => return None,
            (Depth::True, avt::Color::RGB(rgb)) => return Some(Color::Rgb(rgb.r, rgb.g, rgb.b)),
            (_, avt::Color::Indexed(index)) => index,
            (_, avt::Color::RGB(rgb)) => nearest(rgb),
        };
        match self.depth {
            Depth::Sixteen if index >= 16 => Some(Color::Indexed(of_sixteen(index))),
            _ => Some(Color::Indexed(index)),
        }
    }
}

/// The levels of xterm's colour cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colour of the cube or of the greys that is nearest to `rgb`.
fn nearest(rgb: avt::Rgb) -> u8 {
    let level = |value: u8| {
        let all = (0u8..).zip(LEVELS);
        all.min_by_key(|(_, level)| level.abs_diff(value))
            .unwrap_or((0, 0))
    };
    let ((r, red), (g, green), (b, blue)) = (level(rgb.r), level(rgb.g), level(rgb.b));
    let distance = |r: u8, g: u8, b: u8| {
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        square(r, rgb.r) + square(g, rgb.g) + square(b, rgb.b)
    };
    let sum = u16::from(rgb.r) + u16::from(rgb.g) + u16::from(rgb.b);
    let step = u8::try_from((sum / 3).saturating_sub(3) / 10)
        .unwrap_or(23)
        .min(23);
    let grey = 8 + 10 * step;
    if distance(grey, grey, grey) < distance(red, green, blue) {
        232 + step
    } else {
        16 + 36 * r + 6 * g + b
    }
}

/// The one of the sixteen that comes close to an indexed colour.
fn of_sixteen(index: u8) -> u8 {
    let (r, g, b) = match index {
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
        16..=231 => {
            let index = index - 16;
            let level = |n: u8| LEVELS.get(usize::from(n)).copied().unwrap_or(255);
            (level(index / 36), level(index / 6 % 6), level(index % 6))
        }
        index => return index,
    };
    let bright = r.max(g).max(b);
    if bright < 64 {
        return 0;
    }
    let on = |value: u8| u8::from(u16::from(value) * 2 > u16::from(bright));
    let colour = on(r) | on(g) << 1 | on(b) << 2;
    match (colour, bright) {
        (7, 0..=127) => 8,
        (colour, 192..=255) => 8 + colour,
        (colour, _) => colour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_how_many_colours() {
        for (no_color, term, colorterm, depth) in [
            (
                Some("1"),
                Some("xterm-256color"),
                Some("truecolor"),
                Depth::None,
            ),
            (
                Some(""),
                Some("xterm-256color"),
                Some("truecolor"),
                Depth::True,
            ),
            (None, Some("xterm-256color"), None, Depth::Indexed),
            (None, Some("linux"), None, Depth::Sixteen),
            (None, Some("dumb"), None, Depth::None),
            (None, None, None, Depth::None),
            (None, Some("xterm-kitty"), None, Depth::True),
        ] {
            assert_eq!(Depth::find(no_color, term, colorterm), depth, "{term:?}");
        }
    }

    #[test]
    fn colours_become_the_nearest_there_are() {
        let theme = Theme::new;
        let orange = avt::Color::rgb(255, 135, 0);
        assert_eq!(theme(Depth::None).recorded(orange), None);
        assert_eq!(
            theme(Depth::True).recorded(orange),
            Some(Color::Rgb(255, 135, 0))
        );
        assert_eq!(
            theme(Depth::Indexed).recorded(orange),
            Some(Color::Indexed(208))
        );
        assert_eq!(
            theme(Depth::Sixteen).recorded(orange),
            Some(Color::Indexed(11))
        );
        let grey = avt::Color::rgb(8, 8, 8);
        assert_eq!(
            theme(Depth::Indexed).recorded(grey),
            Some(Color::Indexed(232))
        );
        let red = avt::Color::Indexed(1);
        assert_eq!(theme(Depth::Sixteen).recorded(red), Some(Color::Indexed(1)));
        let white = avt::Color::rgb(255, 255, 255);
        assert_eq!(
            theme(Depth::Sixteen).recorded(white),
            Some(Color::Indexed(15))
        );
    }
}
