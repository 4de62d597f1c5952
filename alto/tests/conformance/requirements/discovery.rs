//! RFC 7286 and RFC 8686.

use super::{Level, Requirement, Specification};

pub(super) const ALL: Specification = Specification {
    title: "RFC 7286 and RFC 8686",
    about: "",
    count: 1,
    requirements: &[Requirement::done(
        "7286",
        Level::May,
        "the directory can be found in DNS, from a domain and from an address: \
             [discovery.md](discovery.md)",
        &[
            "rfc7286_3_2_a_domain_has_a_naptr_record",
            "rfc8686_3_4_a_network_has_records_where_clients_look",
            "rfc8686_3_2_a_prefix_that_nobody_looks_for_is_refused",
            "rfc7286_3_2_and_rfc8686_3_4_records_are_printed_as_a_zone_file",
        ],
    )],
    after: "",
};
