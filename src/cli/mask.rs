//! `rec mask`: the mask engine as a filter, what it finds in a file, its list of rules, and the rules of
//! gitleaks for it.

use super::{Error, Global, Kind, Ui};
use crate::mask::{Filter, Finding, Rules, Scanner, own};
use crate::model::{Body, Exit, Micros, Size, printable};
use crate::pipeline::Pipeline;
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Mask secrets in a stream: stdin to stdout
///
/// Harmless input comes back byte for byte. Secrets are covered with `*`, passwords at a constant
/// width, what stands in tables at its own.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Mask {
    #[command(subcommand)]
    what: Option<What>,

    /// Say on stderr which rule masked what where (never the value)
    #[arg(long)]
    explain: bool,

    /// Take a terminal's output: what a viewer would read is masked, however it was drawn
    #[arg(long, conflicts_with = "explain")]
    raw: bool,

    /// The terminal's size for --raw
    #[arg(long, value_name = "COLSxROWS", default_value = "80x24", value_parser = size, requires = "raw")]
    size: Size,
}

fn size(text: &str) -> Result<Size, String> {
    let parts = text.split_once('x');
    let parts = parts.and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
    let (cols, rows) = parts.ok_or("a size is written as COLSxROWS, such as 80x24")?;
    Ok(Size { cols, rows })
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what would be masked in a file, and by which rule
    ///
    /// One line each: where it stands, the rule, the line as it would be masked. Nothing is changed.
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// The file; `-` for stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn a gitleaks configuration into a rule file for rec
    ///
    /// Goes to stdout; what has no equivalent is told on stderr.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        /// The gitleaks configuration
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// List the rules; those of the configuration are marked
    #[command(after_help = RULES_EXAMPLES)]
    Rules {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

const EXAMPLES: &str = "Examples:
  rec mask < app.log > app.masked.log
  kubectl logs deploy/api | rec mask | less
  rec mask --explain < .env > /dev/null
  rec mask --raw --size 120x40 < typescript
  rec mask test .env
  rec mask rules";

const TEST_EXAMPLES: &str = "Examples:
  rec mask test ~/.bash_history
  rec mask test --json app.log | jq -r '.[].rule' | sort | uniq -c

Exit status: 0 something would be masked, 1 nothing, 2 wrong use.";

const RULES_EXAMPLES: &str = "Examples:
  rec mask rules
  rec mask rules --json | jq length";

const IMPORT_EXAMPLES: &str = "Examples:
  rec mask import gitleaks.toml > ~/.config/rec/acme.toml

Then, in the configuration:
  [mask]
  rules = [\"acme.toml\"]";

/// How much is read at once.
const CHUNK: usize = 128 << 10;

/// Runs the verb.
///
/// # Errors
/// stdin or stdout failed.
pub fn run(ui: &mut Ui, global: &Global, args: &Mask) -> Result<ExitCode, Error> {
    if let Some(What::Import { file }) = &args.what {
        return import(ui, file);
    }
    // As a filter rec needs no home; then nothing is configured.
    let rules = match super::paths(global) {
        Ok(paths) => Rules::with(super::masking(&paths)?.everywhere()),
        Err(_) => Rules::builtin(),
    };
    match &args.what {
        Some(What::Test { file, json }) => test(ui, rules, file, *json),
        Some(What::Rules { json }) => list(ui, &rules, *json),
        _ if args.raw => raw(ui, rules, args.size),
        _ => filter(ui, rules, args.explain),
    }
}

/// A terminal stream. What is undecided waits for more input, not for time to pass: the reader of
/// a filter would otherwise see something else each time.
fn raw(ui: &mut Ui, rules: Arc<Rules>, size: Size) -> Result<ExitCode, Error> {
    let scanner = Scanner::new(rules);
    let door = scanner.door();
    let mut pipeline = Pipeline::with_limit(scanner, door, size, u64::MAX);
    let mut chunk = vec![0; CHUNK];
    let mut stdin = io::stdin().lock();
    loop {
        let read = match stdin.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::new(Kind::Failed, "stdin cannot be read").caused_by(&error));
            }
        };
        if read == 0 {
            let (code, signal) = (0, None);
            pipeline.exit(Micros(0), Exit { code, signal });
        } else {
            pipeline.output(Micros(0), chunk.get(..read).unwrap_or_default());
        }
        for event in pipeline.take() {
            if let Body::Output(data) = &event.body
                && !write(ui, data)?
            {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if read == 0 {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn filter(ui: &mut Ui, rules: Arc<Rules>, explain: bool) -> Result<ExitCode, Error> {
    let mut filter = Filter::new(Scanner::new(rules), explain);
    let mut chunk = vec![0; CHUNK];
    let mut out = Vec::with_capacity(CHUNK + CHUNK / 2);
    let mut stdin = io::stdin().lock();
    loop {
        let read = match stdin.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::new(Kind::Failed, "stdin cannot be read").caused_by(&error));
            }
        };
        out.clear();
        filter.push(chunk.get(..read).unwrap_or_default(), &mut out);
        report(ui, filter.findings());
        if !write(ui, &out)? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    out.clear();
    filter.finish(&mut out);
    report(ui, filter.findings());
    write(ui, &out)?;
    Ok(ExitCode::SUCCESS)
}

/// How much of a masked line is shown.
const SHOWN_MAX: usize = 400;

fn test(ui: &mut Ui, rules: Arc<Rules>, file: &Path, json: bool) -> Result<ExitCode, Error> {
    let unread = |error: io::Error| {
        let name = printable(&file.to_string_lossy());
        let failed = Error::new(Kind::Failed, format!("{name} cannot be read")).caused_by(&error);
        failed.hint("give a file, or - for stdin")
    };
    let mut input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(unread)?))
    };
    let mut filter = Filter::new(Scanner::new(rules), true);
    let mut rows = Vec::new();
    let mut out = Vec::new();
    let mut any = false;
    loop {
        let bytes = input.fill_buf().map_err(unread)?;
        let whole = memchr::memchr(b'\n', bytes).map(|end| end + 1);
        let piece = bytes
            .get(..whole.unwrap_or(bytes.len()))
            .unwrap_or_default();
        let (taken, ended) = (piece.len(), whole.is_some());
        filter.push(piece, &mut out);
        input.consume(taken);
        if taken == 0 {
            filter.finish(&mut out);
        }
        // A line is told when it is whole, a longer one by its start.
        let found = filter.findings();
        any |= !found.is_empty();
        let shown = out.get(..out.len().min(SHOWN_MAX)).unwrap_or_default();
        let text = printable(String::from_utf8_lossy(shown).trim_end());
        for Finding { line, column, span } in found {
            let class = format!("{:?}", span.class).to_lowercase();
            if json {
                let rule = span.rule.as_str();
                rows.push(serde_json::json!({
                    "line": line, "column": column, "rule": rule, "class": class, "text": text,
                }));
            } else if !write(
                ui,
                format!("{line}:{column}: {}: {text}\n", span.rule).as_bytes(),
            )? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if ended {
            out.clear();
        } else {
            out.truncate(SHOWN_MAX);
        }
        if taken == 0 {
            break;
        }
    }
    if json {
        write(
            ui,
            format!("{:#}\n", serde_json::Value::from(rows)).as_bytes(),
        )?;
    }
    Ok(if any {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// No rule file is longer.
const RULES_MAX: u64 = 4 << 20;

fn import(ui: &mut Ui, file: &Path) -> Result<ExitCode, Error> {
    let name = printable(&file.to_string_lossy());
    let failed = |why: String| Error::new(Kind::Failed, format!("{name} {why}"));
    let mut text = String::new();
    let read = File::open(file).and_then(|f| f.take(RULES_MAX).read_to_string(&mut text));
    read.map_err(|error| failed("cannot be read".to_owned()).caused_by(&error))?;
    let (rules, notes) = own::parse(&text).map_err(|wrong| {
        let line = text.get(..wrong.at).unwrap_or(&text).matches('\n').count() + 1;
        let why = format!("is wrong in line {line}: {}", printable(&wrong.what));
        failed(why).hint("mend that rule, or take it out")
    })?;
    for note in notes {
        ui.say(printable(&note));
    }
    for rule in &rules {
        write(ui, rule.to_toml().as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the reader still listens.
fn write(ui: &mut Ui, bytes: &[u8]) -> Result<bool, Error> {
    match ui.data(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::new(Kind::Failed, "stdout cannot be written").caused_by(&error)),
    }
}

fn report(ui: &mut Ui, findings: Vec<Finding>) {
    for Finding { line, column, span } in findings {
        ui.say(format!("{line}:{column}: {}", span.rule));
    }
}

fn list(ui: &mut Ui, rules: &Rules, json: bool) -> Result<ExitCode, Error> {
    let list = rules.list();
    let text = if json {
        let rows = list.iter().map(|rule| {
            serde_json::json!({
                "id": rule.id.as_str(),
                "class": format!("{:?}", rule.class).to_lowercase(),
                "description": rule.description,
                "own": rule.own,
                "off": rule.off,
            })
        });
        format!("{:#}\n", serde_json::Value::from_iter(rows))
    } else {
        let width = list
            .iter()
            .map(|rule| rule.id.as_str().len())
            .max()
            .unwrap_or(0);
        let rows = list.iter().map(|rule| {
            let class = format!("{:?}", rule.class).to_lowercase();
            let note = match (rule.own, rule.off) {
                (_, true) => " (off)",
                (true, false) => " (yours)",
                (false, false) => "",
            };
            let text = printable(rule.description);
            format!("{:width$}  {class:<8}  {text}{note}\n", rule.id)
        });
        rows.collect()
    };
    write(ui, text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
