//! RFC 9439.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 9439",
    about: "",
    count: 11,
    requirements: &[
        Requirement::done(
            "9439-01",
            Level::Must,
            "a base and a statistic",
            &["rfc9439_3_2_a_metric_is_a_base_and_a_statistic"],
        ),
        Requirement::done(
            "9439-02",
            Level::Must,
            "what it is without one",
            &["rfc9439_3_2_delays_are_the_last_told_and_say_so"],
        ),
        Requirement::done(
            "9439-03",
            Level::Must,
            "delays in microseconds, whole hops",
            &[
                "rfc9439_4_1_3_a_delay_is_the_sum_over_the_links_in_microseconds",
                "rfc9439_4_1_2_delays_below_a_microsecond_are_fractions",
                "rfc9439_4_2_a_round_trip_is_there_and_back",
                "rfc7285_11_2_3_6_a_full_cost_map_has_every_pair",
                "rfc9439_3_2_least_and_longest_delays_are_those_of_the_links",
                "rfc9439_4_3_4_delay_variation_is_the_sum_over_the_links_in_microseconds",
                "rfc9439_4_4_4_loss_is_one_minus_the_product_of_what_the_links_keep_in_percent",
                "rfc8571_what_is_measured_of_a_link_is_in_the_cost_maps",
            ],
        ),
        Requirement::done(
            "9439-04",
            Level::Must,
            "bandwidth in bytes per second",
            &[
                "rfc9439_5_2_3_a_bandwidth_is_the_least_of_the_links_in_bytes_per_second",
                "rfc7285_11_3_2_costs_between_some_pids",
                "rfc9439_5_3_3_residual_and_available_bandwidth_are_told_apart",
                "rfc9439_5_1_3_a_throughput_is_estimated_from_round_trip_and_loss",
            ],
        ),
        Requirement::done(
            "9439-05",
            Level::Must,
            "`cost-context`",
            &["rfc9439_3_1_a_cost_context_has_a_registered_source"],
        ),
        Requirement::done(
            "9439-06",
            Level::Must,
            "no two cost types of one metric and mode in a resource",
            &["rfc9439_3_1_no_two_cost_types_have_one_metric_and_mode"],
        ),
        Requirement::done(
            "9439-07",
            Level::Must,
            "`routingcost` is an estimation",
            &["rfc9439_6_3_routingcost_has_no_other_context_than_an_estimation"],
        ),
        Requirement::done(
            "9439-08",
            Level::Should,
            "`tput` and agreements",
            &[
                "rfc9439_5_1_4_the_estimation_of_a_throughput_names_its_method",
                "rfc9439_3_1_a_cost_context_has_a_registered_source",
            ],
        )
        .in_part("`tput` is an estimation; no agreement is told as a cost"),
        Requirement::not_done(
            "9439-09",
            Level::Should,
            "`Last-Modified`",
            "versions are known by what they say and not by when; `ETag` tells them apart, \
             and `If-Modified-Since` is ignored \
             (`rfc9110_13_1_2_what_a_client_has_is_not_sent_again_in_whatever_coding_it_has_it`)",
        ),
        Requirement::done(
            "9439-10",
            Level::Must,
            "sums of delays, the least bandwidth, what a hop is",
            &[
                "rfc9439_4_1_3_a_delay_is_the_sum_over_the_links_in_microseconds",
                "rfc9439_4_1_a_path_with_a_link_whose_delay_is_not_told_has_none",
                "rfc9439_5_2_3_a_bandwidth_is_the_least_of_the_links_in_bytes_per_second",
                "rfc9439_5_3_bandwidth_is_what_reservations_leave",
                "rfc9439_4_5_4_a_hop_is_defined",
                "rfc9439_4_1_4_an_estimation_from_links_says_how",
                "costs_of_what_is_measured_are_the_best_of_all_paths",
                "calendars_of_what_is_measured_are_the_costs_at_worst",
                "filtered_cost_maps_are_parts_of_full_ones",
            ],
        ),
        Requirement::done(
            "9439-11",
            Level::Must,
            "those offered are in the directory",
            &["rfc7285_9_2_2_cost_type_names_are_defined_in_the_same_directory"],
        )
        .noting("all nine are"),
    ],
    after: "",
};
