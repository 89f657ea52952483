//! Something else is asked while a search or the filling of the index is under way.

use super::*;

#[test]
fn a_search_ends_when_something_else_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let paths = file_vault(dir.path());
    several(&paths);
    for indexed in [true, false] {
        let mut library = match indexed {
            true => library(&paths),
            false => Library::without_index(unlocked(&paths)),
        };
        let all = search(&library, "order*", 100);
        assert!(all.len() > 1, "{all:?}");
        let halt = Halt::default();
        library.heed(&halt);
        let query = Query::parse("order*", &now()).unwrap();
        let asked = Search {
            query: &query,
            limit: 100,
            with_text: false,
        };
        let mut found = 0;
        let mut each = |_| {
            found += 1;
            halt.ask();
            true
        };
        library.search(&asked, &mut each).unwrap();
        assert_eq!(found, 1, "nothing more is told, with an index: {indexed}");
        library
            .search(&asked, &mut |_| panic!("it is given up at once"))
            .unwrap();
        halt.take_up();
        assert_eq!(search(&library, "order*", 100), all);
        halt.ask();
        library.heed_nothing();
        assert_eq!(search(&library, "order*", 100), all);
    }
}

#[test]
fn the_index_is_filled_in_the_pauses_between_questions() {
    let dir = tempfile::tempdir().unwrap();
    let paths = file_vault(dir.path());
    several(&paths);
    let mut library = Library::without_index(unlocked(&paths));
    let by_reading = search(&library, "order*", 100);
    let halt = Halt::default();
    halt.ask();
    library.heed(&halt);
    for _ in 0..3 {
        assert!(library.fill_index(&mut |_| {}), "there is more to do");
        assert!(!library.has_index(), "one that is not whole is not asked");
    }
    halt.take_up();
    let mut told = Vec::new();
    while library.fill_index(&mut |at| told.push((at.done, at.total))) {}
    let (_, total) = told[0];
    assert_eq!(told.last(), Some(&(total, total)), "{told:?}");
    assert!(told.is_sorted(), "{told:?}");
    assert!(library.has_index());
    assert_eq!(search(&library, "order*", 100), by_reading);
    // What was begun and given up is found again by the next rec.
    assert_eq!(search(&self::library(&paths), "order*", 100), by_reading);
}

#[test]
fn what_takes_long_to_bring_in_is_listed_and_searched_at_once() {
    let home = tempfile::tempdir().unwrap();
    let paths = file_vault(home.path());
    let one = [("select one", "alpha\n", None, 1)];
    record(&paths, &kind("psql", "a", 0), &events(&one));
    drop(library(&paths));
    record(&paths, &kind("psql", "b", 10), &events(&one));
    // Numbers have no end of digits: nothing of this is small in the index.
    let long: String = (0..400_000_u32).fold(String::new(), |text, n| {
        text + &format!("{:x}\n", n.wrapping_mul(2_654_435_761))
    });
    record(
        &paths,
        &kind("ssh", "c", 20),
        &events(&[("cat log", &(long + "omega"), None, 1)]),
    );

    let near = Library::open_at_once(unlocked(&paths));
    let hosts = |library: &Library| -> Vec<String> {
        let query = Query::parse("", &now()).unwrap();
        let found = library.matching(&query, 9).unwrap();
        found
            .into_iter()
            .filter_map(|listed| listed.meta.target.host)
            .collect()
    };
    assert_eq!(hosts(&near), ["c", "b", "a"]);
    let filled = |library: &Library| -> i64 {
        let index = library.index.as_ref().unwrap();
        let count = "SELECT count(*) FROM sessions WHERE base IS NOT NULL";
        index.conn.query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(filled(&near), 1);
    assert_eq!(search(&near, "alpha", 9).len(), 2);
    assert_eq!(search(&near, "omega", 9).len(), 1);

    let whole = library(&paths);
    assert_eq!(filled(&whole), 3);
    assert_eq!(search(&whole, "omega", 9), search(&near, "omega", 9));
    assert_eq!(filled(&Library::open_at_once(unlocked(&paths))), 3);
}
