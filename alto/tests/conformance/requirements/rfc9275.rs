//! RFC 9275.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 9275",
    about: "`path-vector-costmap` and `path-vector-endpointcost` are to the letter of it. The draft's `/costmap/pv` is a resource of its
own ([alto.md](alto.md#path-vectors-of-the-draft)), of the same form.",
    count: 18,
    requirements: &[
        Requirement::done(
            "9275-01",
            Level::Must,
            "the cost type {`array`, `ane-path`}",
            &[
                "rfc9275_6_5_the_path_vector_cost_type_is_defined_and_offered",
                "rfc7285_9_2_2_cost_type_names_are_defined_in_the_same_directory",
            ],
        ),
        Requirement::done(
            "9275-02",
            Level::Must,
            "media types and what is accepted",
            &[
                "rfc9275_7_2_1_the_entries_in_the_directory",
                "rfc9275_7_2_1_the_directory_offers_both_forms",
                "rfc9275_7_2_3_the_type_parameter_selects",
                "rfc9275_8_a_bare_type_parameter_is_taken",
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
            ],
        ),
        Requirement::done(
            "9275-03",
            Level::Must,
            "no constraints, path vectors are not testable, `ane-property-names`",
            &[
                "rfc9275_7_2_1_the_entries_in_the_directory",
                "rfc9275_7_2_6_a_wrong_request_is_a_plain_alto_error",
                "rfc9275_9_2_tests_are_on_other_costs",
            ],
        ),
        Requirement::done(
            "9275-04",
            Level::Must,
            "`uses`",
            &[
                "rfc9275_7_2_1_the_entries_in_the_directory",
                "rfc7285_9_2_2_uses_names_resources_of_the_directory_or_of_the_root",
            ],
        ),
        Requirement::done(
            "9275-05",
            Level::Must,
            "properties are those of the capability; absent is none",
            &[
                "rfc9275_7_2_3_property_names_are_those_of_the_capability",
                "rfc9275_7_2_3_absent_property_names_are_none",
                "rfc9275_7_2_3_an_unknown_property_name_is_refused",
            ],
        ),
        Requirement::done(
            "9275-06",
            Level::Must,
            "`Content-Type` with `type` and `boundary`",
            &[
                "rfc9275_7_2_6_the_message_has_two_parts_and_the_path_vectors_come_first",
                "rfc9275_7_2_6_the_multipart_message",
                "rfc2387_python_reads_the_multipart_message",
                "rfc2387_python_reads_path_vectors_of_endpoints",
            ],
        )
        .noting("no `start`: the first part is the root"),
        Requirement::done(
            "9275-07",
            Level::Must,
            "exactly two parts, path vectors first",
            &[
                "rfc9275_7_2_6_the_message_has_two_parts_and_the_path_vectors_come_first",
                "rfc9275_7_2_6_the_multipart_message",
            ],
        ),
        Requirement::done(
            "9275-08",
            Level::Must,
            "Content-IDs",
            &[
                "rfc9275_7_2_6_the_message_has_two_parts_and_the_path_vectors_come_first",
                "rfc9275_6_6_a_server_name_is_dot_atom_text_without_port",
                "rfc7285_9_1_1_ids_are_unique_in_the_closure_and_valid",
            ],
        ),
        Requirement::done(
            "9275-09",
            Level::Must,
            "the part's own tag, and that of the network map",
            &["rfc9275_7_2_6_the_parts_are_tied_by_version_tags"],
        )
        .noting("between endpoints no map is named: §7.3.6 wants none, its example has one"),
        Requirement::done(
            "9275-10",
            Level::Must,
            "what the property map depends on",
            &[
                "rfc9275_7_2_6_the_parts_are_tied_by_version_tags",
                "rfc9275_7_2_6_the_map_of_elements_that_last_is_among_the_tags_if_they_are_asked_for",
            ],
        ),
        Requirement::done(
            "9275-11",
            Level::Must,
            "a cost is an array of ANE names",
            &[
                "rfc9275_6_5_1_a_cost_is_an_array_of_ane_names_and_each_has_a_member",
                "rfc9275_6_5_1_a_cost_is_one_array_of_ane_names",
                "rfc9275_7_3_3_endpoints_have_the_paths_of_their_domains",
                "the_path_of_a_pair_is_its_own",
                "what_is_told_along_a_path_is_what_costs_are",
            ],
        ),
        Requirement::done(
            "9275-12",
            Level::Must,
            "every ANE has a member, with what was asked for",
            &[
                "rfc9275_6_5_1_a_cost_is_an_array_of_ane_names_and_each_has_a_member",
                "rfc9275_7_2_3_property_names_are_those_of_the_capability",
                "rfc9275_7_2_6_the_property_map_has_every_ane_and_only_what_was_asked",
            ],
        ),
        Requirement::done(
            "9275-13",
            Level::Must,
            "without path vectors an empty property map",
            &[
                "rfc9275_7_2_6_without_path_vectors_the_property_map_is_an_empty_object",
                "costs_without_paths_are_those_of_the_filtered_cost_map",
            ],
        ),
        Requirement::done(
            "9275-14",
            Level::Must,
            "bits per second; persistent ids",
            &[
                "rfc9275_5_1_links_that_the_same_pairs_cross_are_one_element",
                "rfc9275_6_4_1_an_amount_that_is_not_told_is_not_made_up",
                "rfc9275_6_4_1_bandwidth_is_what_reservations_leave",
                "flows_fit_through_the_elements_exactly_if_they_fit_through_the_links",
                "rfc9275_6_4_2_an_element_that_lasts_tells_what_it_is",
                "rfc9275_6_4_2_every_lasting_ane_can_be_asked_for",
                "rfc9275_6_2_4_a_link_keeps_its_name",
                "rfc9275_6_1_every_name_is_a_pid_name_and_another",
            ],
        ),
        Requirement::done(
            "9275-15",
            Level::Must,
            "a wrong request is a plain error",
            &[
                "rfc9275_7_2_6_a_wrong_request_is_a_plain_alto_error",
                "near_misses_of_path_vectors_never_panic",
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
            ],
        ),
        Requirement::done(
            "9275-16",
            Level::Must,
            "the multipart message is closed, in CRLF, without preamble, its boundary nowhere \
             else",
            &[
                "rfc2046_5_1_1_the_boundary_is_not_in_the_parts",
                "rfc9275_7_2_6_the_message_has_two_parts_and_the_path_vectors_come_first",
                "rfc9275_7_2_6_the_multipart_message",
                "rfc2387_python_reads_path_vectors_of_endpoints",
            ],
        ),
        Requirement::done(
            "9275-17",
            Level::Must,
            "with several costs, and in update streams",
            &[
                "rfc9275_8_6_several_costs_at_once",
                "rfc9275_9_2_tests_are_on_other_costs",
                "rfc9275_9_3_a_stream_tells_patches_of_each_part",
                "rfc9275_9_3_what_is_watched_is_the_client_s_own_where_a_list_is_empty",
                "rfc8895_6_7_3_each_part_is_told_by_its_own_content_id",
            ],
        )
        .noting("in calendars: 8896-12"),
        Requirement::done(
            "9275-18",
            Level::Should,
            "who may ask, how much, and what names give away",
            &[
                "rfc9275_11_path_vectors_are_for_those_who_may_read_maps",
                "rfc9275_11_another_request_has_other_names",
                "an_aggregate_tells_no_more_than_who_shares_what",
                "rfc9275_11_calendars_of_paths_are_bounded_in_values",
                "rfc9275_11_a_request_is_bounded_in_pairs_and_in_work",
                "rfc9275_7_2_6_all_against_all_is_bounded",
                "rfc9275_7_2_6_work_that_is_spent_is_told",
            ],
        ),
    ],
    after: "",
};
