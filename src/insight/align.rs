//! Two lists of commands side by side.

/// The longest lists that are aligned; longer ones are compared by their beginnings. The table
/// below has as many cells as the lengths multiplied.
const LENGTH_MAX: usize = 2_000;
/// Characters of a text that are compared for likeness.
const COMPARED_MAX: usize = 300;

/// What stands on one line of a comparison, as positions in the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// The same in both.
    Both(usize, usize),
    /// Only in the first.
    Left(usize),
    /// Only in the second.
    Right(usize),
}

/// Aligns two lists so that as much as possible stands beside its like, in order.
pub fn align<T: PartialEq>(left: &[T], right: &[T]) -> Vec<Pair> {
    // What begins and ends alike needs no table.
    let same = |(a, b): &(&T, &T)| a == b;
    let head = left.iter().zip(right).take_while(same).count();
    let (rest_left, rest_right) = (left.len() - head, right.len() - head);
    let tail = left.iter().rev().zip(right.iter().rev()).take_while(same);
    let tail = tail.count().min(rest_left).min(rest_right);
    let middle = |list: &[T]| head..(list.len() - tail);
    let mut pairs: Vec<Pair> = (0..head).map(|n| Pair::Both(n, n)).collect();
    pairs.extend(between(left, right, middle(left), middle(right)));
    let ends = (left.len() - tail..left.len()).zip(right.len() - tail..right.len());
    pairs.extend(ends.map(|(a, b)| Pair::Both(a, b)));
    pairs
}

/// By the longest common subsequence.
fn between<T: PartialEq>(
    left: &[T],
    right: &[T],
    of_left: std::ops::Range<usize>,
    of_right: std::ops::Range<usize>,
) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (from, to) = (of_left.start, of_right.start);
    let a = left.get(of_left.clone()).unwrap_or_default();
    let b = right.get(of_right.clone()).unwrap_or_default();
    let (rows, cols) = (a.len().min(LENGTH_MAX), b.len().min(LENGTH_MAX));
    let width = cols + 1;
    // The length of the longest common subsequence of what is left from here on.
    let mut lengths = vec![0_u16; (rows + 1) * width];
    let at = |lengths: &[u16], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, one) in a.iter().enumerate().take(rows).rev() {
        for (j, other) in b.iter().enumerate().take(cols).rev() {
            let length = if one == other {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i * width + j) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < rows && j < cols {
        if a.get(i) == b.get(j) {
            pairs.push(Pair::Both(from + i, to + j));
            i += 1;
            j += 1;
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            pairs.push(Pair::Left(from + i));
            i += 1;
        } else {
            pairs.push(Pair::Right(to + j));
            j += 1;
        }
    }
    pairs.extend((from + i..of_left.end).map(Pair::Left));
    pairs.extend((to + j..of_right.end).map(Pair::Right));
    pairs
}

/// Whether one text looks like a second try of the other: at most a fifth of it was changed.
pub fn similar(one: &str, other: &str) -> bool {
    let (one, other) = (begin(one), begin(other));
    if one.is_ascii() && other.is_ascii() {
        return near(one.as_bytes(), other.as_bytes());
    }
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    near(&one, &other)
}

/// As much of a text as is compared.
fn begin(text: &str) -> &str {
    let text = text.trim();
    if text.len() <= COMPARED_MAX {
        return text;
    }
    match text.char_indices().nth(COMPARED_MAX) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

fn near<T: Copy + PartialEq + Into<u32>>(mut a: &[T], mut b: &[T]) -> bool {
    let longest = a.len().max(b.len());
    if longest == 0 {
        return true;
    }
    let allowed = (longest / 5).max(1);
    if a.len().abs_diff(b.len()) > allowed {
        return false;
    }
    // What both begin and end with costs nothing.
    while let (Some((one, a_rest)), Some((other, b_rest))) = (a.split_first(), b.split_first())
        && one == other
    {
        (a, b) = (a_rest, b_rest);
    }
    while let (Some((one, a_rest)), Some((other, b_rest))) = (a.split_last(), b.split_last())
        && one == other
    {
        (a, b) = (a_rest, b_rest);
    }
    least(a, b) <= allowed && distance(a, b, allowed) <= allowed
}

/// A bound that the distance is never below: a change puts one letter in another's place, so it
/// takes at least as many as one of the texts has letters that the other lacks.
fn least<T: Copy + Into<u32>>(a: &[T], b: &[T]) -> usize {
    let mut counts = [0_i32; 64];
    let mut count = |letters: &[T], by: i32| {
        for letter in letters {
            let letter: u32 = (*letter).into();
            let place = usize::try_from(letter % 64).unwrap_or(0);
            if let Some(count) = counts.get_mut(place) {
                *count += by;
            }
        }
    };
    count(a, 1);
    count(b, -1);
    let more: i32 = counts.iter().filter(|count| **count > 0).sum();
    let fewer: i32 = counts.iter().filter(|count| **count < 0).sum();
    usize::try_from(more.max(-fewer)).unwrap_or(0)
}

/// Levenshtein's, or anything above `allowed` where it is more than that.
fn distance<T: PartialEq>(a: &[T], b: &[T], allowed: usize) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        let mut fewest = left;
        for (cell, other) in row.iter_mut().skip(1).zip(b) {
            let replaced = diagonal + usize::from(one != other);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
            fewest = fewest.min(left);
        }
        // It never becomes less again.
        if fewest > allowed {
            return fewest;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(left: &str, right: &str) -> String {
        let (left, right): (Vec<char>, Vec<char>) =
            (left.chars().collect(), right.chars().collect());
        let pairs = align(&left, &right).into_iter();
        pairs
            .map(|pair| match pair {
                Pair::Both(a, b) => {
                    assert_eq!(left[a], right[b]);
                    left[a].to_string()
                }
                Pair::Left(a) => format!("-{}", left[a]),
                Pair::Right(b) => format!("+{}", right[b]),
            })
            .collect()
    }

    #[test]
    fn lists_are_aligned_by_what_they_share() {
        for (left, right, expected) in [
            ("abc", "abc", "abc"),
            ("abc", "abdc", "ab+dc"),
            ("abc", "c", "-a-bc"),
            ("", "xy", "+x+y"),
            ("abcd", "bxd", "-ab-c+xd"),
            ("aaa", "aa", "aa-a"),
        ] {
            assert_eq!(shown(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn long_lists_stay_bounded_and_lose_nothing() {
        let left: Vec<u32> = (0..5_000).collect();
        let right: Vec<u32> = (0..5_000).map(|n| n * 2 + 1).collect();
        let pairs = align(&left, &right);
        let lefts = pairs
            .iter()
            .filter(|p| !matches!(p, Pair::Right(_)))
            .count();
        let rights = pairs.iter().filter(|p| !matches!(p, Pair::Left(_))).count();
        assert_eq!((lefts, rights), (5_000, 5_000));
    }

    #[test]
    fn likeness_is_what_the_whole_table_says() {
        let whole = |a: &str, b: &str| {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let allowed = (a.len().max(b.len()) / 5).max(1);
            a.is_empty() && b.is_empty() || distance(&a, &b, usize::MAX) <= allowed
        };
        let texts = [
            "",
            "a",
            "ab",
            "ba",
            "select * from orders where id = 1",
            "select * from orders where id = 17;",
            "select * from customers where id = 1",
            "seelct * from orders wehre id = 1",
            "tcelse * morf sredro erehw di = 1",
            "select \u{fc} from orders where id = 1",
            "xyz select * from orders where id = 1",
        ];
        for one in texts {
            for other in texts {
                assert_eq!(similar(one, other), whole(one, other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn second_tries_look_like_the_first() {
        assert!(similar(
            "update orders set statsu = 1",
            "update orders set status = 1"
        ));
        assert!(similar("ls", "ls"));
        assert!(!similar("ls", "cd"));
        assert!(!similar("select 1", "select count(*) from orders"));
    }
}
