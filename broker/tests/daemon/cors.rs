//! Pages of other origins (the CORS protocol of the Fetch standard).

use super::{Answer, Daemon};

fn start(cors: &str, more: &str) -> Daemon {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("listen = '127.0.0.1:0'\n[cors]\n{cors}\n{more}");
    std::fs::write(file.path(), text).unwrap();
    let none = broker::settings::Overrides::default();
    Daemon::start(broker::settings::load(Some(file.path()), &none).unwrap())
}

const CONSOLE: &str = "https://console.example";

fn ask(daemon: &Daemon, method: &str, path: &str, origin: &str, more: &str) -> Answer {
    daemon.ask(&format!(
        "{method} {path} HTTP/1.1\nHost: 127.0.0.1\nConnection: close\nOrigin: {origin}\n{more}\n"
    ))
}

fn preflight(daemon: &Daemon, path: &str, origin: &str, method: &str) -> Answer {
    let more = format!(
        "Access-Control-Request-Method: {method}\nAccess-Control-Request-Headers: authorization\n"
    );
    ask(daemon, "OPTIONS", path, origin, &more)
}

#[test]
fn without_the_setting_no_page_of_another_site_may_read() {
    let daemon = Daemon::start(super::settings(&[]));
    let answer = ask(&daemon, "GET", "/networkmap", CONSOLE, "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.header("vary"), Some("accept-encoding"));
    let answer = preflight(&daemon, "/networkmap", CONSOLE, "GET");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn a_page_of_an_origin_that_is_listed_reads_with_its_token() {
    let daemon = start(
        &format!("origins = ['{CONSOLE}']\nmax_age = '1h'"),
        "[auth]\nanonymous = 'nobody'\n[[auth.principals]]\nname = 'ops'\nrole = 'operator'\n\
         token = 'operator-token-1'\n",
    );
    // A preflight has no token.
    for (path, methods) in [
        ("/networkmap", "GET, HEAD, POST"),
        ("/costmap/pv", "GET, HEAD, POST"),
        ("/broker/v1/domains", "GET, HEAD"),
        ("/broker/v1/placements", "POST"),
    ] {
        let answer = preflight(&daemon, path, CONSOLE, "GET");
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}");
        let header = |name: &str| answer.header(&format!("access-control-{name}"));
        assert_eq!(header("allow-origin"), Some(CONSOLE));
        assert_eq!(header("allow-methods"), Some(methods), "{path}");
        let headers = header("allow-headers").unwrap();
        for name in ["authorization", "content-type", "if-none-match"] {
            assert!(headers.contains(name), "{headers}");
        }
        assert_eq!(header("max-age"), Some("3600"));
        assert_eq!(header("allow-credentials"), None);
    }
    let token = "Authorization: Bearer operator-token-1\n";
    let answer = ask(&daemon, "GET", "/networkmap", CONSOLE, token);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(CONSOLE));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("etag") && exposed.contains("retry-after"));
    let varies = |answer: &Answer| -> Vec<String> {
        let all = answer.headers.iter().filter(|(name, _)| name == "vary");
        all.map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(varies(&answer), ["accept-encoding", "origin"]);
    // It may also see why it is refused.
    let refused = ask(&daemon, "GET", "/networkmap", CONSOLE, "");
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), Some(CONSOLE));
    // Others may not, and a cache must not give one's answer to the other.
    let other = ask(
        &daemon,
        "GET",
        "/networkmap",
        "https://other.example",
        token,
    );
    assert_eq!(other.header("access-control-allow-origin"), None);
    assert_eq!(varies(&other), ["accept-encoding", "origin"]);
    let other = preflight(&daemon, "/networkmap", "https://other.example", "GET");
    assert_eq!(other.header("access-control-allow-methods"), None);
}

#[test]
fn a_page_changes_nothing_and_is_not_who_runs_the_broker() {
    let daemon = start("origins = ['*']", "");
    let read = ask(&daemon, "GET", "/networkmap", CONSOLE, "");
    assert_eq!(read.header("access-control-allow-origin"), Some("*"));
    assert_eq!(read.header("vary"), Some("accept-encoding"));
    // A browser on the broker's own machine, on anybody's page.
    let seen = ask(&daemon, "GET", "/broker/v1/partners", CONSOLE, "");
    assert_eq!(seen.status, 403);
    for same in ["http://127.0.0.1:8181", "http://localhost:3000"] {
        let seen = ask(&daemon, "GET", "/broker/v1/partners", same, "");
        assert_eq!(seen.status, 200, "{same}");
    }
    for path in ["/broker/v1/domains/AS1", "/broker/v1/partners/AS1"] {
        let answer = preflight(&daemon, path, CONSOLE, "PUT");
        let allowed = answer.header("access-control-allow-methods");
        assert_eq!(allowed, Some("GET, HEAD"));
    }
    let order = "/mefApi/legato/serviceOrderingManagement/v6/serviceOrder";
    let answer = preflight(&daemon, order, CONSOLE, "POST");
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn preflights_are_counted_as_other_requests_are() {
    let daemon = start(
        "origins = ['*']",
        "[limits]\nrequests_per_second = 1\nburst = 3\n",
    );
    let statuses = (0..6).map(|_| preflight(&daemon, "/networkmap", CONSOLE, "GET").status);
    let statuses: Vec<u16> = statuses.collect();
    assert_eq!(statuses[..3], [204, 204, 204]);
    assert!(statuses.contains(&429), "{statuses:?}");
}
