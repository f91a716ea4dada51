-- The views people query: the names and the order of their columns are promised, so a change here is a breaking change.

create view report_verifications as
select
    v.verification_id,
    v.app,
    v.verify_token,
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
    strftime('%Y-%m-%dT%H:%M:%SZ', s.due_at / 1000, 'unixepoch') as next_poll_at,
    v.polls,
    v.last_error
from verifications as v left join schedule as s on s.verification_id = v.verification_id and s.stage = 0;

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
    id_number
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
    lost_reason
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

create view report_charges as
select
    v.app,
    strftime('%Y-%m-%d', coalesce(a.charged_at, a.verified_at, v.issued_at) / 1000 + 28800, 'unixepoch') as day,
    a.charge_type,
    sum(case when a.charged then 1 else 0 end) as charged,
    count(*) as attempts
from attempts as a join verifications as v on v.verification_id = a.verification_id
group by 1, 2, 3;
