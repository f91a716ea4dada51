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
    missing            text    not null default '[]' check (missing::jsonb is not null),
    -- The answer that an abandonment or a refusal rests on, in words.
    proof              text,
    -- Settled so, and nothing ever showed that the provider issued it.
    never_seen         boolean not null default false,
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
    -- JSON: the calls made about it, an array of [endpoint, result, code, calls, first_at, last_at].
    call_sums          text    not null default '[]',
    check ((settled_at is null) = (state in ('waiting', 'collecting'))),
    check (issued_at between 1420070400000 and 4102444800000
        and tracked_at between 1420070400000 and 4102444800000
        and (settled_at is null or settled_at between 1420070400000 and 4102444800000)
        and (first_attempt_at is null or first_attempt_at between 1420070400000 and 4102444800000))
) with (fillfactor = 70);

create unique index verifications_token on verifications (verify_token);
create index verifications_reference on verifications (reference) where reference is not null;
create index verifications_state on verifications (state, verification_id);
create index verifications_failing on verifications (verification_id) where settled_at is null and last_error is not null;
create index verifications_settled on verifications (settled_at, app, never_seen) where settled_at is not null;

-- What is left to do: at most one row a stage (0 poll, 1 download) of each open verification. Settled ones have none.
create table schedule (
    verification_id text collate "C" not null,
    stage           bigint  not null check (stage in (0, 1)),
    app             text    not null,
    due_at          bigint  not null,
    deadline        bigint  not null,
    lane            bigint not null default 0 check (lane in (0, 1)),
    lease_token     text,
    lease_until     bigint,
    claims          bigint  not null default 0,
    woken           boolean not null default false,
    -- Known to be due, where many are: ordered by the time left from then on.
    ready           boolean not null default false,
    primary key (verification_id, stage)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

create index schedule_due on schedule (stage, app, lane, due_at, deadline) where not ready;
create index schedule_ready on schedule (stage, app, lane, deadline, verification_id) where ready;
create index schedule_ready_due on schedule (stage, app, lane, due_at) where ready;
create index schedule_deadline on schedule (app, deadline);
create index schedule_poisoned on schedule (claims) where claims > 5;

create table attempts (
    verification_id  text collate "C" not null,
    attempt_no       bigint  not null,
    -- When it was first told of.
    captured_at      bigint   not null,
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
);

create index attempts_captured on attempts (captured_at);
create index attempts_id_number on attempts (id_number_index) where id_number_index is not null;
create index attempts_verified on attempts (to_timestamp(verified_at / 1000.0));
create index attempts_log_id on attempts (verify_log_id) where verify_log_id is not null;
create index attempts_index_key on attempts (index_key_id) where id_number_masked is not null;

-- What was handed in of a person for a token issued here, written before the provider is asked to take it.
create table submissions (
    verification_id  text collate "C" not null primary key,
    at               bigint not null check (at between 1420070400000 and 4102444800000),
    certificate_type bigint,
    name_masked      text not null,
    id_number_masked text not null,
    id_number_index  text,
    index_key_id     text,
    -- The two below only where plain ones may be kept.
    name             text,
    id_number        text,
    -- Whether the provider took it, and if not, why; null while that is not known.
    taken            boolean,
    refused          text,
    check ((refused is not null) = (taken is not null and not taken))
);

create index submissions_id_number on submissions (id_number_index) where id_number_index is not null;
create index submissions_index_key on submissions (index_key_id);

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
    -- The body, compressed (Zstandard), where it is small; else it is an object.
    body            bytea,
    object_key      text,
    stored_bytes    bigint,
    stored_sha256   text,
    check ((body is null) = (object_key is not null)),
    check ((object_key is null) = (stored_bytes is null) and (object_key is null) = (stored_sha256 is null)),
    check (fetched_at between 1420070400000 and 4102444800000)
);

-- It is compressed already.
alter table answers alter column body set storage external;

create unique index answers_distinct on answers (verification_id, endpoint, sha256);
create unique index answers_object on answers (object_key) where object_key is not null;
create index answers_newest_object on answers (answer_id) where object_key is not null;
create index answers_log_id on answers (log_id) where log_id is not null;

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
    failed_cause    text,
    failed_from     bigint,
    failed_to       bigint,
    lost_reason     text,
    checked         text    check (checked in ('full', 'etag_differs', 'none')),
    refused_sha256  text,
    content_type    text,
    bytes           bigint,
    sha256          text,
    object_key      text,
    stored_bytes    bigint,
    stored_sha256   text,
    captured_at     bigint,
    check ((state = 'stored') = (object_key is not null)),
    check ((captured_at is null or captured_at between 1420070400000 and 4102444800000))
-- A page has room for some that are wanted first: filling them touches no index.
) with (fillfactor = 70);

create unique index media_slot on media (verification_id, attempt_no, kind, position, source);

-- Calls by ten seconds (unix time over ten), for the use of the quota; what is older than a day is let go.
create table quota_use (
    app      text    not null,
    endpoint text    not null,
    period   bigint  not null,
    calls    bigint  not null,
    too_fast bigint  not null,
    primary key (period, app, endpoint)
);

-- Append-only, a few rows an app: what tokens that nobody had used were seen to answer, and how that is known.
create table unused_signatures (
    app             text    not null,
    signature       text    not null,
    verification_id text collate "C" not null,
    seen_at         bigint  not null check (seen_at between 1420070400000 and 4102444800000),
    origin          text    not null check (origin in ('issued_here', 'verified_later')),
    primary key (app, signature, verification_id)
);

-- When a token of each app was last seen to be answered with data: an app that gets none proves nothing.
create table data_seen (
    app    text    not null primary key,
    at     bigint  not null check (at between 1420070400000 and 4102444800000)
);

-- What media/query was seen to list for tokens of a plan. Without a plan, an empty text.
create table filmed_plans (
    app     text    not null,
    plan_id text    not null,
    kind    text    not null check (kind in ('images', 'video')),
    seen_at bigint  not null check (seen_at between 1420070400000 and 4102444800000),
    primary key (app, plan_id, kind)
);

create table alarms (
    alarm_id   bigint generated always as identity primary key,
    kind       text    not null,
    subject    text    not null,
    -- Who alone sees its end, as in `beats`; empty where anybody does.
    instance   text    not null,
    text       text    not null,
    since      bigint  not null,
    last_at    bigint  not null,
    times      bigint  not null,
    ended_at   bigint,
    acknowledged_at bigint,
    acknowledged_by text,
    note       text,
    -- Whether the outbox has heard of it.
    heard      boolean not null default false
);

create unique index alarms_open on alarms (kind, subject, instance) where ended_at is null;
create index alarms_unheard on alarms (alarm_id) where not heard;

-- The outbox: a row a channel of the configuration.
create table mailboxes (
    channel  text collate "C" not null primary key,
    -- How often in a row sending has failed, and when it is tried again.
    fails    bigint not null,
    retry_at bigint,
    sent_at  bigint,
    -- When the day began, in Beijing, that was reported last.
    report   bigint
);

-- What a channel was told of an alarm, and is to be told; gone once its end was told.
create table notices (
    channel      text collate "C" not null,
    kind         text collate "C" not null,
    subject      text collate "C" not null,
    text         text    not null,
    since        bigint not null,
    times        bigint not null,
    acknowledged boolean not null,
    ended_at     bigint,
    told         bigint not null,
    told_at      bigint,
    -- Null when only its end is to be told.
    due_at       bigint,
    primary key (channel, kind, subject)
);

-- What was lost, a row a thing: written when a verification ends as a loss, gone when it is opened again.
create table losses (
    loss_id         bigint generated always as identity primary key,
    verification_id text    not null,
    what            text    not null,
    attempt_no      bigint,
    cause           text    not null,
    why             text    not null,
    from_at         bigint,
    to_at           bigint,
    lost_at         bigint not null,
    acknowledged_at bigint,
    acknowledged_by text,
    note            text
);

create index losses_of on losses (verification_id);
create index losses_open on losses (cause, verification_id) where acknowledged_at is null;

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

-- When each process that works on this database was last seen alive, and how far its host's clock is ahead of
-- the provider's, in milliseconds, as far as it knows.
create table beats (
    instance text    not null primary key,
    at       bigint  not null,
    skew_ms  bigint
);

-- One row: the lowest version of the schema that a program must know to write here. A migration raises it when older programs
-- would write what is wrong.
create table schema_facts (
    one        bigint  not null primary key check (one = 1),
    min_writer bigint  not null
);

insert into schema_facts (one, min_writer) values (1, 1);

-- One row: what this database belongs to. The object `installation` at the root of its vault holds the same id.
create table installation (
    one             bigint  not null primary key check (one = 1),
    installation_id text    not null,
    created_at      bigint  not null check (created_at between 1420070400000 and 4102444800000),
    index_key_id    text
);

-- Keys of the API. Their texts are nowhere: `digest` is the SHA-256 of one. `scopes`, `apps` and `networks` are JSON arrays; `apps` is null of a key
-- of all apps, and empty `networks` are everywhere. `rate` is how many calls a second it may make.
create table api_keys (
    key_id       text collate "C" not null primary key,
    name         text    not null,
    digest       text    not null,
    scopes       text    not null,
    apps         text,
    networks     text    not null,
    rate         bigint  not null check (rate between 1 and 1000000),
    tokens_a_day bigint  not null check (tokens_a_day >= 0),
    issues_a_day bigint  not null check (issues_a_day >= 0),
    -- What was spent on the last day on which anything was; its midnight (UTC).
    spent_day    bigint ,
    spent_tokens bigint  not null default 0,
    spent_issues bigint  not null default 0,
    created_at   bigint  not null check (created_at between 1420070400000 and 4102444800000),
    created_by   text    not null,
    expires_at   bigint  not null check (expires_at > created_at and expires_at <= 4102444800000),
    revoked_at   bigint,
    revoked_by   text,
    last_used_at bigint,
    check ((revoked_at is null) = (revoked_by is null))
);

create unique index api_keys_name on api_keys (name) where revoked_at is null;

-- What makes a request of the API the same again, for a day. The digests are keyed with the text of the caller's key, which stands nowhere.
create table requests (
    key_id          text collate "C" not null,
    told            text    not null,
    body            text    not null,
    -- When it was begun, or taken over from who did not end it.
    at              bigint not null,
    -- What came of it; null while it is under way.
    verification_id text collate "C",
    unprepared      text,
    primary key (key_id, told)
);

-- Append-only: who looked for a person, or took the files of a verification, written before anything of it leaves.
create table accesses (
    access_id       text collate "C" not null primary key,
    at              bigint not null check (at between 1420070400000 and 4102444800000),
    via             text not null check (via in ('api', 'command')),
    -- What a key was called then, or the user of the host.
    who             text not null,
    key_id          text collate "C",
    what            text not null check (what in ('search', 'files', 'reveal')),
    verification_id text collate "C",
    -- Keyed, never the number.
    id_number_index text collate "C",
    -- The app that was searched; null: all.
    app             text,
    -- In their words.
    purpose         text,
    -- How many verifications a search has shown; null when it did not come to that.
    hits            bigint,
    check ((via = 'api') = (key_id is not null)),
    check ((what = 'search') = (id_number_index is not null) and (what = 'search') = (verification_id is null))
);

create index accesses_of_verification on accesses (verification_id) where verification_id is not null;
create index accesses_of_person on accesses (id_number_index) where id_number_index is not null;
create index accesses_of on accesses (key_id, at) where key_id is not null;

-- The quota that processes share, a row an account and interface; microseconds since 1970 of the database's clock.
create table quotas (
    account   text collate "C" not null,
    endpoint  text collate "C" not null,
    -- When the next permit may be used: those before it are given away.
    next_us   bigint           not null,
    -- In parts of a million of the full pace: lower while the provider says that it is called too fast.
    pace      bigint           not null check (pace between 1 and 1000000),
    slowed_us bigint,
    -- When permits were last taken.
    at_us     bigint           not null,
    primary key (account, endpoint)
);

-- Jobs of the whole service, a row each: which instant of its schedule was begun last, and who is at it. By the database's clock.
create table jobs (
    job          text collate "C" not null primary key,
    scheduled_at bigint not null check (scheduled_at between 1420070400000 and 4102444800000),
    -- Both null when nobody is at it.
    lease_token  text,
    lease_until  bigint,
    -- What came of the last one that was ended.
    result       text check (result in ('ok', 'failed')),
    ended_at     bigint,
    check ((lease_token is null) = (lease_until is null))
);

-- What of an app came in an hour (unix time over 3600): tokens told, attempts captured that passed or failed, and those that failed. Written when
-- the hour is over; what is older than four weeks is let go.
create table hours (
    hour      bigint not null,
    app       text collate "C" not null,
    told      bigint not null,
    told_last bigint,
    attempts  bigint not null,
    failed    bigint not null,
    primary key (hour, app)
);

-- Append-only: what each comparison with the business's own list of issued tokens found.
create table reconciliations (
    reconciliation_id bigint generated always as identity primary key,
    at                bigint not null,
    actor             text   not null,
    name              text   not null,
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

-- How many there are, as differences that are summed: verifications by app and state, media by kind and state, answers. Triggers keep it, so that no
-- statement can forget to, and only ever add rows, so that no two transactions wait for one another.
create table tallies (
    tally_id bigint generated always as identity primary key,
    what     text   not null check (what in ('verifications', 'media', 'answers')),
    name     text   not null,
    state    text   not null,
    n        bigint not null,
    bytes    bigint not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- The least that was ever seen of something: `least_left` of all verifications.
create table lows (
    what  text   not null primary key,
    value bigint not null
);

create function tally_verifications() returns trigger language plpgsql as $tally$
begin
    if tg_op = 'INSERT' then
        insert into tallies (what, name, state, n, bytes)
            select 'verifications', app, state, count(*), 0 from fresh group by app, state;
    elsif tg_op = 'DELETE' then
        insert into tallies (what, name, state, n, bytes)
            select 'verifications', app, state, -count(*), 0 from gone group by app, state;
    else
        insert into tallies (what, name, state, n, bytes)
            select 'verifications', app, state, sum(one), 0
            from (select app, state, 1 as one from fresh union all select app, state, -1 from gone) as moved
            group by app, state having sum(one) <> 0;
        -- Looked at first: what is written is locked until the transaction ends.
        insert into lows (what, value)
            select 'least_left', min(least_left) from fresh
            having min(least_left) < coalesce((select value from lows where what = 'least_left'), 9223372036854775807)
            on conflict (what) do update set value = excluded.value where excluded.value < lows.value;
    end if;
    return null;
end
$tally$;

create function tally_media() returns trigger language plpgsql as $tally$
begin
    if tg_op = 'INSERT' then
        insert into tallies (what, name, state, n, bytes)
            select 'media', kind, state, count(*), coalesce(sum(bytes), 0) from fresh group by kind, state;
    elsif tg_op = 'DELETE' then
        insert into tallies (what, name, state, n, bytes)
            select 'media', kind, state, -count(*), -coalesce(sum(bytes), 0) from gone group by kind, state;
    else
        insert into tallies (what, name, state, n, bytes)
            select 'media', kind, state, sum(one), coalesce(sum(one * bytes), 0)
            from (select kind, state, bytes, 1 as one from fresh union all select kind, state, bytes, -1 from gone) as moved
            group by kind, state having sum(one) <> 0 or coalesce(sum(one * bytes), 0) <> 0;
    end if;
    return null;
end
$tally$;

create function tally_answers() returns trigger language plpgsql as $tally$
begin
    if tg_op = 'INSERT' then
        insert into tallies (what, name, state, n, bytes) select 'answers', '', '', count(*), sum(bytes) from fresh having count(*) > 0;
    else
        insert into tallies (what, name, state, n, bytes) select 'answers', '', '', -count(*), -sum(bytes) from gone having count(*) > 0;
    end if;
    return null;
end
$tally$;

create trigger verifications_fresh after insert on verifications referencing new table as fresh for each statement execute function tally_verifications();
create trigger verifications_moved after update on verifications referencing old table as gone new table as fresh for each statement execute function tally_verifications();
create trigger verifications_gone after delete on verifications referencing old table as gone for each statement execute function tally_verifications();
create trigger media_fresh after insert on media referencing new table as fresh for each statement execute function tally_media();
create trigger media_moved after update on media referencing old table as gone new table as fresh for each statement execute function tally_media();
create trigger media_gone after delete on media referencing old table as gone for each statement execute function tally_media();
create trigger answers_fresh after insert on answers referencing new table as fresh for each statement execute function tally_answers();
create trigger answers_gone after delete on answers referencing old table as gone for each statement execute function tally_answers();

-- The views people query: the names and the order of their columns are promised, so a change here is a breaking change.

create view report_verifications as
select
    v.verification_id,
    v.app,
    case when extract(epoch from now()) * 1000 > v.record_deadline then v.verify_token
        else '…' || case when length(v.verify_token) < 8 then '' else right(v.verify_token, 4) end end as verify_token,
    v.plan_id,
    v.reference,
    to_timestamp(v.issued_at / 1000.0) as issued_at,
    to_timestamp(v.tracked_at / 1000.0) as tracked_at,
    v.tracked_by,
    v.state,
    v.passed,
    v.attempts,
    to_timestamp(v.first_attempt_at / 1000.0) as first_attempt_at,
    to_timestamp(v.settled_at / 1000.0) as settled_at,
    v.missing::jsonb as missing,
    to_timestamp(v.media_deadline / 1000.0) as media_deadline,
    to_timestamp(v.record_deadline / 1000.0) as record_deadline,
    (select to_timestamp(s.due_at / 1000.0) from schedule as s where s.verification_id = v.verification_id and s.stage = 0) as next_poll_at,
    v.polls,
    v.last_error,
    -- The final attempt: the last that passed, else the last. Sub-selects, since SQLite keeps a join whose columns are not asked for.
    (select a.attempt_no from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_attempt_no,
    (select to_timestamp(a.verified_at / 1000.0) from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_verified_at,
    (select cast(to_timestamp(a.verified_at / 1000 + 28800) at time zone 'UTC' as date) from attempts as a where a.verification_id = v.verification_id order by case when a.passed then 1 else 0 end desc, a.attempt_no desc limit 1) as final_day,
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
    (select to_timestamp(h.at / 1000.0) from submissions as h where h.verification_id = v.verification_id) as submitted_at
from verifications as v;

comment on view report_verifications is 'A row per tracked token';
comment on column report_verifications.verification_id is 'Verikeep''s identifier of the verification (UUID version 7)';
comment on column report_verifications.app is 'The configured app that generated the token';
comment on column report_verifications.verify_token is 'The provider''s handle: its last four characters until record_deadline is over, whole from then on; `verikeep show` finds by it at any time';
comment on column report_verifications.plan_id is 'The plan the token was generated for, where it was told';
comment on column report_verifications.reference is 'The business''s own name for it, where it was told';
comment on column report_verifications.issued_at is 'When the token was generated, as told; else when it was tracked';
comment on column report_verifications.tracked_at is 'When Verikeep was told of the token';
comment on column report_verifications.tracked_by is 'Who told';
comment on column report_verifications.state is 'waiting, collecting, archived, abandoned, incomplete, missed or rejected';
comment on column report_verifications.passed is 'Whether an attempt passed; null before an attempt is known';
comment on column report_verifications.attempts is 'Number of attempts known';
comment on column report_verifications.first_attempt_at is 'The earliest verified_at of its attempts';
comment on column report_verifications.settled_at is 'When its final state was decided; null while it is open';
comment on column report_verifications.missing is 'JSON array of what is missing and why; empty when nothing is';
comment on column report_verifications.media_deadline is 'The earliest instant at which the provider may forget videos and liveness images';
comment on column report_verifications.record_deadline is 'The earliest instant at which the provider may forget everything else';
comment on column report_verifications.next_poll_at is 'When the provider is asked next; null when settled';
comment on column report_verifications.polls is 'Number of polls recorded';
comment on column report_verifications.last_error is 'What went wrong at the last poll; null when nothing did';
comment on column report_verifications.final_attempt_no is 'The final attempt: the last that passed, else the last; this and the seven columns behind it are null before an attempt is known';
comment on column report_verifications.final_verified_at is 'Its verified_at';
comment on column report_verifications.final_day is 'The day in Beijing of its verified_at';
comment on column report_verifications.final_code is 'Its code, 0 when passed';
comment on column report_verifications.final_message is 'Its message';
comment on column report_verifications.name_masked is 'Its name_masked';
comment on column report_verifications.id_number_masked is 'Its id_number_masked';
comment on column report_verifications.id_number_index is 'Its id_number_index';
comment on column report_verifications.verify_count is 'verify_count of getall: how many attempts the provider counts';
comment on column report_verifications.ocr_charge_count is 'ocr_charge_count of getall: readings of a card charged';
comment on column report_verifications.match_charge_count is 'match_charge_count of getall: comparisons charged';
comment on column report_verifications.verify_charge_count is 'verify_charge_count of getall: verifications charged';
comment on column report_verifications.live_charge_count is 'live_charge_count of getall, where it names it';
comment on column report_verifications.submitted_at is 'When name and ID number were handed in for it here; null where they were not';

create view report_attempts as
select
    verification_id,
    attempt_no,
    passed,
    code,
    message,
    to_timestamp(verified_at / 1000.0) as verified_at,
    charged,
    charge_type,
    to_timestamp(charged_at / 1000.0) as charged_at,
    ocr_charged,
    ocr_count,
    to_timestamp(ocr_charged_at / 1000.0) as ocr_charged_at,
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
    to_timestamp(captured_at / 1000.0) as captured_at,
    ocr_name_masked,
    ocr_id_number_masked,
    ocr_name,
    ocr_id_number,
    (select h.name_masked from submissions as h where h.verification_id = attempts.verification_id) as submitted_name_masked,
    (select h.id_number_masked from submissions as h where h.verification_id = attempts.verification_id) as submitted_id_number_masked
from attempts;

comment on view report_attempts is 'A row per attempt (order of getall)';
comment on column report_attempts.verification_id is 'The verification it belongs to';
comment on column report_attempts.attempt_no is 'order of getall, from 1';
comment on column report_attempts.passed is 'is_verify_passed';
comment on column report_attempts.code is 'code, 0 when passed';
comment on column report_attempts.message is 'message, the person masked, at most 500 characters; the verbatim answer has all of it';
comment on column report_attempts.verified_at is 'verify_time, Beijing wall time turned into an instant';
comment on column report_attempts.charged is 'is_charged';
comment on column report_attempts.charge_type is 'charge_type: verify, match or live';
comment on column report_attempts.charged_at is 'charge_time, turned into an instant';
comment on column report_attempts.ocr_charged is 'is_ocr_charge';
comment on column report_attempts.ocr_count is 'ocr_count';
comment on column report_attempts.ocr_charged_at is 'ocr_charge_time, turned into an instant';
comment on column report_attempts.score is 'verify_detail.score: likeness from 0 to 100';
comment on column report_attempts.threshold is 'verify_detail.threshold';
comment on column report_attempts.liveness_score is 'verify_detail.liveness_score';
comment on column report_attempts.spoofing_score is 'verify_detail.spoofing_score';
comment on column report_attempts.risk_level is 'verify_detail.risk_level: 1 and 2 are risks';
comment on column report_attempts.risk_tag is 'verify_detail.risk_tag, the person masked';
comment on column report_attempts.demoted is 'is_demote';
comment on column report_attempts.verify_log_id is 'verify_detail.verify_log_id';
comment on column report_attempts.id_type is 'idcard_type: 0 is the mainland identity card';
comment on column report_attempts.name_masked is 'The name, all but its first character hidden';
comment on column report_attempts.id_number_masked is 'The ID number, all but its first and last four characters hidden, of fewer than 15 all but the last two';
comment on column report_attempts.id_number_index is 'Keyed index of the ID number, for exact look-up';
comment on column report_attempts.name is 'The name; null unless identity.columns = plain';
comment on column report_attempts.id_number is 'The ID number; null unless identity.columns = plain';
comment on column report_attempts.captured_at is 'When it was first told of here';
comment on column report_attempts.ocr_name_masked is 'The name read off the card, all but its first character hidden';
comment on column report_attempts.ocr_id_number_masked is 'The ID number read off the card, all but its first and last four characters hidden, of fewer than 15 all but the last two';
comment on column report_attempts.ocr_name is 'The name read off the card; null unless identity.columns = plain';
comment on column report_attempts.ocr_id_number is 'The ID number read off the card; null unless identity.columns = plain';
comment on column report_attempts.submitted_name_masked is 'The name handed in for the token here, all but its first character hidden; null where none was';
comment on column report_attempts.submitted_id_number_masked is 'The ID number handed in for the token here, hidden as those are; null where none was';

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
    to_timestamp(captured_at / 1000.0) as captured_at,
    lost_reason,
    checked as "check"
from media;

comment on view report_media is 'A row per image or video';
comment on column report_media.verification_id is 'The verification it belongs to';
comment on column report_media.media_id is 'Verikeep''s identifier of the medium';
comment on column report_media.attempt_no is 'The attempt it belongs to; 0 of a match image';
comment on column report_media.kind is 'face, id_front, id_back, process_video, video, liveness_image, final_face or match_image';
comment on column report_media.position is 'From 0 within a kind';
comment on column report_media.state is 'wanted, stored or lost';
comment on column report_media.content_type is 'What the far end called it';
comment on column report_media.bytes is 'Length of the plain bytes';
comment on column report_media.sha256 is 'SHA-256 of the plain bytes, in hex digits';
comment on column report_media.object_key is 'Where the object lies, relative to the root of the vault';
comment on column report_media.stored_bytes is 'Length of the object as it lies in the store';
comment on column report_media.stored_sha256 is 'SHA-256 of the object as it lies in the store, in hex digits';
comment on column report_media.captured_at is 'When its last byte was here';
comment on column report_media.lost_reason is 'Why it is lost';
comment on column report_media."check" is 'full: a digest or length of the provider agreed; etag_differs: only its ETag did not, twice with the same bytes; none: it gave nothing to check by';

create view report_answers as
select
    verification_id,
    answer_id,
    endpoint,
    to_timestamp(fetched_at / 1000.0) as fetched_at,
    http_status,
    success,
    code,
    log_id,
    bytes,
    sha256,
    object_key
from answers;

comment on view report_answers is 'A row per distinct answer kept';
comment on column report_answers.verification_id is 'The verification it is about';
comment on column report_answers.answer_id is 'Verikeep''s identifier of the answer';
comment on column report_answers.endpoint is 'Which query it answers, by its name in apps.fetch; download for what came in place of a medium';
comment on column report_answers.fetched_at is 'When its last byte was here';
comment on column report_answers.http_status is 'HTTP status';
comment on column report_answers.success is 'success of the envelope; null where there is none';
comment on column report_answers.code is 'code or error_code of the envelope';
comment on column report_answers.log_id is 'log_id of the envelope';
comment on column report_answers.bytes is 'Length of the body after content decoding';
comment on column report_answers.sha256 is 'SHA-256 of the body after content decoding, in hex digits';
comment on column report_answers.object_key is 'Where the object lies, relative to the root of the vault; null where the body lies in its row';

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
    to_timestamp(l.from_at / 1000.0) as from_at,
    to_timestamp(l.to_at / 1000.0) as to_at,
    to_timestamp(l.lost_at / 1000.0) as lost_at,
    to_timestamp(l.acknowledged_at / 1000.0) as acknowledged_at,
    l.acknowledged_by,
    l.note
from losses as l join verifications as v on v.verification_id = l.verification_id;

comment on view report_losses is 'A row per thing that was lost';
comment on column report_losses.verification_id is 'The verification it belongs to';
comment on column report_losses.app is 'The app of the token';
comment on column report_losses.plan_id is 'The plan_id of the token, where it was told';
comment on column report_losses.reference is 'The business''s own name for the verification';
comment on column report_losses.what is 'everything, final_getall, an endpoint or a kind of medium';
comment on column report_losses.attempt_no is 'The attempt it belongs to; null where it belongs to none';
comment on column report_losses.cause is 'Why, from a closed list: docs/contract.md has it';
comment on column report_losses.why is 'Why, in words';
comment on column report_losses.from_at is 'When the cause first stood in the way, as far as known';
comment on column report_losses.to_at is 'When it last did';
comment on column report_losses.lost_at is 'When it was decided that it is lost';
comment on column report_losses.acknowledged_at is 'When a person took note of it; null while nobody did';
comment on column report_losses.acknowledged_by is 'Who';
comment on column report_losses.note is 'What they had to say of it';

create view report_outages as
select
    subject as part,
    kind,
    text,
    to_timestamp(since / 1000.0) as from_at,
    to_timestamp(ended_at / 1000.0) as to_at,
    times
from alarms
where kind in ('provider_down', 'too_fast', 'quota', 'credentials', 'forbidden', 'vault_down', 'disk_full', 'database_down', 'database_broken', 'daemon_down');

comment on view report_outages is 'A row per stretch of time in which something could not be had, whatever the verification';
comment on column report_outages.part is 'Whose: an app, or a part of the service';
comment on column report_outages.kind is 'The kind of alarm that told of it';
comment on column report_outages.text is 'What it met last';
comment on column report_outages.from_at is 'When it began';
comment on column report_outages.to_at is 'When it was over; null while it lasts';
comment on column report_outages.times is 'How often it was met: calls that failed, as a rule';

create view report_charges as
select
    v.app,
    cast(to_timestamp(coalesce(a.charged_at, a.verified_at, v.issued_at) / 1000 + 28800) at time zone 'UTC' as date) as day,
    a.charge_type,
    sum(case when a.charged then 1 else 0 end) as charged,
    count(*) as attempts,
    sum(case when a.charged then 1 else 0 end) as pieces
from attempts as a join verifications as v on v.verification_id = a.verification_id
group by 1, 2, 3
union all
select
    v.app,
    cast(to_timestamp(coalesce(a.ocr_charged_at, a.verified_at, v.issued_at) / 1000 + 28800) at time zone 'UTC' as date),
    'ocr',
    sum(case when a.ocr_charged then 1 else 0 end),
    count(*),
    cast(sum(case when a.ocr_charged then coalesce(a.ocr_count, 1) else 0 end) as bigint)
from attempts as a join verifications as v on v.verification_id = a.verification_id
where a.ocr_charged or a.ocr_count > 0
group by 1, 2, 3;

comment on view report_charges is 'A row per app, day and charge type: what the provider says it charged';
comment on column report_charges.app is 'The configured app';
comment on column report_charges.day is 'The day in Beijing of the charge, else of the attempt, else of the token''s issue';
comment on column report_charges.charge_type is 'verify, match or live; null where the provider names none; ocr for cards read, which an attempt may have been charged for besides';
comment on column report_charges.charged is 'Number of attempts charged';
comment on column report_charges.attempts is 'Number of attempts, charged or not; of ocr those in which a card was read';
comment on column report_charges.pieces is 'What the charged attempts come to: of ocr the sum of ocr_count, else one each';

create view report_persons as
select
    a.id_number_index,
    max(a.id_number_masked) as id_number_masked,
    (select l.name_masked from attempts as l where l.id_number_index = a.id_number_index and l.name_masked is not null
        order by coalesce(l.verified_at, l.captured_at) desc, l.verification_id desc, l.attempt_no desc limit 1) as name_masked,
    to_timestamp(min(coalesce(a.verified_at, a.captured_at)) / 1000.0) as first_attempt_at,
    to_timestamp(max(coalesce(a.verified_at, a.captured_at)) / 1000.0) as last_attempt_at,
    count(distinct a.verification_id) as tokens,
    sum(case when a.passed then 1 else 0 end) as passed,
    sum(case when not a.passed then 1 else 0 end) as failed,
    count(distinct v.app) as apps
from attempts as a join verifications as v on v.verification_id = a.verification_id
where a.id_number_index is not null
group by a.id_number_index;

comment on view report_persons is 'A row per person: the attempts of one ID number. Without identity.index_key_file there is none';
comment on column report_persons.id_number_index is 'Keyed index of the ID number';
comment on column report_persons.id_number_masked is 'The ID number, all but its first and last four characters hidden, of fewer than 15 all but the last two';
comment on column report_persons.name_masked is 'The name of the last attempt that has one, all but its first character hidden';
comment on column report_persons.first_attempt_at is 'When the first attempt was; where the provider told no time, when it was told of here';
comment on column report_persons.last_attempt_at is 'When the last attempt was, likewise';
comment on column report_persons.tokens is 'Number of tokens with an attempt of this number';
comment on column report_persons.passed is 'Number of attempts that passed';
comment on column report_persons.failed is 'Number of attempts that did not pass';
comment on column report_persons.apps is 'Number of apps those tokens are of';

create view report_daily as
select
    cast(to_timestamp(issued_at / 1000 + 28800) at time zone 'UTC' as date) as day,
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

comment on view report_daily is 'A row per day, app and plan: what became of the tokens issued on that day';
comment on column report_daily.day is 'The day in Beijing of the tokens'' issue';
comment on column report_daily.app is 'The configured app';
comment on column report_daily.plan_id is 'The plan the tokens were generated for; null where it was not told';
comment on column report_daily.told is 'Number of tokens told';
comment on column report_daily.passed is 'Number of those with an attempt that passed';
comment on column report_daily.failed is 'Number of those with attempts none of which passed';
comment on column report_daily.abandoned is 'Number of those that nobody used';
comment on column report_daily.lost is 'Number of those of which something was lost (incomplete, missed); those that passed or failed are counted there as well';
comment on column report_daily.rejected is 'Number of those that the provider does not know or that are of another app';
comment on column report_daily.open is 'Number of those that are not settled (waiting, collecting)';

create view report_events as
select
    verification_id,
    to_timestamp(at / 1000.0) as at,
    actor,
    what,
    detail
from events;

comment on view report_events is 'A row per thing that a person did to a verification';
comment on column report_events.verification_id is 'The verification it was done to';
comment on column report_events.at is 'When';
comment on column report_events.actor is 'Who';
comment on column report_events.what is 'What was done';
comment on column report_events.detail is 'More of it, in words';

create view report_alarms as
select
    kind,
    subject,
    text,
    to_timestamp(since / 1000.0) as since,
    to_timestamp(last_at / 1000.0) as last_at,
    times,
    to_timestamp(ended_at / 1000.0) as ended_at,
    to_timestamp(acknowledged_at / 1000.0) as acknowledged_at,
    acknowledged_by,
    note
from alarms;

comment on view report_alarms is 'A row per alarm, over or not';
comment on column report_alarms.kind is 'The kind of alarm: docs/contract.md has the list';
comment on column report_alarms.subject is 'What it is about: an app, or a part of the service';
comment on column report_alarms.text is 'What it met last';
comment on column report_alarms.since is 'When it was first raised';
comment on column report_alarms.last_at is 'When it was last met';
comment on column report_alarms.times is 'How often it was met';
comment on column report_alarms.ended_at is 'When it was over; null while it lasts';
comment on column report_alarms.acknowledged_at is 'When a person took note of it; null while nobody did';
comment on column report_alarms.acknowledged_by is 'Who';
comment on column report_alarms.note is 'What they had to say of it';

create view report_access as
select
    access_id,
    to_timestamp(at / 1000.0) as at,
    who,
    via,
    what,
    verification_id,
    id_number_index,
    app,
    purpose,
    hits
from accesses;

comment on view report_access is 'A row per look for a person, or at the files of a verification; written before anything of it leaves';
comment on column report_access.access_id is 'Its own identifier; in order of time';
comment on column report_access.at is 'When';
comment on column report_access.who is 'Who: the name of an API key, or the user of the host';
comment on column report_access.via is 'api or command';
comment on column report_access.what is 'search (for a person), files (of a verification), reveal (the same with the person in plain)';
comment on column report_access.verification_id is 'The verification whose files were taken; null of a search';
comment on column report_access.id_number_index is 'The keyed index of the ID number that was searched; null of files';
comment on column report_access.app is 'The app that was searched alone; null: all';
comment on column report_access.purpose is 'What for, in their words; null where none was said';
comment on column report_access.hits is 'How many verifications a search has shown; null when it did not come to that';
