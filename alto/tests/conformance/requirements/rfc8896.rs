//! RFC 8896.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 8896",
    about: "Calendars of filtered cost maps, endpoint costs and path vectors. What their elements are is in
[alto.md](alto.md#calendars-rfc-8896); laws: `calendars_are_the_plain_costs_of_each_interval`,
`past_elements_are_the_plain_costs_of_then`, `an_index_changes_no_calendar`.",
    count: 12,
    requirements: &[
        Requirement::done(
            "8896-01",
            Level::Must,
            "`calendar-attributes` in capabilities; a cost type once",
            &[
                "rfc8896_4_1_the_directory_tells_the_calendars_of_each_cost_type_once",
                "rfc8896_4_1_resources_of_path_vectors_tell_their_calendars",
            ],
        ),
        Requirement::done(
            "8896-02",
            Level::Must,
            "`calendared`: exactly one boolean for each cost type",
            &[
                "rfc8896_5_1_1_calendared_has_a_boolean_for_each_cost_type",
                "rfc8896_5_1_1_of_path_vectors_too_there_is_a_boolean_for_each_cost_type",
            ],
        ),
        Requirement::done(
            "8896-03",
            Level::Must,
            "absent or all `false`: exactly RFC 7285 and 8189",
            &["rfc8896_5_1_1_without_calendared_or_with_false_the_answer_is_as_ever"],
        ),
        Requirement::done(
            "8896-04",
            Level::Must,
            "`true` for a type without attributes is ignored",
            &["rfc8896_5_1_1_true_for_what_has_no_calendar_is_ignored"],
        ),
        Requirement::done(
            "8896-05",
            Level::Must,
            "an array of `number-of-intervals` elements, one element among several costs",
            &[
                "rfc8896_5_1_2_a_cost_is_an_array_with_an_element_for_each_interval",
                "rfc8896_5_1_2_among_several_costs_a_calendar_is_one_element",
                "rfc8896_5_1_2_a_pair_without_a_cost_in_any_interval_is_left_out",
                "rfc8896_5_1_2_past_intervals_are_as_they_were_at_their_end",
            ],
        )
        .noting(
            "from a member's push to the answer \
             `rfc8896_5_1_2_pushed_windows_are_in_the_calendar`; our limit: \
             `rfc8896_5_1_2_a_calendar_of_more_values_than_one_answer_may_have_is_refused`",
        ),
        Requirement::done(
            "8896-06",
            Level::Must,
            "`calendar-response-attributes`, as in the directory; names with several types",
            &[
                "rfc8896_5_1_2_meta_has_the_attributes_of_the_directory_and_the_start",
                "rfc8896_5_1_2_among_several_costs_a_calendar_is_one_element",
            ],
        )
        .noting("`repeated` is not told"),
        Requirement::done(
            "8896-07",
            Level::Must,
            "`calendar-start-time` is an IMF-fixdate in GMT, not later than the request",
            &[
                "rfc8896_5_a_start_time_is_an_imf_fixdate_in_gmt",
                "rfc8896_5_1_2_a_calendar_starts_no_later_than_the_request",
            ],
        ),
        Requirement::done(
            "8896-08",
            Level::Must,
            "the usual `meta` is kept",
            &[
                "rfc8896_5_1_2_meta_has_the_attributes_of_the_directory_and_the_start",
                "rfc8896_5_1_2_among_several_costs_a_calendar_is_one_element",
            ],
        ),
        Requirement::done(
            "8896-09",
            Level::Must,
            "constraints are ignored with calendars, and work without",
            &[
                "rfc8896_5_2_1_constraints_are_ignored_where_a_calendar_is_wanted",
                "rfc8896_5_2_1_constraints_are_ignored_where_a_calendar_of_paths_is_wanted",
                "rfc8896_4_3_constraints_work_where_no_calendar_is_wanted",
            ],
        ),
        Requirement::done(
            "8896-10",
            Level::Should,
            "calendars can be watched by update streams",
            &["rfc8896_5_1_2_a_calendar_can_be_watched"],
        ),
        Requirement::done(
            "8896-11",
            Level::Must,
            "endpoint costs alike, without dependent tags",
            &["rfc8896_5_2_2_endpoint_costs_have_calendars_and_depend_on_no_map"],
        )
        .noting("each test above asks both services"),
        Requirement::done(
            "8896-12",
            Level::Must,
            "an array of path vectors; an element that tells another amount in another interval \
             is another (RFC 9275 §9.4)",
            &[
                "rfc9275_9_4_a_cost_is_an_array_with_a_path_vector_for_each_interval",
                "rfc9275_9_4_an_element_that_tells_another_amount_in_another_interval_is_another",
                "rfc9275_9_4_the_property_map_has_the_elements_of_all_intervals",
                "rfc9275_9_4_costs_beside_path_vectors_have_calendars_of_their_own",
                "rfc9275_9_4_past_intervals_have_the_paths_of_then",
                "calendars_are_the_plain_costs_of_each_interval",
                "past_elements_are_the_plain_costs_of_then",
            ],
        )
        .noting(
            "the draft's own resource has no calendars, and `calendared` says nothing there: \
             `rfc8896_5_1_1_calendared_is_ignored`",
        ),
    ],
    after: "",
};
