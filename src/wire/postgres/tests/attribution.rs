//! Which answer belongs to which statement.

use super::talk::*;

fn parsed() -> Vec<u8> {
    message(b'1', b"")
}

fn bound() -> Vec<u8> {
    message(b'2', b"")
}

fn closed() -> Vec<u8> {
    message(b'3', b"")
}

fn no_data() -> Vec<u8> {
    message(b'n', b"")
}

/// Parse, Bind, Describe and Execute of an unnamed statement.
fn all_at_once(sql: &str, values: &[Option<&[u8]>]) -> Vec<u8> {
    [
        parse("", sql, &[]),
        bind("", "", false, values),
        describe(b'P', ""),
        execute("", 0),
    ]
    .concat()
}

#[test]
fn a_simple_query_may_hold_several_statements_with_one_end() {
    Talk::ready()
        .client(&[query("select 1\\; select 2")])
        .server(&[
            columns(&[("a", 23, 0)]),
            row(&[Some(b"1")]),
            complete("SELECT 1"),
            columns(&[("b", 23, 0)]),
            row(&[Some(b"2")]),
            complete("SELECT 1"),
        ])
        .server(&[ready(b'I')])
        .sees(
            "3 #1 text [select 1\\; select 2]
             4 #1 columns a:int4
             4 #1 row 1
             4 #1 complete SELECT 1, rows 1
             4 #1 columns b:int4
             4 #1 row 2
             4 #1 complete SELECT 1, rows 1
             5 #1 end, first 4, Idle",
        );
}

#[test]
fn an_empty_query_has_no_result() {
    Talk::ready()
        .client(&[query("")])
        .server(&[message(b'I', b""), ready(b'I')])
        .sees(
            "3 #1 text []
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn an_error_ends_a_simple_query_at_its_own_ready() {
    Talk::ready()
        .client(&[query("select 1; select 1/0; select 2"), query("select 3")])
        .server(&[
            columns(&[("a", 23, 0)]),
            row(&[Some(b"1")]),
            complete("SELECT 1"),
            error("22012", "division by zero"),
            ready(b'I'),
            complete("SELECT 0"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 text [select 1; select 1/0; select 2]
             3 #2 text [select 3]
             4 #1 columns a:int4
             4 #1 row 1
             4 #1 complete SELECT 1, rows 1
             4 #1 end, first 4, ERROR 22012 division by zero, Idle
             4 #2 complete SELECT 0, affected 0
             4 #2 end, first 4, Idle",
        );
}

#[test]
fn an_execute_is_told_with_the_text_of_its_parse_and_the_values_of_its_bind() {
    Talk::ready()
        .client(&[parse("q", "select $1, $2", &[23, 0]), sync()])
        .server(&[parsed(), ready(b'I')])
        .client(&[
            bind("", "q", true, &[Some(&[0, 0, 0, 5]), None]),
            describe(b'P', ""),
            execute("", 0),
            sync(),
        ])
        .server(&[
            bound(),
            columns(&[("a", 23, 1), ("b", 25, 1)]),
            row(&[Some(&[0, 0, 0, 5]), None]),
            complete("SELECT 1"),
            ready(b'T'),
        ])
        .sees(
            "5 #1 prepared [select $1, $2] named q int4:5 :NULL
             6 #1 columns a:int4 b:text
             6 #1 row 5|NULL
             6 #1 complete SELECT 1, rows 1
             6 #1 end, first 6, Open",
        );
}

#[test]
fn parameter_and_column_types_may_come_from_a_describe_of_the_statement() {
    Talk::ready()
        .client(&[parse("q", "select $1", &[]), describe(b'S', "q"), sync()])
        .server(&[
            parsed(),
            message(b't', &[0, 1, 0, 0, 0, 20]),
            columns(&[("n", 20, 0)]),
            ready(b'I'),
        ])
        .client(&[
            bind("", "q", true, &[Some(&7_i64.to_be_bytes())]),
            execute("", 0),
            sync(),
        ])
        .server(&[
            bound(),
            row(&[Some(&7_i64.to_be_bytes())]),
            complete("SELECT 1"),
            ready(b'I'),
        ])
        .sees(
            "5 #1 prepared [select $1] named q int8:7
             6 #1 columns n:int8
             6 #1 row 7
             6 #1 complete SELECT 1, rows 1
             6 #1 end, first 6, Idle",
        );
}

#[test]
fn rows_that_nobody_described_are_told_as_they_are() {
    Talk::ready()
        .client(&[
            parse("", "select a, b", &[]),
            bind("", "", true, &[]),
            execute("", 0),
            sync(),
        ])
        .server(&[
            parsed(),
            bound(),
            row(&[Some(b"word"), Some(&[1, 2])]),
            complete("SELECT 1"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 prepared [select a, b]
             4 #1 columns : :
             4 #1 row word|\\x0102
             4 #1 complete SELECT 1, rows 1
             4 #1 end, first 4, Idle",
        );
}

#[test]
fn a_pipeline_is_attributed_in_its_order() {
    Talk::ready()
        .client(&[
            all_at_once("insert into t values ($1)", &[Some(b"1")]),
            all_at_once("select x from t", &[]),
            sync(),
            all_at_once("delete from t", &[]),
            sync(),
        ])
        .server(&[parsed(), bound(), no_data(), complete("INSERT 0 1")])
        .server(&[
            parsed(),
            bound(),
            columns(&[("x", 23, 0)]),
            row(&[Some(b"1")]),
            complete("SELECT 1"),
            ready(b'I'),
            parsed(),
        ])
        .server(&[bound(), no_data(), complete("DELETE 1"), ready(b'I')])
        .sees(
            "3 #1 prepared [insert into t values ($1)] :1
             3 #2 prepared [select x from t]
             3 #3 prepared [delete from t]
             4 #1 complete INSERT 0 1, affected 1
             4 #1 end, first 4
             5 #2 columns x:int4
             5 #2 row 1
             5 #2 complete SELECT 1, rows 1
             5 #2 end, first 5, Idle
             6 #3 complete DELETE 1, affected 1
             6 #3 end, first 5, Idle",
        );
}

#[test]
fn an_error_in_a_pipeline_skips_to_the_next_sync() {
    Talk::ready()
        .client(&[
            all_at_once("select 1/0", &[]),
            all_at_once("select 2", &[]),
            sync(),
            all_at_once("select 3", &[]),
            sync(),
        ])
        .server(&[
            parsed(),
            bound(),
            error("22012", "division by zero"),
            ready(b'I'),
        ])
        .server(&[
            parsed(),
            bound(),
            no_data(),
            complete("SELECT 0"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 prepared [select 1/0]
             3 #2 prepared [select 2]
             3 #3 prepared [select 3]
             4 #2 end, skipped
             4 #1 end, first 4, ERROR 22012 division by zero, Idle
             5 #3 complete SELECT 0, affected 0
             5 #3 end, first 5, Idle",
        );
}

#[test]
fn a_simple_query_before_the_sync_is_swallowed_after_an_error() {
    for late in [false, true] {
        let first = all_at_once("selec", &[]);
        let rest = [query("select 2"), sync(), query("select 3")].concat();
        let failed = error("42601", "syntax error");
        let talk = match late {
            false => Talk::ready().client(&[first, rest]).server(&[failed]),
            true => Talk::ready()
                .client(&[first])
                .server(&[failed])
                .client(&[rest]),
        };
        let lines = talk
            .server(&[ready(b'I'), complete("SELECT 0"), ready(b'I')])
            .lines();
        let lines: Vec<&str> = lines
            .iter()
            .filter_map(|l| l.split_once(' '))
            .map(|l| l.1)
            .collect();
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            [
                "#1 end, first 4, ERROR 42601 syntax error, Idle",
                "#1 prepared [selec]",
                "#2 end, skipped",
                "#2 text [select 2]",
                "#3 complete SELECT 0, affected 0",
                if late {
                    "#3 end, first 6, Idle"
                } else {
                    "#3 end, first 5, Idle"
                },
                "#3 text [select 3]",
            ],
            "late: {late}"
        );
    }
}

#[test]
fn an_error_at_commit_is_that_of_the_last_statement() {
    Talk::ready()
        .client(&[all_at_once("insert into deferred values (1)", &[]), sync()])
        .server(&[
            parsed(),
            bound(),
            no_data(),
            complete("INSERT 0 1"),
            error("23503", "violates foreign key"),
            ready(b'I'),
        ])
        .sees(
            "3 #1 prepared [insert into deferred values (1)]
             4 #1 complete INSERT 0 1, affected 1
             4 #1 end, first 4, ERROR 23503 violates foreign key, Idle",
        );
}

#[test]
fn a_statement_that_the_server_refuses_to_prepare_is_told() {
    Talk::ready()
        .client(&[parse("q", "selec", &[]), describe(b'S', "q"), sync()])
        .server(&[error("42601", "syntax error"), ready(b'I')])
        .sees(
            "4 #1 prepare [selec] named q
             4 #1 end, first 4, ERROR 42601 syntax error, Idle",
        );
}

#[test]
fn a_statement_that_nobody_executes_is_told_when_it_is_gone() {
    // psql's \gdesc prepares, describes, and then asks with a query.
    Talk::ready()
        .client(&[parse("", "select 1 as a", &[]), sync()])
        .server(&[parsed(), ready(b'I')])
        .client(&[describe(b'S', ""), sync()])
        .server(&[
            message(b't', &[0, 0]),
            columns(&[("a", 23, 0)]),
            ready(b'I'),
        ])
        .client(&[query("select format_type(23)")])
        .sees(
            "7 #1 prepare [select 1 as a]
             7 #1 end
             7 #2 text [select format_type(23)]",
        );
    Talk::ready()
        .client(&[
            parse("a", "select 1", &[]),
            parse("b", "select 2", &[]),
            close(b'S', "a"),
            sync(),
        ])
        .server(&[parsed(), parsed(), closed(), ready(b'I')])
        .end()
        .sees(
            "4 #1 prepare [select 1] named a
             4 #1 end
             5 #2 prepare [select 2] named b
             5 #2 end
             5 closed",
        );
}

#[test]
fn the_unnamed_statement_is_overwritten_by_the_next_parse() {
    Talk::ready()
        .client(&[parse("", "select 1", &[]), parse("", "select 2", &[])])
        .client(&[bind("", "", false, &[]), execute("", 0), sync()])
        .sees(
            "3 #1 prepare [select 1]
             3 #1 end
             4 #2 prepared [select 2]",
        );
}

#[test]
fn a_parse_that_fails_leaves_what_had_the_name() {
    Talk::ready()
        .client(&[parse("q", "select 1", &[]), sync()])
        .server(&[parsed(), ready(b'I')])
        .client(&[parse("q", "select 2", &[]), close(b'S', "q"), sync()])
        .server(&[
            error("42P05", "prepared statement \"q\" already exists"),
            ready(b'I'),
        ])
        .client(&[bind("", "q", false, &[]), execute("", 0), sync()])
        .sees(
            "6 #1 prepare [select 2] named q
             6 #1 end, first 6, ERROR 42P05 prepared statement \"q\" already exists, Idle
             7 #2 prepared [select 1] named q",
        );
}

#[test]
fn a_suspended_portal_is_one_statement() {
    Talk::ready()
        .client(&[
            parse("", "select x from t", &[]),
            bind("c", "", false, &[]),
            describe(b'P', "c"),
            execute("c", 1),
            sync(),
        ])
        .server(&[
            parsed(),
            bound(),
            columns(&[("x", 23, 0)]),
            row(&[Some(b"1")]),
            message(b's', b""),
            ready(b'T'),
        ])
        .client(&[execute("c", 0), close(b'P', "c"), sync()])
        .server(&[
            row(&[Some(b"2")]),
            complete("SELECT 1"),
            closed(),
            ready(b'T'),
        ])
        .sees(
            "3 #1 prepared [select x from t]
             4 #1 columns x:int4
             4 #1 row 1
             4 #1 complete, rows 1, suspended
             6 #1 row 2
             6 #1 complete SELECT 1, rows 1
             6 #1 end, first 4, Open",
        );
}

#[test]
fn a_suspended_portal_ends_when_it_is_closed_or_its_transaction_ends() {
    let begin = Talk::ready()
        .client(&[
            parse("", "select x", &[]),
            bind("c", "", false, &[]),
            execute("c", 1),
            sync(),
        ])
        .server(&[
            parsed(),
            bound(),
            row(&[Some(b"1")]),
            message(b's', b""),
            ready(b'T'),
        ]);
    begin
        .client(&[close(b'P', "c"), sync()])
        .server(&[closed(), ready(b'T')])
        .sees(
            "3 #1 prepared [select x]
             4 #1 columns :
             4 #1 row 1
             4 #1 complete, rows 1, suspended
             5 #1 end, first 4",
        );
    Talk::ready()
        .client(&[
            parse("", "select x", &[]),
            bind("c", "", false, &[]),
            execute("c", 1),
            sync(),
        ])
        .server(&[parsed(), bound(), message(b's', b""), ready(b'T')])
        .client(&[query("rollback")])
        .server(&[complete("ROLLBACK"), ready(b'I')])
        .sees(
            "3 #1 prepared [select x]
             4 #1 complete, suspended
             5 #2 text [rollback]
             6 #2 complete ROLLBACK
             6 #2 end, first 6, Idle
             6 #1 end, first 4, Idle",
        );
}

#[test]
fn sql_level_prepare_and_execute_share_their_names_with_the_protocol() {
    Talk::ready()
        .client(&[query(
            "PREPARE Q(int) AS select * from orders where id = $1; select 1",
        )])
        .server(&[complete("PREPARE"), complete("SELECT 0"), ready(b'I')])
        .client(&[query("execute q(5)")])
        .server(&[columns(&[("id", 23, 0)]), complete("SELECT 0"), ready(b'I')])
        .client(&[bind("", "q", false, &[Some(b"6")]), execute("", 0), sync()])
        .server(&[bound(), complete("SELECT 0"), ready(b'I')])
        .client(&[query("deallocate q")])
        .server(&[complete("DEALLOCATE"), ready(b'I')])
        .client(&[query("execute q(7)")])
        .server(&[error("26000", "does not exist"), ready(b'I')])
        .sees(
            "3 #1 text [PREPARE Q(int) AS select * from orders where id = $1; select 1]
             4 #1 complete PREPARE
             4 #1 complete SELECT 0, affected 0
             4 #1 end, first 4, Idle
             5 #2 text [execute q(5)] executes [select * from orders where id = $1]
             6 #2 columns id:int4
             6 #2 complete SELECT 0
             6 #2 end, first 6, Idle
             7 #3 prepared [select * from orders where id = $1] named q :6
             8 #3 complete SELECT 0, affected 0
             8 #3 end, first 8, Idle
             9 #4 text [deallocate q]
             10 #4 complete DEALLOCATE
             10 #4 end, first 10, Idle
             11 #5 text [execute q(7)]
             12 #5 end, first 12, ERROR 26000 does not exist, Idle",
        );
}

#[test]
fn discard_all_forgets_what_was_prepared() {
    Talk::ready()
        .client(&[parse("q", "select 1", &[]), sync()])
        .server(&[parsed(), ready(b'I')])
        .client(&[query("select 2; discard all")])
        .server(&[complete("SELECT 0"), complete("DISCARD ALL"), ready(b'I')])
        .client(&[query("execute q")])
        .sees(
            "5 #1 text [select 2; discard all]
             6 #1 complete SELECT 0, affected 0
             6 #2 prepare [select 1] named q
             6 #2 end
             6 #1 complete DISCARD ALL
             6 #1 end, first 6, Idle
             7 #3 text [execute q]",
        );
}

#[test]
fn a_function_call_is_a_statement_with_arguments_and_a_result() {
    let unlink = [
        &964_u32.to_be_bytes()[..],
        &formats(&[1]),
        &cells(&[Some(&[0, 0, 64, 1])]),
        &[0, 1],
    ];
    let other = [
        &99_999_u32.to_be_bytes()[..],
        &formats(&[1]),
        &cells(&[Some(b"xy"), None]),
        &[0, 1],
    ];
    Talk::ready()
        .client(&[message(b'F', &unlink.concat())])
        .server(&[message(b'V', &[0, 0, 0, 4, 0, 0, 0, 1]), ready(b'T')])
        .client(&[message(b'F', &other.concat())])
        .server(&[error("42883", "no function"), ready(b'E')])
        .sees(
            "3 #1 function [lo_unlink] oid:16385
             4 #1 columns result:int4
             4 #1 row 1
             4 #1 complete, rows 1
             4 #1 end, first 4, Open
             5 #2 function [function 99999] :xy :NULL
             6 #2 end, first 6, ERROR 42883 no function, Failed",
        );
}
