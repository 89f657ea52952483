//! A line editor as a terminal sees it: readline and libedit, which draw what changed and no more.

use super::plant::LOWER;
use super::random::Random;

/// How the editor goes on in the next row.
#[derive(Clone, Copy)]
enum Wrap {
    /// readline: a blank that wraps by itself, and back.
    Soft,
    /// libedit: a line end.
    Hard,
}

/// One line being edited.
pub struct Editor<'r> {
    pub out: String,
    random: &'r mut Random,
    cols: usize,
    wrap: Wrap,
    prompt: Vec<char>,
    /// What is drawn: prompt and text.
    drawn: Vec<char>,
    /// Where the terminal's cursor stands in it.
    at: usize,
}

impl<'r> Editor<'r> {
    pub fn new(random: &'r mut Random, cols: usize, prompt: &str) -> Self {
        let wrap = if random.one_in(2) {
            Wrap::Soft
        } else {
            Wrap::Hard
        };
        let mut editor = Editor {
            out: String::new(),
            random,
            cols,
            wrap,
            prompt: prompt.chars().collect(),
            drawn: Vec::new(),
            at: 0,
        };
        editor.refresh("", 0);
        editor
    }

    /// Types `line` in one of many ways and submits it.
    pub fn enter(mut self, line: &str, secret: &str) -> String {
        let chars = line.chars().count();
        match self.random.below(8) {
            0 => self.paste(line),
            1 => self.insert_before(line, secret),
            2 => {
                self.type_in(line);
                // Up and down again.
                self.refresh("ls -l /var/lib", 14);
                self.refresh(line, chars);
            }
            3 => {
                self.type_in(line);
                // Ctrl-U and Ctrl-Y.
                self.refresh("", 0);
                self.refresh(line, chars);
            }
            4 => {
                self.type_in(line);
                // Ctrl-W, and the word once more.
                let cut = line.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.refresh(&line[..cut], line[..cut].chars().count());
                self.refresh(line, chars);
            }
            5 => self.search(line),
            6 => {
                // Home, and a word put before it.
                self.type_in(line);
                self.refresh(line, 0);
                self.refresh(&format!(" {line}"), 1);
            }
            _ => self.type_in(line),
        }
        let end = self.drawn.len();
        self.move_to(end);
        self.out.push_str("\r\n");
        self.out
    }

    fn type_in(&mut self, line: &str) {
        let mut text = String::new();
        for c in line.chars() {
            if self.random.one_in(15) {
                let slip = self.random.text(LOWER, 1);
                let len = text.chars().count();
                self.refresh(&format!("{text}{slip}"), len + 1);
                self.refresh(&text, len);
            }
            text.push(c);
            let len = text.chars().count();
            self.refresh(&text, len);
        }
    }

    fn paste(&mut self, line: &str) {
        self.out.push_str("\x1b[7m");
        self.refresh(line, line.chars().count());
        self.out.push_str("\x1b[27m");
        // The highlight goes away with the next key.
        self.move_to(self.prompt.len());
        let from = self.at;
        self.print(from, &line.chars().collect::<Vec<_>>());
    }

    /// A letter put in before the secret and taken back: all behind it is drawn anew. (Within a token
    /// that is not whole yet nothing tells that it is one.)
    fn insert_before(&mut self, line: &str, secret: &str) {
        self.type_in(line);
        let secret = line.find(secret).unwrap_or(0);
        let at = self.random.below(secret + 1);
        let (before, after) = line.split_at(at);
        self.refresh(line, at);
        self.refresh(&format!("{before}x{after}"), at + 1);
        self.refresh(line, at);
    }

    fn search(&mut self, line: &str) {
        let prompt =
            std::mem::replace(&mut self.prompt, "(reverse-i-search)`': ".chars().collect());
        self.refresh("", 0);
        self.prompt = "(reverse-i-search)`e': ".chars().collect();
        self.refresh(line, 0);
        self.prompt = prompt;
        self.refresh(line, line.chars().count());
    }

    /// Draws what differs between what is drawn and `text`, and puts the cursor into it.
    fn refresh(&mut self, text: &str, cursor: usize) {
        let new: Vec<char> = self.prompt.iter().copied().chain(text.chars()).collect();
        let same = self
            .drawn
            .iter()
            .zip(&new)
            .take_while(|(a, b)| a == b)
            .count();
        let old = self.drawn.len();
        if same < old || same < new.len() {
            self.move_to(same);
            let tail = old - same;
            let one_row = old.max(new.len()) < self.cols;
            if one_row && new.len() > old && tail > 0 && new.ends_with(&self.drawn[same..]) {
                let more = new.len() - old;
                self.out.push_str(&format!("\x1b[{more}@"));
                self.print(same, &new[same..same + more]);
            } else if one_row && new.len() < old && self.drawn.ends_with(&new[same..]) {
                self.out.push_str(&format!("\x1b[{}P", old - new.len()));
            } else {
                self.print(same, &new[same..]);
                if new.len() < old {
                    self.out.push_str("\x1b[J");
                }
            }
            self.drawn = new;
        }
        self.move_to(self.prompt.len() + cursor);
    }

    fn print(&mut self, from: usize, chars: &[char]) {
        for (n, c) in chars.iter().enumerate() {
            self.out.push(*c);
            if (from + n + 1).is_multiple_of(self.cols) {
                self.out.push_str(match self.wrap {
                    Wrap::Soft => " \r",
                    Wrap::Hard => "\r\n",
                });
            }
        }
        self.at = from + chars.len();
    }

    fn move_to(&mut self, to: usize) {
        let (row, new) = (self.at / self.cols, to / self.cols);
        match new.cmp(&row) {
            std::cmp::Ordering::Less => self.out.push_str(&format!("\x1b[{}A", row - new)),
            std::cmp::Ordering::Greater => self.out.push_str(&format!("\x1b[{}B", new - row)),
            std::cmp::Ordering::Equal => {}
        }
        let (col, goal) = (self.at % self.cols, to % self.cols);
        if goal < col && col - goal < 4 {
            self.out.push_str(&"\x08".repeat(col - goal));
        } else if goal != col {
            self.out.push('\r');
            if goal > 0 {
                self.out.push_str(&format!("\x1b[{goal}C"));
            }
        }
        self.at = to;
    }
}
