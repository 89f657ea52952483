//! The requests that wait.

use super::super::msg::Request;
use std::collections::VecDeque;

/// The next request that still matters: of several that look at something the last one.
pub(super) fn next(queue: &mut VecDeque<Request>) -> Option<Request> {
    loop {
        let request = queue.pop_front()?;
        let looks = matches!(
            request,
            Request::Landmarks(_)
                | Request::Output(_)
                | Request::Still(_)
                | Request::Sessions
                | Request::Search(_)
                | Request::Matching(_)
                | Request::Stats(_)
                | Request::Preview(_)
        );
        let same =
            |other: &Request| std::mem::discriminant(other) == std::mem::discriminant(&request);
        if !(looks && queue.iter().any(same)) {
            return Some(request);
        }
    }
}
