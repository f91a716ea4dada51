-- Instants are unix milliseconds. Booleans are 0 and 1. See migrations/README.md.

create table verifications (
    verification_id    text    not null primary key,
    verify_token       text    not null,
    app                text    not null,
    plan_id            text,
    reference          text,
    issued_at          integer not null,
    issued_at_told     integer not null,
    issued_here        integer not null,
    tracked_at         integer not null,
    tracked_by         text    not null,
    media_deadline     integer not null,
    record_deadline    integer not null,
    state              text    not null check (state in ('waiting', 'collecting', 'archived', 'abandoned', 'incomplete', 'missed', 'rejected')),
    settled_at         integer,
    missing            text    not null default '[]',
    progress           text    not null default '{}',
    passed             integer,
    attempts           integer not null default 0,
    first_attempt_at   integer,
    least_left         integer,
    polls              integer not null default 0,
    last_error         text,
    verify_count       integer,
    ocr_charge_count   integer,
    match_charge_count integer,
    verify_charge_count integer,
    live_charge_count  integer,
    check ((settled_at is null) = (state in ('waiting', 'collecting')))
) strict;

create unique index verifications_token on verifications (verify_token);
create index verifications_reference on verifications (reference) where reference is not null;
create index verifications_state on verifications (state, verification_id);

-- What is left to do: at most one row a stage (0 poll, 1 download) of each open verification. Settled ones have none.
create table schedule (
    verification_id text    not null,
    stage           integer not null check (stage in (0, 1)),
    app             text    not null,
    due_at          integer not null,
    deadline        integer not null,
    lease_token     text,
    lease_until     integer,
    attempts        integer not null default 0,
    woken           integer not null default 0,
    primary key (verification_id, stage)
) strict, without rowid;

create index schedule_polls on schedule (due_at, deadline) where stage = 0;
create index schedule_downloads on schedule (due_at, deadline) where stage = 1;

create table attempts (
    verification_id  text    not null,
    attempt_no       integer not null,
    passed           integer,
    code             text,
    message          text,
    verified_at      integer,
    charged          integer,
    charge_type      text,
    charged_at       integer,
    ocr_charged      integer,
    ocr_count        integer,
    ocr_charged_at   integer,
    score            real,
    threshold        real,
    liveness_score   real,
    spoofing_score   real,
    risk_level       text,
    risk_tag         text,
    demoted          integer,
    verify_log_id    text,
    id_type          text,
    name_masked      text,
    id_number_masked text,
    id_number_index  text,
    name             text,
    id_number        text,
    ocr_name         text,
    ocr_id_number    text,
    ocr_id_type      text,
    ocr_address      text,
    ocr_birthday     text,
    ocr_gender       text,
    ocr_nation       text,
    ocr_issued       text,
    ocr_expires      text,
    ocr_authority    text,
    primary key (verification_id, attempt_no)
) strict;

create index attempts_id_number on attempts (id_number_index) where id_number_index is not null;

-- Append-only. An identical answer of an endpoint is kept once.
create table answers (
    answer_id       text    not null primary key,
    verification_id text    not null,
    endpoint        text    not null,
    fetched_at      integer not null,
    http_status     integer not null,
    success         integer,
    code            text,
    log_id          text,
    bytes           integer not null,
    sha256          text    not null,
    object_key      text    not null,
    stored_bytes    integer not null,
    stored_sha256   text    not null
) strict;

create unique index answers_distinct on answers (verification_id, endpoint, sha256);
create unique index answers_object on answers (object_key);

create table media (
    media_id        text    not null primary key,
    verification_id text    not null,
    attempt_no      integer not null,
    kind            text    not null,
    position        integer not null,
    source          text    not null,
    state           text    not null check (state in ('wanted', 'stored', 'lost')),
    tries           integer not null default 0,
    last_error      text,
    lost_reason     text,
    content_type    text,
    bytes           integer,
    sha256          text,
    object_key      text,
    stored_bytes    integer,
    stored_sha256   text,
    captured_at     integer,
    check ((state = 'stored') = (object_key is not null))
) strict;

create unique index media_slot on media (verification_id, attempt_no, kind, position, source);
create unique index media_object on media (object_key) where object_key is not null;

-- Append-only: every call made about a verification.
create table calls (
    call_id         integer primary key,
    verification_id text    not null,
    endpoint        text    not null,
    at              integer not null,
    result          text    not null,
    http_status     integer,
    code            text,
    sha256          text
) strict;

create index calls_of on calls (verification_id);
create index calls_at on calls (at);

-- What unused tokens of an app are known to answer.
create table learned (
    app       text not null,
    signature text not null,
    primary key (app, signature)
) strict, without rowid;

create table alarms (
    alarm_id   integer primary key,
    kind       text    not null,
    subject    text    not null,
    text       text    not null,
    since      integer not null,
    last_at    integer not null,
    times      integer not null,
    ended_at   integer
) strict;

create unique index alarms_open on alarms (kind, subject) where ended_at is null;

-- Append-only: what persons did to a verification.
create table events (
    event_id        integer primary key,
    verification_id text    not null,
    at              integer not null,
    actor           text    not null,
    what            text    not null,
    detail          text    not null
) strict;

create index events_of on events (verification_id);
