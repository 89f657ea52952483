//! What the recordings say of their owner's work; every row opens the places it speaks of.

use super::super::keys::Action;
use super::super::list::List;
use super::super::model::Model;
use super::super::msg::{Effect, Request};
use super::Page;
use super::runs::Runs;
use crate::insight::{Occurrence, Reach, Statement, Stats};
use crate::model::when;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

/// Rows of one question; nobody reads more.
const ROWS_MAX: usize = 500;

/// What is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Question {
    /// The statements that ran most often.
    #[default]
    MostUsed,
    /// Those that took longest.
    Slowest,
    /// Those that failed most often.
    Failing,
    /// What was done next after a failure.
    After,
    /// Statements without WHERE or LIMIT.
    Whole,
    /// Near-identical tries in a row.
    Retries,
    /// Time by target.
    Targets,
    /// Time by weekday and hour.
    Hours,
}

impl Question {
    /// All of them, in order.
    pub const ALL: [Question; 8] = [
        Question::MostUsed,
        Question::Slowest,
        Question::Failing,
        Question::After,
        Question::Whole,
        Question::Retries,
        Question::Targets,
        Question::Hours,
    ];

    /// One or two words.
    pub fn title(self) -> &'static str {
        match self {
            Question::MostUsed => "Most used",
            Question::Slowest => "Slowest",
            Question::Failing => "Failing",
            Question::After => "What next",
            Question::Whole => "Whole tables",
            Question::Retries => "Tried again",
            Question::Targets => "Where",
            Question::Hours => "When",
        }
    }

    /// The heads of its columns; the text has none.
    pub fn heads(self) -> &'static [&'static str] {
        match self {
            Question::MostUsed => &["RUNS", "FAILED", "P50", "P95"],
            Question::Slowest => &["P95", "P50", "TREND", "RUNS"],
            Question::Failing => &["FAILED", "RUNS"],
            Question::After => &["TIMES"],
            Question::Whole => &["", "RUNS"],
            Question::Retries => &["TRIES", "WITHIN", ""],
            Question::Targets => &["TIME", "SESSIONS", "COMMANDS", "FAILED"],
            Question::Hours => &[],
        }
    }

    fn place(self) -> usize {
        let all = Question::ALL.iter();
        all.take_while(|question| **question != self).count()
    }

    fn beside(self, by: isize) -> Question {
        let all = Question::ALL;
        let place = self.place();
        let count = isize::try_from(all.len()).unwrap_or(1);
        let next = (isize::try_from(place).unwrap_or(0) + by).rem_euclid(count);
        let next = usize::try_from(next).unwrap_or(0);
        all.get(next).copied().unwrap_or_default()
    }
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// Everything there is.
    #[default]
    All,
    /// 30 days.
    Month,
    /// 7 days.
    Week,
    /// Today.
    Today,
}

impl Period {
    /// As a query.
    pub fn query(self) -> &'static str {
        match self {
            Period::All => "",
            Period::Month => "since:30d",
            Period::Week => "since:7d",
            Period::Today => "since:today",
        }
    }

    fn next(self) -> Period {
        match self {
            Period::All => Period::Month,
            Period::Month => Period::Week,
            Period::Week => Period::Today,
            Period::Today => Period::All,
        }
    }
}

/// The page's state.
#[derive(Default)]
pub struct Insights {
    /// What is asked.
    pub question: Question,
    /// Of when.
    pub period: Period,
    /// The selected row; of the hours, the day of the week.
    pub list: List,
    /// The selected hour of the day.
    pub hour: usize,
    /// The answers for this period.
    pub stats: Option<(Period, Arc<Stats>)>,
    /// They are counted on.
    pub more: bool,
    /// Why there are none.
    pub wrong: Option<String>,
    /// The rows of each question, once somebody looked: hundreds of statements have their times to be
    /// put in order, which must not be done again with every key.
    rows: [OnceCell<Vec<Answer>>; Question::ALL.len()],
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// One cell for each of [`Question::heads`].
    pub cells: Vec<String>,
    /// The statement, the target.
    pub text: String,
    /// Where it happened.
    pub occurrences: Vec<Occurrence>,
}

impl Insights {
    /// Opens the page.
    pub fn open(model: &mut Model) -> Vec<Effect> {
        model.pages.push(Page::Insights(Insights::default()));
        ask(model, Period::default())
    }

    /// The answers, when they are those of the period that is shown.
    pub fn answers(&self) -> Option<&Arc<Stats>> {
        let (period, stats) = self.stats.as_ref()?;
        (*period == self.period).then_some(stats)
    }

    /// The answers for a period, or those so far. What was given up for something else begins anew:
    /// then it is less than what is here, and tells nothing new.
    fn take(&mut self, period: Period, stats: Arc<Stats>, more: bool) {
        let known = self.answers().map_or(0, |known| known.commands);
        if period != self.period || more && stats.commands <= known {
            return;
        }
        self.stats = Some((period, stats));
        self.more = more;
        self.rows = Default::default();
        self.list.clamp(self.rows().len());
    }

    /// The selected row, or what is known of the selected hour.
    fn selected(&self) -> Option<Answer> {
        if self.question != Question::Hours {
            return self.rows().get(self.list.selected).cloned();
        }
        let day = self.answers()?.visits.get(self.list.selected)?;
        let occurrences = day.get(self.hour)?.clone();
        (!occurrences.is_empty()).then(|| Answer {
            cells: Vec::new(),
            text: hour_name(self.list.selected, self.hour),
            occurrences,
        })
    }

    /// Selects the hour in which most time went.
    fn select_busiest(&mut self) {
        let Some(stats) = self.answers() else { return };
        let days = stats.hours.iter().enumerate();
        let hours = days.flat_map(|(day, hours)| {
            let hours = hours.iter().enumerate();
            hours.map(move |(hour, spent)| (spent.time, day, hour))
        });
        // The first of those that are the same.
        let busiest = hours.rev().max_by_key(|(time, ..)| *time);
        if let Some((_, day, hour)) = busiest {
            self.list.selected = day;
            self.hour = hour;
        }
    }

    /// The rows of the question.
    pub fn rows(&self) -> &[Answer] {
        let asked = self.rows.get(self.question.place());
        asked.map_or(&[], |rows| rows.get_or_init(|| self.counted()))
    }

    fn counted(&self) -> Vec<Answer> {
        let Some(stats) = self.answers() else {
            return Vec::new();
        };
        fn first<T>(all: impl IntoIterator<Item = T>, row: impl Fn(T) -> Answer) -> Vec<Answer> {
            all.into_iter().take(ROWS_MAX).map(row).collect()
        }
        match self.question {
            Question::MostUsed => first(&stats.statements, most_used),
            Question::Slowest => first(stats.slowest(), slowest),
            Question::Failing => first(stats.failing(), failing),
            Question::After => {
                let after = stats.after.iter().take(ROWS_MAX).map(|after| Answer {
                    cells: vec![after.count.to_string()],
                    text: format!("{} → {}", after.failed, after.next),
                    occurrences: after.occurrences.clone(),
                });
                after.collect()
            }
            Question::Whole => {
                let whole = stats.whole.iter().take(ROWS_MAX).map(|whole| Answer {
                    cells: vec![reaches(whole.reach).to_owned(), whole.count.to_string()],
                    text: whole.fingerprint.clone(),
                    occurrences: whole.occurrences.clone(),
                });
                whole.collect()
            }
            Question::Retries => {
                let retries = stats.retries.iter().take(ROWS_MAX).map(|retry| {
                    let ended = if retry.worked { "worked" } else { "gave up" };
                    let within = when::length(retry.lasted);
                    Answer {
                        cells: vec![retry.tries.to_string(), within, ended.to_owned()],
                        text: retry.text.clone(),
                        occurrences: retry.occurrences.clone(),
                    }
                });
                retries.collect()
            }
            Question::Targets => {
                let targets = stats.targets.iter().take(ROWS_MAX).map(|target| Answer {
                    cells: vec![
                        when::length(target.spent.time),
                        target.sessions.to_string(),
                        target.spent.commands.to_string(),
                        target.failed.to_string(),
                    ],
                    text: target.target.clone(),
                    occurrences: target.occurrences.clone(),
                });
                targets.collect()
            }
            Question::Hours => Vec::new(),
        }
    }
}

/// The days as the hours name them.
pub const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// An hour of the week: `Mon 14:00 to 15:00`.
pub fn hour_name(day: usize, hour: usize) -> String {
    let day = DAYS.get(day).copied().unwrap_or_default();
    format!("{day} {hour}:00 to {}:00", hour + 1)
}

fn took(time: Option<Duration>) -> String {
    time.map(when::took).unwrap_or_default()
}

fn most_used(statement: &Statement) -> Answer {
    Answer {
        cells: vec![
            statement.count.to_string(),
            statement.failed.to_string(),
            took(statement.times.percentile(50)),
            took(statement.times.percentile(95)),
        ],
        text: statement.example.clone(),
        occurrences: statement.occurrences.clone(),
    }
}

fn slowest(statement: &Statement) -> Answer {
    let trend = statement.times.trend();
    let trend = trend.map(|trend| format!("{:+} %", trend.percent()));
    Answer {
        cells: vec![
            took(statement.times.percentile(95)),
            took(statement.times.percentile(50)),
            trend.unwrap_or_default(),
            statement.count.to_string(),
        ],
        text: statement.example.clone(),
        occurrences: statement.occurrences.clone(),
    }
}

fn failing(statement: &Statement) -> Answer {
    let error = statement.error.as_deref().unwrap_or("failed");
    let failed = statement.occurrences.iter().filter(|o| o.failed);
    Answer {
        cells: vec![statement.failed.to_string(), statement.count.to_string()],
        text: format!("{} → {error}", statement.example),
        occurrences: failed.cloned().collect(),
    }
}

/// In words.
pub fn reaches(reach: Reach) -> &'static str {
    match reach {
        Reach::ChangesAll => "no WHERE",
        Reach::ReadsAll => "no LIMIT",
    }
}

/// What was counted, or why it was not.
pub fn take(model: &mut Model, period: Period, stats: Result<Arc<Stats>, String>, more: bool) {
    if let (Ok(stats), false) = (&stats, more) {
        model.counted.retain(|(known, _)| *known != period);
        model.counted.push((period, Arc::clone(stats)));
    }
    let insights = model.pages.iter_mut().find_map(|page| match page {
        Page::Insights(insights) => Some(insights),
        _ => None,
    });
    if let Some(insights) = insights {
        match stats {
            Ok(stats) => insights.take(period, stats, more),
            Err(why) => insights.wrong = Some(why),
        }
    }
}

/// Asks for the answers for a period, unless they are here.
fn ask(model: &mut Model, period: Period) -> Vec<Effect> {
    let known = model.counted.iter().find(|(known, _)| *known == period);
    match known.map(|(_, stats)| Arc::clone(stats)) {
        Some(stats) => {
            take(model, period, Ok(stats), false);
            Vec::new()
        }
        None => vec![Effect::Ask(Request::Stats(period))],
    }
}

/// What an action does.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    let height = usize::from(model.size.rows.saturating_sub(5)).max(1);
    let Some(Page::Insights(insights)) = model.pages.last_mut() else {
        return Vec::new();
    };
    let hours = insights.question == Question::Hours;
    let len = match hours {
        true => 7,
        false => insights.rows().len(),
    };
    if super::step(&mut insights.list, action, len, height) {
        return Vec::new();
    }
    match action {
        Action::Left if hours && insights.hour > 0 => {
            insights.hour -= 1;
            Vec::new()
        }
        Action::Right if hours && insights.hour < 23 => {
            insights.hour += 1;
            Vec::new()
        }
        Action::NextTab | Action::PreviousPane | Action::Right | Action::Left => {
            let next = matches!(action, Action::NextTab | Action::Right);
            insights.question = insights.question.beside(if next { 1 } else { -1 });
            insights.list = List::default();
            if insights.question == Question::Hours {
                insights.select_busiest();
            }
            Vec::new()
        }
        Action::Period => {
            insights.period = insights.period.next();
            insights.rows = Default::default();
            insights.list = List::default();
            let period = insights.period;
            ask(model, period)
        }
        Action::CopyCommand => match insights.rows().get(insights.list.selected) {
            Some(row) => vec![Effect::Copy(row.text.clone())],
            None => Vec::new(),
        },
        Action::Open => match insights.selected() {
            Some(row) => open(model, row),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// One place is played, several are listed.
fn open(model: &mut Model, row: Answer) -> Vec<Effect> {
    if let [only] = row.occurrences.as_slice() {
        return super::play(model, only.session, super::jump_to(only), Some(only.at));
    }
    Runs::listed(model, &row.text, &row.occurrences);
    Vec::new()
}
