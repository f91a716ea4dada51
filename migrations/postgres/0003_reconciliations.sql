-- Append-only: what each comparison with the business's own list of issued tokens found.
create table reconciliations (
    reconciliation_id bigint generated always as identity primary key,
    at                bigint not null,
    actor             text   not null,
    lines             bigint not null,
    untracked         bigint not null,
    tracked           bigint not null,
    late              bigint not null,
    open              bigint not null,
    whole             bigint not null,
    lost              bigint not null,
    rejected          bigint not null,
    conflict          bigint not null,
    wrong             bigint not null,
    unlisted          bigint
);
