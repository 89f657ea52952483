//! What a command printed and what its statements gave, read for the detail pane.

use super::*;

/// Terminal bytes of one command that are rendered for the browser; the player and `rec show`
/// have the rest.
const OUTPUT_MAX: usize = 1 << 20;
/// Rows of a statement that the browser shows: somewhat more than a recording keeps of them.
const ROWS_MAX: usize = 32 << 20;

/// The text of what is looked at; `None` while the index does not cover it.
pub(super) fn output(open: &mut Open, look: Look) -> Option<Output> {
    let landmarks = open.player.landmarks();
    let (size, from, to) = match look.command {
        None => (open.size, Spot::default(), None),
        Some(number) => {
            let found = landmarks.commands.iter().find(|c| c.number == number);
            match found {
                Some(command) if command.end.is_some() || landmarks.complete => {
                    let end = command.end.map(|(spot, _)| spot);
                    (command.size, command.spot, end)
                }
                None if landmarks.complete => return Some(Output::default()),
                Some(_) | None => return None,
            }
        }
    };
    let (events, cut) = open.player.read(from, to, OUTPUT_MAX);
    let statements = statements(open, look, &events);
    let mut renderer = Renderer::new(size);
    for event in &events {
        match &event.body {
            Body::Output(data) => renderer.feed(data),
            Body::Stream { data, .. } => renderer.feed_stream(data),
            Body::Resize(size) => renderer.resize(*size),
            Body::Command(_)
            | Body::CommandEnd { .. }
            | Body::Marker { .. }
            | Body::Pause
            | Body::Resume
            | Body::Masked { .. }
            | Body::Gap(_)
            | Body::Exit(_)
            | Body::Wire(_)
            | Body::Other { .. } => {}
        }
    }
    let mut text = String::new();
    renderer.finish(&mut text);
    Some(Output {
        lines: text.lines().map(str::to_owned).collect(),
        cut,
        tables: results(&text, &statements),
        statements,
    })
}

/// What was sent for the command that is looked at; `events` are those from its submission on. A
/// statement's event may stand before its command's, so what came since the command before is read
/// as well.
fn statements(open: &mut Open, look: Look, events: &[Event]) -> Vec<Statement> {
    let landmarks = open.player.landmarks();
    let place = |number| landmarks.commands.iter().position(|c| c.number == number);
    let command = look.command.and_then(place);
    let spots = command.and_then(|place| {
        let before = place
            .checked_sub(1)
            .and_then(|at| landmarks.commands.get(at));
        let before = before.map(|c| c.end.map_or(c.spot.next(), |(spot, _)| spot.next()));
        let command = landmarks.commands.get(place)?;
        Some((before.unwrap_or_default(), command.spot, command.end))
    });
    let mut builder = Builder::outline(open.size).keeping_results(ROWS_MAX);
    let mut push = |events: &[Event]| {
        let counts = |body: &Body| {
            matches!(
                body,
                Body::Wire(_) | Body::Command(_) | Body::CommandEnd { .. }
            )
        };
        events
            .iter()
            .filter(|e| counts(&e.body))
            .for_each(|event| builder.push(event));
    };
    if let Some((before, here, _)) = spots {
        // Prompts and echoes are short; where they are not, nothing was sent meanwhile.
        push(&open.player.read(before, Some(here), OUTPUT_MAX).0);
    }
    push(events);
    if let Some((_, _, Some((end, _)))) = spots {
        push(&open.player.read(end, Some(end.next()), OUTPUT_MAX).0);
    }
    let mut statements = builder.finish().0.statements;
    statements.retain(|statement| statement.command == look.command);
    statements
}

/// The tables that statements gave, else those that a client drew.
fn results(text: &str, statements: &[Statement]) -> Vec<(Table, u64)> {
    let passed = statements.iter().flat_map(|statement| &statement.results);
    let passed = passed.filter_map(|result| {
        let table = Table::of_result(result)?;
        let here = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
        let all = result
            .complete
            .as_ref()
            .map_or(here, |complete| complete.rows);
        Some((table, all.max(here)))
    });
    let passed: Vec<(Table, u64)> = passed.collect();
    if !passed.is_empty() {
        return passed;
    }
    let drawn = tables(text).into_iter().map(|found| {
        let rows = u64::try_from(found.table.rows.len()).unwrap_or(u64::MAX);
        (found.table, rows)
    });
    drawn.collect()
}
