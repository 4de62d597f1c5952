//! RFC 7285.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 7285",
    about: "",
    count: 64,
    requirements: &[
        Requirement::done(
            "7285-01",
            Level::Must,
            "HTTP as it is; a wrong method is 405 with `Allow`",
            &[
                "rfc9110_15_5_a_wrong_method_type_or_path_says_what_is_right",
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
            ],
        ),
        Requirement::done(
            "7285-02",
            Level::Must,
            "an entry that accepts is asked by POST, another by GET",
            &[
                "rfc7285_9_2_2_an_entry_that_accepts_is_asked_by_post_and_one_that_does_not_by_get",
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
            ],
        ),
        Requirement::done(
            "7285-03",
            Level::Must,
            "every answer has its type",
            &[
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
                "rfc7285_8_3_3_accept_decides_between_multipart_and_a_plain_cost_map",
            ],
        ),
        Requirement::not_done(
            "7285-04",
            Level::May,
            "POST may be answered 303",
            "an answer to POST is small or made for the one who asked",
        ),
        Requirement::done(
            "7285-05",
            Level::May,
            "a directory in place of a resource",
            &["rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says"],
        )
        .noting("never"),
        Requirement::done(
            "7285-06",
            Level::Must,
            "HTTPS; HTTP Digest (RFC 7616) where clients are known; client certificates",
            &[
                "https_is_served_with_the_certificate_of_the_settings_and_plain_http_is_not",
                "rfc7285_8_3_5_a_client_is_known_by_http_digest",
                "rfc7285_8_3_5_a_client_is_known_by_its_certificate",
                "rfc7616_3_3_a_stale_nonce_gets_another_challenge",
                "rfc7616_3_3_a_nonce_is_of_this_server_and_goes_stale",
                "rfc7616_3_4_a_challenge_that_is_met_names_the_user",
                "rfc7616_3_4_credentials_that_are_malformed_or_of_another_kind",
                "rfc7616_3_9_1_the_response_of_the_example",
                "who_answers_a_challenge_is_known",
            ],
        )
        .noting(
            "and by bearer tokens: `tokens_name_principals_and_limit_what_they_may`. SHA-256 alone, not \
             MD5; how often a nonce was used is not counted ([settings.md](settings.md#who-may-ask))",
        ),
        Requirement::done(
            "7285-07",
            Level::Must,
            "unknown fields are ignored",
            &[
                "rfc7285_8_3_7_unknown_fields_are_ignored",
                "rfc7285_8_3_7_descriptions_and_unknown_fields_are_ignored",
            ],
        ),
        Requirement::done(
            "7285-08",
            Level::Must,
            "every answer has `meta`",
            &[
                "rfc7285_8_4_every_resource_has_meta",
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
            ],
        ),
        Requirement::done(
            "7285-10",
            Level::Must,
            "every error has a status of HTTP",
            &["rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says"],
        ),
        Requirement::done(
            "7285-11",
            Level::Must,
            "errors have their type and one of four codes",
            &[
                "rfc7285_8_5_2_an_error_resource_has_code_field_and_value",
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
            ],
        )
        .noting("the client reads them: `rfc7285_8_5_2_an_alto_error_is_told_whole`"),
        Requirement::done(
            "7285-12",
            Level::Must,
            "E_SYNTAX, with the place",
            &[
                "rfc7285_8_5_2_what_is_no_json_is_a_syntax_error_everywhere",
                "rfc7285_8_5_2_what_is_no_json_is_a_syntax_error_with_line_and_column",
            ],
        ),
        Requirement::done(
            "7285-13",
            Level::Must,
            "E_MISSING_FIELD, with the full path",
            &[
                "rfc7285_8_5_2_a_missing_field_is_named_with_its_full_path",
                "rfc7285_11_3_2_3_cost_type_metric_and_mode_are_required_and_strings",
            ],
        ),
        Requirement::done(
            "7285-14",
            Level::Must,
            "E_INVALID_FIELD_TYPE",
            &[
                "rfc7285_8_5_2_a_wrong_type_is_named",
                "rfc7285_11_3_2_3_cost_type_metric_and_mode_are_required_and_strings",
            ],
        ),
        Requirement::done(
            "7285-15",
            Level::Must,
            "E_INVALID_FIELD_VALUE; `value` is a string, never without `field`",
            &["rfc7285_8_5_2_an_error_resource_has_code_field_and_value"],
        )
        .noting("every test of an error checks it"),
        Requirement::done(
            "7285-16",
            Level::Must,
            "a wrong type within an array is a wrong value of the array",
            &[
                "rfc7285_8_5_2_an_element_of_the_wrong_type_is_a_wrong_value_of_the_array",
                "rfc7285_11_3_1_3_no_pids_is_an_error_and_an_empty_list_is_all",
            ],
        ),
        Requirement::done(
            "7285-17",
            Level::Must,
            "one error in one answer",
            &["rfc7285_8_5_2_an_error_resource_has_code_field_and_value"],
        )
        .noting("the type cannot hold two"),
        Requirement::done(
            "7285-18",
            Level::Http,
            "406 and 415",
            &[
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
                "rfc7285_11_3_2_3_the_request_type_ignores_parameters_and_case",
            ],
        ),
        Requirement::done(
            "7285-19",
            Level::Http,
            "what `Accept` accepts",
            &[
                "rfc9110_12_5_1_no_accept_accepts_everything",
                "rfc9110_12_5_1_the_most_specific_range_decides",
                "rfc9110_12_5_1_the_highest_weight_wins_then_the_servers_order",
                "rfc7285_8_5_an_error_type_alone_is_not_enough",
            ],
        ),
        Requirement::done(
            "7285-20",
            Level::Should,
            "overload is 503",
            &["a_client_over_its_rate_is_told_when_to_come_back_and_monitors_are_not_counted"],
        )
        .noting("searches that find no room get 503 with `Retry-After`; no redirects"),
        Requirement::done(
            "7285-25",
            Level::Must,
            "ids are unique in the closure, and stable",
            &[
                "rfc7285_9_1_1_ids_are_unique_in_the_closure_and_valid",
                "rfc7285_9_1_1_ids_are_stable",
                "rfc7285_10_2_resource_ids_are_valid",
            ],
        ),
        Requirement::done(
            "7285-26",
            Level::Must,
            "a directory by GET",
            &["rfc7285_9_2_1_the_directory_is_found_by_get"],
        ),
        Requirement::done(
            "7285-27",
            Level::Must,
            "the default network map",
            &[
                "rfc7285_9_2_2_the_default_network_map_is_a_network_map",
                "rfc7285_9_2_2_the_directory_names_its_default_network_map_and_cost_types",
            ],
        ),
        Requirement::done(
            "7285-28",
            Level::Must,
            "entries have `uri` and `media-type`; references resolve",
            &["rfc7285_9_2_2_every_entry_has_a_uri_and_a_media_type_and_uses_what_is_there"],
        )
        .noting(
            "by OPTIONS too: `rfc7285_9_2_2_options_tells_what_an_address_can_do`; the \
             client: `rfc7285_9_2_2_uris_resolve_against_the_directory_itself`",
        ),
        Requirement::done(
            "7285-29",
            Level::Must,
            "cost type names are defined in the same directory",
            &[
                "rfc7285_9_2_2_cost_type_names_are_defined_in_the_same_directory",
                "rfc7285_9_2_4_a_linked_directory_has_its_own_cost_types_and_no_default_map",
            ],
        ),
        Requirement::done(
            "7285-30",
            Level::Should,
            "`uses`",
            &["rfc7285_9_2_2_uses_names_resources_of_the_directory_or_of_the_root"],
        ),
        Requirement::done(
            "7285-31",
            Level::Must,
            "a cost map of `routingcost`, numerical or ordinal",
            &["rfc7285_11_2_3_routingcost_has_a_full_cost_map_in_both_modes"],
        )
        .noting(
            "above `alto.full_map_pairs` only filtered ones are offered: \
             `full_cost_maps_are_not_offered_above_the_limit`",
        ),
        Requirement::done(
            "7285-32",
            Level::Must,
            "no two cost maps of one type and map",
            &["rfc7285_11_2_3_5_a_cost_map_uses_its_network_map_and_no_other_has_its_cost_type"],
        ),
        Requirement::done(
            "7285-33",
            Level::Must,
            "the `pid` of every network map",
            &["rfc7285_11_4_1_4_the_pid_of_every_network_map_is_a_property"],
        ),
        Requirement::done(
            "7285-34",
            Level::Must,
            "endpoint costs use no map",
            &["rfc7285_11_5_1_5_endpoint_costs_use_no_map"],
        ),
        Requirement::done(
            "7285-40",
            Level::Must,
            "PID names",
            &["rfc7285_11_2_1_6_the_network_map_has_its_vtag_and_all_pids"],
        )
        .noting("a domain's id is always one (`nffg::DomainId`)"),
        Requirement::done(
            "7285-41",
            Level::Must,
            "tags",
            &[
                "rfc7285_10_3_tags_are_hashes_of_content",
                "rfc7285_10_3_a_tag_says_where_one_text_ends",
            ],
        ),
        Requirement::done(
            "7285-42",
            Level::Must,
            "other content, other tag; the same after a restart",
            &[
                "rfc7285_6_3_the_tags_of_the_draft_s_example",
                "rfc7285_6_3_the_tag_of_the_map_by_role_is_its_content_s",
                "rfc7285_6_3_the_tag_of_a_cost_map_is_its_content_s",
                "tags_are_equal_exactly_if_the_content_is",
            ],
        ),
        Requirement::done(
            "7285-43",
            Level::Must,
            "typed addresses; spellings of one are equal",
            &[
                "rfc7285_10_4_spellings_of_one_address_are_one_endpoint",
                "rfc7285_11_4_1_3_an_unknown_property_or_a_malformed_address_is_named",
            ],
        ),
        Requirement::done(
            "7285-44",
            Level::Must,
            "metric names",
            &["rfc9439_3_2_a_metric_is_a_base_and_a_statistic"],
        ),
        Requirement::done(
            "7285-45",
            Level::Must,
            "modes; another is E_INVALID_FIELD_VALUE (RFC 9274)",
            &["rfc9274_4_an_unsupported_cost_mode"],
        ),
        Requirement::done(
            "7285-46",
            Level::Must,
            "property names",
            &["rfc7285_11_4_1_4_the_pid_of_every_network_map_is_a_property"],
        ),
        Requirement::done(
            "7285-50",
            Level::Must,
            "a network map by GET",
            &["rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says"],
        ),
        Requirement::done(
            "7285-51",
            Level::Must,
            "its tag, and all PIDs",
            &[
                "rfc7285_11_2_1_6_the_network_map_has_its_vtag_and_all_pids",
                "rfc7285_11_2_2_a_domain_without_prefixes_is_a_pid_with_an_empty_group",
                "the_map_by_role_has_the_same_prefixes_by_what_domains_are_for",
            ],
        ),
        Requirement::done(
            "7285-52",
            Level::Must,
            "complete",
            &[
                "a_network_map_is_complete_and_without_overlap",
                "rfc7285_11_2_2_what_a_domain_claims_is_not_outside",
            ],
        ),
        Requirement::done(
            "7285-53",
            Level::Must,
            "without overlap",
            &[
                "a_network_map_is_complete_and_without_overlap",
                "rfc7285_11_2_2_no_prefix_is_in_two_pids",
            ],
        ),
        Requirement::done(
            "7285-54",
            Level::Must,
            "the longest prefix decides",
            &[
                "rfc7285_11_2_2_the_longest_prefix_decides",
                "the_longest_prefix_decides",
            ],
        ),
        Requirement::done(
            "7285-60",
            Level::Must,
            "one cost type for a cost map, `uses` its network map",
            &["rfc7285_11_2_3_5_a_cost_map_uses_its_network_map_and_no_other_has_its_cost_type"],
        ),
        Requirement::done(
            "7285-61",
            Level::Must,
            "`dependent-vtags` and `cost-type`",
            &["rfc7285_11_2_3_6_meta_has_the_cost_type_and_the_tag_of_the_network_map"],
        ),
        Requirement::done(
            "7285-62",
            Level::Must,
            "every pair that has a cost, and no other",
            &[
                "rfc7285_11_2_3_6_a_full_cost_map_has_every_pair",
                "rfc7285_11_2_3_6_a_pair_without_a_path_is_left_out",
                "rfc7285_11_2_3_6_pairs_without_a_cost_are_left_out",
                "rfc7285_11_2_3_a_full_cost_map_is_sent_whole_and_not_twice",
            ],
        ),
        Requirement::done(
            "7285-63",
            Level::Must,
            "ordinal costs are ranks in one answer",
            &[
                "rfc7285_6_1_2_2_ordinal_costs_are_ranks_with_ties_and_less_is_better",
                "rfc7285_6_2_ranks_are_among_the_pairs_of_the_answer",
            ],
        ),
        Requirement::done(
            "7285-70",
            Level::Must,
            "`pids` is required; empty is all; repetitions are one",
            &[
                "rfc7285_11_3_1_3_no_pids_is_an_error_and_an_empty_list_is_all",
                "filtered_network_maps_are_parts_of_full_ones",
            ],
        ),
        Requirement::done(
            "7285-71",
            Level::Must,
            "`address-types` absent or empty is all",
            &["rfc7285_11_3_1_3_absent_or_empty_address_types_are_all_and_repetitions_are_one"],
        ),
        Requirement::done(
            "7285-72",
            Level::Must,
            "unknown PIDs and types are ignored",
            &["rfc7285_11_3_1_6_what_is_not_known_is_ignored"],
        ),
        Requirement::done(
            "7285-73",
            Level::Must,
            "only what is asked for",
            &[
                "rfc7285_11_3_1_6_only_what_is_asked_is_told",
                "filtered_network_maps_are_parts_of_full_ones",
            ],
        ),
        Requirement::done(
            "7285-74",
            Level::Must,
            "the tag is the full map's",
            &["rfc7285_11_3_1_6_the_vtag_is_that_of_the_full_map"],
        ),
        Requirement::done(
            "7285-80",
            Level::Must,
            "`cost-type` is required and one of those offered",
            &[
                "rfc7285_11_3_2_3_cost_type_metric_and_mode_are_required_and_strings",
                "rfc7285_11_3_2_3_an_unknown_cost_metric",
                "rfc9274_4_an_unsupported_cost_mode",
                "rfc7285_11_3_2_3_the_cost_type_must_be_the_one_offered",
            ],
        ),
        Requirement::done(
            "7285-81",
            Level::Must,
            "absent `pids`, empty lists; both lists are required",
            &[
                "rfc7285_11_3_2_3_absent_pids_and_empty_lists_are_all_and_repetitions_are_one",
                "rfc7285_11_3_2_3_both_lists_of_a_pid_filter_are_required",
                "rfc7285_11_3_2_3_absent_or_empty_pids_are_all",
            ],
        ),
        Requirement::done(
            "7285-82",
            Level::Must,
            "unknown PIDs are ignored; only pairs asked for",
            &[
                "rfc7285_11_3_2_6_unknown_pids_are_ignored_and_only_pairs_asked_for_are_told",
                "rfc7285_11_3_2_6_unknown_pids_are_ignored_and_repetitions_collapse",
                "rfc7285_11_3_2_costs_between_some_pids",
                "filtered_cost_maps_are_parts_of_full_ones",
            ],
        ),
        Requirement::done(
            "7285-83",
            Level::Must,
            "constraints and their AND; what is none",
            &[
                "rfc7285_11_3_2_3_constraints_are_tests_that_are_anded",
                "rfc7285_11_3_2_3_a_constraint_that_is_none_is_named",
            ],
        ),
        Requirement::done(
            "7285-84",
            Level::Must,
            "refused where they are not offered",
            &["rfc7285_11_3_2_3_constraints_are_refused_where_they_are_not_offered"],
        ),
        Requirement::done(
            "7285-85",
            Level::Must,
            "pairs that do not meet them are absent; boundaries",
            &[
                "rfc7285_11_3_2_6_a_cost_that_is_as_it_is_printed_equals_it",
                "constraints_are_one_list_of_or_constraints",
            ],
        ),
        Requirement::done(
            "7285-86",
            Level::Must,
            "`dependent-vtags`",
            &["rfc7285_11_3_2_6_a_filtered_cost_map_names_the_version_of_its_network_map"],
        ),
        Requirement::done(
            "7285-90",
            Level::Must,
            "both lists are required and not empty",
            &["rfc7285_11_4_1_3_both_lists_are_required_and_not_empty"],
        ),
        Requirement::done(
            "7285-91",
            Level::Must,
            "unknown properties, malformed addresses",
            &["rfc7285_11_4_1_3_an_unknown_property_or_a_malformed_address_is_named"],
        ),
        Requirement::done(
            "7285-92",
            Level::Must,
            "the tags of the maps asked for",
            &["rfc7285_11_4_1_6_dependent_vtags_are_those_of_the_maps_asked_for"],
        ),
        Requirement::done(
            "7285-93",
            Level::Must,
            "a member for each endpoint, values are strings",
            &[
                "rfc7285_11_4_1_6_each_endpoint_has_its_pids",
                "rfc7285_11_4_1_the_pids_of_endpoints",
            ],
        ),
        Requirement::done(
            "7285-95",
            Level::Must,
            "an empty list is the client's address; both empty is an error",
            &[
                "rfc7285_11_5_1_3_an_empty_or_absent_list_is_the_client",
                "rfc7285_11_5_1_3_an_empty_list_is_the_client_of_the_connection",
                "rfc7285_11_5_1_3_both_lists_empty_is_an_error_and_so_are_wrong_addresses",
            ],
        ),
        Requirement::done(
            "7285-96",
            Level::Must,
            "keys are addresses; pairs without a cost may be left out",
            &[
                "rfc7285_11_5_1_6_endpoint_costs_are_keyed_by_the_addresses_as_asked",
                "endpoint_costs_are_those_of_the_domains",
            ],
        ),
        Requirement::done(
            "7285-97",
            Level::Must,
            "constraints as in filtered cost maps",
            &[
                "rfc7285_11_3_2_3_constraints_are_tests_that_are_anded",
                "rfc7285_11_3_2_3_a_constraint_that_is_none_is_named",
            ],
        )
        .noting("both services are asked"),
    ],
    after: "",
};
