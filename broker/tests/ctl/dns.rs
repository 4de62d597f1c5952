//! `brokerctl dns`: the records as printed, and as BIND reads them.

use std::io::Write as _;
use std::process::Command;

use super::run;

const PUBLISHED: [&str; 8] = [
    "dns",
    "--uri",
    "https://alto.example.com/directory",
    "--domain",
    "example.net",
    "--prefix",
    "192.0.2.0/24",
    "--ttl=60",
];

#[test]
fn rfc7286_3_2_and_rfc8686_3_4_records_are_printed_as_a_zone_file() {
    let text = run(&PUBLISHED).good();
    let data =
        "60 IN NAPTR 100 10 \"u\" \"ALTO:https\" \"!.*!https://alto.example.com/directory!\" .";
    assert_eq!(
        text,
        format!("example.net. {data}\n2.0.192.in-addr.arpa. {data}\n")
    );
    for (args, words) in [
        (&["--prefix", "192.0.2.1/24"][..], "host bits"),
        (&["--prefix", "2001:db8::/16"], "host bits"),
        (&["--prefix", "2000::/16"], "no client looks"),
        (&["--domain", "192.0.2.1"], "is no domain"),
        (&["--prefix", "x"], "invalid value"),
        (&["--order", "65536"], "65536"),
    ] {
        let all: Vec<&str> = PUBLISHED.iter().chain(args).copied().collect();
        let error = run(&all).failed(2);
        assert!(error.contains(words), "{args:?}: {error}");
    }
    run(&["dns", "--uri", "https://alto.example.com/"]).failed(2);
}

/// BIND's own reader of zone files, where it is installed.
#[test]
fn bind_reads_the_records() {
    let text = run(&PUBLISHED).good();
    let (domain, reverse) = text.split_once('\n').unwrap();
    for (zone, record) in [("example.net", domain), ("2.0.192.in-addr.arpa", reverse)] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let head = format!(
            "$ORIGIN {zone}.\n@ 60 IN SOA ns.example.org. h.example.org. 1 60 60 60 60\n@ 60 IN NS ns.example.org.\n"
        );
        file.write_all(format!("{head}{record}\n").as_bytes())
            .unwrap();
        let checked = Command::new("named-checkzone")
            .args(["-D", zone])
            .arg(file.path())
            .output();
        let output = match checked {
            Ok(output) => output,
            Err(error) => {
                assert!(
                    std::env::var_os("CI").is_none(),
                    "named-checkzone must be there in CI: {error}"
                );
                println!("skipped: named-checkzone is not installed");
                return;
            }
        };
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            told.contains("\"!.*!https://alto.example.com/directory!\""),
            "{told}"
        );
    }
}
