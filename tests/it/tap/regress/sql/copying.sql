-- COPY in both directions, and large objects.
create table copied (a int primary key, b text);
copy copied from stdin;
1	one
2	two \\ and \t tab
3	\N
\.
copy copied from stdin csv header;
a,b
4,"four, with ""quotes"""
5,
\.
copy copied from stdin;
6	six
6	six again
\.
copy copied from stdin;
x	not a number
\.
copy copied (b) from stdin with (format nosuch);
copy copied to stdout;
copy (select a, b from copied order by a) to stdout csv header;
copy (select 1/0) to stdout;
copy nosuch to stdout;
\copy copied to stdout delimiter '|'
\copy (select count(*) from copied) to stdout
begin;
copy copied from stdin;
7	seven
\.
select count(*) from copied;
rollback;
select lo_create(424242);
select lo_put(424242, 0, '\x0102030405'), lo_get(424242);
begin;
select loread(lo_open(424242, 262144), 3);
commit;
\lo_unlink 424242
select lo_get(424242);
truncate copied;
drop table copied, people;
