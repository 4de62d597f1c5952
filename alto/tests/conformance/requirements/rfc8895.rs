//! RFC 8895.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 8895",
    about: "The core is `alto::updates`: requests, versions, patches, and what a stream tells. [What clients see](alto.md#updates).",
    count: 30,
    requirements: &[
        Requirement::done(
            "8895-01",
            Level::Must,
            "an update stream is asked by POST and is `text/event-stream`",
            &["rfc8895_6_1_an_update_stream_is_asked_by_post_and_tells_all_and_then_what_changes"],
        ),
        Requirement::done(
            "8895-02",
            Level::Must,
            "`incremental-change-media-types`, `support-stream-control`",
            &["rfc8895_6_3_the_directory_has_the_update_stream_with_all_that_can_be_watched"],
        ),
        Requirement::done(
            "8895-03",
            Level::Must,
            "`uses` has what can be watched",
            &[
                "rfc8895_6_3_the_directory_has_the_update_stream_with_all_that_can_be_watched",
                "rfc8895_6_4_what_is_not_offered_is_not_named",
            ],
        )
        .noting("all resources but directories, so it is closed"),
        Requirement::done(
            "8895-05",
            Level::Must,
            "no `add`, or an empty one",
            &["rfc8895_6_6_no_add_or_an_empty_one_is_a_missing_field"],
        ),
        Requirement::done(
            "8895-06",
            Level::Must,
            "a wrong `resource-id` is named by its path",
            &["rfc8895_6_6_a_resource_that_cannot_be_watched_is_named_by_the_path_of_its_id"],
        ),
        Requirement::done(
            "8895-07",
            Level::Must,
            "wrong or no input gets the resource's own error",
            &[
                "rfc8895_6_6_wrong_input_gets_the_error_of_the_resource_and_makes_no_stream",
                "rfc8895_6_6_what_is_wrong_is_told_as_the_resource_would_and_makes_no_stream",
            ],
        ),
        Requirement::done(
            "8895-08",
            Level::Must,
            "an error makes no stream; `remove` is ignored",
            &[
                "rfc8895_6_6_wrong_input_gets_the_error_of_the_resource_and_makes_no_stream",
                "rfc8895_6_5_remove_is_ignored_in_the_request_for_a_stream",
            ],
        ),
        Requirement::done(
            "8895-09",
            Level::Must,
            "substream-ids",
            &["rfc8895_5_2_a_substream_id_is_written_as_a_resource_id"],
        )
        .noting("two of one name cannot be told apart in an object of JSON: the last counts"),
        Requirement::done(
            "8895-10",
            Level::Must,
            "`incremental-changes: false`",
            &["rfc8895_6_5_without_incremental_changes_all_is_told_each_time"],
        ),
        Requirement::done(
            "8895-11",
            Level::Must,
            "tags: none, of an old version, of the current one",
            &[
                "rfc8895_6_5_a_client_with_the_current_version_is_told_what_comes_after_and_others_all",
            ],
        ),
        Requirement::done(
            "8895-15",
            Level::Must,
            "the control URI comes first, once",
            &["rfc8895_5_3_the_first_message_alone_has_the_control_uri"],
        ),
        Requirement::done(
            "8895-16",
            Level::Must,
            "names of events",
            &["rfc8895_5_1_an_event_is_named_by_its_media_type_and_data_id"],
        ),
        Requirement::done(
            "8895-17",
            Level::Must,
            "data-ids of parts",
            &["rfc8895_6_7_3_each_part_is_told_by_its_own_content_id"],
        )
        .noting("with the domain and without brackets, as RFC 9275 §8.5 has them"),
        Requirement::done(
            "8895-18",
            Level::Must,
            "where `null` is a value no merge patch is sent",
            &[
                "rfc8895_6_3_a_null_that_is_a_value_is_told_by_a_json_patch_or_not_at_all",
                "a_patch_of_either_form_makes_the_one_document_of_the_other",
            ],
        ),
        Requirement::done(
            "8895-19",
            Level::Must,
            "what is used is told before what uses it",
            &[
                "rfc8895_6_7_1_a_network_map_is_told_before_the_cost_maps_that_use_it",
                "rfc8895_6_7_1_the_states_of_a_substream",
            ],
        ),
        Requirement::done(
            "8895-20",
            Level::Must,
            "streams that ask the same converge",
            &[
                "rfc8895_6_7_2_clients_converge_however_they_read",
                "rfc8895_6_7_2_a_slow_reader_is_told_what_is_current_and_holds_up_nobody",
            ],
        ),
        Requirement::done(
            "8895-21",
            Level::Must,
            "a part for each event of a multipart resource",
            &["rfc8895_6_7_3_each_part_is_told_by_its_own_content_id"],
        ),
        Requirement::done(
            "8895-22",
            Level::Should,
            "something every 15 s; lines",
            &[
                "rfc8895_6_7_2_clients_converge_however_they_read",
                "rfc8895_6_8_a_comment_keeps_a_silent_stream_alive",
            ],
        )
        .noting(
            "the first reads lines off the wire; one ends where a piece of a map does, \
             after 64 kB or more",
        ),
        Requirement::done(
            "8895-23",
            Level::Must,
            "a filtered map with constraints",
            &["rfc8895_9_3_a_pair_that_meets_the_constraints_no_more_is_taken_out"],
        ),
        Requirement::done(
            "8895-24",
            Level::Must,
            "replayed patches give what a fresh request gives",
            &[
                "rfc8895_replayed_patches_give_what_a_resource_says",
                "rfc8895_6_7_2_clients_converge_however_they_read",
            ],
        )
        .noting("over HTTP: `rfc8895_and_rfc9569_a_client_of_python_has_what_a_fresh_get_gives`"),
        Requirement::done(
            "8895-30",
            Level::Must,
            "the control URI alone says which stream",
            &["rfc8895_7_1_the_control_address_alone_says_which_stream_it_is"],
        )
        .noting(
            "122 random bits, never used again; requests to addresses that are not there \
             are counted, and limited as all are",
        ),
        Requirement::done(
            "8895-31",
            Level::Must,
            "`remove: []` stops all",
            &["rfc8895_7_5_an_empty_remove_stops_all_and_closes_the_stream"],
        ),
        Requirement::done(
            "8895-32",
            Level::Must,
            "`add` before `remove`; a stream without substreams closes",
            &[
                "rfc8895_7_6_what_is_removed_is_told_as_stopped_and_may_be_removed_twice",
                "rfc8895_7_5_an_empty_remove_stops_all_and_closes_the_stream",
            ],
        ),
        Requirement::done(
            "8895-33",
            Level::Must,
            "what was never added cannot be removed",
            &[
                "rfc8895_7_6_what_is_wrong_with_a_control_request_is_told_and_changes_nothing",
                "rfc8895_7_6_what_is_removed_is_told_as_stopped_and_may_be_removed_twice",
            ],
        ),
        Requirement::done(
            "8895-34",
            Level::Must,
            "a substream-id is used once",
            &["rfc8895_7_6_what_is_wrong_with_a_control_request_is_told_and_changes_nothing"],
        ),
        Requirement::done(
            "8895-35",
            Level::Must,
            "`add` with `remove: []`",
            &["rfc8895_7_6_what_is_wrong_with_a_control_request_is_told_and_changes_nothing"],
        ),
        Requirement::done(
            "8895-36",
            Level::Must,
            "a wrong control request changes nothing",
            &[
                "rfc8895_7_6_what_is_wrong_with_a_control_request_is_told_and_changes_nothing",
                "rfc8895_7_5_a_control_request_is_done_wholly_or_not_at_all",
                "rfc8895_7_5_what_is_wrong_with_a_control_request_changes_nothing",
            ],
        ),
        Requirement::done(
            "8895-37",
            Level::Must,
            "404 on a closed stream, else 204",
            &[
                "rfc8895_7_5_an_empty_remove_stops_all_and_closes_the_stream",
                "rfc8895_7_6_a_stream_without_substreams_is_closed_and_its_address_is_gone",
            ],
        ),
        Requirement::done(
            "8895-38",
            Level::Must,
            "`started` and `stopped`",
            &[
                "rfc8895_7_6_what_is_removed_is_told_as_stopped_and_may_be_removed_twice",
                "rfc8895_5_3_a_resource_that_ends_is_told_as_stopped_with_the_reason",
            ],
        ),
        Requirement::done(
            "8895-39",
            Level::Should,
            "limits",
            &[
                "rfc8895_10_1_streams_and_views_are_limited",
                "rfc9569_6_2_views_of_requests_are_bounded_and_maps_have_room",
                "rfc8895_10_1_who_watches_too_much_is_told_to_come_later",
                "rfc8895_10_1_each_limit_of_streams_says_when_to_come_back",
                "rfc8895_10_1_the_limit_of_octets_says_when_to_come_back",
            ],
        ),
    ],
    after: "",
};
