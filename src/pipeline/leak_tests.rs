//! Secrets that a terminal shows in ways that hide them from a reader of its bytes.

use super::tests::{SIZE, bodies, bytes, leaks, masked, ms, pipeline, show};
use super::*;

const SECRET: &str = "tr0ub4dor-and-3";

/// What is recorded of `bytes` when the terminal changes its size at `cut`.
fn resized(input: &[u8], cut: usize, size: Size) -> Vec<u8> {
    let mut p = pipeline(SIZE);
    let (before, after) = input.split_at(cut);
    p.output(ms(1), before);
    p.resize(ms(2), size);
    p.output(ms(3), after);
    p.exit(ms(4), EXIT);
    bytes(&bodies(&mut p))
}

const EXIT: Exit = Exit {
    code: 0,
    signal: None,
};

#[test]
fn a_title_that_a_resize_interrupts_is_masked() {
    for before in ["", "$ ls\r\n", "$ export PGPASS"] {
        for end in ["\x07", "\x1b\\"] {
            for kind in ["0", "2"] {
                let text = format!("{before}\x1b]{kind};PGPASSWORD={SECRET} true{end}x\r\n");
                for cut in 0..text.len() {
                    let size = Size { cols: 40, rows: 10 };
                    let out = resized(text.as_bytes(), cut, size);
                    assert!(!leaks(SIZE, &out, SECRET), "cut at {cut}: {}", show(&out));
                }
            }
        }
    }
}

#[test]
fn a_title_is_read_as_a_line() {
    for line in ["requirepass ", "export PGPASSWORD=", "db:5432:crm:app:"] {
        let out = masked(SIZE, format!("\x1b]2;{line}{SECRET}\x07x\r\n").as_bytes());
        assert!(!leaks(SIZE, &out, SECRET), "{}", show(&out));
    }
}

#[test]
fn what_a_search_through_the_history_shows_is_read_as_a_line() {
    let line = format!("select pgp_sym_encrypt(ssn, '{SECRET}') from t;");
    let text = format!("\r(reverse-i-search)`e': {line}\r$ \x1b[K\r\n");
    let out = masked(SIZE, text.as_bytes());
    assert!(!leaks(SIZE, &out, SECRET), "{}", show(&out));
}

#[test]
fn a_row_that_may_go_on_does_so_after_a_resize() {
    let line = format!("tok ghp_{}", "aB3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb7c");
    let (a, b) = line.split_at(24);
    let text = format!("{a}\r\n{b} end\r\n");
    for cut in 26..text.len() {
        let mut p = pipeline(Size { cols: 24, rows: 24 });
        p.output(ms(1), &text.as_bytes()[..cut]);
        p.resize(ms(2), SIZE);
        p.output(ms(3), &text.as_bytes()[cut..]);
        p.exit(ms(4), EXIT);
        let out = bytes(&bodies(&mut p));
        assert!(
            !show(&out).contains(&line[4..20]),
            "cut at {cut}: {}",
            show(&out)
        );
    }
}

#[test]
fn a_title_that_a_resize_interrupts_waits_as_long_as_any() {
    let text = format!("\x1b]0;PGPASSWORD={SECRET} true\x07x\r\n");
    for cut in 5..text.len() - 3 {
        let mut p = pipeline(SIZE);
        let (before, after) = text.as_bytes().split_at(cut);
        p.output(ms(1), before);
        p.resize(ms(2), Size { cols: 40, rows: 10 });
        p.tick(ms(500));
        p.resize(ms(600), SIZE);
        p.tick(ms(4000));
        p.output(ms(4001), after);
        p.exit(ms(4002), EXIT);
        let out = bytes(&bodies(&mut p));
        assert!(
            !leaks(SIZE, &out, &SECRET[..8]),
            "cut at {cut}: {}",
            show(&out)
        );
        assert!(
            !leaks(SIZE, &out, &SECRET[7..]),
            "cut at {cut}: {}",
            show(&out)
        );
    }
}

#[test]
fn rows_that_a_program_wraps_itself_are_one_line() {
    // At every column, as pagers, libedit and full-screen programs wrap: blanks at the edge too.
    let line = format!("and then ALTER ROLE app WITH LOGIN PASSWORD '{SECRET}' VALID UNTIL 'x';");
    for cols in 8..=line.len() as u16 {
        let size = Size { cols, rows: 24 };
        let rows: Vec<&str> = line
            .as_bytes()
            .chunks(usize::from(cols))
            .map(|row| std::str::from_utf8(row).unwrap())
            .collect();
        let moved: String = (1..)
            .zip(&rows)
            .map(|(n, row)| format!("\x1b[{n};1H{row}"))
            .collect();
        let samples = [
            format!("{}\r\ndone\r\n", rows.join("\r\n")),
            format!("{}\r\n", rows.join("\r\n")),
            rows.join("\r\n"),
            format!("\x1b[?1049h\x1b[H{}\r\n:", rows.join("\r\n")),
            format!("\x1b[?1049h{moved}"),
            format!("\x1b[?1049h{moved}\x1b[20;1H\x1b[7mstatus\x1b[m"),
            format!("\x1b[?1049h{moved}\x1b[1;1H\x1b[?1049lx\r\n"),
            format!("{moved}\x1b[20;1Hx\r\n"),
        ];
        for sample in samples {
            let out = super::tests::run(size, &[sample.as_bytes()]);
            for part in [&SECRET[..8], &SECRET[7..]] {
                assert!(
                    !leaks(size, &out, part),
                    "{cols} columns: {}\n{}",
                    show(sample.as_bytes()),
                    show(&out)
                );
            }
        }
    }
}

#[test]
fn what_cursor_moves_put_together_is_read_together() {
    let halves = (&SECRET[..7], &SECRET[7..]);
    let (a, b) = halves;
    let samples = [
        // The value first, what tells it a secret later, with a status line between.
        format!(
            "\x1b[?1049h\x1b[3;1Hecho {SECRET}\x1b[24;1H-- INSERT --\x1b[3;21H| sudo -S true\x1b[24;1H3,30"
        ),
        format!("\x1b[3;1Hecho {SECRET}\x1b[24;1Hx\x1b[3;21H| sudo -S true\x1b[24;1H3,30"),
        // The tail of a line after a move, and nothing else.
        format!("\x1b[?1049h\x1b[5;1Hdb.example.net:5432:crm:app:\x1b[24;1H:\x1b[5;29H{SECRET}"),
        format!(
            "\x1b[?1049h\x1b[5;1Hdb.example.net:5432:crm:app:{a}\x1b[24;1H:\x1b[5;36H{b}\x1b[1;1H"
        ),
        format!("\x1b[5;36H{b}\x1b[24;1H:\x1b[5;1Hdb.example.net:5432:crm:app:{a}\x1b[1;1H"),
        // Backwards, by curses' own way of going down.
        format!("\x1b[?1049h\x1b[5;12H{SECRET}\n\r\x1b[5;1HPGPASSWORD=\x1b[1;1H"),
        // Readline, which draws what differs from the line before.
        format!("$ echo {SECRET}\r\x1b[22C| sudo -S true\r\n"),
        format!(
            "$ ls | sudo -S true\r\x1b[2C{SECRET} | sudo -S true\r\x1b[2Cecho {SECRET}| sudo -S true\r\n"
        ),
        // Scrolled within a region.
        format!(
            "\x1b[?1049h\x1b[2;5r\x1b[5;1Hecho {SECRET}\n\x1b[4;21H| sudo -S x\x1b[5;1H\n\n\x1b[r"
        ),
    ];
    for sample in samples {
        let out = masked(SIZE, sample.as_bytes());
        for part in [a, b] {
            assert!(
                !leaks(SIZE, &out, part),
                "{}\n{}",
                show(sample.as_bytes()),
                show(&out)
            );
        }
    }
}

#[test]
fn lines_left_by_moving_are_decided_in_time() {
    let mut p = pipeline(SIZE);
    p.output(ms(0), b"\x1b[?1049h\x1b[3;1Hall harmless\x1b[24;1Hstatus");
    let due = p.next_deadline().unwrap();
    assert!(due <= ms(0) + HOLD_MAX);
    p.tick(ms(0) + HOLD_MAX);
    let out = bytes(&bodies(&mut p));
    assert!(show(&out).contains("all harmless") && show(&out).contains("status"));
}

/// Lines that end in LF alone while the terminal translates nothing.
fn staircase(lines: &[&str], end: &str) -> String {
    lines.iter().map(|line| format!("{line}{end}")).collect()
}

#[test]
fn a_staircase_is_masked_at_every_width_and_needs_no_model() {
    let secret = format!("\x1b[1mexport\x1b[0m PGPASSWORD={SECRET}");
    let lines = [
        "",
        "total 44",
        &secret,
        "drwxr-xr-x\t2 root",
        "größe 12 µm",
        SECRET,
        "接続 done",
        "a\tb",
    ];
    for end in ["\n", "\n\r", "\r\r\n"] {
        let text = staircase(&lines, end).repeat(2);
        for cols in (5..50).step_by(2).chain([79, 80]) {
            for rows in [2, 9] {
                let size = Size { cols, rows };
                let mut p = pipeline(size);
                p.output(ms(1), text.as_bytes());
                assert!(p.fast, "{cols}x{rows}, {end:?}");
                p.exit(ms(2), EXIT);
                let out = bytes(&bodies(&mut p));
                for part in [&SECRET[..8], &SECRET[7..]] {
                    assert!(!leaks(size, &out, part), "{cols}x{rows}: {}", show(&out));
                }
                assert!(show(&out).matches("total 44").count() == 2);
            }
        }
        for cols in [17, 80] {
            masked(Size { cols, rows: 4 }, text.as_bytes());
        }
    }
}

#[test]
fn a_mask_moves_nothing_below_a_staircase() {
    for end in ["\n", "\n\r", "\r\n"] {
        let text = staircase(&["x", &format!("PGPASSWORD={SECRET}"), "below", ""], end);
        let out = masked(SIZE, text.as_bytes());
        let column = |bytes: &[u8]| {
            let mut terminal = avt::Terminal::new(80, 24).unwrap();
            terminal.feed(String::from_utf8_lossy(bytes).as_ref());
            terminal.screen().text()[2].find("below")
        };
        assert_eq!(column(&out), column(text.as_bytes()), "{}", show(&out));
    }
}

#[test]
fn what_follows_a_staircase_is_drawn_where_it_stands() {
    // The model is brought up to date in the column where the last line left the cursor.
    for count in (1..60).step_by(3) {
        let steps = staircase(&["abcdefg", "hi"], "\n").repeat(count);
        let text = format!("{steps}PGPASSWORD={SECRET}\x1b[7D\x1b[1@x\x08\x1b[1P\r\n");
        let size = Size { cols: 40, rows: 12 };
        let out = masked(size, text.as_bytes());
        assert!(!leaks(size, &out, &SECRET[..8]), "{}", show(&out));
        assert!(!leaks(size, &out, &SECRET[7..]), "{}", show(&out));
    }
}

#[test]
fn a_line_that_begins_behind_a_full_row_is_read_from_there() {
    let line = format!("redis-cli -h cache -a {SECRET} ping");
    for cols in 20..30 {
        let own: Vec<&[u8]> = line.as_bytes().chunks(cols).collect();
        let own = own.iter().map(|row| String::from_utf8_lossy(row));
        let own: Vec<String> = own.map(|row| row.into_owned()).collect();
        // Each row before it is as wide as the screen.
        let rows = [vec!["x".repeat(cols), "y".repeat(cols)], own].concat();
        let moved: String = (1..)
            .zip(&rows)
            .map(|(n, row)| format!("\x1b[{n};1H{row}"))
            .collect();
        let samples = [
            format!("{}\r\ndone\r\n", rows.join("\r\n")),
            format!("{}\x08\r\ndone\r\n", rows.join("\r\n")),
            format!("\x1b[?1049h{moved}\x1b[20;1Hx"),
        ];
        let cols = u16::try_from(cols).unwrap();
        for sample in samples {
            let size = Size { cols, rows: 24 };
            let out = masked(size, sample.as_bytes());
            for part in [&SECRET[..8], &SECRET[7..]] {
                assert!(!leaks(size, &out, part), "{cols}: {}", show(&out));
            }
        }
    }
}

#[test]
fn rows_of_one_line_are_read_as_if_none_of_them_had_been_left() {
    // By themselves the rows leave half a literal open, in which the line as a whole would begin.
    let rows = "> CREATE USER 'a'@'%' IDE\r\nNTIFIED BY 'zpPhR.vbxv_qG\r\nRg9';";
    let drawn = "\x1b[1A\r\x1b[11Cx'zpPhR.vbxv_q\r\nGRg9';\x1b[1A\r\x1b[11C'zpPhR.vbxv_qG\r\nRg9';\x1b[J\r\n";
    let size = Size { cols: 25, rows: 24 };
    for before in ["", "> INSERT INTO t VALUES ('\r\n", "app=> select 1;\r\n"] {
        let out = masked(size, format!("{before}{rows}{drawn}").as_bytes());
        for part in ["zpPhR.vb", "vbxv_qG"] {
            assert!(!show(&out).contains(part), "{}", show(&out));
        }
    }
}

#[test]
fn a_line_that_may_be_come_back_to_is_not_decided_by_a_line_feed() {
    for text in [
        "\x1b[2;5r\x1b[5;1Hecho tr0ub4dor\n\x1b[4;21H| sudo -S\n\n\x1b[r",
        "\n\nbelow\x1b[2A\recho tr0ub4dor\r\n\x1b[A\x1b[20C| sudo -S true\r\n",
    ] {
        let out = masked(SIZE, text.as_bytes());
        assert!(!show(&out).contains("tr0ub4dor"), "{}", show(&out));
    }
}

#[test]
fn a_line_that_ends_with_a_full_row_is_read_up_to_there() {
    let token = format!("dop_v1_{}", "1db8292e59dc331b8680bfd8521bde73".repeat(2));
    let line = format!("echo {token}");
    let (first, second) = line.split_at(38);
    let size = Size { cols: 38, rows: 24 };
    // The next row is full, too, and begins with what could belong to the token.
    let next = "drwxr-xr-x 2 root root 4096 May  4 11:";
    let rows = format!("{first}\r\n{second}\r\n{next}\r\n22 bin\r\n");
    let page = format!(
        "\x1b[?1049h\x1b[H\x1b[2J\x1b[4;1H{second}\x1b[5;1H{next}\x1b[6;1H22 bin\x1b[3;1H{first}\x1b[9;1Hx\x1b[?1049l\r\n"
    );
    for text in [rows, page] {
        let out = show(&masked(size, text.as_bytes()));
        assert!(!out.contains(&token[7..20]), "{out}");
        assert!(!out.contains(&token[40..60]), "{out}");
        assert!(out.contains("drwxr-xr-x 2 root"), "{out}");
    }
}

#[test]
fn a_row_that_ends_in_a_blank_that_was_not_drawn_is_read_with_it() {
    let text = format!(
        "\x1b[?1049h\x1b[H\x1b[2J\x1b[6;1Hecho '{SECRET}' |\x1b[6;25Hsudo\x1b[7;1H-S\x1b[7;4Htrue\x1b[9;1Hx\x1b[?1049l\r\n"
    );
    let size = Size { cols: 29, rows: 24 };
    let out = masked(size, text.as_bytes());
    assert!(!leaks(size, &out, SECRET), "{}", show(&out));
}
