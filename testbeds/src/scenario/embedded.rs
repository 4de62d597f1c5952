//! The scenarios of this crate, built into the program.

/// File names with their contents.
pub(super) type Folder = &'static [(&'static str, &'static [u8])];

macro_rules! folder {
    ($folder:literal: $($file:literal)+) => {
        ($folder, &[$((
            $file,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $file)) as &[u8],
        )),+] as Folder)
    };
}

/// Every scenario by its name. A test compares this list with the folders.
pub(super) const SCENARIOS: &[(&str, Folder)] = &[
    folder!("3as":
        "AS1.get-config.xml" "AS1.topology.json"
        "AS2.get-config.xml" "AS2.topology.json"
        "AS3.get-config.xml" "AS3.topology.json"
        "expected-costmap.json" "expected-placements.json" "expected-propmap.json"
        "order-nf1.json" "order-nf2.json"
        "request-as-printed.json" "request-link-id-twice.json" "request-sg.json" "request-sg.nffg"
        "scenario.toml"
    ),
    folder!("7as":
        "AS1.get-config.xml" "AS1.topology.json"
        "AS121.get-config.xml" "AS121.topology.json"
        "AS122.get-config.xml" "AS122.topology.json"
        "AS123.get-config.xml" "AS123.topology.json"
        "AS2.get-config.xml" "AS2.topology.json"
        "AS231.get-config.xml" "AS231.topology.json"
        "AS3.get-config.xml" "AS3.topology.json"
        "expected-costmap.json" "expected-placements.json" "expected-propmap.json"
        "request-sg.json" "request-sg.nffg"
        "scenario.toml"
    ),
];
