//! Where a client of MySQL or MariaDB would connect to, and how it is led to the tap instead.
//!
//! The rules are those of [`clients`](crate::record::clients). The client keeps all its words; behind
//! them come the options that lead it to a socket of ours. Where the target is not certain, or where
//! the tap could not be what the user asked for, it keeps its own words, and the reason is told.

use super::ask::ask;
use super::login::Keys;
use super::reach::{Reach, looks};
use super::{Protect, Server, unreached_as};
use crate::model::Target;
use crate::record::about::About;
use crate::record::clients::mysql::Program;
use crate::record::clients::mysql::settings::{Given, Settings, Version};
use crate::record::exec::Led;
use crate::record::tap::program::which;
use crate::record::tap::upstream::Ahead;
use crate::record::tap::{Aside, Dir, Listener, Place, Plan, Protocol};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The library's default, where nothing says otherwise.
pub const PORT: u16 = 3306;

/// So long the client's start may wait for the server: far away servers answer within it, and where
/// nobody answers at all, nobody knows for much longer.
const PROBE_MAX: Duration = Duration::from_secs(1);

/// The socket's name where the server is not reached by one.
pub const SOCKET: &str = "mysql.sock";

/// Decides how the client of `about` is led through a tap below `runtime`.
///
/// # Errors
/// It is not.
pub fn plan(about: &mut About, runtime: &Path) -> Result<Plan, Aside> {
    let because = |why: &str| Aside::Because(why.to_owned());
    let (first, args) = about.argv.split_first().ok_or(Aside::Silent)?;
    let name = Path::new(first).file_name().unwrap_or(first);
    let name = name.to_string_lossy().into_owned();
    let Some(program) = Program::named(&name) else {
        return Err(Aside::Because(format!(
            "rec does not know the options of {name}"
        )));
    };
    if program == Program::Shell {
        return Err(because(
            "mysqlsh may speak the X protocol (`rec tap mysql://HOST` names a socket for `mysqlsh \
             --mysql --socket=…`)",
        ));
    }
    if about.argv.iter().any(|word| word.to_str().is_none()) {
        return Err(because("its words are not UTF-8"));
    }
    let given = Given::read(program, args);
    if given.idle {
        return Err(Aside::Silent);
    }
    let path = which(first).ok_or(Aside::Silent)?;
    let leading = args.get(..given.leading).unwrap_or_default();
    // One that refuses its files says so itself.
    let answers = ask(&path, leading).ok_or(Aside::Silent)?;
    if given.reads_files(&answers.table) {
        return Err(Aside::Silent);
    }
    let version = answers.version;
    let settings = given
        .settings(version, &answers.table, answers.protocol, &|name| {
            std::env::var_os(name)
        })
        .map_err(|why| match why.is_empty() {
            true => Aside::Silent,
            false => Aside::Because(why),
        })?;
    settings
        .tls
        .possible(version, settings.tcp)
        .map_err(because)?;
    let place = place(&settings)?;
    let host = settings
        .host
        .clone()
        .unwrap_or_else(|| "localhost".to_owned());
    let mut tls = settings.tls.clone();
    // MySQL's clients encrypt on a socket only where they must.
    if !settings.tcp && !version.mariadb && !tls.required {
        tls.wanted = false;
    }
    let protect = Protect::new(tls, host)?;
    protect.usable()?;
    let keys = Keys {
        known: match &settings.public_key {
            Some(file) => Some(std::fs::read(file).map_err(|_| Aside::Silent)?),
            None => None,
        },
        ask: settings.asks_public_key,
    };
    let no_dir = |error: std::io::Error| Aside::Because(format!("no private directory: {error}"));
    let socket = socket_name(&place);
    let dir = Dir::new(runtime, 1 + socket.len()).map_err(no_dir)?;
    let path = dir.path().join(&socket);
    let (listener, reach) = match place.probe(PROBE_MAX) {
        Ok(ahead) => (
            Listener::socket(&path),
            Reach::led(place.clone(), ahead, None),
        ),
        // It is looked for until it is there, as the client does.
        Err(unreached) if settings.waits => {
            let away = looks(&place, &unreached);
            let reach = Reach::led(place.clone(), Ahead::Nothing, Some(away));
            (Listener::away(&path, away), reach)
        }
        Err(unreached) => {
            let (_, why) = unreached_as(&place, &unreached);
            return Err(Aside::Noted(format!(
                "the server was not there when the client started: {why}"
            )));
        }
    };
    let listener = listener.map_err(no_dir)?;
    let mut argv = about.argv.clone();
    let options = led(&settings, version, program, &path);
    argv.splice(
        1 + given.end..1 + given.end,
        options.into_iter().map(Into::into),
    );
    let env = match (&place, program) {
        (Place::Socket(own), Program::Test) => renamed(std::env::vars_os(), own, &path),
        _ => Vec::new(),
    };
    learn(&mut about.target, &settings, &place);
    let server: Arc<dyn Protocol> = Arc::new(Server::new(reach, protect, keys));
    Ok(Plan {
        led: Led { argv, env },
        dir,
        listeners: vec![(listener, server)],
        interactive: program == Program::Client,
        remark: None,
    })
}

fn place(settings: &Settings) -> Result<Place, Aside> {
    if settings.tcp {
        return Ok(Place::Network {
            host: settings
                .host
                .clone()
                .unwrap_or_else(|| "localhost".to_owned()),
            address: None,
            port: settings.port.unwrap_or(PORT),
        });
    }
    let Some(socket) = settings.socket.as_deref().map(PathBuf::from) else {
        return Err(Aside::Because(
            "no socket is named, and only the client knows its default (--socket=FILE names one)"
                .to_owned(),
        ));
    };
    // Without a directory to start from the client will not find it either.
    let socket = std::path::absolute(socket).map_err(|_| Aside::Silent)?;
    Ok(Place::Socket(socket))
}

/// The socket is called like the server's own: a prompt may show it.
fn socket_name(place: &Place) -> String {
    let own = match place {
        Place::Socket(path) => path.file_name(),
        Place::Network { .. } => None,
    };
    own.map_or(SOCKET.to_owned(), |name| {
        name.to_string_lossy().into_owned()
    })
}

/// The options that lead the client to `socket`. They come last, and so count.
fn led(settings: &Settings, version: Version, program: Program, socket: &Path) -> Vec<String> {
    let mut options = vec![
        "--host=localhost".to_owned(),
        "--protocol=socket".to_owned(),
        format!("--socket={}", socket.display()),
    ];
    // What the client asks of the server's TLS, rec asks: on the local leg there is none.
    if settings.tls.local_refuses {
        options.push(match version.mariadb {
            true => "--skip-ssl-verify-server-cert".to_owned(),
            false => "--ssl-mode=PREFERRED".to_owned(),
        });
    }
    if program == Program::Client
        && let Some(prompt) = prompt(settings)
    {
        options.push(format!("--prompt={prompt}"));
    }
    options
}

/// Variables that name the server's socket name `led` in its place. Scripts of tests connect to what
/// they name (`$MASTER_MYSOCK`), and have it replaced in what they print.
fn renamed(
    variables: impl Iterator<Item = (OsString, OsString)>,
    own: &Path,
    led: &Path,
) -> Vec<(OsString, Option<OsString>)> {
    variables
        .filter(|(_, value)| value == own.as_os_str())
        .map(|(name, _)| (name, Some(led.into())))
        .collect()
}

/// A prompt that shows the host or the port shows the server's.
fn prompt(settings: &Settings) -> Option<String> {
    let pattern = settings.prompt.as_deref()?;
    if !settings.tcp {
        return None;
    }
    let host = settings.host.as_deref().unwrap_or("localhost");
    let port = settings.port.unwrap_or(PORT).to_string();
    let mut shown = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            shown.push(c);
            continue;
        }
        match chars.next() {
            Some('h') => shown.push_str(host),
            Some('p') => shown.push_str(&port),
            Some(other) => shown.extend(['\\', other]),
            None => shown.push('\\'),
        }
    }
    (shown != pattern).then_some(shown)
}

/// What only the files knew.
fn learn(target: &mut Target, settings: &Settings, place: &Place) {
    target.host = target.host.take().or_else(|| settings.host.clone());
    target.user = target.user.take().or_else(|| settings.user.clone());
    if let (Place::Network { port, .. }, Some(_)) = (place, settings.port) {
        target.port = target.port.or(Some(*port));
    }
}
