//! The requests that wait.

use super::super::msg::Request;
use std::collections::VecDeque;

/// The next request that still matters: of several that look at something the last one.
pub(super) fn next(queue: &mut VecDeque<Request>) -> Option<Request> {
    loop {
        let request = queue.pop_front()?;
        if !queue.iter().any(|later| supersedes(later, &request)) {
            return Some(request);
        }
    }
}

/// Whether nobody waits for an answer to `earlier` once `later` was asked.
pub(super) fn supersedes(later: &Request, earlier: &Request) -> bool {
    let looks = matches!(
        earlier,
        Request::Landmarks(_)
            | Request::Output(_)
            | Request::Still(_)
            | Request::Sessions
            | Request::Search(_)
            | Request::Find(_)
            | Request::Matching(_)
            | Request::Stats(_)
            | Request::Runs(..)
            | Request::Compare(..)
            | Request::Preview(_)
    );
    looks && std::mem::discriminant(later) == std::mem::discriminant(earlier)
}
