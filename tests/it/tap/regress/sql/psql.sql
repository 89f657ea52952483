-- What psql does with a connection beside sending statements.
\pset null '(null)'
\d people
\dt people
\df nosuch
\x on
select * from people where id = 1;
\x off
\a
\t on
select id, name from people order by id limit 3;
\a
\t off
select 1 as one, 2 as two \gset
\echo :one :two
select 'select ' || n from generate_series(1, 3) n \gexec
select id % 3 as r, id % 2 as c, count(*) from people group by 1, 2 order by 1, 2 \crosstabview
select name from people where id = 2 \g (format=csv)
\set FETCH_COUNT 4
select id from people order by id;
\set FETCH_COUNT 0
\set ON_ERROR_ROLLBACK on
begin;
select bad;
select 'still here';
commit;
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT off
create table gone (a int);
rollback;
\set AUTOCOMMIT on
select * from gone;
\c -
select current_database();
\errverbose
select 1/0;
\errverbose
\timing off
\! echo from the shell
\gdesc
select 1 as a, 'x'::text as b \gdesc
-- A script ends where it cannot connect.
\c nosuchdatabase
select 'never reached';
