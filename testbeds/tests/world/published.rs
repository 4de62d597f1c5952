//! The files that the world publishes, where they stand. They are not part of the project: a test says that
//! it was skipped when they are not there.

use std::path::{Path, PathBuf};

use testbeds::world::{Relationship, World};

/// A folder of `shared/data/topologies`, which may be beside the project or a folder further up.
#[expect(clippy::print_stdout, reason = "who runs the tests is to see it")]
fn folder(name: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above
        .map(|folder| folder.join("shared/data/topologies").join(name))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        println!("SKIPPED: shared/data/topologies/{name} is not there");
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// The counts are those of `grep -vc '^#'` and of the distinct numbers in it.
#[test]
fn the_internet_of_september_2025() {
    let Some(folder) = folder("as-graph") else {
        return;
    };
    let world = World::open(folder.join("20250901.as-rel2.txt.bz2")).unwrap();
    assert_eq!((world.node_count(), world.link_count()), (78_643, 570_696));
    let transit = world
        .links()
        .filter(|link| link.relationship == Some(Relationship::ProviderOf));
    assert_eq!(transit.count(), 161_166);
    let most = (0..)
        .take(world.node_count())
        .map(|node| world.neighbours(node).count())
        .max();
    assert_eq!(most, Some(9_915));
}

#[test]
fn all_of_repetita() {
    let Some(folder) = folder("repetita/2016TopologyZooUCL_inverseCapacity") else {
        return;
    };
    let (mut count, mut loops) = (0, 0);
    for file in files(&folder) {
        if file
            .extension()
            .is_none_or(|extension| extension != "graph")
        {
            continue;
        }
        count += 1;
        let world = World::open(&file).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let edges = text
            .lines()
            .filter(|line| line.starts_with("edge_"))
            .count();
        loops += edges - 2 * world.link_count();
        for link in world.links() {
            assert!(!link.one_way && link.delay_there.is_some() && link.bandwidth_back.is_some());
        }
    }
    // Four directions in Interoute lead from a node to itself.
    assert_eq!((count, loops), (COUNT, 4));
}

const COUNT: usize = 260;

#[test]
fn five_of_sndlib() {
    let Some(folder) = folder("sndlib") else {
        return;
    };
    let read: Vec<(String, usize, usize, bool)> = files(&folder)
        .iter()
        .map(|file| {
            let world = World::open(file).unwrap();
            let links = world.links().all(|link| link.delay_there.is_some());
            assert!(links, "{}: all have places", file.display());
            let told = world.links().all(|link| link.bandwidth_there.is_some());
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, world.node_count(), world.link_count(), told)
        })
        .collect();
    let expected = [
        ("abilene", 12, 15, true),
        ("geant", 22, 36, true),
        ("germany50", 50, 88, false),
        ("nobel-eu", 28, 41, false),
        ("polska", 12, 18, false),
    ];
    assert_eq!(
        read,
        expected.map(|(name, nodes, links, told)| (name.to_owned(), nodes, links, told))
    );
}

#[test]
fn two_hundred_networks_as_a_federation() {
    let Some(folder) = folder("zoo200") else {
        return;
    };
    let world = World::open(folder.join("zoo200.edges")).unwrap();
    assert_eq!((world.node_count(), world.link_count()), (200, 436));
    assert_eq!(world.node(0).unwrap().name, "Aarnet");
    assert_eq!(
        world.link(0).unwrap().delay_back.unwrap().as_nanos(),
        2_088_000
    );
    let distinct: std::collections::BTreeSet<_> =
        (0..).map_while(|node| world.domain_id(node)).collect();
    assert_eq!(distinct.len(), 200);
}
