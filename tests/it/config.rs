//! The configuration file: what is wrong in it is told by its place, and never more than that is lost.

use crate::support::Home;
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What doctor says of the configuration: state, text, hint.
fn told(home: &Home, args: &[&str]) -> [String; 3] {
    let mut words = vec!["doctor", "--json"];
    words.extend(args);
    let output = home.rec(&words).output().unwrap();
    let checks: Value = serde_json::from_slice(&output.stdout).unwrap();
    let check = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "config");
    let check = check.unwrap_or_else(|| panic!("no config in {checks:#}"));
    let bad = check["state"] == "bad";
    assert!(
        !bad || output.status.code() == Some(1),
        "{:?}",
        output.status
    );
    ["state", "text", "hint"].map(|key| check[key].as_str().unwrap_or_default().to_owned())
}

#[test]
fn doctor_tells_where_a_configuration_is_wrong() {
    let home = Home::new();
    home.configure("on_failure = 'refuse'\n\n[[scope.rule]]\nhost = '[prod'\ndo = 'never'\n");
    let [state, text, hint] = told(&home, &[]);
    assert_eq!(state, "bad");
    assert!(text.contains("rec/config.toml:4:8: "), "{text}");
    assert!(text.contains("unclosed character class"), "{text}");
    assert!(text.contains("no session runs"), "{text}");
    assert!(hint.contains("CONFIGURATION"), "{hint}");

    home.configure("[scope]\ndefualt = 'never'\n");
    let [state, text, _] = told(&home, &[]);
    assert_eq!(state, "bad");
    assert!(
        text.contains("rec/config.toml:2:1: unknown field `defualt`, expected"),
        "{text}"
    );
    assert!(text.contains("nothing is recorded"), "{text}");
}

#[test]
fn doctor_tells_which_line_gives_an_action_a_key_that_there_is_not() {
    let home = Home::new();
    let line = |text: &str| {
        home.configure(&format!(
            "[browser.keys]\n\"browser.open\" = \"o\"\n{text}\n"
        ));
        told(&home, &[])
    };
    for (text, why) in [
        ("'browser.fly' = 'x'", "there is no action \"browser.fly\""),
        ("'browser.help' = ['hyper-x']", "\"hyper-x\" is no key"),
    ] {
        let [state, said, hint] = line(text);
        assert_eq!(state, "note", "{said}");
        assert!(
            said.contains(&format!("rec/config.toml:3: {why}")),
            "{said}"
        );
        assert!(hint.contains("KEYS"), "{hint}");
    }
    let [state, said, _] = line("'browser.copy-command' = ['y', 'ctrl-y']");
    assert_eq!(state, "ok", "{said}");
}

/// What a file says is shown on the terminal, and must not steer it.
#[test]
fn an_error_is_one_harmless_line() {
    let home = Home::new();
    home.configure("\"a\\u001b]0;x\\u0007\" = 1\n");
    let [_, text, _] = told(&home, &[]);
    assert!(text.contains("unknown field `a␛]0;x␇`"), "{text}");
}

#[test]
fn doctor_tells_of_a_good_configuration_and_of_none() {
    let home = Home::new();
    let [state, text, _] = told(&home, &[]);
    assert_eq!(state, "ok");
    assert!(text.contains("config.toml"), "{text}");

    home.configure("[scope]\ndefault = 'ask'\n[[scope.rule]]\nhost = '*.dev'\ndo = 'never'\n");
    let [state, text, _] = told(&home, &[]);
    assert_eq!(state, "ok");
    assert!(text.contains("1 scope rule"), "{text}");

    let [state, text, hint] = told(&home, &["--config", "elsewhere.toml"]);
    assert_eq!(state, "note");
    assert!(text.contains("elsewhere.toml"), "{text}");
    assert!(hint.contains("name"), "{hint}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_not_taken_for_none() {
    let home = Home::new();
    let file = home.path().join("config/rec/config.toml");
    home.configure("");
    std::fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
    // root reads what no mode allows; a directory is read by nobody.
    if std::fs::read(&file).is_ok() {
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
    }
    let [state, text, _] = told(&home, &[]);
    assert_eq!(state, "bad");
    assert!(text.contains("config.toml: "), "{text}");
}

#[test]
fn the_example_of_the_manual_page_is_a_configuration() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("man/rec.1");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(".SH CONFIGURATION").unwrap();
    let (_, example) = section.split_once(".nf\n").unwrap();
    let (example, _) = example.split_once(".fi\n").unwrap();
    let home = Home::new();
    home.configure(&example.replace("\\-", "-"));
    let [state, text, _] = told(&home, &[]);
    assert_eq!(state, "ok", "{text}");
    assert!(text.contains("3 scope rules"), "{text}");
}
