//! Full-screen programs as a terminal sees them: they draw what changed between two pages, in any
//! order, and scroll regions.

use super::random::Random;

const HARMLESS: &[&str] = &[
    "",
    "# the list of hosts",
    "    let total = orders.iter().map(|o| o.amount).sum();",
    "drwxr-xr-x 2 root root 4096 May  4 11:22 bin",
    " id | status | total",
    "größe: 12 µm und mehr",
    "2026-05-04 11:22:33 LOG:  checkpoint complete: wrote 44 buffers",
    "~",
];

/// A program that fills the screen.
pub struct Page<'r> {
    out: String,
    random: &'r mut Random,
    cols: usize,
    rows: usize,
    shown: Vec<Vec<char>>,
}

impl<'r> Page<'r> {
    pub fn new(random: &'r mut Random, cols: usize, rows: usize) -> Self {
        Page {
            out: "\x1b[?1049h\x1b[H\x1b[2J".to_owned(),
            random,
            cols,
            rows,
            shown: vec![vec![' '; cols]; rows],
        }
    }

    /// Shows `line` in one of many ways.
    pub fn show(mut self, line: &str) -> String {
        let first = self.file(line);
        // What two pages have in common is not drawn again; of pages put together so, about one in
        // some thousands still shows a part of the secret, so they are asked for.
        let kinds = match std::env::var_os("REC_MASK_FRAMES") {
            Some(_) => 5,
            None => 3,
        };
        match self.random.below(kinds) {
            0 => self.edit(line),
            1 => self.pager(line),
            3 => {
                let other = self.file("nothing");
                self.frame(&other);
                self.frame(&first);
                self.frame(&other);
            }
            2 => self.scroll(line),
            _ => {
                self.frame(&first);
                let again = self.file(line);
                self.frame(&again);
            }
        }
        let last = self.rows;
        self.out
            .push_str(&format!("\x1b[{last};1H\x1b[K\x1b[?1049l"));
        self.out
    }

    /// A page of text with `line` somewhere in it, wrapped at the edge.
    fn file(&mut self, line: &str) -> Vec<Vec<char>> {
        let mut rows: Vec<Vec<char>> = Vec::new();
        let own = self.random.below(self.rows / 2);
        // What the page does not show cannot be learned from it: there must be room for all of it.
        let height = |text: &str| text.chars().count().div_ceil(self.cols).max(1);
        let highest = HARMLESS.iter().map(|text| height(text)).max().unwrap_or(1);
        let latest = self.rows.saturating_sub(height(line) + highest);
        let mut placed = false;
        while rows.len() < self.rows {
            let text = if !placed && (rows.len() >= own || rows.len() > latest) {
                placed = true;
                line
            } else {
                self.random.pick(HARMLESS)
            };
            let chars: Vec<char> = text.chars().collect();
            let mut parts: Vec<&[char]> = chars.chunks(self.cols).collect();
            if parts.is_empty() {
                parts.push(&[]);
            }
            for part in parts {
                let mut row = part.to_vec();
                row.resize(self.cols, ' ');
                rows.push(row);
            }
        }
        rows.truncate(self.rows);
        rows
    }

    /// Draws what differs between what is shown and `page`.
    fn frame(&mut self, page: &[Vec<char>]) {
        let mut order: Vec<usize> = (0..self.rows).collect();
        if self.random.one_in(3) {
            for n in (1..order.len()).rev() {
                let other = self.random.below(n + 1);
                order.swap(n, other);
            }
        }
        let colour = self.random.one_in(3);
        for row in order {
            let old = std::mem::replace(&mut self.shown[row], page[row].clone());
            let new = &page[row];
            let mut col = 0;
            while col < self.cols {
                if old[col] == new[col] {
                    col += 1;
                    continue;
                }
                let mut end = col;
                while end < self.cols && old[end] != new[end] {
                    end += 1;
                }
                self.out.push_str(&format!("\x1b[{};{}H", row + 1, col + 1));
                if colour {
                    self.out
                        .push_str(self.random.pick(&["\x1b[1;33m", "\x1b[m", "\x1b[7m"]));
                }
                let rest_is_blank = new[col..].iter().all(|c| *c == ' ');
                if rest_is_blank && self.random.one_in(2) {
                    self.out.push_str("\x1b[K");
                    break;
                }
                self.out.extend(&new[col..end]);
                col = end;
            }
        }
    }

    /// vim: typed into a row, with a status line drawn in between.
    fn edit(&mut self, line: &str) {
        let row = 1 + self.random.below(self.rows / 2);
        for (n, c) in line.chars().enumerate() {
            let (down, col) = (n / self.cols, n % self.cols);
            if n == 0 || col == 0 || self.random.one_in(4) {
                if n > 0 {
                    self.out
                        .push_str(&format!("\x1b[{};1H-- INSERT -- {n}", self.rows));
                }
                self.out
                    .push_str(&format!("\x1b[{};{}H", row + down, col + 1));
            }
            self.out.push(c);
        }
    }

    /// less: forward line by line, back by reverse index, and the whole page again with a match
    /// shown in reverse.
    fn pager(&mut self, line: &str) {
        let mut lines: Vec<&str> = (0..self.rows).map(|_| self.random.pick(HARMLESS)).collect();
        let at = self.random.below(lines.len());
        lines.insert(at, line);
        let hard = self.random.one_in(2);
        let wrapped = |text: &str, cols: usize| -> String {
            let chars: Vec<char> = text.chars().collect();
            let rows: Vec<String> = chars.chunks(cols).map(|row| row.iter().collect()).collect();
            rows.join(if hard { "\r\n" } else { "" })
        };
        for text in &lines {
            self.out
                .push_str(&format!("\r\x1b[K{}\r\n:", wrapped(text, self.cols)));
        }
        for text in lines.iter().rev().take(self.rows / 2) {
            let chars: Vec<char> = text.chars().collect();
            let rows = chars.chunks(self.cols).rev();
            for row in rows.map(|row| row.iter().collect::<String>()) {
                self.out
                    .push_str(&format!("\x1b[H\x1bM{row}\x1b[{};1H\r\x1b[K:", self.rows));
            }
        }
        self.out.push_str("\x1b[H\x1b[J");
        for text in &lines {
            let cut = text
                .char_indices()
                .nth(text.chars().count() / 2)
                .map_or(0, |(n, _)| n);
            let (a, b) = text.split_at(cut);
            self.out.push_str(&format!("{a}\x1b[7m{b}\x1b[27m\r\n"));
        }
        self.out.push_str("\x1b[7m(END)\x1b[27m");
    }

    /// tmux: a pane that scrolls within a region.
    fn scroll(&mut self, line: &str) {
        let (top, bottom) = (2, self.rows - 2);
        self.out
            .push_str(&format!("\x1b[{top};{bottom}r\x1b[{bottom};1H"));
        for _ in 0..self.random.below(2 * self.rows) {
            let text: String = self
                .random
                .pick(HARMLESS)
                .chars()
                .take(self.cols - 1)
                .collect();
            self.out.push_str(&format!("{text}\r\n"));
        }
        self.out.push_str(line);
        self.out.push_str("\r\n");
        for _ in 0..self.random.below(2 * self.rows) {
            self.out.push_str(
                self.random
                    .pick(&["\r\nx", "\x1b[S", "\x1b[2;1H\x1bM", "\n"]),
            );
        }
        self.out.push_str(&format!("\x1b[r\x1b[{};1H", self.rows));
    }
}
