//! The conformance suite of the store: plain functions over a database, each run on SQLite, on
//! PostgreSQL and, where the traits tell all of it, on the model in memory.

mod accesses;
mod alarm;
mod alike;
mod beside;
mod built;
mod bulk;
mod cases;
mod charges;
mod claim;
mod cost;
mod day;
mod download;
mod hours;
mod jobs;
mod keys;
mod losses;
pub mod make;
mod notices;
mod objects;
mod poll;
mod pooler;
mod questions;
mod quotas;
mod read;
mod reconcile;
mod requests;
mod retry;
mod robust;
mod roles;
mod schema;
mod silent;
mod track;
mod views;

/// Every test of the first list runs on the three of them; one of the second is about SQL itself,
/// and says why.
macro_rules! on_each {
    (
        traits { $($module:ident: $($test:ident),+ $(,)?;)+ }
        sql { $($sql_module:ident: $($(#[doc = $why:literal])+ $sql_test:ident),+ $(,)?;)+ }
    ) => {
        on! { sqlite: crate::databases::Database::sqlite(); $($module: $($test),+;)+ }
        on! { postgres: crate::databases::Database::postgres().await; $($module: $($test),+;)+ }
        on! { model: crate::databases::Database::model(); $($module: $($test),+;)+ }
        on! { sqlite_itself: crate::databases::Database::sqlite(); $($sql_module: $($sql_test),+;)+ }
        on! { postgres_itself: crate::databases::Database::postgres().await; $($sql_module: $($sql_test),+;)+ }
    };
}

macro_rules! on {
    ($kind:ident: $database:expr; $($module:ident: $($test:ident),+;)+) => {
        mod $kind {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::store::$module::$test($database).await;
                })+
            })+
        }
    };
}

on_each! {
    traits {
        track:
            a_person_handed_in_is_found_before_any_attempt,
            what_was_handed_in_is_shown_with_what_came_of_it,
            a_match_image_is_kept_beside_everything_else,
            tracking_twice_is_tracking_once,
            other_facts_are_a_conflict_and_change_nothing,
            a_told_time_of_issue_replaces_an_assumed_one,
            a_told_time_of_issue_reaches_a_poll_under_way,
            a_told_time_of_issue_changes_nothing_that_is_settled,
            a_token_twice_in_one_call_is_tracked_once,
            a_token_told_too_late_is_settled_at_once,
            texts_of_every_script_come_back_and_nul_is_replaced,
            many_that_tell_at_once_are_each_answered_their_own,
            two_programs_that_track_the_same_tokens_crosswise_agree;
        claim:
            only_due_rows_are_claimed_the_least_time_left_first,
            claims_keep_to_their_apps,
            what_is_late_has_its_share_of_a_claim_and_what_the_living_leave,
            a_backlog_is_claimed_in_the_order_of_the_time_left_as_it_is_made_ready,
            concurrent_claims_never_overlap,
            an_expired_lease_can_be_claimed_anew_and_the_old_one_is_lost,
            a_released_row_is_due_at_once_and_not_counted,
            a_renewed_lease_is_not_claimed,
            renewing_tells_the_stages_of_a_verification_apart,
            a_row_claimed_in_vain_waits_longer_but_never_past_its_deadline,
            what_is_begun_again_and_again_is_an_alarm_until_it_ends,
            a_claim_brings_all_that_its_step_needs;
        poll:
            a_record_is_read_back_whole,
            a_lost_lease_cannot_complete,
            a_record_counts_once,
            identical_answers_are_kept_once,
            a_small_answer_lies_in_its_row_and_comes_back_as_it_was,
            a_medium_told_again_is_not_captured_again,
            attempts_replace_what_was_known_of_their_number,
            a_settled_verification_leaves_the_schedule_for_good,
            what_a_verdict_rests_on_is_kept_until_it_is_opened_again,
            the_settled_of_a_time_are_counted_by_app,
            a_record_the_database_refuses_leaves_nothing_and_holds_up_nobody,
            plain_identity_is_kept_only_when_given,
            attempts_of_another_index_key_are_counted,
            what_is_learned_is_learned_once,
            calls_are_summed_up_by_what_came_of_them;
        download:
            stored_same_and_failed_media_stand_as_told,
            a_download_that_makes_a_verification_whole_settles_it_unless_more_is_known,
            a_download_forgets_what_it_has_made_superfluous,
            of_media_that_are_there_twice_the_last_one_stays,
            a_record_forgets_media_of_its_own_verification_alone,
            a_download_that_ends_wakes_its_poll,
            a_wake_during_a_poll_is_not_lost,
            a_poll_that_was_woken_does_not_settle,
            a_download_goes_on_when_told_to,
            media_wanted_during_a_download_are_not_forgotten,
            a_granted_lease_can_complete,
            a_running_lease_is_kept_over_a_granted_one,
            a_lost_download_changes_nothing;
        beside:
            objects_that_no_row_names_are_told_to_the_step,
            a_download_is_granted_to_a_poll_that_knows_of_all,
            a_poll_during_which_a_download_brought_something_does_not_settle;
        retry:
            what_waits_for_a_person_is_woken,
            a_token_can_be_given_to_another_app,
            a_poll_gives_its_token_to_the_app_that_it_belongs_to,
            a_token_that_a_person_gave_away_meanwhile_stays_there,
            whole_and_unknown_tokens_are_left_alone,
            what_the_provider_forgot_stays_as_it_is,
            an_abandoned_one_is_asked_again_while_the_provider_remembers,
            an_open_one_is_due_at_once_and_a_running_poll_is_followed_by_another;
        alarm:
            an_alarm_is_open_once_and_counted,
            an_alarm_of_a_process_ends_by_its_word_or_when_it_is_gone,
            alarms_of_records_are_raised_with_them;
        losses:
            what_is_lost_is_a_row_until_it_is_opened_again,
            losses_are_open_until_somebody_takes_note,
            only_what_ends_as_a_loss_is_one,
            an_alarm_that_was_seen_stays_open_and_says_who_saw_it,
            each_kind_of_alarm_ends_with_what_its_kind_says,
            a_token_that_is_tried_again_is_no_longer_said_to_be_anothers,
            outages_are_told_of_an_app_and_of_the_service,
            a_process_learns_at_its_first_beat_when_another_was_last_seen;
        notices:
            a_mailbox_is_read_back_as_it_was_kept,
            an_alarm_is_unheard_until_it_is_heard_of_be_it_over_or_not;
        day:
            what_came_of_each_app_in_a_day_is_told;
        charges:
            charges_are_sums_by_app_day_and_type,
            tokens_whose_charges_are_not_known_are_counted;
        keys:
            a_key_is_read_back_as_it_was_made,
            what_a_key_spends_is_added_up_a_day,
            a_name_belongs_to_one_key_that_is_not_revoked,
            a_key_is_revoked_once_and_it_is_known_by_whom,
            a_use_is_noted_once_a_minute;
        accesses:
            a_key_looks_for_persons_so_often_a_day,
            those_that_look_at_once_do_not_pass_the_limit_together,
            a_user_of_the_host_may_search_as_often_as_they_like,
            who_looked_is_shown_with_a_verification;
        requests:
            a_request_is_done_once_and_known_for_a_day,
            a_request_that_nobody_ends_is_taken_over,
            of_many_that_begin_a_request_one_does_it,
            requests_of_yesterday_are_tidied_away;
        quotas:
            permits_are_given_away_once_and_each_has_its_instant,
            what_one_hears_slows_all_and_good_answers_bring_it_back,
            a_wish_to_wait_holds_all,
            a_late_holder_pays_for_it_and_a_clock_set_back_stops_nobody_for_long,
            of_many_at_once_each_gets_its_own,
            every_store_keeps_the_same_rule;
        objects:
            objects_of_answers_and_media_are_named_and_no_other,
            what_is_kept_is_told_page_by_page_the_newest_first;
        jobs:
            each_instant_of_a_job_is_one_process_s,
            a_job_is_its_holder_s_as_long_as_it_says_so,
            a_clock_far_ahead_keeps_nobody_from_a_job,
            of_many_that_take_a_job_at_once_one_has_it;
        hours:
            hours_are_added_up_once_and_the_last_one_is_counted;
        read:
            pages_follow_one_another_newest_first,
            each_filter_filters,
            the_figures_add_up,
            show_finds_by_token_and_by_identifier,
            the_clock_answers;
        reconcile:
            tokens_are_known_in_the_order_asked,
            facts_that_differ_are_named,
            the_last_comparison_of_each_list_is_the_one_shown;
        bulk:
            a_thousand_records_at_once_are_all_there,
            a_hundred_thousand_tokens_take_seconds;
        robust:
            cancelled_callers_poison_nothing,
            many_tasks_at_once_settle_every_verification_once,
            closing_waits_and_then_refuses;
    }
    sql {
        accesses:
            /// No verb reads the rows.
            what_is_kept_of_an_access_stands_in_its_row;
        track:
            /// A constraint of the database refuses the row.
            a_row_the_database_refuses_takes_no_other_along;
        claim:
            /// Rows are made unreadable by hand.
            a_row_that_cannot_be_read_is_put_away_and_stops_no_other,
            /// The rows refuse to be changed.
            what_was_claimed_stands_though_the_backlog_cannot_be_put_in_order,
            /// Rows are damaged by hand.
            absurd_numbers_in_the_schedule_stop_no_claim,
            /// A row is damaged by hand.
            a_scheduled_name_that_is_no_identifier_stops_no_claim,
            /// A row is made unreadable by hand.
            a_retry_begins_what_cannot_be_read_anew,
            /// Only what becomes text in a column is cleaned.
            nul_in_what_is_known_is_replaced;
        objects:
            /// Rows are damaged by hand.
            rows_that_cannot_be_read_are_told_with_those_that_can,
            /// Rows are taken out by hand.
            rows_of_nobody_are_told;
        cost:
            /// The model makes no statements.
            a_token_by_itself_takes_few_statements,
            /// The model makes no statements.
            a_hundred_tokens_at_once_take_few_statements_together;
        poll:
            /// No verb reads these columns.
            the_sums_of_getall_are_columns,
            /// No verb reads these columns.
            what_was_read_from_a_card_is_kept_only_when_given,
            /// Every column is looked at, and no verb reads them all.
            a_person_in_the_words_of_the_provider_is_in_no_column,
            /// The row is written by hand.
            sums_of_calls_that_cannot_be_read_begin_anew;
        quotas:
            /// The database's own clock runs.
            three_limiters_over_one_database_keep_to_the_rate_together;
        hours:
            /// The statements read views.
            the_statement_of_each_alarm_brings_its_rows;
        questions:
            /// The statements read views.
            each_statement_of_the_page_brings_its_answer;
        read:
            /// A sum is made wrong by hand.
            a_sum_that_is_wrong_is_told_of_and_mended,
            /// How many rows there are is PostgreSQL's matter.
            sums_take_no_more_rows_than_there_are_of_them;
        jobs:
            /// No verb reads these columns.
            what_came_of_a_job_stands_in_its_row;
        views:
            /// Views are read by SQL.
            columns_are_those_of_the_contract,
            /// Views are read by SQL.
            rows_look_as_the_contract_says,
            /// Views are read by SQL.
            charges_are_counted_by_the_day_in_beijing,
            /// Views are read by SQL.
            every_alarm_that_explains_losses_is_an_outage,
            /// Views are read by SQL.
            the_final_attempt_is_the_last_that_passed_else_the_last,
            /// Views are read by SQL.
            what_was_handed_in_stands_beside_each_attempt,
            /// Plans are the databases' own.
            one_row_or_one_day_is_found_without_reading_all,
            /// Views are read by SQL.
            persons_and_days_are_summed_up,
            /// Types stand in the catalogue.
            days_are_dates,
            /// Comments stand in the catalogue.
            every_view_and_column_is_explained;
        roles:
            /// Roles are PostgreSQL's.
            each_role_may_do_its_work_and_nothing_else;
        robust:
            /// Another program holds a lock of the database.
            another_program_that_writes_is_waited_for;
        schema:
            /// The model has no schema.
            two_that_migrate_at_once_agree,
            /// The model has no schema.
            migrating_again_does_nothing,
            /// The model has no schema.
            an_empty_database_is_not_opened,
            /// The model has no schema.
            a_newer_schema_that_shuts_this_program_out_is_refused,
            /// The model has no schema.
            a_newer_schema_that_only_adds_is_worked_with,
            /// The model has no schema.
            a_changed_migration_is_refused,
            /// The model has no schema.
            a_foreign_database_is_refused_and_left_alone,
            /// The model has no schema.
            what_somebody_took_out_of_the_schema_is_named;
    }
}
