//! Commands that print a secret and nothing else: `kubectl get secret … -o jsonpath=…`, `op read …`.

use crate::mask::bytes::{before, contains, cut, find, is_word};
use crate::mask::names::{Strength, judge};
use crate::mask::span::Class;

/// Whether `line` is a command that prints a secret and nothing else.
pub(super) fn reveals(line: &[u8]) -> bool {
    const COMMANDS: &[(&str, &[&str])] = &[
        ("kubectl get secret", &["jsonpath"]),
        ("kubectl get secret", &["template"]),
        ("kubectl get secret", &["custom-columns"]),
        ("kubectl create token", &[]),
        ("hget ", &["pass"]),
        ("hget ", &["secret"]),
        ("hget ", &["token"]),
        ("hget ", &["api_key"]),
        ("get ", &["6379>", "password"]),
        ("get ", &["6379>", "secret"]),
        ("get ", &["6379>", "token"]),
        ("get ", &["6379>", "api_key"]),
        ("get ", &["6379>", "apikey"]),
        ("get ", &["6379>", "credential"]),
        ("getpass.getpass(", &[]),
        ("jq -r .token", &[]),
        ("jq -r .access_token", &[]),
        ("jq -r .password", &[]),
        ("jq -r .secret", &[]),
        ("jq -r .api_key", &[]),
        ("\\echo :", &["pass"]),
        ("\\echo :", &["token"]),
        ("\\echo :", &["secret"]),
        ("kubectl -n", &["get secret", "jsonpath"]),
        ("oc get secret", &["jsonpath"]),
        ("oc whoami", &["-t"]),
        ("oc sa get-token", &[]),
        ("oc serviceaccounts get-token", &[]),
        ("vault kv get", &["-field"]),
        ("vault read", &["-field"]),
        ("vault token create", &["-field"]),
        ("vault print token", &[]),
        ("bao kv get", &["-field"]),
        (
            "aws secretsmanager get-secret-value",
            &["secretstring", "text"],
        ),
        ("aws ssm get-parameter", &["with-decryption", "value"]),
        ("aws ecr get-login-password", &[]),
        ("aws rds generate-db-auth-token", &[]),
        ("aws configure get", &["secret"]),
        ("aws codeartifact get-authorization-token", &["text"]),
        ("gcloud secrets versions access", &[]),
        ("gcloud auth print-", &[]),
        ("gcloud auth application-default print-", &[]),
        ("az account get-access-token", &["tsv"]),
        ("az keyvault secret show", &["value"]),
        ("az acr credential show", &["password"]),
        ("az storage account keys list", &["value"]),
        ("op read", &[]),
        ("op item get", &["password"]),
        ("bw get password", &[]),
        ("bw get totp", &[]),
        ("bw unlock", &["--raw"]),
        ("pass show", &[]),
        ("gopass show", &[]),
        ("lpass show", &["--password"]),
        ("keepassxc-cli show", &["-a"]),
        ("security find-generic-password", &["-w"]),
        ("security find-internet-password", &["-w"]),
        ("secret-tool lookup", &[]),
        ("keyring get", &[]),
        ("kwallet-query", &[]),
        ("gh auth token", &[]),
        ("glab auth token", &[]),
        ("heroku auth:token", &[]),
        ("flyctl auth token", &[]),
        ("fly auth token", &[]),
        ("doctl auth token", &[]),
        ("npm token create", &[]),
        ("openssl rand", &[]),
        ("pwgen", &[]),
        ("mkpasswd", &[]),
        ("apg ", &[]),
        ("wg genkey", &[]),
        ("wg genpsk", &[]),
        ("openvpn --genkey", &[]),
        ("xkcdpass", &[]),
        ("makepasswd", &[]),
        ("kubeadm token create", &[]),
        ("docker swarm join-token", &["-q"]),
        ("argocd account generate-token", &[]),
        ("argocd admin initial-password", &[]),
        ("k3s token create", &[]),
        ("cat /var/lib/rancher/k3s/server/node-token", &[]),
        ("terraform output", &["-raw"]),
        ("pulumi config get", &[]),
        ("pulumi stack output", &["--show-secrets"]),
        ("chamber read", &["-q"]),
        ("doppler secrets get", &["--plain"]),
        ("infisical secrets get", &["--plain"]),
        ("ansible-vault decrypt_string", &[]),
        ("heroku config:get", &[]),
        ("sops -d --extract", &[]),
        ("/dev/urandom", &["head -c"]),
        ("django.core.management.utils", &["get_random_secret_key"]),
        ("php artisan key:generate", &["--show"]),
        ("rails secret", &[]),
        ("rake secret", &[]),
        ("htpasswd -n", &[]),
        ("cat /run/secrets/", &[]),
        ("cat /var/run/secrets/", &["token"]),
        ("initialadminpassword", &["cat "]),
        ("printenv", &["pass"]),
        ("printenv", &["token"]),
        ("printenv", &["secret"]),
        ("printenv", &["_pw"]),
        ("printenv", &["_key"]),
        ("printenv", &["pwd"]),
        ("echo $", &["pass"]),
        ("echo $", &["token"]),
        ("echo $", &["secret"]),
        ("echo \"$", &["pass"]),
        ("echo \"$", &["token"]),
        ("echo $", &["pw"]),
        ("echo $", &["pwd"]),
        ("echo $", &["_key"]),
        ("echo \"$", &["pw"]),
        ("echo \"$", &["secret"]),
        ("> process.env.", &["pass"]),
        ("> process.env.", &["secret"]),
        ("> process.env.", &["token"]),
        ("> process.env.", &["_key"]),
        (">>> os.environ[", &["pass"]),
        (">>> os.environ[", &["secret"]),
        (">>> os.environ[", &["token"]),
        (">>> os.environ[", &["_key"]),
        (">>> os.getenv(", &["pass"]),
        (">>> os.getenv(", &["secret"]),
        (">>> os.getenv(", &["token"]),
        ("aws sts", &["secretaccesskey"]),
        ("aws sts", &["sessiontoken"]),
        ("aws iam", &["secretaccesskey"]),
        ("nmcli", &["-s", "psk"]),
        ("nmcli", &["--show-secrets", "psk"]),
        ("dumpprivkey", &[]),
        ("dumpwallet", &[]),
        ("etcdctl get", &["--print-value-only", "pass"]),
        ("consul kv get", &["pass"]),
        ("consul kv get", &["secret"]),
        ("consul kv get", &["token"]),
        ("consul keygen", &[]),
        ("nomad operator gossip keyring generate", &[]),
        ("serf keygen", &[]),
        ("pillar.get", &["pass"]),
        ("pillar.get", &["secret"]),
        ("pillar.get", &["token"]),
        ("aws ec2 get-password-data", &["passworddata", "text"]),
        ("getnetworkcredential().password", &[]),
        ("cat privatekey", &[]),
        ("rclone obscure", &[]),
        ("rclone reveal", &[]),
        ("create-enrollment-token", &[]),
        ("create-service-token", &[]),
        ("wg show", &["private-key"]),
        ("wg show", &["preshared-keys"]),
        ("step crypto rand", &[]),
        ("ceph auth get-key", &[]),
        ("maxpasswd", &[]),
        ("keystore show", &[]),
        ("oathtool", &[]),
        ("ceph auth print-key", &[]),
        ("headscale preauthkeys create", &[]),
        ("headscale apikeys create", &[]),
        ("gitea generate secret", &[]),
        ("forgejo generate secret", &[]),
        ("generate-access-token", &["--raw"]),
        ("secrets:reveal", &[]),
        ("wp config get", &["pass"]),
        ("wp config get", &["_key"]),
        ("wp config get", &["_salt"]),
        ("phx.gen.secret", &[]),
        ("crypto.randombytes(", &[]),
        ("secrets.token_", &["python"]),
        ("secrets.token_", &[">>>"]),
        ("admin.password", &["cat "]),
        ("->value('value')", &["pass"]),
        ("->value('value')", &["secret"]),
        ("->value('value')", &["token"]),
        ("->value('value')", &["_key"]),
    ];
    if line.len() > 2048 || is_sunk(line) {
        return false;
    }
    if extracts(line) || picks(line) {
        return true;
    }
    COMMANDS.iter().any(|(command, also)| {
        find(line, 0, command.as_bytes())
            // `npm token create`: prose; grub-mkpasswd-pbkdf2: another program
            .is_some_and(|at| {
                let glued = before(line, at) == b'-' && !command.contains(' ');
                before(line, at) != b'`' && !glued
            })
            && also.iter().all(|a| contains(line, a.as_bytes()))
            && !line.trim_ascii_end().ends_with(b">")
            && !contains(last_command(line), b" > ")
    })
}

/// Whether another program takes what the command prints, and prints something else.
fn is_sunk(line: &[u8]) -> bool {
    const SINKS: &[&str] = &[
        "docker secret create",
        "podman secret create",
        "docker login",
        "podman login",
        "kubectl ",
        "ssh ",
        "gpg ",
        "xclip",
        "xsel",
        "wl-copy",
        "pbcopy",
        "sha256sum",
        "md5sum",
        "wc ",
        "sudo tee /dev/null",
    ];
    let Some(pipe) = memchr::memmem::rfind(line, b" | ") else {
        return false;
    };
    let last = cut(line, pipe + 3, line.len());
    SINKS.iter().any(|sink| last.starts_with(sink.as_bytes()))
}

/// `awk -F= '/^password/{print $2}' app.ini`, `grep ^DB_PASS .env | cut -d= -f2-`: the value of what is
/// named as a secret is taken out of its line.
fn picks(line: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
    let value = has("awk ") && has("print $") && !has("print $1")
        || has("cut -d") && !has("-f1") && (has("grep ") || has("sed "))
        || has("sed -n") && has("//p");
    value
        && !has(" > ")
        && line
            .split(|c| !is_word(*c))
            .any(|word| judge(word).is_some_and(|named| named.strength == Strength::Strong))
}

/// Whether what the command of `line` prints is the secret as it is, which may have blanks of its own.
pub(super) fn prints_text(line: &[u8]) -> bool {
    [
        &b"printenv"[..],
        b"output -raw",
        b"-password -w",
        b"pass show",
        b"op read",
        b"get password",
        b"keyring get",
        b"secret-tool lookup",
        b"versions access",
        b"keystore show",
        b".psk ",
        b"getnetworkcredential",
        b"-field",
        b"echo $",
        b"echo \"$",
    ]
    .iter()
    .any(|command| contains(line, command))
}

/// Whether `text` may be a pass phrase, and is nothing that a program says.
pub(super) fn is_phrase(text: &[u8]) -> bool {
    let words: Vec<&[u8]> = text.split(|c| *c == b' ').collect();
    let said = [
        &b"no"[..],
        b"not",
        b"error",
        b"cannot",
        b"could",
        b"failed",
        b"unknown",
        b"usage",
        b"command",
        b"permission",
        b"is",
        b"was",
        b"the",
    ];
    (2..=5).contains(&words.len())
        && text.len() <= 40
        && !text
            .iter()
            .any(|c| matches!(c, b':' | b'=' | b'|' | b'\t' | b'$' | b'#' | b'>'))
        && !matches!(text.last(), Some(b'.' | b','))
        && words.iter().all(|word| !word.is_empty())
        && !words
            .iter()
            .any(|word| said.iter().any(|w| word.eq_ignore_ascii_case(w)))
}

/// What stands behind the last `;` of `line`: only its output is shown.
fn last_command(line: &[u8]) -> &[u8] {
    let start = memchr::memmem::rfind(line, b"; ").map_or(0, |n| n + 2);
    cut(line, start, line.len())
}

/// `jq -r .client_secret creds.json`, `yq '.db.password' values.yaml`, `(gdb) p cfg->password`: what is
/// taken out of a file or a program is named as a secret.
fn extracts(line: &[u8]) -> bool {
    let text = line.trim_ascii_end();
    let debugger = memchr::memmem::find(text, b"(gdb) p").map(|n| n + 7);
    if let Some(start) = debugger {
        let last = cut(text, start, text.len())
            .rsplit(|c| !is_word(*c))
            .find(|word| !word.is_empty());
        return last
            .is_some_and(|last| judge(last).is_some_and(|n| n.strength == Strength::Strong));
    }
    let tool = [&b"jq "[..], b"yq ", b"gron ", b"dasel "]
        .iter()
        .find_map(|tool| {
            let at = memchr::memmem::find(text, tool)?;
            (!is_word(before(text, at))).then_some(at + tool.len())
        });
    let Some(start) = tool.filter(|_| !contains(text, b" > ")) else {
        return false;
    };
    cut(text, start, text.len())
        .split(|c| matches!(c, b' ' | b'|'))
        .map(|word| word.trim_ascii())
        .filter_map(|word| {
            let word = word
                .strip_prefix(b"'")
                .or(word.strip_prefix(b"\""))
                .unwrap_or(word);
            let word = word
                .strip_suffix(b"'")
                .or(word.strip_suffix(b"\""))
                .unwrap_or(word);
            word.strip_prefix(b".")
        })
        .any(|path| {
            let last = path
                .rsplit(|c| !is_word(*c) && *c != b'-')
                .find(|part| !part.is_empty());
            path.iter().all(|c| is_word(*c) || b".-[]\"".contains(c))
                && last
                    .is_some_and(|last| judge(last).is_some_and(|n| n.strength == Strength::Strong))
        })
}

/// Whether what the command of `line` prints goes on over several lines, each of them a secret.
pub(super) fn prints_many(line: &[u8]) -> bool {
    [
        &b"pwgen"[..],
        b"apg ",
        b"xkcdpass",
        b"keyfile",
        b"preshared-keys",
    ]
    .iter()
    .any(|command| contains(line, command))
}

/// `cat /etc/zabbix/agent.psk`, `cat ~/.vault_pass`: a file whose name says that it holds a secret alone.
fn shows_file(line: &[u8]) -> bool {
    let text = line.trim_ascii_end();
    let text = text.strip_suffix(b"; echo").unwrap_or(text);
    let Some(blank) = memchr::memrchr(b' ', text) else {
        return false;
    };
    let before = cut(text, 0, blank);
    let before = before
        .strip_suffix(b"sudo cat")
        .map_or(before, |_| b"$ cat");
    let prompted = before == b"cat"
        || [
            &b"$ cat"[..],
            b"# cat",
            b"> cat",
            b"% cat",
            b"; cat",
            b"& cat",
        ]
        .iter()
        .any(|p| before.ends_with(p));
    let path = cut(text, blank + 1, text.len());
    let file = path.rsplit(|c| *c == b'/').next().unwrap_or_default();
    let file = file.strip_prefix(b".").unwrap_or(file);
    // .erlang.cookie
    if prompted && path.ends_with(b"erlang.cookie") {
        return true;
    }
    let (stem, extension) = match memchr::memrchr(b'.', file) {
        Some(dot) => (cut(file, 0, dot), cut(file, dot + 1, file.len())),
        None => (file, &b"txt"[..]),
    };
    let kinds = [
        &b"psk"[..],
        b"pass",
        b"passwd",
        b"password",
        b"pw",
        b"secret",
        b"token",
        b"pwd",
    ];
    prompted
        // Their lines are users, hosts and secrets, which other layers part.
        && !stem.ends_with(b"credentials")
        && ![&b"passwd"[..], b"pgpass", b"htpasswd", b"pcppass"].contains(&stem)
        && (kinds.contains(&extension)
            || extension == b"txt"
                && (judge(stem).is_some_and(|n| {
                    // A key's file holds a block; one that is named as a variable holds its value.
                    let variable = stem.iter().all(|c| !c.is_ascii_lowercase());
                    n.strength > Strength::Weak && (n.class != Class::Key || variable)
                }) || stem.ends_with(b"pass")
                    || stem.ends_with(b"keyfile")))
}

/// `>>> settings.SECRET_KEY`: a REPL writes the value of what is named on the next line.
pub(super) fn evaluates(line: &[u8]) -> bool {
    if shows_file(line) {
        return true;
    }
    let text = line.trim_ascii();
    if memchr::memchr2(b'>', b']', cut(text, 0, 24)).is_none() {
        return false;
    }
    let prompt = [&b">>> "[..], b"> ", b"irb> ", b"]: "]
        .iter()
        .find_map(|prompt| memchr::memmem::find(text, prompt).map(|n| (n, n + prompt.len())));
    let Some((lead, start)) = prompt.filter(|(lead, _)| *lead < 24) else {
        return false;
    };
    let expression = cut(text, start, text.len());
    let plain =
        |c: &u8| is_word(*c) || matches!(c, b'.' | b'[' | b']' | b'\'' | b'"' | b':' | b'@');
    let mut words = expression
        .split(|c| !is_word(*c))
        .filter(|word| !word.is_empty());
    lead < 24
        && expression.iter().all(plain)
        && (expression.contains(&b'.') || expression.contains(&b'['))
        && words
            .next_back()
            .is_some_and(|last| judge(last).is_some_and(|n| n.strength == Strength::Strong))
}

/// Words that wake [`reveals`].
pub(crate) const REVEAL_TRIGGERS: &[&str] = &[
    "get secret",
    "getpass.getpass(",
    "jq -r .",
    "\\echo :",
    "hget ",
    "6379> get ",
    "create token",
    "whoami -t",
    "get-token",
    "kv get",
    "vault read",
    "print token",
    "get-secret-value",
    "get-parameter",
    "get-login",
    "generate-db",
    "configure get",
    "get-authorization",
    "versions access",
    "auth print",
    "default print",
    "get-access-token",
    "secret show",
    "credential show",
    "keys list",
    "op read",
    "op item",
    "bw get",
    "bw unlock",
    "pass show",
    "lpass show",
    "keepassxc",
    "find-generic",
    "find-internet",
    "secret-tool",
    "keyring get",
    "kwallet",
    "auth token",
    "auth:token",
    "token create",
    "openssl rand",
    "pwgen",
    "mkpasswd",
    "wg gen",
    "genkey",
    "xkcdpass",
    "makepasswd",
    "join-token",
    "generate-token",
    "initial-password",
    "node-token",
    "terraform output",
    "config get",
    "stack output",
    "chamber read",
    "secrets get",
    "decrypt_string",
    "config:get",
    "sops -d",
    "/dev/urandom",
    "get_random_secret",
    "key:generate",
    "rails secret",
    "rake secret",
    "htpasswd -n",
    "run/secrets/",
    "initialadminpassword",
    "printenv",
    "echo $",
    "echo \"$",
    "> process.env.",
    ">>> os.environ[",
    ">>> os.getenv(",
    "nmcli",
    "aws sts",
    "aws iam",
    "dumpprivkey",
    "etcdctl get",
    "keygen",
    "gossip keyring",
    "pillar.get",
    "get-password-data",
    "getnetworkcredential",
    "cat privatekey",
    "rclone obscure",
    "rclone reveal",
    "enrollment-token",
    "service-token",
    "wg show",
    "crypto rand",
    "ceph auth",
    "preauthkeys",
    "apikeys create",
    "generate secret",
    "generate-access-token",
    "secrets:reveal",
    "phx.gen.secret",
    "randombytes(",
    "secrets.token_",
    "admin.password",
    "->value('value')",
    "maxpasswd",
    "keystore show",
    "oathtool",
    "awk ",
    "cut -d",
    "sed -n",
    "jq -r",
    "jq '.",
    "jq .",
    "yq ",
    "gron ",
    "(gdb) p",
];
