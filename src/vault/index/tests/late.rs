//! Sessions that end after others that began later.

use super::*;

#[test]
fn sessions_that_come_late_find_their_place() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let made: Vec<String> = (0..9).map(|n| format!("select {n} from late")).collect();
    let commands: Vec<Made> = made
        .iter()
        .map(|c| (c.as_str(), "late\n", None, 1))
        .collect();
    // Each begins before those that are filled already, in the same seconds as they.
    for started in [50, 20, 21, 19, 18, 51, 20, 0, 52] {
        record(&paths, &kind("psql", "a", started), &events(&commands));
        drop(library(&paths));
    }
    let (with, without) = (library(&paths), Library::without_index(unlocked(&paths)));
    let index = with.index.as_ref().unwrap();
    let docs: Vec<(i64, i64)> = index
        .conn
        .prepare("SELECT base, docs FROM sessions ORDER BY started, number")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert!(
        docs.windows(2)
            .all(|pair| pair[0].0 + pair[0].1 <= pair[1].0),
        "{docs:?}"
    );
    assert!(index.shards().unwrap().len() > 1);
    for text in [
        "late",
        "late -7",
        "in:command /from l/",
        "client:psql",
        "3 OR /8 from/",
    ] {
        let found = search(&with, text, usize::MAX);
        assert!(!found.is_empty(), "{text}");
        assert_eq!(found, search(&without, text, usize::MAX), "{text}");
        let query = Query::parse(text, &now()).unwrap();
        for limit in [3, 99] {
            assert_eq!(
                with.matching(&query, limit)
                    .unwrap()
                    .iter()
                    .map(Listed::id)
                    .collect::<Vec<_>>(),
                without
                    .matching(&query, limit)
                    .unwrap()
                    .iter()
                    .map(Listed::id)
                    .collect::<Vec<_>>(),
                "{text} {limit}"
            );
        }
    }
}
