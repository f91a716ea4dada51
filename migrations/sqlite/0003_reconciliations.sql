-- Append-only: what each comparison with the business's own list of issued tokens found.
create table reconciliations (
    reconciliation_id integer primary key,
    at                integer not null,
    actor             text    not null,
    lines             integer not null,
    untracked         integer not null,
    tracked           integer not null,
    late              integer not null,
    open              integer not null,
    whole             integer not null,
    lost              integer not null,
    rejected          integer not null,
    conflict          integer not null,
    wrong             integer not null,
    unlisted          integer
) strict;
