use std::cell::Cell;
use std::fs;
use std::time::UNIX_EPOCH;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A folder, and a watch of something in it.
struct Desk {
    folder: TempDir,
    watch: Watch,
    /// Files put so far.
    puts: Cell<u64>,
}

/// Long after any file of a test was written, and long before.
const LATER: Duration = Duration::from_secs(10_000_000_000);
const BEFORE: Duration = Duration::ZERO;

/// What a look told: whose file, its name, and what of it.
type Told = Vec<(String, String, News)>;

impl Desk {
    /// `files` of AS7 are looked at.
    fn of_domain(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let of_domains = files
            .iter()
            .map(|name| ("AS7".parse().unwrap(), folder.path().join(name)));
        let places = Places {
            of_domains: of_domains.collect(),
            folder: None,
            max_bytes: 1000,
        };
        Self {
            folder,
            watch: Watch::new(places),
            puts: Cell::new(0),
        }
    }

    /// `folder` is `files.folder`.
    fn of_folder(name: &str) -> Self {
        let mut desk = Self::of_domain(&[]);
        desk.watch.places.folder = Some(desk.folder.path().join(name));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file in place as a whole, as an exporter should. Each is a second younger than the one before:
    /// the system's clock may not have gone on between two.
    fn put(&self, name: &str, text: &str) {
        let new = self.path(".new");
        fs::write(&new, text).unwrap();
        self.puts.set(self.puts.get() + 1);
        let time = UNIX_EPOCH + Duration::from_secs(self.puts.get());
        let file = fs::File::options().write(true).open(&new).unwrap();
        file.set_modified(time).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    fn look_at(&mut self, now: Duration) -> (Told, Look) {
        let mut told = Vec::new();
        let look = self.watch.look(UNIX_EPOCH + now, |input| {
            let SourceKind::File(path) = &input.source.kind else {
                panic!("{input:?}");
            };
            let name = Path::new(&**path).file_name().unwrap();
            let name = name.to_str().unwrap().to_owned();
            told.push((input.source.domain.to_string(), name, input.news));
            true
        });
        (told, look)
    }

    /// What is other than the last time, in words.
    fn look(&mut self) -> Vec<String> {
        let (told, _) = self.look_at(LATER);
        told.iter().map(words).collect()
    }
}

fn words((domain, name, news): &(String, String, News)) -> String {
    let what = match news {
        News::Document(document) => format!("{} bytes", document.bytes),
        News::Withdrawn => "withdrawn".to_owned(),
        News::Unchanged => "unchanged".to_owned(),
        News::Failed(failure) => failure.why.clone(),
        other => format!("{other:?}"),
    };
    format!("{domain} {name}: {what}")
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_file_is_read_when_it_is_new_and_when_it_changed() {
    let mut desk = Desk::of_domain(&["AS7.yaml"]);
    desk.put("AS7.yaml", "cpu: 4\n");
    assert_eq!(desk.look(), ["AS7 AS7.yaml: 7 bytes"]);
    let (told, look) = desk.look_at(LATER);
    assert_eq!((told.len(), look.read, look.files), (0, 0, 1));
    // In place, as some editors do.
    fs::write(desk.path("AS7.yaml"), "cpu: 40\n").unwrap();
    assert_eq!(desk.look(), ["AS7 AS7.yaml: 8 bytes"]);
    // Written anew with the same content.
    desk.put("AS7.yaml", "cpu: 40\n");
    assert_eq!(desk.look(), ["AS7 AS7.yaml: unchanged"]);
    assert_eq!(desk.look(), NOTHING);
}

#[test]
fn the_ending_says_what_a_file_is_written_in() {
    let mut desk = Desk::of_domain(&["."]);
    desk.put("a.json", "cpu: 4\n");
    desk.put("b.yml", "{\"cpu\": 4}");
    desk.put("c.xml", "{\"cpu\": 4}");
    let told = desk.look();
    assert!(
        told[0].contains("a.json: the document cannot be taken: line 1, column 1: not JSON"),
        "{told:?}"
    );
    assert_eq!(told[1], "AS7 b.yml: 10 bytes");
    assert!(
        told[2].contains("c.xml: the document cannot be taken"),
        "{told:?}"
    );
}

#[test]
fn a_wrong_file_is_told_with_its_line_and_the_good_one_is_known_again() {
    let mut desk = Desk::of_domain(&["AS7.yaml"]);
    desk.put("AS7.yaml", "cpu: 4\n");
    desk.look();
    desk.put("AS7.yaml", "cpu: 4\ncpus: 5\nmem: lots\n");
    let (told, _) = desk.look_at(LATER);
    let [(_, _, News::Failed(failure))] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(failure.faults.len(), 2, "{failure:?}");
    assert!(
        failure.faults[0].starts_with("line 2, column 7: /cpus: "),
        "{failure:?}"
    );
    assert!(failure.faults[1].starts_with("line 3, "), "{failure:?}");
    assert_eq!(desk.look(), NOTHING, "once");
    // What the writer has is not decoded again.
    desk.put("AS7.yaml", "cpu: 4\n");
    assert_eq!(desk.look(), ["AS7 AS7.yaml: unchanged"]);
    // A wrong file that is written again is wrong again.
    desk.put("AS7.yaml", "cpu: 4\ncpus: 5\n");
    assert_eq!(desk.look().len(), 1);
    desk.put("AS7.yaml", "cpu: 4\ncpus: 5\n");
    let told = desk.look();
    assert!(told.len() == 1 && told[0].contains("/cpus: "), "{told:?}");
}

#[test]
fn a_file_that_was_not_there_twice_is_withdrawn_and_its_fault_told() {
    let mut desk = Desk::of_domain(&["AS7.yaml"]);
    desk.put("AS7.yaml", "cpu: 4\n");
    desk.look();
    desk.remove("AS7.yaml");
    assert_eq!(desk.look(), NOTHING);
    let told = desk.look();
    assert_eq!(told[0], "AS7 AS7.yaml: withdrawn");
    assert!(
        told.len() == 2 && told[1].starts_with("AS7 AS7.yaml: cannot read "),
        "{told:?}"
    );
    assert_eq!(desk.look(), NOTHING);
    desk.put("AS7.yaml", "cpu: 4\n");
    assert_eq!(desk.look(), ["AS7 AS7.yaml: 7 bytes"]);
}

#[test]
fn an_editor_s_replace_is_no_withdrawal() {
    for place in ["AS7.yaml", "."] {
        let mut desk = Desk::of_domain(&[place]);
        desk.put("AS7.yaml", "cpu: 4\n");
        desk.look();
        desk.remove("AS7.yaml");
        assert_eq!(desk.look(), NOTHING, "{place}");
        desk.put("AS7.yaml", "cpu: 5\n");
        assert_eq!(desk.look(), ["AS7 AS7.yaml: 7 bytes"], "{place}");
        desk.remove("AS7.yaml");
        assert_eq!(desk.look(), NOTHING, "counted anew: {place}");
        desk.put("AS7.yaml", "cpu: 5\n");
        assert_eq!(desk.look(), ["AS7 AS7.yaml: unchanged"], "{place}");
        assert_eq!(desk.look(), NOTHING, "{place}");
    }
}

#[test]
fn a_file_of_a_folder_that_is_gone_leaves_nothing() {
    let mut desk = Desk::of_folder("");
    desk.put("AS7.yaml", "cpu: 4\n");
    desk.put("AS8.yaml", "cpu: [\n");
    assert_eq!(desk.look().len(), 2);
    desk.remove("AS7.yaml");
    desk.remove("AS8.yaml");
    // What was never taken need not be missed.
    assert_eq!(desk.look(), ["AS8 AS8.yaml: withdrawn"]);
    assert_eq!(desk.look(), ["AS7 AS7.yaml: withdrawn"]);
    assert_eq!(desk.look(), NOTHING);
    assert!(desk.watch.seen.is_empty());
}

#[test]
fn two_files_of_a_domain_are_two_sources() {
    let mut desk = Desk::of_domain(&["exports", "extra.yaml"]);
    fs::create_dir(desk.path("exports")).unwrap();
    desk.put("exports/resources.yaml", "cpu: 4\n");
    desk.put("extra.yaml", "neighbours: [AS8]\n");
    assert_eq!(
        desk.look(),
        ["AS7 resources.yaml: 7 bytes", "AS7 extra.yaml: 18 bytes"]
    );
    desk.remove("exports/resources.yaml");
    assert_eq!(desk.look(), NOTHING);
    assert_eq!(desk.look(), ["AS7 resources.yaml: withdrawn"]);
}

#[test]
fn the_name_of_a_file_says_whose_it_is() {
    for (name, domain) in [
        ("AS7.yaml", Some("AS7")),
        ("as7.yaml", Some("AS7")),
        ("7.json", Some("AS7")),
        ("AS7.resources.xml", Some("AS7")),
        ("0.0.0.7.json", Some("AS7")),
        ("0.0.0.7.topology.json", Some("AS7")),
        ("AS7.2026.11.22.json", Some("AS7")),
        ("operator-1.yaml", Some("operator-1")),
        ("0.0.0.0.json", None),
        ("300.0.0.7.json", None),
        ("two words.json", None),
        ("é.json", None),
        ("AS7", None),
    ] {
        let found = owner(&format!("/x.y/{name}")).map(|id| id.to_string());
        assert_eq!(found.as_deref(), domain, "{name}");
    }
}

#[test]
fn what_is_nobody_s_and_what_is_no_export_is_complained_of_once() {
    let mut desk = Desk::of_folder("");
    for name in [
        "AS7.yaml",
        ".AS8.yaml",
        "..data",
        "two words.yaml",
        "README",
        "AS9.yaml~",
    ] {
        fs::write(desk.path(name), "cpu: 4\n").unwrap();
    }
    fs::create_dir(desk.path("AS10.yaml")).unwrap();
    let (told, look) = desk.look_at(LATER);
    assert_eq!(told.len(), 1, "{told:?}");
    let begins = |name: &str| format!("{}/{name} is ", desk.folder.path().display());
    for (complaint, name) in
        look.complaints
            .iter()
            .zip(["AS10.yaml", "AS9.yaml~", "README", "two words.yaml"])
    {
        assert!(complaint.starts_with(&begins(name)), "{complaint}");
    }
    assert_eq!(look.complaints.len(), 4, "{look:?}");
    assert!(desk.look_at(LATER).1.complaints.is_empty(), "once");
    desk.remove("README");
    desk.look();
    fs::write(desk.path("README"), "").unwrap();
    assert_eq!(desk.look_at(LATER).1.complaints.len(), 1, "another one");
}

#[test]
fn a_file_over_the_limit_is_not_read_and_what_it_said_stays() {
    let mut desk = Desk::of_domain(&["AS7.yaml"]);
    desk.put("AS7.yaml", "cpu: 4\n");
    desk.look();
    let long = |length: usize| format!("cpu: 5 #{}\n", "x".repeat(length - 9));
    desk.put("AS7.yaml", &long(1000));
    assert_eq!(desk.look(), ["AS7 AS7.yaml: 1000 bytes"]);
    desk.put("AS7.yaml", &long(1001));
    let told = desk.look();
    assert!(
        told[0].ends_with("it is larger than 1000 bytes (limits.member.bytes)"),
        "{told:?}"
    );
    let (told, look) = desk.look_at(LATER);
    assert_eq!((told.len(), look.read), (0, 0), "not tried again");
    desk.put("AS7.yaml", &long(2000));
    assert_eq!(desk.look(), NOTHING, "told once");
    desk.put("AS7.yaml", &long(1000));
    assert_eq!(desk.look(), ["AS7 AS7.yaml: unchanged"]);
}

/// The size is one thing before the file is read and may be another while it is.
#[test]
fn no_more_is_read_than_the_limit() {
    let desk = Desk::of_domain(&[]);
    desk.put("a", "x");
    let stamp = Stamp::of(&desk.path("a")).unwrap();
    desk.put("a", &"x".repeat(11));
    let error = bytes(&desk.path("a"), stamp, 10).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(bytes(&desk.path("a"), stamp, 11).unwrap().len(), 11);
}

#[test]
fn a_place_that_appears_later_is_found() {
    let mut desk = Desk::of_domain(&["exports"]);
    let told = desk.look();
    assert!(
        told.len() == 1 && told[0].starts_with("AS7 exports: cannot read "),
        "{told:?}"
    );
    assert_eq!(desk.look(), NOTHING, "told once");
    fs::create_dir(desk.path("exports")).unwrap();
    desk.put("exports/a.yaml", "cpu: 4\n");
    assert_eq!(
        desk.look(),
        ["AS7 a.yaml: 7 bytes", "AS7 exports: withdrawn"]
    );
    fs::remove_dir_all(desk.path("exports")).unwrap();
    assert_eq!(desk.look().len(), 1, "the folder is missed at once");
    assert_eq!(desk.look(), ["AS7 a.yaml: withdrawn"]);

    let mut desk = Desk::of_folder("exports");
    let (told, look) = desk.look_at(LATER);
    assert!(
        told.is_empty() && look.complaints[0].starts_with("cannot look into files.folder "),
        "{look:?}"
    );
    fs::create_dir(desk.path("exports")).unwrap();
    desk.put("exports/AS8.yaml", "cpu: 4\n");
    assert_eq!(desk.look(), ["AS8 AS8.yaml: 7 bytes"]);
    fs::remove_dir_all(desk.path("exports")).unwrap();
    assert_eq!(desk.look(), NOTHING);
    assert_eq!(desk.look(), ["AS8 AS8.yaml: withdrawn"]);
}

/// While nobody can say whether a file is there, it is not taken for gone.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_looked_into_takes_nothing_away() {
    use std::os::unix::fs::symlink;
    for (mut desk, domain) in [
        (Desk::of_domain(&["link"]), "AS7"),
        (Desk::of_folder("link"), "AS8"),
    ] {
        fs::create_dir(desk.path("exports")).unwrap();
        desk.put("exports/AS8.yaml", "cpu: 4\n");
        symlink(desk.path("exports"), desk.path("link")).unwrap();
        assert_eq!(desk.look(), [format!("{domain} AS8.yaml: 7 bytes")]);
        // A link to itself.
        desk.remove("link");
        symlink(desk.path("link"), desk.path("link")).unwrap();
        for _ in 0..3 {
            let told = desk.look();
            assert!(
                told.iter()
                    .all(|told| told.starts_with("AS7 link: cannot read ")),
                "{told:?}"
            );
        }
        desk.remove("link");
        symlink(desk.path("exports"), desk.path("link")).unwrap();
        let told = desk.look();
        assert!(
            told.iter().all(|told| told == "AS7 link: withdrawn"),
            "{told:?}"
        );
        assert_eq!(desk.look(), NOTHING);
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_told_and_taken_when_it_can() {
    use std::os::unix::fs::symlink;
    let mut desk = Desk::of_folder("");
    let put = |desk: &Desk, kind: &str| match kind {
        "nowhere" => symlink("/nowhere/at/all", desk.path("AS7.yaml")).unwrap(),
        "itself" => symlink("AS7.yaml", desk.path("AS7.yaml")).unwrap(),
        _ => drop(std::os::unix::net::UnixListener::bind(desk.path("AS7.yaml")).unwrap()),
    };
    for kind in ["nowhere", "itself", "socket"] {
        put(&desk, kind);
        let told = desk.look();
        assert!(
            told.len() == 1 && told[0].starts_with("AS7 AS7.yaml: cannot read "),
            "{kind}: {told:?}"
        );
        assert_eq!(desk.look(), NOTHING, "{kind}");
        desk.put("AS7.yaml", "cpu: 4\n");
        assert_eq!(desk.look(), ["AS7 AS7.yaml: 7 bytes"], "{kind}");
        desk.remove("AS7.yaml");
        put(&desk, kind);
        let mut told = desk.look();
        told.extend(desk.look());
        let withdrawn = told
            .iter()
            .filter(|told| told.ends_with("withdrawn"))
            .count();
        // A link that leads nowhere is a file that is gone; of the others nobody can say.
        assert_eq!(
            withdrawn,
            usize::from(kind == "nowhere"),
            "{kind}: {told:?}"
        );
        desk.remove("AS7.yaml");
        desk.look();
        desk.look();
        assert!(desk.watch.seen.is_empty(), "{kind}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_where_it_leads_now() {
    use std::os::unix::fs::symlink;
    // As volumes of Kubernetes are: what is told is a link to a link to a folder.
    let mut desk = Desk::of_folder("");
    for (folder, text) in [("..one", "cpu: 1\n"), ("..two", "cpu: 2\n")] {
        fs::create_dir(desk.path(folder)).unwrap();
        fs::write(desk.path(folder).join("AS7.yaml"), text).unwrap();
    }
    symlink("..one", desk.path("..data")).unwrap();
    symlink("..data/AS7.yaml", desk.path("AS7.yaml")).unwrap();
    let (told, look) = desk.look_at(LATER);
    assert_eq!(
        (told.len(), look.complaints.len()),
        (1, 0),
        "{told:?} {look:?}"
    );
    symlink("..two", desk.path("..new")).unwrap();
    fs::rename(desk.path("..new"), desk.path("..data")).unwrap();
    assert_eq!(desk.look(), ["AS7 AS7.yaml: 7 bytes"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let mut desk = Desk::of_domain(&["pipe.yaml"]);
    let made = std::process::Command::new("mkfifo")
        .arg(desk.path("pipe.yaml"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no mkfifo");
        return;
    }
    let told = desk.look();
    assert!(
        told.len() == 1 && told[0].ends_with("it is no regular file"),
        "{told:?}"
    );
}

#[test]
fn a_file_just_written_is_read_once_more() {
    let mut desk = Desk::of_domain(&["AS7.yaml"]);
    desk.put("AS7.yaml", "cpu: 4\n");
    assert_eq!(desk.look_at(BEFORE).0.len(), 1);
    // The clock of the file's system is ahead, or it was written this moment.
    let (told, look) = desk.look_at(BEFORE);
    assert_eq!((told.len(), look.read), (0, 1));
    let (told, look) = desk.look_at(LATER);
    assert_eq!((told.len(), look.read), (0, 1));
    let (told, look) = desk.look_at(LATER);
    assert_eq!((told.len(), look.read), (0, 0));
}

#[test]
fn thousands_of_files_are_read_once_and_the_rest_is_passed_over() {
    let mut desk = Desk::of_folder("");
    for asn in 1..=MAX_FILES + 2 {
        fs::write(desk.path(&format!("AS{asn:05}.yaml")), "cpu: 4\n").unwrap();
    }
    let (told, look) = desk.look_at(LATER);
    assert_eq!((told.len(), look.read), (MAX_FILES, MAX_FILES));
    assert!(
        told.iter()
            .all(|(_, _, news)| matches!(news, News::Document(_)))
    );
    assert_eq!(told.last().unwrap().0, "AS9999");
    assert!(
        look.complaints.len() == 1 && look.complaints[0].contains("holds more than 10000 exports"),
        "{look:?}"
    );
    let (told, look) = desk.look_at(LATER);
    assert_eq!((told.len(), look.read), (0, 0), "one stat each");
    // There is room for the next.
    desk.remove("AS00001.yaml");
    assert_eq!(desk.look(), ["AS10001 AS10001.yaml: 7 bytes"]);
    assert_eq!(desk.look(), ["AS1 AS00001.yaml: withdrawn"]);
}

#[test]
fn a_look_ends_when_nobody_listens() {
    let mut desk = Desk::of_folder("");
    for asn in 1..10 {
        desk.put(&format!("AS{asn}.yaml"), "cpu: 4\n");
    }
    let mut told = 0;
    let look = desk.watch.look(UNIX_EPOCH + LATER, |_| {
        told += 1;
        told < 3
    });
    assert_eq!((told, look.read), (3, 3));
}

// ---- laws

#[derive(Clone, Copy, Debug)]
enum Step {
    Put(&'static str),
    Remove,
    Look,
}

/// One good document, another, and two that are none.
const TEXTS: [&str; 4] = ["cpu: 1\n", "cpu: 22\n", "cpus: 1\n", "cpu: [\n"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => proptest::sample::select(&TEXTS[..]).prop_map(Step::Put),
        2 => Just(Step::Remove),
        5 => Just(Step::Look),
    ];
    proptest::collection::vec(step, 0..20)
}

/// What the writer makes of news.
#[derive(Debug, Default, PartialEq)]
struct Writer {
    document: Option<usize>,
    is_failing: bool,
}

impl Writer {
    fn hear(&mut self, news: &News) {
        *self = match news {
            News::Document(document) => Self {
                document: Some(document.bytes),
                is_failing: false,
            },
            News::Unchanged => Self {
                is_failing: false,
                ..*self
            },
            News::Failed(_) => Self {
                is_failing: true,
                ..*self
            },
            News::Withdrawn => Self::default(),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happened before, after two looks the writer has what the file says; of a wrong one, that it
    /// is wrong.
    #[test]
    fn two_looks_tell_all(steps in steps(), is_named in any::<bool>()) {
        let mut desk = if is_named {
            Desk::of_domain(&["AS7.yaml"])
        } else {
            Desk::of_folder("")
        };
        let mut writer = Writer::default();
        let mut there = None;
        for step in steps.into_iter().chain([Step::Look, Step::Look]) {
            match step {
                Step::Put(text) => {
                    desk.put("AS7.yaml", text);
                    there = Some(text);
                }
                Step::Remove => {
                    let _ = fs::remove_file(desk.path("AS7.yaml"));
                    there = None;
                }
                Step::Look => {
                    for (_, _, news) in desk.look_at(LATER).0 {
                        writer.hear(&news);
                    }
                }
            }
        }
        match there {
            Some(text) if TEXTS[..2].contains(&text) => {
                let document = Some(text.len());
                prop_assert_eq!(writer, Writer { document, is_failing: false });
            }
            Some(_) => prop_assert!(writer.is_failing),
            // A file that the settings name is missed.
            None => prop_assert_eq!(writer, Writer { document: None, is_failing: is_named }),
        }
        let (told, look) = desk.look_at(LATER);
        prop_assert_eq!((told.len(), look.read), (0, 0));
    }
}
