//! Gutters: what editors and pagers put before each row of a line that they wrap by themselves.

/// No gutter has more characters.
const GUTTER_MAX: usize = 40;
/// Nor more digits in its number.
const DIGITS_MAX: usize = 7;
/// Nor more signs in what shows a break.
const SIGNS_MAX: usize = 6;

/// How many bytes at the start of `row` are no part of the line that begins in the row `first` and goes
/// on in this one: its number again (`less -N`), blanks below the number (vim, `bat`), an indent, what
/// shows a break (`>>> `, `↪ `). Nothing where there are none, or where the row has a number of its own.
pub fn gutter(first: &str, row: &str) -> Option<usize> {
    let mut end = 0;
    if let Some(number) = numbered(first) {
        end = below(first.get(..number)?, row)?;
    }
    end += blanks(row.get(end..)?);
    end += showbreak(row.get(end..)?);
    let ends_before = end < row.len() && row.get(..end)?.chars().count() <= GUTTER_MAX;
    (end > 0 && ends_before).then_some(end)
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

/// Where the line's text begins behind its number.
fn numbered(row: &str) -> Option<usize> {
    let number = blanks(row);
    let rest = row.get(number..)?;
    let text = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.len() - text.len();
    if !(1..=DIGITS_MAX).contains(&digits) {
        return None;
    }
    let mut end = number + digits + 1;
    if !text.starts_with([' ', ':']) {
        return None;
    }
    let behind = row.get(end..)?;
    if let Some(rest) = behind.strip_prefix('│').or(behind.strip_prefix('|')) {
        end = row.len() - rest.len() + usize::from(rest.starts_with(' '));
    }
    Some(end)
}

/// Where `row` goes on behind the same gutter, with the number or blanks in its place.
fn below(gutter: &str, row: &str) -> Option<usize> {
    let mut end = 0;
    let mut chars = row.chars();
    for c in gutter.chars() {
        let own = chars.next()?;
        if own != c && !(own == ' ' && c.is_ascii_digit()) {
            return None;
        }
        end += own.len_utf8();
    }
    Some(end)
}

/// The signs that show a break, and the blanks behind them.
fn showbreak(text: &str) -> usize {
    let sign = |c: char| ">+\\~-.=·…»↪↳⤷│|".contains(c);
    let rest = text.trim_start_matches(sign);
    let signs = text.len() - rest.len();
    let count = text.get(..signs).unwrap_or_default().chars().count();
    let blank = blanks(rest);
    let drawn = !text.get(..signs).unwrap_or_default().is_ascii();
    if (1..=SIGNS_MAX).contains(&count) && (blank > 0 || drawn) {
        signs + blank
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_row_that_goes_on_is_known() {
        for (first, row, rest) in [
            ("      1 token abc", "      1 def", "def"),
            ("  7 export A=b", "    cde", "cde"),
            ("  12 │ export A=b", "     │ cde", "cde"),
            ("export A=b", ">>> cde", "cde"),
            ("export A=b", "↪cde", "cde"),
            ("  export A=b", "  cde", "cde"),
            ("  7 export A=b", "    ++ cde", "cde"),
        ] {
            let end = gutter(first, row).unwrap();
            assert_eq!(&row[end..], rest, "{first:?} {row:?}");
        }
    }

    #[test]
    fn a_row_of_its_own_has_none() {
        for (first, row) in [
            ("      1 token abc", "      2 def"),
            ("      1 token abc", "def"),
            ("export A=b", "cde"),
            ("export A=b", "+cde/"),
            ("export A=b", "   "),
            ("", ""),
        ] {
            assert_eq!(gutter(first, row), None, "{first:?} {row:?}");
        }
    }
}
