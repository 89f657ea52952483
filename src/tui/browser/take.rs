//! What the worker told, taken into the browser.

use super::*;

impl Browser {
    /// Sessions, as read anew when `from` is 0. The same one stays selected.
    pub fn take_sessions(
        &mut self,
        from: usize,
        sessions: Vec<Session>,
        more: bool,
    ) -> Vec<Effect> {
        let selected = self.session().map(|s| s.id);
        let wanted = self.wanted_again.take().or(selected);
        if from == 0 {
            let command = self.command().map(|command| command.number);
            self.command_again = selected.zip(command);
            self.widest_target = 0;
            self.sessions.clear();
            self.haystacks.clear();
            self.landmarks = None;
            self.output = None;
            self.still = None;
        }
        self.haystacks.extend(sessions.iter().map(haystack));
        let widths = sessions.iter().map(|s| s.meta.target.label().width());
        self.widest_target = widths.fold(self.widest_target, usize::max);
        self.sessions.extend(sessions);
        let ids: Vec<SessionId> = self.sessions.iter().map(|s| s.id).collect();
        self.short = short_ids(&ids);
        self.loading = if more {
            Loading::Reading
        } else {
            Loading::Ready
        };
        if !more {
            // What is forgotten is marked no more.
            self.marked.retain(|id| ids.contains(id));
        }
        self.narrow();
        let place = self.shown.iter().position(|index| {
            let session = self.sessions.get(*index);
            wanted.is_some() && session.map(|s| s.id) == wanted
        });
        if place.is_none() && more {
            // It may be among those still to come.
            self.wanted_again = wanted;
        }
        let place = place.unwrap_or(if from == 0 { 0 } else { self.list.selected });
        self.list.select(place, self.shown.len());
        if from == 0 || self.session().map(|s| s.id) != selected {
            self.look_at_session()
        } else {
            Vec::new()
        }
    }

    /// The selected session's landmarks, or more of them.
    pub fn take_landmarks(&mut self, id: SessionId, landmarks: Arc<Landmarks>) -> Vec<Effect> {
        if self.session().map(|s| s.id) != Some(id) {
            return Vec::new();
        }
        let first = self.selected_landmarks().is_none();
        if landmarks.complete {
            let failed = landmarks.commands.iter().filter(|c| c.failed()).count();
            let failed = u32::try_from(failed).unwrap_or(u32::MAX);
            let unknown = self.session().is_some_and(|s| s.failed.is_none());
            if unknown {
                self.take_failed(&[(id, failed)]);
            }
        }
        self.landmarks = Some((id, landmarks));
        self.unreadable = None;
        if first {
            self.commands = List::default();
        }
        let was = self.wanted();
        self.narrow_commands();
        if let Some((_, number)) = self.command_again.take_if(|(of, _)| *of == id) {
            let commands = self.landmarks.as_ref().map(|(_, known)| &known.commands);
            let is = |place: &usize| {
                let command = commands.and_then(|commands| commands.get(*place));
                command.is_some_and(|command| command.number == number)
            };
            if let Some(place) = self.commands_shown.iter().position(is) {
                self.commands.select(place, self.commands_shown.len());
            }
        }
        // While a session is being read its first command comes before the others, and is looked
        // at once.
        if first || was.is_none() || self.wanted() != was {
            self.look_at_command()
        } else {
            Vec::new()
        }
    }

    /// How many commands failed in these sessions.
    pub fn take_failed(&mut self, counts: &[(SessionId, u32)]) {
        let counts: HashMap<SessionId, u32> = counts.iter().copied().collect();
        for session in &mut self.sessions {
            session.failed = counts.get(&session.id).copied().or(session.failed);
        }
    }

    /// The vault's answer; one for another filter is left aside.
    pub fn take_matching(&mut self, text: String, found: HashSet<SessionId>) -> Vec<Effect> {
        if self.asked() != text {
            return Vec::new();
        }
        self.matching = Some((text, found));
        self.renarrow()
    }
}
