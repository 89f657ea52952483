//! What each action does in the browser.

use super::*;

/// What an action does in the browser.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let panes = Panes::of(model);
    let browser = &mut model.browser;
    let page = |height: usize| isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    let height = match browser.pane {
        Pane::Sessions => panes.sessions_height(),
        Pane::Commands => panes.commands_height(),
        Pane::Detail => panes.detail_height(),
    };
    match action {
        Action::Up => browser.step(-1, &panes),
        Action::Down => browser.step(1, &panes),
        Action::PageUp => browser.step(-page(height), &panes),
        Action::PageDown => browser.step(page(height), &panes),
        Action::Top => browser.step(isize::MIN, &panes),
        Action::Bottom => browser.step(isize::MAX, &panes),
        Action::NextPane => {
            browser.pane = match browser.pane {
                Pane::Sessions => Pane::Commands,
                Pane::Commands => Pane::Detail,
                Pane::Detail => Pane::Sessions,
            };
            Vec::new()
        }
        Action::PreviousPane => {
            browser.pane = match browser.pane {
                Pane::Sessions => Pane::Detail,
                Pane::Commands => Pane::Sessions,
                Pane::Detail => Pane::Commands,
            };
            Vec::new()
        }
        Action::NextTab => {
            browser.tab = match browser.tab {
                Tab::Result => Tab::Screen,
                Tab::Screen => Tab::Wire,
                Tab::Wire => Tab::Info,
                Tab::Info => Tab::Result,
            };
            browser.scroll = (0, 0);
            browser.read_detail()
        }
        Action::NextResult | Action::PreviousResult => {
            let by = if action == Action::NextResult { 1 } else { -1 };
            if !browser.turn_to_result(by) {
                let said = match browser.results().len() {
                    0 | 1 => "this command gave no other result",
                    _ if by > 0 => "that was the last result",
                    _ => "that was the first result",
                };
                model.notice = Some(said.to_owned());
            }
            Vec::new()
        }
        Action::Left => {
            match browser.pane {
                Pane::Detail if browser.cell.1 > 0 => browser.cell.1 -= 1,
                Pane::Detail if browser.scroll.0 > 0 => {
                    browser.scroll.0 = browser.scroll.0.saturating_sub(8);
                }
                Pane::Detail => browser.pane = Pane::Commands,
                Pane::Commands | Pane::Sessions => browser.pane = Pane::Sessions,
            }
            Vec::new()
        }
        Action::Right => {
            match browser.pane {
                Pane::Sessions => browser.pane = Pane::Commands,
                Pane::Commands => browser.pane = Pane::Detail,
                Pane::Detail if browser.tab == Tab::Result && browser.table().is_some() => {
                    let columns = browser.table().map_or(0, |(table, _)| table.columns.len());
                    browser.cell.1 = (browser.cell.1 + 1).min(columns.saturating_sub(1));
                }
                // What is wrapped has nothing on the right.
                Pane::Detail if matches!(browser.tab, Tab::Wire | Tab::Info) => {}
                Pane::Detail => browser.scroll.0 = (browser.scroll.0 + 8).min(4000),
            }
            Vec::new()
        }
        Action::Filter => {
            match browser.pane {
                Pane::Sessions => browser.filter.begin(),
                Pane::Commands | Pane::Detail => {
                    browser.pane = Pane::Commands;
                    browser.commands_filter.begin();
                }
            }
            Vec::new()
        }
        Action::Reload => {
            browser.loading = Loading::Reading;
            vec![Effect::Ask(Request::Sessions)]
        }
        Action::Open => match (browser.pane, browser.selected_landmarks()) {
            (Pane::Sessions, None) => {
                browser.pane = Pane::Commands;
                Vec::new()
            }
            (Pane::Sessions, Some(landmarks)) if !landmarks.commands.is_empty() => {
                browser.pane = Pane::Commands;
                Vec::new()
            }
            (Pane::Detail, _) if browser.tab == Tab::Result && browser.table().is_some() => {
                value(model)
            }
            _ => replay(model, false),
        },
        Action::Play => replay(model, true),
        Action::CopyCommand => match browser.command() {
            Some(command) => vec![Effect::Copy(command.text.clone())],
            None => {
                model.notice = Some("no command is selected".into());
                Vec::new()
            }
        },
        Action::CopyOutput => match (&browser.output, browser.look()) {
            (Some((at, output)), Some(look)) if *at == look => {
                vec![Effect::Copy(output.text())]
            }
            _ => {
                model.notice = Some("there is no result to copy; t shows it".into());
                Vec::new()
            }
        },
        Action::CopyCsv => match browser.table() {
            Some((table, _)) => {
                let mut csv = Vec::new();
                crate::export::write_csv(table, &mut csv);
                vec![Effect::Copy(String::from_utf8_lossy(&csv).into_owned())]
            }
            None => {
                model.notice = Some("this command gave no table".into());
                Vec::new()
            }
        },
        Action::Pager => match (&browser.output, browser.look()) {
            (Some((at, output)), Some(look)) if *at == look => {
                vec![Effect::Page(output.text())]
            }
            _ => {
                model.notice = Some("there is no result to show; t shows it".into());
                Vec::new()
            }
        },
        Action::Search => {
            model.pages.push(Page::Search);
            Vec::new()
        }
        Action::Insights => Insights::open(model),
        Action::Facets => {
            let facets = filter::facets(&browser.sessions, browser.filter.text());
            model.pages.push(Page::Reader(facets));
            Vec::new()
        }
        Action::Sort => {
            browser.order = browser.order.next();
            browser.renarrow()
        }
        Action::Mark => mark(model),
        Action::Compare => compare(model),
        Action::Runs => match (browser.look(), browser.command()) {
            (Some(look), Some(command)) => {
                let text = command.text.clone();
                Runs::of(model, look, text)
            }
            _ => {
                model.notice = Some("no command is selected".into());
                Vec::new()
            }
        },
        Action::Export => export(model),
        Action::Tag | Action::Delete => {
            let ids = browser.chosen();
            let pinned = |id: &&SessionId| {
                let session = browser.sessions.iter().find(|s| s.id == **id);
                session.is_some_and(|session| session.pinned)
            };
            if action == Action::Delete
                && let Some(id) = ids.iter().find(pinned)
            {
                let title = browser.title_of(*id);
                let short = title.split(' ').next().unwrap_or_default();
                model.notice = Some(format!("{short} is pinned; P lets it go"));
            } else if !ids.is_empty() {
                let wanted = match action {
                    Action::Tag => Wanted::Tags(ids),
                    _ => {
                        let name = match ids[..] {
                            // Short enough to be read whole.
                            [id] => browser
                                .title_of(id)
                                .split(' ')
                                .take(2)
                                .collect::<Vec<_>>()
                                .join(" "),
                            _ => format!("{} marked sessions", ids.len()),
                        };
                        Wanted::Forget(ids, name)
                    }
                };
                model.prompt = Some(Prompt::new(wanted));
            }
            Vec::new()
        }
        Action::Pin => {
            let ids = browser.chosen();
            let pinned = |id: &SessionId| {
                let session = browser.sessions.iter().find(|s| s.id == *id);
                session.is_some_and(|session| session.pinned)
            };
            let pin = !ids.iter().all(pinned);
            match ids.is_empty() {
                true => Vec::new(),
                false => vec![Effect::Ask(Request::Change(Change::Pin(ids, pin)))],
            }
        }
        Action::Note => match browser.session() {
            Some(session) => {
                let at = match (browser.pane, browser.command()) {
                    (Pane::Commands | Pane::Detail, Some(command)) => command.at,
                    _ => Micros(0),
                };
                vec![Effect::Edit(session.id, at)]
            }
            None => Vec::new(),
        },
        Action::Back => match browser.pane {
            Pane::Sessions => vec![Effect::Quit],
            Pane::Commands => {
                browser.pane = Pane::Sessions;
                Vec::new()
            }
            Pane::Detail => {
                browser.pane = Pane::Commands;
                Vec::new()
            }
        },
        Action::Cancel => cancel(browser),
        _ => Vec::new(),
    }
}

/// Takes back what narrows or marks: in the pane that has the keys the marks first, then the filter.
fn cancel(browser: &mut Browser) -> Vec<Effect> {
    match browser.pane {
        Pane::Sessions if !browser.marked.is_empty() => {
            browser.marked.clear();
            Vec::new()
        }
        Pane::Sessions => {
            browser.filter.clear();
            browser.renarrow()
        }
        Pane::Commands | Pane::Detail if !browser.marked_commands.is_empty() => {
            browser.marked_commands.clear();
            Vec::new()
        }
        Pane::Commands | Pane::Detail if !browser.commands_filter.text().is_empty() => {
            browser.commands_filter.clear();
            browser.narrow_commands();
            browser.look_at_command()
        }
        Pane::Commands | Pane::Detail => Vec::new(),
    }
}

/// The selected cell of the result, in full.
fn value(model: &mut Model) -> Vec<Effect> {
    let (row, column) = model.browser.cell;
    let Some((table, _)) = model.browser.table() else {
        return Vec::new();
    };
    let name = table.columns.get(column).cloned().unwrap_or_default();
    let text = match table.rows.get(row).and_then(|row| row.get(column)) {
        Some(Some(text)) => text.clone(),
        Some(None) => "NULL".to_owned(),
        None => return Vec::new(),
    };
    let title = format!("{name}, row {}", row + 1);
    model.pages.push(Page::Reader(Reader::text(title, &text)));
    Vec::new()
}

/// Marks what is selected, or takes the mark away, and goes on to the next.
fn mark(model: &mut Model) -> Vec<Effect> {
    let panes = Panes::of(model);
    let browser = &mut model.browser;
    match browser.pane {
        Pane::Sessions => {
            let Some(id) = browser.session().map(|s| s.id) else {
                return Vec::new();
            };
            if !browser.marked.remove(&id) {
                browser.marked.insert(id);
            }
        }
        Pane::Commands | Pane::Detail => {
            let Some(look) = browser.look().filter(|look| look.command.is_some()) else {
                return Vec::new();
            };
            match browser
                .marked_commands
                .iter()
                .position(|known| *known == look)
            {
                Some(place) => {
                    browser.marked_commands.remove(place);
                }
                None => browser.marked_commands.push(look),
            }
        }
    }
    browser.step(1, &panes)
}

/// Two marked ones, or the marked one with the selected one.
fn compare(model: &mut Model) -> Vec<Effect> {
    let browser = &model.browser;
    let whole = |id: SessionId| Look { id, command: None };
    let mut looks: Vec<Look> = match browser.pane {
        Pane::Sessions => browser.marked.iter().copied().map(whole).collect(),
        Pane::Commands | Pane::Detail => browser.marked_commands.clone(),
    };
    if looks.len() == 1 {
        let here = match browser.pane {
            Pane::Sessions => browser.session().map(|s| whole(s.id)),
            Pane::Commands | Pane::Detail => browser.look(),
        };
        looks.extend(here.filter(|here| !looks.contains(here)));
    }
    if browser.pane == Pane::Sessions {
        // The older one is the first.
        let place = |look: &Look| browser.sessions.iter().position(|s| s.id == look.id);
        looks.sort_by_key(|look| std::cmp::Reverse(place(look)));
    }
    match looks[..] {
        [left, right] => Compare::open(model, left, right),
        _ => {
            model.notice =
                Some("v marks what is compared: two, or one and the selected one".into());
            Vec::new()
        }
    }
}

/// The session, or the commands that are marked in it, or the selected one.
fn export(model: &mut Model) -> Vec<Effect> {
    let browser = &model.browser;
    let Some(id) = browser.session().map(|s| s.id) else {
        return Vec::new();
    };
    let marked = browser.marked_commands.iter().filter(|look| look.id == id);
    let numbers: Vec<u32> = marked.filter_map(|look| look.command).collect();
    let commands = match (numbers.iter().min(), numbers.iter().max(), browser.pane) {
        (Some(first), Some(last), _) => Some((*first, *last)),
        (_, _, Pane::Commands | Pane::Detail) => browser.command().map(|c| (c.number, c.number)),
        _ => None,
    };
    // A stretch of time would be that of the commands.
    let moments = browser.selected_landmarks().map(|landmarks| {
        let chosen = commands.unwrap_or((0, u32::MAX));
        let chosen = move |c: &&Moment| (chosen.0..=chosen.1).contains(&c.number);
        landmarks.commands.iter().filter(chosen)
    });
    let times = match (commands, moments) {
        (Some(_), Some(mut moments)) => {
            let from = moments.clone().next().map_or(Micros(0), |first| first.at);
            let last = moments.next_back().and_then(|last| last.end);
            (from, last.map(|(_, end)| end))
        }
        _ => (Micros(0), None),
    };
    Export::open(model, id, commands, times)
}

/// Opens the player on what is selected.
fn replay(model: &mut Model, play: bool) -> Vec<Effect> {
    let browser = &mut model.browser;
    let Some(session) = browser.session() else {
        return Vec::new();
    };
    let (jump, about) = match (browser.pane, browser.command()) {
        (Pane::Commands | Pane::Detail, Some(command)) => {
            (Jump::Command(command.number), Some(command.at))
        }
        _ => (Jump::Start, None),
    };
    let request = Request::Replay {
        id: session.id,
        jump,
        about,
        play,
        pace: Pace::default(),
    };
    let mut viewer = Viewer::new(browser.title());
    if let Some(landmarks) = browser.selected_landmarks() {
        viewer.landmarks = Arc::clone(landmarks);
    }
    model.player = Some(viewer);
    vec![Effect::Ask(request)]
}
