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
    missing            text    not null default '[]' check (json_valid(missing)),
    -- The answer that an abandonment or a refusal rests on, in words.
    proof              text,
    -- Settled so, and nothing ever showed that the provider issued it.
    never_seen         integer not null default 0,
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
    -- JSON: the calls made about it, an array of [endpoint, result, code, calls, first_at, last_at].
    call_sums          text    not null default '[]',
    check ((settled_at is null) = (state in ('waiting', 'collecting'))),
    check (issued_at between 1420070400000 and 4102444800000
        and tracked_at between 1420070400000 and 4102444800000
        and (settled_at is null or settled_at between 1420070400000 and 4102444800000)
        and (first_attempt_at is null or first_attempt_at between 1420070400000 and 4102444800000))
) strict;

create unique index verifications_token on verifications (verify_token);
create index verifications_reference on verifications (reference) where reference is not null;
create index verifications_state on verifications (state, verification_id);
create index verifications_failing on verifications (verification_id) where settled_at is null and last_error is not null;
create index verifications_settled on verifications (settled_at, app, never_seen) where settled_at is not null;

-- What is left to do: at most one row a stage (0 poll, 1 download) of each open verification. Settled ones have none.
create table schedule (
    verification_id text    not null,
    stage           integer not null check (stage in (0, 1)),
    app             text    not null,
    due_at          integer not null,
    deadline        integer not null,
    lane            integer not null default 0 check (lane in (0, 1)),
    lease_token     text,
    lease_until     integer,
    claims          integer not null default 0,
    woken           integer not null default 0,
    -- Known to be due, where many are: ordered by the time left from then on.
    ready           integer not null default 0,
    primary key (verification_id, stage)
) strict, without rowid;

create index schedule_due on schedule (stage, app, lane, due_at, deadline) where not ready;
create index schedule_ready on schedule (stage, app, lane, deadline, verification_id) where ready;
create index schedule_ready_due on schedule (stage, app, lane, due_at) where ready;
create index schedule_deadline on schedule (app, deadline);
create index schedule_poisoned on schedule (claims) where claims > 5;

create table attempts (
    verification_id  text    not null,
    attempt_no       integer not null,
    -- When it was first told of.
    captured_at      integer  not null,
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
    index_key_id     text,
    name             text,
    id_number        text,
    -- Read off the card; the two below only where plain ones may be kept.
    ocr_name_masked  text,
    ocr_id_number_masked text,
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
    primary key (verification_id, attempt_no),
    check (captured_at between 1420070400000 and 4102444800000
        and (verified_at is null or verified_at between 1420070400000 and 4102444800000)
        and (charged_at is null or charged_at between 1420070400000 and 4102444800000)
        and (ocr_charged_at is null or ocr_charged_at between 1420070400000 and 4102444800000))
) strict;

create index attempts_captured on attempts (captured_at);
create index attempts_id_number on attempts (id_number_index) where id_number_index is not null;
create index attempts_verified on attempts (strftime('%Y-%m-%dT%H:%M:%SZ', verified_at / 1000, 'unixepoch'));
create index attempts_log_id on attempts (verify_log_id) where verify_log_id is not null;
create index attempts_index_key on attempts (index_key_id) where id_number_masked is not null;

-- What was handed in of a person for a token issued here, written before the provider is asked to take it.
create table submissions (
    verification_id  text not null primary key,
    at               integer not null check (at between 1420070400000 and 4102444800000),
    certificate_type integer,
    name_masked      text not null,
    id_number_masked text not null,
    id_number_index  text,
    index_key_id     text,
    -- The two below only where plain ones may be kept.
    name             text,
    id_number        text,
    -- Whether the provider took it, and if not, why; null while that is not known.
    taken            integer,
    refused          text,
    check ((refused is not null) = (taken is not null and not taken))
) strict;

create index submissions_id_number on submissions (id_number_index) where id_number_index is not null;
create index submissions_index_key on submissions (index_key_id);

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
    -- The body, compressed (Zstandard), where it is small; else it is an object.
    body            blob,
    object_key      text,
    stored_bytes    integer,
    stored_sha256   text,
    check ((body is null) = (object_key is not null)),
    check ((object_key is null) = (stored_bytes is null) and (object_key is null) = (stored_sha256 is null)),
    check (fetched_at between 1420070400000 and 4102444800000)
) strict;

create unique index answers_distinct on answers (verification_id, endpoint, sha256);
create unique index answers_object on answers (object_key) where object_key is not null;
create index answers_newest_object on answers (answer_id) where object_key is not null;
create index answers_log_id on answers (log_id) where log_id is not null;

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
    failed_cause    text,
    failed_from     integer,
    failed_to       integer,
    lost_reason     text,
    checked         text    check (checked in ('full', 'etag_differs', 'none')),
    refused_sha256  text,
    content_type    text,
    bytes           integer,
    sha256          text,
    object_key      text,
    stored_bytes    integer,
    stored_sha256   text,
    captured_at     integer,
    check ((state = 'stored') = (object_key is not null)),
    check ((captured_at is null or captured_at between 1420070400000 and 4102444800000))
) strict;

create unique index media_slot on media (verification_id, attempt_no, kind, position, source);

-- Calls by ten seconds (unix time over ten), for the use of the quota; what is older than a day is let go.
create table quota_use (
    app      text    not null,
    endpoint text    not null,
    period   integer not null,
    calls    integer not null,
    too_fast integer not null,
    primary key (period, app, endpoint)
) strict, without rowid;

-- Append-only, a few rows an app: what tokens that nobody had used were seen to answer, and how that is known.
create table unused_signatures (
    app             text    not null,
    signature       text    not null,
    verification_id text not null,
    seen_at         integer not null check (seen_at between 1420070400000 and 4102444800000),
    origin          text    not null check (origin in ('issued_here', 'verified_later')),
    primary key (app, signature, verification_id)
) strict, without rowid;

-- When a token of each app was last seen to be answered with data: an app that gets none proves nothing.
create table data_seen (
    app    text    not null primary key,
    at     integer not null check (at between 1420070400000 and 4102444800000)
) strict, without rowid;

-- What media/query was seen to list for tokens of a plan. Without a plan, an empty text.
create table filmed_plans (
    app     text    not null,
    plan_id text    not null,
    kind    text    not null check (kind in ('images', 'video')),
    seen_at integer not null check (seen_at between 1420070400000 and 4102444800000),
    primary key (app, plan_id, kind)
) strict, without rowid;

create table alarms (
    alarm_id   integer primary key,
    kind       text    not null,
    subject    text    not null,
    -- Who alone sees its end, as in `beats`; empty where anybody does.
    instance   text    not null,
    text       text    not null,
    since      integer not null,
    last_at    integer not null,
    times      integer not null,
    ended_at   integer,
    acknowledged_at integer,
    acknowledged_by text,
    note       text,
    -- Whether the outbox has heard of it.
    heard      integer not null default 0
) strict;

create unique index alarms_open on alarms (kind, subject, instance) where ended_at is null;
create index alarms_unheard on alarms (alarm_id) where not heard;

-- The outbox: a row a channel of the configuration.
create table mailboxes (
    channel  text not null primary key,
    -- How often in a row sending has failed, and when it is tried again.
    fails    integer not null,
    retry_at integer,
    sent_at  integer,
    -- When the day began, in Beijing, that was reported last.
    report   integer
) strict, without rowid;

-- What a channel was told of an alarm, and is to be told; gone once its end was told.
create table notices (
    channel      text not null,
    kind         text not null,
    subject      text not null,
    text         text    not null,
    since        integer not null,
    times        integer not null,
    acknowledged integer not null,
    ended_at     integer,
    told         integer not null,
    told_at      integer,
    -- Null when only its end is to be told.
    due_at       integer,
    primary key (channel, kind, subject)
) strict, without rowid;

-- What was lost, a row a thing: written when a verification ends as a loss, gone when it is opened again.
create table losses (
    loss_id         integer primary key,
    verification_id text    not null,
    what            text    not null,
    attempt_no      integer,
    cause           text    not null,
    why             text    not null,
    from_at         integer,
    to_at           integer,
    lost_at         integer not null,
    acknowledged_at integer,
    acknowledged_by text,
    note            text
) strict;

create index losses_of on losses (verification_id);
create index losses_open on losses (cause, verification_id) where acknowledged_at is null;

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

-- When each process that works on this database was last seen alive, and how far its host's clock is ahead of
-- the provider's, in milliseconds, as far as it knows.
create table beats (
    instance text    not null primary key,
    at       integer not null,
    skew_ms  integer
) strict;

-- One row: the lowest version of the schema that a program must know to write here. A migration raises it when older programs
-- would write what is wrong.
create table schema_facts (
    one        integer not null primary key check (one = 1),
    min_writer integer not null
) strict;

insert into schema_facts (one, min_writer) values (1, 1);

-- One row: what this database belongs to. The object `installation` at the root of its vault holds the same id.
create table installation (
    one             integer not null primary key check (one = 1),
    installation_id text    not null,
    created_at      integer not null check (created_at between 1420070400000 and 4102444800000),
    index_key_id    text
) strict;

-- Keys of the API. Their texts are nowhere: `digest` is the SHA-256 of one. `scopes`, `apps` and `networks` are JSON arrays; `apps` is null of a key
-- of all apps, and empty `networks` are everywhere. `rate` is how many calls a second it may make.
create table api_keys (
    key_id       text    not null primary key,
    name         text    not null,
    digest       text    not null,
    scopes       text    not null check (json_valid(scopes)),
    apps         text    check (json_valid(apps)),
    networks     text    not null check (json_valid(networks)),
    rate         integer not null check (rate between 1 and 1000000),
    tokens_a_day integer not null check (tokens_a_day >= 0),
    issues_a_day integer not null check (issues_a_day >= 0),
    -- What was spent on the last day on which anything was; its midnight (UTC).
    spent_day    integer,
    spent_tokens integer not null default 0,
    spent_issues integer not null default 0,
    created_at   integer not null check (created_at between 1420070400000 and 4102444800000),
    created_by   text    not null,
    expires_at   integer not null check (expires_at > created_at and expires_at <= 4102444800000),
    revoked_at   integer,
    revoked_by   text,
    last_used_at integer,
    check ((revoked_at is null) = (revoked_by is null))
) strict;

create unique index api_keys_name on api_keys (name) where revoked_at is null;

-- What makes a request of the API the same again, for a day. The digests are keyed with the text of the caller's key, which stands nowhere.
create table requests (
    key_id          text not null,
    told            text    not null,
    body            text    not null,
    -- When it was begun, or taken over from who did not end it.
    at              integer not null,
    -- What came of it; null while it is under way.
    verification_id text,
    unprepared      text,
    primary key (key_id, told)
) strict;

-- Append-only: who looked for a person, or took the files of a verification, written before anything of it leaves.
create table accesses (
    access_id       text not null primary key,
    at              integer not null check (at between 1420070400000 and 4102444800000),
    via             text not null check (via in ('api', 'command')),
    -- What a key was called then, or the user of the host.
    who             text not null,
    key_id          text,
    what            text not null check (what in ('search', 'files', 'reveal')),
    verification_id text,
    -- Keyed, never the number.
    id_number_index text,
    -- The app that was searched; null: all.
    app             text,
    -- In their words.
    purpose         text,
    -- How many verifications a search has shown; null when it did not come to that.
    hits            integer,
    check ((via = 'api') = (key_id is not null)),
    check ((what = 'search') = (id_number_index is not null) and (what = 'search') = (verification_id is null))
) strict;

create index accesses_of_verification on accesses (verification_id) where verification_id is not null;
create index accesses_of_person on accesses (id_number_index) where id_number_index is not null;
create index accesses_of on accesses (key_id, at) where key_id is not null;

-- The quota that processes share, a row an account and interface; microseconds since 1970 of the database's clock.
create table quotas (
    account   text    not null,
    endpoint  text    not null,
    -- When the next permit may be used: those before it are given away.
    next_us   integer not null,
    -- In parts of a million of the full pace: lower while the provider says that it is called too fast.
    pace      integer not null check (pace between 1 and 1000000),
    slowed_us integer,
    -- When permits were last taken.
    at_us     integer not null,
    primary key (account, endpoint)
) strict, without rowid;

-- Jobs of the whole service, a row each: which instant of its schedule was begun last, and who is at it. By the database's clock.
create table jobs (
    job          text not null primary key,
    scheduled_at integer not null check (scheduled_at between 1420070400000 and 4102444800000),
    -- Both null when nobody is at it.
    lease_token  text,
    lease_until  integer,
    -- What came of the last one that was ended.
    result       text check (result in ('ok', 'failed')),
    ended_at     integer,
    check ((lease_token is null) = (lease_until is null))
) strict, without rowid;

-- What of an app came in an hour (unix time over 3600): tokens told, attempts captured that passed or failed, and those that failed. Written when
-- the hour is over; what is older than four weeks is let go.
create table hours (
    hour      integer not null,
    app       text    not null,
    told      integer not null,
    told_last integer,
    attempts  integer not null,
    failed    integer not null,
    primary key (hour, app)
) strict, without rowid;

-- Append-only: what each comparison with the business's own list of issued tokens found.
create table reconciliations (
    reconciliation_id integer primary key,
    at                integer not null,
    actor             text    not null,
    name              text    not null,
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

-- How many there are: verifications by app and state, media by kind and state, answers. Triggers keep it, so that no statement can forget to.
create table tallies (
    what     text    not null check (what in ('verifications', 'media', 'answers')),
    name     text    not null,
    state    text    not null,
    n        integer not null,
    bytes    integer not null,
    primary key (what, name, state)
) strict, without rowid;

-- The least that was ever seen of something: `least_left` of all verifications.
create table lows (
    what  text    not null primary key,
    value integer not null
) strict, without rowid;

create trigger verifications_fresh after insert on verifications begin
    insert into tallies (what, name, state, n, bytes) values ('verifications', new.app, new.state, 1, 0)
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger verifications_moved after update of app, state on verifications when old.app <> new.app or old.state <> new.state begin
    insert into tallies (what, name, state, n, bytes) values ('verifications', old.app, old.state, -1, 0)
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
    insert into tallies (what, name, state, n, bytes) values ('verifications', new.app, new.state, 1, 0)
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger verifications_gone after delete on verifications begin
    insert into tallies (what, name, state, n, bytes) values ('verifications', old.app, old.state, -1, 0)
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger verifications_least_left after update of least_left on verifications when new.least_left < coalesce((select value from lows where what = 'least_left'), 9223372036854775807) begin
    insert into lows (what, value) values ('least_left', new.least_left) on conflict (what) do update set value = excluded.value;
end;

create trigger media_fresh after insert on media begin
    insert into tallies (what, name, state, n, bytes) values ('media', new.kind, new.state, 1, coalesce(new.bytes, 0))
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger media_moved after update of kind, state, bytes on media when old.kind <> new.kind or old.state <> new.state or old.bytes is not new.bytes begin
    insert into tallies (what, name, state, n, bytes) values ('media', old.kind, old.state, -1, -coalesce(old.bytes, 0))
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
    insert into tallies (what, name, state, n, bytes) values ('media', new.kind, new.state, 1, coalesce(new.bytes, 0))
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger media_gone after delete on media begin
    insert into tallies (what, name, state, n, bytes) values ('media', old.kind, old.state, -1, -coalesce(old.bytes, 0))
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger answers_fresh after insert on answers begin
    insert into tallies (what, name, state, n, bytes) values ('answers', '', '', 1, new.bytes)
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

create trigger answers_gone after delete on answers begin
    insert into tallies (what, name, state, n, bytes) values ('answers', '', '', -1, -old.bytes)
        on conflict (what, name, state) do update set n = tallies.n + excluded.n, bytes = tallies.bytes + excluded.bytes;
end;

-- The views people query: the names and the order of their columns are promised, so a change here is a breaking change.

create view report_verifications as
select
    v.verification_id,
    v.app,
    case when unixepoch() * 1000 > v.record_deadline then v.verify_token
        else '…' || case when length(v.verify_token) < 8 then '' else substr(v.verify_token, -4) end end as verify_token,
    v.plan_id,
    v.reference,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.issued_at / 1000, 'unixepoch') as issued_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.tracked_at / 1000, 'unixepoch') as tracked_at,
    v.tracked_by,
    v.state,
    v.passed,
    v.attempts,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.first_attempt_at / 1000, 'unixepoch') as first_attempt_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.settled_at / 1000, 'unixepoch') as settled_at,
    v.missing,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.media_deadline / 1000, 'unixepoch') as media_deadline,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.record_deadline / 1000, 'unixepoch') as record_deadline,
    (select strftime('%Y-%m-%dT%H:%M:%SZ', s.due_at / 1000, 'unixepoch') from schedule as s where s.verification_id = v.verification_id and s.stage = 0) as next_poll_at,
    v.polls,
    v.last_error,
    -- The final attempt: the last that passed, else the last. Sub-selects, since SQLite keeps a join whose columns are not asked for.
    (select a.attempt_no from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_attempt_no,
    (select strftime('%Y-%m-%dT%H:%M:%SZ', a.verified_at / 1000, 'unixepoch') from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_verified_at,
    (select strftime('%Y-%m-%d', a.verified_at / 1000 + 28800, 'unixepoch') from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_day,
    (select a.code from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_code,
    (select a.message from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_message,
    (select a.name_masked from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as name_masked,
    (select a.id_number_masked from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as id_number_masked,
    (select a.id_number_index from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as id_number_index,
    v.verify_count,
    v.ocr_charge_count,
    v.match_charge_count,
    v.verify_charge_count,
    v.live_charge_count,
    (select strftime('%Y-%m-%dT%H:%M:%SZ', h.at / 1000, 'unixepoch') from submissions as h where h.verification_id = v.verification_id) as submitted_at
from verifications as v;

create view report_attempts as
select
    verification_id,
    attempt_no,
    passed,
    code,
    message,
    strftime('%Y-%m-%dT%H:%M:%SZ', verified_at / 1000, 'unixepoch') as verified_at,
    charged,
    charge_type,
    strftime('%Y-%m-%dT%H:%M:%SZ', charged_at / 1000, 'unixepoch') as charged_at,
    ocr_charged,
    ocr_count,
    strftime('%Y-%m-%dT%H:%M:%SZ', ocr_charged_at / 1000, 'unixepoch') as ocr_charged_at,
    score,
    threshold,
    liveness_score,
    spoofing_score,
    risk_level,
    risk_tag,
    demoted,
    verify_log_id,
    id_type,
    name_masked,
    id_number_masked,
    id_number_index,
    name,
    id_number,
    strftime('%Y-%m-%dT%H:%M:%SZ', captured_at / 1000, 'unixepoch') as captured_at,
    ocr_name_masked,
    ocr_id_number_masked,
    ocr_name,
    ocr_id_number,
    (select h.name_masked from submissions as h where h.verification_id = attempts.verification_id) as submitted_name_masked,
    (select h.id_number_masked from submissions as h where h.verification_id = attempts.verification_id) as submitted_id_number_masked
from attempts;

create view report_media as
select
    verification_id,
    media_id,
    attempt_no,
    kind,
    position,
    state,
    content_type,
    bytes,
    sha256,
    object_key,
    stored_bytes,
    stored_sha256,
    strftime('%Y-%m-%dT%H:%M:%SZ', captured_at / 1000, 'unixepoch') as captured_at,
    lost_reason,
    checked as "check"
from media;

create view report_answers as
select
    verification_id,
    answer_id,
    endpoint,
    strftime('%Y-%m-%dT%H:%M:%SZ', fetched_at / 1000, 'unixepoch') as fetched_at,
    http_status,
    success,
    code,
    log_id,
    bytes,
    sha256,
    object_key
from answers;

create view report_losses as
select
    l.verification_id,
    v.app,
    v.plan_id,
    v.reference,
    l.what,
    l.attempt_no,
    l.cause,
    l.why,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.from_at / 1000, 'unixepoch') as from_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.to_at / 1000, 'unixepoch') as to_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.lost_at / 1000, 'unixepoch') as lost_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', l.acknowledged_at / 1000, 'unixepoch') as acknowledged_at,
    l.acknowledged_by,
    l.note
from losses as l join verifications as v on v.verification_id = l.verification_id;

create view report_outages as
select
    subject as part,
    kind,
    text,
    strftime('%Y-%m-%dT%H:%M:%SZ', since / 1000, 'unixepoch') as from_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', ended_at / 1000, 'unixepoch') as to_at,
    times
from alarms
where kind in ('provider_down', 'too_fast', 'quota', 'credentials', 'forbidden', 'vault_down', 'disk_full', 'database_down', 'database_broken', 'daemon_down');

create view report_charges as
select
    v.app,
    strftime('%Y-%m-%d', coalesce(a.charged_at, a.verified_at, v.issued_at) / 1000 + 28800, 'unixepoch') as day,
    a.charge_type,
    sum(case when a.charged then 1 else 0 end) as charged,
    count(*) as attempts,
    sum(case when a.charged then 1 else 0 end) as pieces
from attempts as a join verifications as v on v.verification_id = a.verification_id
group by 1, 2, 3
union all
select
    v.app,
    strftime('%Y-%m-%d', coalesce(a.ocr_charged_at, a.verified_at, v.issued_at) / 1000 + 28800, 'unixepoch'),
    'ocr',
    sum(case when a.ocr_charged then 1 else 0 end),
    count(*),
    cast(sum(case when a.ocr_charged then coalesce(a.ocr_count, 1) else 0 end) as bigint)
from attempts as a join verifications as v on v.verification_id = a.verification_id
where a.ocr_charged or a.ocr_count > 0
group by 1, 2, 3;

create view report_persons as
select
    a.id_number_index,
    max(a.id_number_masked) as id_number_masked,
    (select l.name_masked from attempts as l where l.id_number_index = a.id_number_index and l.name_masked is not null
        order by coalesce(l.verified_at, l.captured_at) desc, l.verification_id desc, l.attempt_no desc limit 1) as name_masked,
    strftime('%Y-%m-%dT%H:%M:%SZ', min(coalesce(a.verified_at, a.captured_at)) / 1000, 'unixepoch') as first_attempt_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', max(coalesce(a.verified_at, a.captured_at)) / 1000, 'unixepoch') as last_attempt_at,
    count(distinct a.verification_id) as tokens,
    sum(case when a.passed then 1 else 0 end) as passed,
    sum(case when not a.passed then 1 else 0 end) as failed,
    count(distinct v.app) as apps
from attempts as a join verifications as v on v.verification_id = a.verification_id
where a.id_number_index is not null
group by a.id_number_index;

create view report_daily as
select
    strftime('%Y-%m-%d', issued_at / 1000 + 28800, 'unixepoch') as day,
    app,
    plan_id,
    count(*) as told,
    sum(case when passed then 1 else 0 end) as passed,
    sum(case when not passed then 1 else 0 end) as failed,
    sum(case when state = 'abandoned' then 1 else 0 end) as abandoned,
    sum(case when state in ('incomplete', 'missed') then 1 else 0 end) as lost,
    sum(case when state = 'rejected' then 1 else 0 end) as rejected,
    sum(case when state in ('waiting', 'collecting') then 1 else 0 end) as open
from verifications
group by 1, 2, 3;

create view report_events as
select
    verification_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') as at,
    actor,
    what,
    detail
from events;

create view report_alarms as
select
    kind,
    subject,
    text,
    strftime('%Y-%m-%dT%H:%M:%SZ', since / 1000, 'unixepoch') as since,
    strftime('%Y-%m-%dT%H:%M:%SZ', last_at / 1000, 'unixepoch') as last_at,
    times,
    strftime('%Y-%m-%dT%H:%M:%SZ', ended_at / 1000, 'unixepoch') as ended_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', acknowledged_at / 1000, 'unixepoch') as acknowledged_at,
    acknowledged_by,
    note
from alarms;

create view report_access as
select
    access_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', at / 1000, 'unixepoch') as at,
    who,
    via,
    what,
    verification_id,
    id_number_index,
    app,
    purpose,
    hits
from accesses;
