//! What the targets of the mask engine share: what must hold of the secrets that are found in lines,
//! whatever stands there.

use crate::mask::{Scanner, Span, masked};

/// What is found lies in the line, in order and apart.
pub fn check(line: &[u8], spans: &[Span]) {
    let mut end = 0;
    for span in spans {
        assert!(end <= span.start, "{span:?} begins before {end}");
        assert!(span.start < span.end, "{span:?} is empty");
        assert!(span.end <= line.len(), "{span:?} of {}", line.len());
        end = span.end;
    }
    // A mask is never much wider than a password's.
    assert!(masked(line, spans).len() <= line.len() + 16 * spans.len());
}

/// Looks at the lines of `text` in order; what a line is said to hold does not depend on whether it
/// was looked at before it was left.
pub fn scan(scanner: &mut Scanner, text: &[u8]) {
    let (mut before, mut spans) = (Vec::new(), Vec::new());
    for line in text.split(|byte| *byte == b'\n') {
        before.clear();
        spans.clear();
        scanner.peek(line, &mut before);
        check(line, &before);
        scanner.line(line, &mut spans);
        check(line, &spans);
        // What was found is learned, so more may be found the second time, never less.
        for span in &before {
            let covered = spans
                .iter()
                .any(|s| s.start <= span.start && span.end <= s.end);
            let parts = spans
                .iter()
                .filter(|s| s.start < span.end && span.start < s.end);
            let parts: usize = parts
                .map(|s| s.end.min(span.end) - s.start.max(span.start))
                .sum();
            assert!(
                covered || parts == span.end - span.start,
                "{span:?} is lost"
            );
        }
    }
}
