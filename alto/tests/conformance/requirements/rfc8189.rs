//! RFC 8189.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 8189",
    about: "Each test asks the filtered cost map and the endpoint cost service.",
    count: 13,
    requirements: &[
        Requirement::done(
            "8189-01",
            Level::Must,
            "`max-cost-types`; any combination",
            &[
                "rfc8189_4_1_1_any_combination_is_served_up_to_all",
                "rfc8189_4_1_1_tests_are_allowed_on_every_cost_type_and_no_list_says_which",
            ],
        ),
        Requirement::done(
            "8189-02",
            Level::Must,
            "`cost-constraints`, or a list of testable types",
            &["rfc8189_4_1_1_tests_are_allowed_on_every_cost_type_and_no_list_says_which"],
        ),
        Requirement::done(
            "8189-03",
            Level::Must,
            "that list is a subset",
            &["rfc8189_4_1_1_tests_are_allowed_on_every_cost_type_and_no_list_says_which"],
        )
        .noting("no resource has one"),
        Requirement::done(
            "8189-04",
            Level::Must,
            "exactly one of `cost-type` and `multi-cost-types`",
            &["rfc8189_4_1_2_exactly_one_of_cost_type_and_multi_cost_types"],
        ),
        Requirement::done(
            "8189-05",
            Level::Must,
            "entries are offered, and not too many; not where it is not offered",
            &[
                "rfc8189_4_1_2_each_entry_must_be_offered",
                "rfc8189_4_1_1_any_combination_is_served_up_to_all",
                "rfc8189_4_1_2_multiple_costs_are_refused_where_they_are_not_offered",
            ],
        ),
        Requirement::done(
            "8189-06",
            Level::Must,
            "one entry makes arrays of one",
            &["rfc8189_4_1_2_one_element_makes_arrays_of_one"],
        ),
        Requirement::done(
            "8189-07",
            Level::Must,
            "`testable-cost-types`",
            &[
                "rfc8189_4_1_2_testable_cost_types_must_be_testable",
                "rfc8189_4_1_2_tests_are_on_the_testable_cost_types_else_on_those_told",
            ],
        ),
        Requirement::done(
            "8189-08",
            Level::Must,
            "predicates and their index",
            &[
                "rfc8189_4_1_2_a_predicate_has_an_index_an_operator_and_a_value",
                "rfc8189_4_1_2_an_index_out_of_range_is_an_error",
            ],
        ),
        Requirement::done(
            "8189-09",
            Level::Must,
            "not both kinds of constraints; no empty list",
            &["rfc8189_4_1_2_or_constraints_that_are_none"],
        ),
        Requirement::done(
            "8189-10",
            Level::Must,
            "an OR of ANDs, with one cost type too",
            &[
                "rfc8189_4_1_2_or_constraints_are_an_or_of_ands",
                "constraints_are_one_list_of_or_constraints",
            ],
        ),
        Requirement::done(
            "8189-11",
            Level::Must,
            "arrays in the order of the request, `null` for what is not there",
            &[
                "rfc8189_4_1_3_several_costs_are_arrays_in_the_order_of_the_request",
                "rfc8189_4_1_3_a_pair_without_any_of_the_costs_is_left_out",
            ],
        ),
        Requirement::done(
            "8189-12",
            Level::Must,
            "with `cost-type` the answer is RFC 7285's",
            &["rfc8189_4_1_3_with_cost_type_the_answer_is_that_of_rfc_7285"],
        ),
        Requirement::done(
            "8189-13",
            Level::Should,
            "a test on `null` fails",
            &[
                "rfc8189_4_1_3_a_test_on_a_missing_cost_fails",
                "rfc8189_4_1_2_a_cost_that_is_not_defined_meets_no_predicate",
            ],
        ),
    ],
    after: "",
};
