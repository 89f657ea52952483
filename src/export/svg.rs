//! A picture of the screen at the end of a piece: SVG with text in it, so that it can be searched,
//! scaled and read aloud. No script, no font, nothing from elsewhere.

use super::runs::{self, BACKGROUND, BOLD, FAINT, FOREGROUND, ITALIC, Run, STRIKE, UNDERLINE, hex};
use super::{Encoder, Start, draw};
use crate::model::Event;
use crate::player::{Grid, Screen};
use std::fmt::Write;

/// A cell, and the edge around all of them, in pixels. The text is a font's size 14; its width is
/// forced, so that columns stand under each other in any font.
const CELL: (usize, usize) = (9, 19);
const EDGE: usize = 14;
const BASELINE: usize = 14;

/// Encodes the last screen of a piece.
pub struct Svg {
    screen: Screen,
    title: String,
}

impl Svg {
    /// A piece that begins like this.
    pub fn new(title: String, start: &Start) -> Svg {
        let mut screen = Screen::new(start.size);
        screen.feed(start.screen.as_bytes());
        Svg { screen, title }
    }
}

impl Encoder for Svg {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn event(&mut self, event: &Event, _out: &mut Vec<u8>) {
        draw(&mut self.screen, event);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(picture(&self.screen.grid(), &self.title).as_bytes());
    }
}

/// The picture of a screen; blank rows at its bottom are left out.
fn picture(grid: &Grid, title: &str) -> String {
    let rows: Vec<Vec<Run>> = grid.lines.iter().map(runs::runs).collect();
    let used = rows
        .iter()
        .rposition(|row| !row.is_empty())
        .map_or(1, |last| last + 1);
    let width = usize::from(grid.size.cols) * CELL.0 + 2 * EDGE;
    let height = used * CELL.1 + 2 * EDGE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>{}</title>\n\
         <style>text{{font:14px ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;\
         white-space:pre;fill:{}}}.b{{font-weight:bold}}.f{{opacity:.6}}.i{{font-style:italic}}\
         .u{{text-decoration:underline}}.s{{text-decoration:line-through}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n",
        escaped(title),
        hex(FOREGROUND),
        hex(BACKGROUND),
    );
    for (row, number) in rows.iter().take(used).zip(0..) {
        let y = EDGE + number * CELL.1;
        for run in row {
            draw_run(run, y, &mut svg);
        }
    }
    svg + "</svg>\n"
}

fn draw_run(run: &Run, y: usize, svg: &mut String) {
    let x = EDGE + run.col * CELL.0;
    let width = run.width * CELL.0;
    // Writing to a String cannot fail.
    if let Some(bg) = run.style.bg {
        let (height, fill) = (CELL.1, hex(bg));
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"
        );
    }
    if run.text.trim().is_empty() && run.style.attributes & (UNDERLINE | STRIKE) == 0 {
        return;
    }
    let names = [
        (BOLD, 'b'),
        (FAINT, 'f'),
        (ITALIC, 'i'),
        (UNDERLINE, 'u'),
        (STRIKE, 's'),
    ];
    let class: Vec<String> = names
        .iter()
        .filter(|(attribute, _)| run.style.attributes & attribute != 0)
        .map(|(_, name)| name.to_string())
        .collect();
    let _ = write!(
        svg,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\"",
        y + BASELINE
    );
    if run.width == 1 || run.text.chars().count() == 1 {
        let _ = write!(svg, " lengthAdjust=\"spacingAndGlyphs\"");
    }
    if !class.is_empty() {
        let _ = write!(svg, " class=\"{}\"", class.join(" "));
    }
    if let Some(fg) = run.style.fg {
        // A style, as the sheet's own colour would win over the attribute.
        let _ = write!(svg, " style=\"fill:{}\"", hex(fg));
    }
    let _ = writeln!(svg, ">{}</text>", escaped(&run.text));
}

/// Text between tags.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // No control is a character of XML.
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;

    #[test]
    fn a_screen_becomes_a_picture_of_its_text() {
        let mut screen = Screen::new(Size { cols: 20, rows: 5 });
        screen.feed("a<b\r\n\x1b[41mred\x1b[0m \x1b[4m\x1b[1mu\x1b[0m".as_bytes());
        let svg = picture(&screen.grid(), "psql \"x\"");
        assert!(svg.contains("viewBox=\"0 0 208 66\""), "{svg}");
        assert!(svg.contains("<title>psql &quot;x&quot;</title>"));
        assert!(svg.contains(">a&lt;b</text>"));
        assert!(
            svg.contains("<rect x=\"14\" y=\"33\" width=\"27\" height=\"19\" fill=\"#e06c75\"/>")
        );
        assert!(svg.contains("class=\"b u\">u</text>"));
        assert!(svg.ends_with("</svg>\n"));
    }
}
