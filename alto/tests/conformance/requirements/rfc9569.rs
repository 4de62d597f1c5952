//! RFC 9569.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 9569",
    about: "The same core. A resource of several parts has no TIPS view: an update there is one document. A poll that waited in vain is
answered 503 with `Retry-After`: the RFC leaves it waiting, and connections do not last for ever.",
    count: 16,
    requirements: &[
        Requirement::done(
            "9569-01",
            Level::Must,
            "the entry in the directory",
            &["rfc9569_5_the_directory_has_tips_with_all_that_is_one_document"],
        ),
        Requirement::done(
            "9569-02",
            Level::Must,
            "where `null` is a value no merge patch is given",
            &[
                "rfc9569_5_2_what_no_announced_form_can_say_begins_the_graph_anew",
                "rfc8895_6_3_a_null_that_is_a_value_is_told_by_a_json_patch_or_not_at_all",
            ],
        ),
        Requirement::done(
            "9569-03",
            Level::Must,
            "the request and the answer",
            &[
                "rfc9569_6_1_requests_and_their_errors",
                "rfc9569_6_2_the_answer_has_the_uri_and_the_summary",
                "rfc9569_6_2_a_view_has_an_absolute_address_and_says_where_to_begin",
            ],
        ),
        Requirement::done(
            "9569-04",
            Level::Must,
            "no view's URI is another's",
            &[
                "rfc9569_6_2_views_are_one_only_if_they_ask_the_same",
                "rfc9569_6_2_views_are_shared_by_who_asks_the_same_and_by_nobody_else",
                "rfc9569_6_2_the_address_of_a_view_is_as_the_settings_or_the_request_call_the_server",
            ],
        ),
        Requirement::done(
            "9569-05",
            Level::Must,
            "the recommended edge",
            &[
                "rfc9569_6_2_without_a_tag_the_latest_snapshot_is_recommended_and_from_a_known_one_the_shorter_way",
            ],
        ),
        Requirement::done(
            "9569-06",
            Level::Must,
            "errors of requests",
            &[
                "rfc9569_6_1_requests_and_their_errors",
                "rfc9569_6_1_an_input_that_is_too_long_to_be_watched_is_refused",
                "rfc9569_6_2_wrong_input_gets_the_error_of_the_resource_and_makes_no_view",
                "rfc9569_6_2_errors_of_requests_are_those_of_the_resource_and_make_no_view",
            ],
        ),
        Requirement::done(
            "9569-07",
            Level::Must,
            "versions, and path independence",
            &["rfc9569_3_1_every_path_to_a_version_gives_the_same_content"],
        ),
        Requirement::done(
            "9569-08",
            Level::Must,
            "continuity, feasibility, right shift",
            &["rfc9569_3_2_the_graph_is_continuous_feasible_and_moves_to_the_right"],
        ),
        Requirement::done(
            "9569-09",
            Level::Must,
            "compaction begins at a snapshot",
            &["rfc9569_3_2_compaction_begins_at_a_snapshot"],
        ),
        Requirement::done(
            "9569-10",
            Level::Must,
            "items and their types",
            &[
                "rfc9569_7_2_what_an_edge_answers",
                "rfc9569_7_1_an_edge_is_two_numbers_in_the_path",
            ],
        ),
        Requirement::done(
            "9569-11",
            Level::Must,
            "content, or wait, or an error",
            &["rfc9569_7_2_what_an_edge_answers"],
        )
        .noting(
            "to the version after the last, one may wait; \
             `rfc9569_7_2_a_poll_for_the_next_edge_waits_until_it_is_there`",
        ),
        Requirement::done(
            "9569-12",
            Level::Should,
            "statuses",
            &[
                "rfc9569_7_2_what_an_edge_answers",
                "rfc9569_7_2_what_is_not_there_has_its_status_and_an_error_of_alto",
                "rfc9569_6_2_each_limit_of_views_and_polls_says_when_to_come_back",
                "rfc9569_7_2_a_poll_of_a_view_that_ends_is_answered",
            ],
        ),
        Requirement::done(
            "9569-13",
            Level::Must,
            "the next edge",
            &[
                "rfc9569_7_4_2_the_next_edge_is_the_first_of_the_cheapest_path",
                "rfc9569_7_4_1_the_next_edge_is_asked_for_the_same_resource_and_without_input",
                "rfc9569_7_4_the_next_edge_is_recommended_as_a_merge_patch",
            ],
        ),
        Requirement::done(
            "9569-14",
            Level::Should,
            "views with polls stay; sharing",
            &[
                "rfc9569_4_1_a_view_is_closed_when_nobody_asks_it_and_not_while_somebody_waits",
                "rfc9569_6_2_views_are_shared_by_who_asks_the_same_and_by_nobody_else",
            ],
        )
        .noting("there are no shortcuts"),
        Requirement::done(
            "9569-15",
            Level::Should,
            "summaries of views through an update stream",
            &[
                "rfc9569_5_4_a_stream_of_summaries_uses_tips_alone",
                "rfc9569_6_3_3_a_summary_is_told_whole_and_then_what_changes_in_it",
                "rfc9569_6_3_3_the_summary_recommends_as_for_who_has_the_tag_of_the_request",
                "rfc9569_6_3_3_a_view_that_ends_is_told_as_stopped",
                "rfc9569_6_3_3_wrong_requests_for_summaries",
                "rfc9569_6_3_3_a_stream_tells_the_summaries_of_views_as_they_change",
                "rfc9569_6_3_3_what_is_wrong_with_a_request_for_summaries_makes_no_stream_and_no_view",
            ],
        )
        .noting(
            "`input` is what opens a view, as of any resource that is asked by POST (RFC 8895 §6.5), \
             and is missing in the example; there is no control service, as in its directory",
        ),
        Requirement::done(
            "9569-16",
            Level::Http,
            "HTTP/1.1 and HTTP/2",
            &[
                "rfc9569_7_2_a_poll_for_the_next_edge_waits_until_it_is_there",
                "rfc9569_http2_is_served_by_prior_knowledge_and_curl_sees_the_same",
                "rfc9113_3_2_over_tls_the_version_is_agreed_on",
            ],
        ),
    ],
    after: "",
};
