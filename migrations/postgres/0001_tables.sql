-- Instants are unix milliseconds. See migrations/README.md.

create table verifications (
    verification_id    text collate "C" not null primary key,
    verify_token       text collate "C" not null,
    app                text    not null,
    plan_id            text,
    reference          text,
    issued_at          bigint  not null,
    issued_at_told     boolean not null,
    issued_here        boolean not null,
    tracked_at         bigint  not null,
    tracked_by         text    not null,
    media_deadline     bigint  not null,
    record_deadline    bigint  not null,
    state              text    not null check (state in ('waiting', 'collecting', 'archived', 'abandoned', 'incomplete', 'missed', 'rejected')),
    settled_at         bigint,
    missing            text    not null default '[]',
    progress           text    not null default '{}',
    passed             boolean,
    attempts           bigint  not null default 0,
    first_attempt_at   bigint,
    least_left         bigint,
    polls              bigint  not null default 0,
    last_error         text,
    verify_count       bigint,
    ocr_charge_count   bigint,
    match_charge_count bigint,
    verify_charge_count bigint,
    live_charge_count  bigint,
    check ((settled_at is null) = (state in ('waiting', 'collecting')))
) with (fillfactor = 70);

create unique index verifications_token on verifications (verify_token);
create index verifications_reference on verifications (reference) where reference is not null;
create index verifications_state on verifications (state, verification_id);

-- What is left to do: at most one row a stage (0 poll, 1 download) of each open verification. Settled ones have none.
create table schedule (
    verification_id text collate "C" not null,
    stage           bigint  not null check (stage in (0, 1)),
    app             text    not null,
    due_at          bigint  not null,
    deadline        bigint  not null,
    lease_token     text,
    lease_until     bigint,
    attempts        bigint  not null default 0,
    woken           boolean not null default false,
    primary key (verification_id, stage)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index schedule_polls on schedule (due_at, deadline) where stage = 0;
create index schedule_downloads on schedule (due_at, deadline) where stage = 1;

create table attempts (
    verification_id  text collate "C" not null,
    attempt_no       bigint  not null,
    passed           boolean,
    code             text,
    message          text,
    verified_at      bigint,
    charged          boolean,
    charge_type      text,
    charged_at       bigint,
    ocr_charged      boolean,
    ocr_count        bigint,
    ocr_charged_at   bigint,
    score            double precision,
    threshold        double precision,
    liveness_score   double precision,
    spoofing_score   double precision,
    risk_level       text,
    risk_tag         text,
    demoted          boolean,
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
);

create index attempts_id_number on attempts (id_number_index) where id_number_index is not null;

-- Append-only. An identical answer of an endpoint is kept once.
create table answers (
    answer_id       text collate "C" not null primary key,
    verification_id text collate "C" not null,
    endpoint        text    not null,
    fetched_at      bigint  not null,
    http_status     bigint  not null,
    success         boolean,
    code            text,
    log_id          text,
    bytes           bigint  not null,
    sha256          text    not null,
    object_key      text    not null,
    stored_bytes    bigint  not null,
    stored_sha256   text    not null
);

create unique index answers_distinct on answers (verification_id, endpoint, sha256);
create unique index answers_object on answers (object_key);

create table media (
    media_id        text collate "C" not null primary key,
    verification_id text collate "C" not null,
    attempt_no      bigint  not null,
    kind            text    not null,
    position        bigint  not null,
    source          text    not null,
    state           text    not null check (state in ('wanted', 'stored', 'lost')),
    tries           bigint  not null default 0,
    last_error      text,
    lost_reason     text,
    content_type    text,
    bytes           bigint,
    sha256          text,
    object_key      text,
    stored_bytes    bigint,
    stored_sha256   text,
    captured_at     bigint,
    check ((state = 'stored') = (object_key is not null))
);

create unique index media_slot on media (verification_id, attempt_no, kind, position, source);
create unique index media_object on media (object_key) where object_key is not null;

-- Append-only: every call made about a verification.
create table calls (
    call_id         bigint generated always as identity primary key,
    verification_id text collate "C" not null,
    endpoint        text    not null,
    at              bigint  not null,
    result          text    not null,
    http_status     bigint,
    code            text,
    sha256          text
);

create index calls_of on calls (verification_id);
create index calls_at on calls (at);

-- What unused tokens of an app are known to answer.
create table learned (
    app       text not null,
    signature text not null,
    primary key (app, signature)
);

create table alarms (
    alarm_id   bigint generated always as identity primary key,
    kind       text    not null,
    subject    text    not null,
    text       text    not null,
    since      bigint  not null,
    last_at    bigint  not null,
    times      bigint  not null,
    ended_at   bigint
);

create unique index alarms_open on alarms (kind, subject) where ended_at is null;

-- Append-only: what persons did to a verification.
create table events (
    event_id        bigint generated always as identity primary key,
    verification_id text collate "C" not null,
    at              bigint  not null,
    actor           text    not null,
    what            text    not null,
    detail          text    not null
);

create index events_of on events (verification_id);
