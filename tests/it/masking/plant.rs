//! Commands and lines of output with a secret in them.

use super::random::Random;

pub const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const ALNUM: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
const HEX: &[u8] = b"0123456789abcdef";

/// What a person would choose.
fn password(random: &mut Random) -> String {
    let words = [
        "amber", "cinder", "harvest", "lagoon", "quartz", "tundra", "velvet", "walnut",
    ];
    match random.below(4) {
        0 => (0..4)
            .map(|_| random.pick(&words))
            .collect::<Vec<_>>()
            .join("-"),
        1 => format!(
            "{}{}!{}",
            random.pick(&words),
            random.below(9999),
            random.text(LOWER, 3)
        ),
        2 => {
            let len = 10 + random.below(16);
            format!("{}7{}", random.text(LOWER, 2), random.text(ALNUM, len))
        }
        _ => format!(
            "{}.{}_{}9",
            random.text(ALNUM, 5),
            random.text(LOWER, 4),
            random.text(ALNUM, 4)
        ),
    }
}

/// A command or a line of output with a secret in it, and the secret.
pub fn planted(random: &mut Random) -> (String, String) {
    const PASSWORDS: &[&str] = &[
        "export PGPASSWORD={}",
        "PGPASSWORD='{}' psql -h db crm",
        "mysql -uroot -p{} shop",
        "sshpass -p {} ssh ops@10.0.0.7",
        "curl -u bot:{} https://h/api",
        "psql postgresql://app:{}@db:5432/crm",
        "psql 'host=db user=app password={} dbname=crm'",
        "ALTER ROLE app PASSWORD '{}';",
        "CREATE USER 'a'@'%' IDENTIFIED BY '{}';",
        "SELECT pgp_sym_encrypt(ssn, '{}') FROM people;",
        "SET PASSWORD FOR 'u'@'h' = PASSWORD('{}');",
        "ALTER LOGIN sa WITH PASSWORD = N'{}';",
        "redis-cli -h cache -a {} ping",
        "kubectl create secret generic x --from-literal=password={}",
        "docker login -u bob -p {} reg.example.net",
        "echo '{}' | sudo -S true",
        "openssl enc -aes-256-cbc -pass pass:{} -in a",
        "ldapsearch -x -D cn=a -w {} -b dc=x",
        "DB_PASSWORD={}",
        "  password: {}",
        "{\"user\":\"bob\",\"password\":\"{}\",\"ttl\":60}",
        "Server=h;User Id=sa;Password={};Database=d",
        "<password>{}</password>",
        "db.example.net:5432:crm:app:{}",
        "machine h login bob password {}",
        "requirepass {}",
    ];
    const TOKENS: &[&str] = &["echo {}", "x={} y", "select '{}' as v;", "tok {} end"];
    if random.one_in(3) {
        let token = match random.below(5) {
            0 => ["ghp_", &random.text(ALNUM, 36)].concat(),
            1 => ["glpat-", &random.text(ALNUM, 20)].concat(),
            2 => ["dop_v1_", &random.text(HEX, 64)].concat(),
            3 => ["npm_", &random.text(ALNUM, 36)].concat(),
            _ => [
                "AKIA",
                &random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
            ]
            .concat(),
        };
        (random.pick(TOKENS).replace("{}", &token), token)
    } else {
        let secret = password(random);
        (random.pick(PASSWORDS).replacen("{}", &secret, 1), secret)
    }
}
