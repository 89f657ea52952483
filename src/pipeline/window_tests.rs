//! Secrets in windows that cut lines, wrap them behind gutters, or are narrower than they are known to be.

use super::tests::{SIZE, leaks, masked, show};
use super::*;

const SECRET: &str = "tr0ub4dor-and-3";
/// A provider's token, which one row of a narrow window does not hold.
const TOKEN: &str = "ghp_tKq3ZrVb81LxWm7PfYcH52dNsJg9oTaE4uRi";

/// Asserts that no part of `secret` of eight characters is in what is recorded of `text`.
fn hides(size: Size, text: &str, secret: &str) {
    let out = masked(size, text.as_bytes());
    for part in secret.as_bytes().windows(8) {
        let part = std::str::from_utf8(part).unwrap();
        assert!(
            !leaks(size, &out, part),
            "{part} at {}x{}:\n{text:?}\n{}",
            size.cols,
            size.rows,
            show(&out)
        );
    }
}

/// `text` in rows of `cols` characters: the first behind `first`, the others behind `next`.
fn rows(text: &str, cols: usize, first: &str, next: &str) -> Vec<String> {
    let mut chars = text.chars().peekable();
    let mut rows = Vec::new();
    while chars.peek().is_some() {
        let lead = if rows.is_empty() { first } else { next };
        let room = cols - lead.chars().count();
        let own: String = chars.by_ref().take(room).collect();
        rows.push(format!("{lead}{own}"));
    }
    rows
}

/// What stands before the first row of a line, and before the others.
const GUTTERS: [(&str, &str); 6] = [
    ("      1 ", "      1 "),
    (" 17 ", "    "),
    ("", ">>> "),
    ("", "↪ "),
    (" 17 ", "    ++ "),
    ("  4 │ ", "    │ "),
];

#[test]
fn a_line_that_goes_on_behind_a_gutter_is_one_line() {
    for (first, next) in GUTTERS {
        for cols in [18, 23, 30] {
            let line = rows(&format!("export T={TOKEN}"), cols, first, next);
            let moved = (2..).zip(&line);
            let moved: String = moved.map(|(n, row)| format!("\x1b[{n};1H{row}")).collect();
            let cols = u16::try_from(cols).unwrap();
            let size = Size { cols, rows: 14 };
            for text in [
                format!("\x1b[?1049h\x1b[H{}\r\n:", line.join(" \x08")),
                format!("\x1b[?1049h\x1b[H{}\r\n:", line.join("\r\n")),
                format!("\x1b[?1049h{moved}\x1b[14;1H1,1\x1b[1;1H\x1b[?1049l\r\n"),
            ] {
                hides(size, &text, TOKEN);
            }
        }
    }
}

#[test]
fn lines_behind_numbers_of_their_own_are_not_one() {
    let size = Size { cols: 24, rows: 14 };
    let text = "\x1b[?1049h\x1b[H  1 PGPASSWORD=tr0ub4dor\r\n  2 harmless words\r\n:";
    let out = show(&masked(size, text.as_bytes()));
    assert!(
        out.contains("harmless words") && !out.contains("tr0ub"),
        "{out}"
    );
}

#[test]
fn a_line_that_a_program_wraps_for_another_width_is_one_line() {
    for wrap in [" \x08", " \r"] {
        for (first, next) in [("", ""), ("      1 ", "      1 ")] {
            for cols in [18, 27, 41] {
                let line = rows(&format!("echo T={TOKEN} it"), cols, first, next);
                let text = format!("$ x\r\n{}\r\ndone\r\n", line.join(wrap));
                hides(SIZE, &text, TOKEN);
                hides(SIZE, &format!("\x1b[?1049h{text}"), TOKEN);
            }
        }
    }
    // A window that a program has made narrower, and draws as such.
    let line = rows(&format!("export T={TOKEN}"), 20, "", "");
    let moved = (1..).zip(&line);
    let moved: String = moved.map(|(n, row)| format!("\x1b[{n};1H{row}")).collect();
    hides(
        SIZE,
        &format!("\x1b[?1049h\x1b[H\x1b[2J{moved}\x1b[9;1H1,1 Top\x1b[1;1H\x1b[?1049l\r\n"),
        TOKEN,
    );
}

#[test]
fn a_progress_that_is_drawn_over_itself_stays() {
    let steps = (1..30).map(|n| format!("Downloading layer {n:3} of 30 \r"));
    let text = format!("{}\r\ndone\r\n", steps.collect::<String>());
    assert_eq!(show(&masked(SIZE, text.as_bytes())), show(text.as_bytes()));
}

#[test]
fn windows_side_by_side_wrap_their_lines_each() {
    for rule in ["|", "│"] {
        let left = rows(&format!("export T={TOKEN}"), 28, "", "");
        let mut left = [vec!["# settings".to_owned()], left].concat();
        left.resize(6, "~".to_owned());
        let drawn: String = (1..)
            .zip(&left)
            .map(|(n, row)| format!("\x1b[{n};1H{row}\x1b[{n};29H{rule}right {n}"))
            .collect();
        hides(SIZE, &format!("\x1b[?1049h{drawn}\x1b[?1049l\r\n"), TOKEN);
    }
}

#[test]
fn lines_of_a_page_that_only_happen_to_be_long_are_not_one() {
    let long = "PGPASSWORD=tr0ub4dor-and-three";
    for text in [
        format!("\x1b[?1049h\x1b[HDB_HOST=x\r\n{long}\r\nDB_USER=bob\r\n:"),
        format!(
            "\x1b[?1049h\x1b[Ha\x1b[1;40H│b\x1b[2;1H{long}\x1b[2;40H│c\x1b[3;1HDB_USER=bob\x1b[3;40H│d\x1b[9;1H:"
        ),
    ] {
        let out = show(&masked(SIZE, text.as_bytes()));
        assert!(
            out.contains("DB_USER=bob") && !out.contains("tr0ub"),
            "{out}"
        );
    }
}

#[test]
fn what_a_line_shows_that_is_scrolled_sideways_is_part_of_a_known_secret() {
    let typed = format!("$ export PGPASSWORD={SECRET}; ls");
    for from in 20..29 {
        let tail = &typed[from..];
        let size = Size { cols: 60, rows: 5 };
        let out = masked(size, format!("{typed}\r<{tail}\x1b[K\r\n").as_bytes());
        assert!(!show(&out).contains(&SECRET[11..]), "{}", show(&out));
    }
    let page = format!(
        "\x1b[?1049h\x1b[HPGPASSWORD={SECRET}\x1b[H\x1b[J{}\x1b[2;1H{}\x1b[3;1Hx",
        &SECRET[5..],
        "=value"
    );
    hides(SIZE, &page, SECRET);
}

#[test]
fn a_uri_that_ends_with_the_window_keeps_no_part_of_its_password() {
    for mark in ["", ">", "\x1b[7m$\x1b[m", "…"] {
        let text = format!("\x1b[?1049h\x1b[HURL=postgres://app:tr0ub4dor{mark}\r\nx");
        hides(SIZE, &text, "tr0ub4dor");
    }
}

#[test]
fn a_page_in_the_middle_of_a_key_is_known_by_what_was_shown_of_it() {
    let line = |n: u8| {
        let own = (0..64u8).map(|i| {
            char::from(b"AbC9dEf2GhJk3LmN+oPq"[(usize::from(i) * 7 + usize::from(n) * 3) % 20])
        });
        format!("{}{n}{n}", own.take(62).collect::<String>())
    };
    let lines: Vec<String> = (1..9).map(line).collect();
    let begun = format!(
        "\x1b[?1049h\x1b[H{}\r\n-----END RSA PRIVATE KEY-----\r\ntext",
        lines[4..].join("\r\n")
    );
    // Further up, a line at a time, until the END is gone.
    let up: String = lines[..4]
        .iter()
        .rev()
        .map(|line| format!("\x1b[1;5r\x1b[1;1H\x1b[L\x1b[r\x1b[H{line}\x1b[10;1H{}%", 3))
        .collect();
    let size = Size { cols: 70, rows: 10 };
    let text = format!("{begun}\x1b[6;1H\x1b[J{up}\x1b[?1049l\r\n");
    let out = show(&masked(size, text.as_bytes()));
    for line in &lines {
        assert!(!out.contains(&line[..20]), "{out}");
    }
}
