//! RFC 9240.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 9240",
    about: "Property maps of the broker's own data: PIDs, addresses, autonomous systems, and abstract network elements that last.",
    count: 18,
    requirements: &[
        Requirement::done(
            "9240-01",
            Level::Must,
            "names of domain and property types",
            &["rfc9240_7_4_mappings_name_valid_domains_and_properties"],
        ),
        Requirement::done(
            "9240-02",
            Level::Must,
            "names of domains and entities",
            &[
                "rfc9240_7_4_mappings_name_valid_domains_and_properties",
                "rfc9240_7_6_the_full_map_has_valid_entity_names",
                "rfc9240_5_1_2_3_the_map_of_anes_defines_its_own_domain",
                "rfc9240_6_1_addresses_and_prefixes",
            ],
        ),
        Requirement::done(
            "9240-03",
            Level::Must,
            "a PID is one of a network map",
            &[
                "rfc9240_7_6_the_full_map_has_valid_entity_names",
                "rfc9240_6_2_the_pids_of_the_map_by_role_have_properties",
                "rfc9240_8_6_an_invalid_entity_is_named",
            ],
        )
        .noting("the draft's own map keeps the draft's `pid:AS1`"),
        Requirement::done(
            "9240-04",
            Level::Must,
            "defining resources and their types",
            &[
                "rfc9240_7_4_mappings_name_valid_domains_and_properties",
                "rfc7285_9_2_2_uses_names_resources_of_the_directory_or_of_the_root",
                "rfc9240_5_1_2_3_the_map_of_anes_defines_its_own_domain",
            ],
        )
        .noting(
            "the names of what it defines last: `rfc9275_6_2_4_a_link_keeps_its_name`, \
             `rfc9275_6_1_every_name_is_a_pid_name_and_another`",
        ),
        Requirement::done(
            "9240-05",
            Level::Must,
            "full maps by GET, filtered ones by POST, and their types",
            &[
                "rfc7285_9_2_every_resource_of_the_closure_is_served_as_the_directory_says",
                "rfc9240_7_maps_have_a_tag_of_their_content_and_are_shared_while_it_is_the_same",
            ],
        ),
        Requirement::done(
            "9240-06",
            Level::Must,
            "`mappings` and `uses`",
            &[
                "rfc9240_7_4_mappings_say_which_properties_a_domain_has",
                "rfc9240_7_4_mappings_name_valid_domains_and_properties",
            ],
        ),
        Requirement::done(
            "9240-07",
            Level::Must,
            "`dependent-vtags` in the order of `uses`",
            &[
                "rfc9240_7_6_dependent_vtags_are_those_of_uses_in_order",
                "rfc9240_8_6_dependent_vtags_are_those_of_the_entities_asked_for",
            ],
        ),
        Requirement::done(
            "9240-08",
            Level::Must,
            "an entity of a resource has no properties of another",
            &["rfc9240_7_4_mappings_name_valid_domains_and_properties"],
        ),
        Requirement::done(
            "9240-09",
            Level::Should,
            "values are strings or `null`, or it is said",
            &[
                "rfc9240_7_6_values_are_strings_null_or_as_the_directory_says",
                "rfc9240_7_4_mappings_say_which_properties_a_domain_has",
            ],
        )
        .noting(
            "arrays are `array-values` and `array-valued-properties` of the directory, \
             numbers those of RFC 9275 and one of ours (docs/alto.md); numbers of links: \
             `rfc9275_6_4_1_a_link_has_its_bandwidth_in_bits_per_second`, \
             `rfc9275_6_4_1_what_reservations_hold_is_not_reservable`",
        ),
        Requirement::done(
            "9240-10",
            Level::Must,
            "inheritance",
            &[
                "rfc9240_6_1_3_the_longest_prefix_decides_and_prefixes_inherit",
                "rfc9240_6_1_3_null_says_that_nothing_is_inherited",
                "the_full_map_of_addresses_says_what_the_claims_say",
                "the_longest_prefix_around_decides",
            ],
        )
        .noting(
            "Tables 1 and 2 are among them; in update streams: \
             `rfc9240_6_1_3_a_null_is_told_by_a_json_patch`",
        ),
        Requirement::done(
            "9240-11",
            Level::Must,
            "an address is its full-length prefix",
            &[
                "rfc9240_6_1_1_2_an_address_and_its_full_length_prefix_are_one_entity",
                "rfc9240_6_1_addresses_and_prefixes",
            ],
        ),
        Requirement::done(
            "9240-12",
            Level::Must,
            "`entities` is required; empty is all",
            &[
                "rfc9240_8_6_entities_are_required",
                "rfc9240_8_6_entities_are_required_and_unknown_properties_named_in_every_filtered_map",
                "rfc9240_8_3_no_entities_are_all_entities",
                "rfc9240_8_3_no_entities_are_all_entities_of_every_domain",
            ],
        ),
        Requirement::done(
            "9240-13",
            Level::Must,
            "`properties` empty or absent; repetitions",
            &[
                "rfc9240_8_3_absent_properties_show_which_entities_have_any",
                "rfc9240_8_3_absent_properties_show_which_entities_asked_for_have_any",
                "rfc9240_8_3_only_what_is_asked_for_and_repetitions_collapse",
            ],
        ),
        Requirement::done(
            "9240-14",
            Level::Must,
            "a wrong entity is named, a valid one never is an error",
            &[
                "rfc9240_8_6_an_invalid_entity_is_named",
                "rfc9240_8_6_an_invalid_entity_of_any_domain_is_named",
                "rfc9240_8_6_a_valid_entity_never_is_an_error",
                "rfc9240_8_6_an_ane_that_is_none_is_no_error_and_what_can_be_none_is",
            ],
        ),
        Requirement::done(
            "9240-15",
            Level::Must,
            "a wrong property is named, one that an entity lacks left out",
            &[
                "rfc9240_8_6_an_unknown_property_is_named",
                "rfc9240_8_6_entities_are_required_and_unknown_properties_named_in_every_filtered_map",
                "rfc9240_8_6_a_property_that_an_entity_has_not_is_left_out",
                "rfc9240_8_6_only_properties_asked_for_of_anes_are_told",
            ],
        ),
        Requirement::done(
            "9240-16",
            Level::Must,
            "`dependent-vtags` by what is asked for",
            &["rfc9240_8_6_dependent_vtags_are_those_of_the_entities_asked_for"],
        ),
        Requirement::done(
            "9240-17",
            Level::Must,
            "inherited values, and what is within; what is covered is left out",
            &[
                "rfc9240_8_6_inherited_values_are_told",
                "rfc9240_8_6_what_is_within_is_told_where_it_differs",
                "rfc9240_8_6_what_others_cover_is_left_out",
                "a_filtered_map_of_addresses_says_what_the_claims_say",
            ],
        )
        .noting(
            "what was asked for stays, also where a prefix around it that was asked for \
             says the same",
        ),
        Requirement::done(
            "9240-18",
            Level::Must,
            "the `pid` of addresses, and the endpoint property service beside it",
            &["rfc9240_8_7_the_pid_of_an_address_is_that_of_the_endpoint_property_service"],
        ),
    ],
    after: "Beyond the list: autonomous systems as entities (RFC 9241 §6.1.1), `rfc9241_6_1_1_an_as_has_the_pids_of_its_domain` and
`rfc9241_6_1_1_2_as_numbers`; every element that lasts can be asked for by the name that a path vector gives it,
`rfc9275_6_4_2_every_lasting_ane_can_be_asked_for`.

Not offered, for lack of anything to tell: the domain `countrycode`, as no format of members tells where a prefix, a node or
a domain is; CDNI Advertisements and the property `cdni-capabilities` (RFC 9241 §3, §6.2), as no member tells that it delivers
content, by which protocols, or for which footprint. NF types are functions that a domain can host, not capabilities of a
content network that it runs: telling them as FCI objects (RFC 8008) would invent what no member has said. Entity domains
of local addresses such as `networkmap.ipv4`: all prefixes that members tell are addresses of the one federation.",
};
