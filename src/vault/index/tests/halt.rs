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
