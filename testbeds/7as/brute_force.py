#!/usr/bin/env python3
"""Works out what a scenario's answers must be, by trying everything.

This is the other opinion: it shares no code, no library and no method with the broker. Nothing here
is clever, and nothing should be made so.

    python3 brute_force.py [FOLDER]            prints the expected files as one JSON object
    python3 brute_force.py --write [FOLDER]    writes them into FOLDER

FOLDER is this script's own unless given; it holds the MdOs' exports (*.get-config.xml,
*.topology.json) and request-sg.json in the draft's form. Run on ../3as it prints the answers of the
draft itself, which is how we know that the script is right.
"""

import itertools
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PLACEMENTS = 10  # how many of the best are expected


def domain_name(text):
    """0.0.0.121 is AS number 121 in netphony's spelling; a dot is not allowed in a PID name."""
    if text.count(".") == 3:
        number = 0
        for byte in text.split("."):
            number = number * 256 + int(byte)
        return f"AS{number}"
    return text


# What the MdOs export.


def read_resources(folder):
    """Domain -> sums of cpu, mem and storage, service SAPs, NF types (Virtualizer XML)."""
    resources = {}
    for path in sorted(folder.glob("*.get-config.xml")):
        root = ElementTree.parse(path).getroot()
        told = {"cpu": 0.0, "mem": 0.0, "storage": 0.0, "port": [], "nf": []}
        for node in root.findall("nodes/node"):
            for kind in ("cpu", "mem", "storage"):
                told[kind] += float(node.findtext(f"resources/{kind}"))
            for port in node.findall("ports/port"):
                # A port with a <sap> tag leads to another domain; it is no access point of a service.
                if port.findtext("port_type") == "port-sap" and port.find("sap") is None:
                    told["port"].append(port.findtext("name"))
            for function in node.findall("capabilities/supported_NFs/node"):
                told["nf"].append(function.findtext("type"))
        told["port"].sort()
        told["nf"] = sorted(set(told["nf"]))
        resources[domain_name(root.findtext("id"))] = told
    return resources


def read_topologies(folder):
    """Domain -> entry point, and the set of adjacent pairs (UNIFY JSON of netphony)."""
    entry_points = {}
    told = set()  # (the domain that says so, the other one)
    for path in sorted(folder.glob("*.topology.json")):
        document = json.loads(path.read_text())
        exporter = None
        for node in document["nodes"]["node"]:
            for item in node["metadata"]:
                if item["key"] == "unify-slor":
                    exporter = domain_name(node["id"])
                    entry_points[exporter] = item["value"]
        for link in document["links"]["link"]:
            # "/nodes/node[id=0.0.0.1]/ports/port[id=172.16.101.103]"
            ends = [domain_name(link[end].split("[id=")[1].split("]")[0]) for end in ("src", "dst")]
            assert ends[0] == exporter, f"{path}: {link} does not start in {exporter}"
            told.add(tuple(ends))
    for pair in told:
        assert pair[::-1] in told, f"{pair} is told from one side only"
    return entry_points, told


# What follows from it.


def property_map(resources, entry_points):
    """Table 1: every value an array of strings, and no property without a value."""
    entities = {}
    for domain, told in resources.items():
        entity = {"entry-point": [entry_points[domain]]}
        for kind in ("cpu", "mem", "storage"):
            entity[kind] = [str(told[kind])]
        for kind in ("port", "nf"):
            if told[kind]:
                entity[kind] = told[kind]
        entities[f"pid:{domain}"] = entity
    return {"property-map": entities}


def simple_paths(adjacent, domains, source, destination):
    """All simple paths, by trying every order of every choice of domains between the ends."""
    if source == destination:
        return [[source]]
    between = [domain for domain in domains if domain not in (source, destination)]
    found = []
    for count in range(len(between) + 1):
        for middle in itertools.permutations(between, count):
            path = [source, *middle, destination]
            if all(step in adjacent for step in zip(path, path[1:])):
                found.append(path)
    return sorted(found, key=lambda path: (len(path), path))


def hosts(node, graph, resources):
    """The domains where a node of the service graph can be."""
    kind = "port" if node in graph["saps"] else "nf"
    return sorted(domain for domain, told in resources.items() if node in told[kind])


def cost_map(graph, resources, adjacent):
    """5.5.2: per requirement and link all simple paths between all hosts of its ends."""
    domains = sorted(resources)
    links = {link["id"]: link for link in graph["sg_links"]}
    answer = {}
    for requirement in graph["reqs"]:
        row = answer.setdefault(requirement["src-node"], {})
        cell = row.setdefault(requirement["dst-node"], {})
        for link in (links[number] for number in requirement["sg-path"]):
            vectors = []
            for source in hosts(link["src-node"], graph, resources):
                for destination in hosts(link["dst-node"], graph, resources):
                    vectors += simple_paths(adjacent, domains, source, destination)
            cell.setdefault(link["src-node"], {})[link["dst-node"]] = vectors
    cost_type = {"cost-mode": "array", "cost-metric": "ane-path"}
    return {"meta": {"cost-type": cost_type}, "cost-map": answer}


def placements(graph, resources, adjacent):
    """Table 2: every choice of hosts, ranked by inter-domain links crossed, then by host names."""
    domains = sorted(resources)
    links = {link["id"]: link for link in graph["sg_links"]}
    (requirement,) = graph["reqs"]  # one chain; a walk is a row of Table 2
    chain = [requirement["src-node"]]
    chain += [links[number]["dst-node"] for number in requirement["sg-path"]]
    ranked = []
    for choice in itertools.product(*(hosts(node, graph, resources) for node in chain)):
        walk = [f"{choice[0]}:{chain[0]}"]
        hops = 0
        for source, destination, node in zip(choice, choice[1:], chain[1:]):
            paths = simple_paths(adjacent, domains, source, destination)
            if not paths:
                break
            shortest = paths[0]  # by length, then by names
            hops += len(shortest) - 1
            walk += shortest[1:-1] + [f"{destination}:{node}"]
        else:
            ranked.append((hops, choice, walk))
    return [walk for _, _, walk in sorted(ranked)[:PLACEMENTS]]


def main(arguments):
    write = "--write" in arguments
    folders = [argument for argument in arguments if argument != "--write"]
    folder = Path(folders[0]) if folders else Path(__file__).resolve().parent
    graph = json.loads((folder / "request-sg.json").read_text())["sg"]
    resources = read_resources(folder)
    entry_points, adjacent = read_topologies(folder)
    expected = {
        "expected-propmap.json": property_map(resources, entry_points),
        "expected-costmap.json": cost_map(graph, resources, adjacent),
        "expected-placements.json": placements(graph, resources, adjacent),
    }
    if write:
        for name, document in expected.items():
            (folder / name).write_text(json.dumps(document, indent=1) + "\n")
    else:
        print(json.dumps(expected, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
