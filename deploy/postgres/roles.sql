-- Three roles of a database of Verikeep: the owner migrates, the daemon works, readers see the report views alone. By the server's
-- administrator, in that database; it can be run again, also after a migration:
--
--   psql -d verikeep -f roles.sql
--   psql -d verikeep -v owner=vk_owner -v daemon=vk_daemon -v reader=vk_reader -f roles.sql
--
-- Roles are made without a password and keep the one they have: `\password verikeep_daemon` in psql sets one.

\set ON_ERROR_STOP on
\if :{?owner} \else \set owner verikeep_owner \endif
\if :{?daemon} \else \set daemon verikeep_daemon \endif
\if :{?reader} \else \set reader verikeep_reader \endif

begin;

select format('create role %I login', name) from (values (:'owner'), (:'daemon'), (:'reader')) as wanted (name)
where not exists (select from pg_catalog.pg_roles where rolname = name) \gexec

-- Nobody else comes in or makes anything.
select format('revoke all on database %I from public', current_database()) \gexec
select format('grant connect, temporary on database %I to %I', current_database(), name) from (values (:'owner'), (:'daemon')) as wanted (name) \gexec
select format('grant connect on database %I to %I', current_database(), :'reader') \gexec
revoke all on schema public from public;
revoke create on schema public from :"daemon", :"reader";
grant usage, create on schema public to :"owner";
grant usage on schema public to :"daemon", :"reader";

-- What somebody else made before becomes the owner's. A sequence of an identity column goes with its table, a trigger with its function.
select format('alter %s public.%I owner to %I', case relkind when 'v' then 'view' else 'table' end, relname, :'owner')
from pg_catalog.pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') \gexec
select format('alter function %s owner to %I', oid::regprocedure, :'owner') from pg_catalog.pg_proc where pronamespace = 'public'::regnamespace \gexec

-- What is there, and what the owner will make.
grant select, insert, update, delete on all tables in schema public to :"daemon";
grant usage on all sequences in schema public to :"daemon";
alter default privileges for role :"owner" in schema public grant select, insert, update, delete on tables to :"daemon";
alter default privileges for role :"owner" in schema public grant usage on sequences to :"daemon";

-- Nothing but the report views. PostgreSQL has no rule for views made later by their name: run this again after a migration.
revoke all on all tables in schema public from :"reader";
select format('grant select on public.%I to %I', relname, :'reader')
from pg_catalog.pg_class where relnamespace = 'public'::regnamespace and relkind = 'v' and relname like 'report\_%' \gexec

commit;
