//! What specifications say in two ways, and what is so here.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "Where specifications contradict themselves",
    about: "And what is so here. [alto.md](alto.md#where-the-draft-contradicts-itself) has more of the draft.",
    count: 12,
    requirements: &[
        Requirement::done(
            "T1",
            Level::Must,
            "the path of a field has the outer name first: `cost-type/cost-mode` (RFC 7285 \
             §8.5.2 prints both)",
            &[
                "rfc7285_11_3_2_3_cost_type_metric_and_mode_are_required_and_strings",
                "rfc8895_6_6_a_resource_that_cannot_be_watched_is_named_by_the_path_of_its_id",
            ],
        ),
        Requirement::done(
            "T2",
            Level::Must,
            "`value` is a string; of several wrong ids it is one (RFC 8895 §7.6 wants an \
             array, and shows a string)",
            &["rfc8895_7_6_what_is_wrong_with_a_control_request_is_told_and_changes_nothing"],
        ),
        Requirement::done(
            "T3",
            Level::Must,
            "a JSON patch is an array (RFC 8895 §8.2 shows an object)",
            &["a_patch_of_either_form_makes_the_one_document_of_the_other"],
        )
        .noting("a library reads it that takes nothing else"),
        Requirement::done(
            "T4",
            Level::Must,
            "path vectors of endpoints have `vtag` and `endpoint-cost-map`, messages a \
             closing delimiter (the examples of RFC 9275 do not)",
            &[
                "rfc9275_7_2_6_the_parts_are_tied_by_version_tags",
                "rfc9275_7_3_3_endpoints_have_the_paths_of_their_domains",
                "rfc9275_7_2_6_the_message_has_two_parts_and_the_path_vectors_come_first",
            ],
        ),
        Requirement::done(
            "T5",
            Level::Must,
            "data-ids of parts are as in RFC 9275 §8.5, with the domain and without brackets",
            &["rfc8895_6_7_3_each_part_is_told_by_its_own_content_id"],
        ),
        Requirement::done(
            "T6",
            Level::Must,
            "\"Re-Try After\" (RFC 9569) is the header `Retry-After`",
            &[
                "rfc9569_7_2_what_is_not_there_has_its_status_and_an_error_of_alto",
                "rfc8895_10_1_who_watches_too_much_is_told_to_come_later",
            ],
        ),
        Requirement::done(
            "T7",
            Level::Must,
            "costs have bytes per second and microseconds (RFC 9439), abstract network \
             elements bits per second (RFC 9275)",
            &[
                "rfc9439_5_2_3_a_bandwidth_is_the_least_of_the_links_in_bytes_per_second",
                "rfc9439_4_1_3_a_delay_is_the_sum_over_the_links_in_microseconds",
                "rfc9275_6_4_1_a_link_has_its_bandwidth_in_bits_per_second",
            ],
        ),
        Requirement::done(
            "T8",
            Level::Must,
            "properties of endpoints are named in the answer as in the request (not so the \
             example of RFC 7285 §11.4.1.7)",
            &["rfc7285_11_4_1_6_each_endpoint_has_its_pids"],
        ),
        Requirement::done(
            "T10",
            Level::Must,
            "endpoint costs use no map (RFC 7285 §11.5.1.5; RFC 8189 §5.1 shows one)",
            &["rfc7285_11_5_1_5_endpoint_costs_use_no_map"],
        ),
        Requirement::done(
            "T11",
            Level::Must,
            "the draft's service graphs are asked at a resource of their own, with the \
             capability `service-graph`; what the draft misprints is named",
            &[
                "draft_5_5_2_the_cost_map_as_printed_to_the_byte",
                "draft_5_5_2_as_printed_it_is_a_syntax_error_with_its_place",
                "draft_5_5_2_without_trailing_commas_the_second_link_2_is_named",
                "draft_5_4_2_2_ids_with_quotes_stay_json",
                "rfc9275_7_2_6_the_multipart_message",
            ],
        ),
        Requirement::done(
            "T12",
            Level::Must,
            "values are arrays; `sg` may be absent",
            &[
                "draft_5_4_1_every_value_is_an_array_and_what_lacks_is_left_out",
                "draft_5_4_2_a_service_graph_and_pids_together_are_refused",
                "rfc9275_6_5_1_a_cost_is_one_array_of_ane_names",
            ],
        ),
        Requirement::done(
            "T13",
            Level::Http,
            "CORS, HEAD, OPTIONS, codings",
            &[
                "a_page_of_an_origin_that_is_listed_reads_with_its_token",
                "rfc9110_9_3_2_head_of_every_resource_is_get_without_the_body",
                "rfc7285_9_2_2_options_tells_what_an_address_can_do",
                "rfc9110_8_8_3_each_coding_of_a_map_has_a_tag_of_its_own",
            ],
        ),
    ],
    after: "",
};
