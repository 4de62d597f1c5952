"""What MEF's documents leave open, for schemathesis: which payloads this server takes, and what a schema cannot say.

Schemathesis makes bodies and queries of the documents alone. Every second order that it means to be good gets a payload of
ours and keeps the rules that stand in the documents' text, so that orders are taken, too, and what follows from them is seen.
The others go as they are, and must be refused in good form."""

import schemathesis

PAYLOAD = {
    "@type": "urn:brokermdo:schema:service-graph:v1",
    "sg": {
        "nfs": ["NF1"],
        "saps": ["SAP1", "SAP2"],
        "sg_links": [
            {"id": 1, "src-node": "SAP1", "dst-node": "NF1"},
            {"id": 2, "src-node": "NF1", "dst-node": "SAP2"},
        ],
        "reqs": [{"id": 1, "src-node": "SAP1", "dst-node": "SAP2", "sg-path": [1, 2]}],
    },
}

count = 0


def is_meant_well(case):
    meta = case.meta
    return meta is not None and meta.generation.mode.is_positive


def make_good(order):
    """An order of new services that refers to nothing, with what was generated where that may stay."""
    order["requestedStartDate"] = "2026-01-01T00:00:00Z"
    order["requestedCompletionDate"] = "2126-01-01T00:00:00Z"
    for name in ("orderRelationship", "coordinatedAction"):
        order.pop(name, None)
    notes = [order]
    for number, item in enumerate(order["serviceOrderItem"]):
        item["id"] = f"item-{number}"
        item["action"] = "add"
        for name in ("coordinatedAction", "serviceOrderItemRelationship"):
            item.pop(name, None)
        service = item["service"]
        for name in ("id", "serviceRelationship"):
            service.pop(name, None)
        if service.get("state") == "terminated":
            service["state"] = "inactive"
        service["serviceConfiguration"] = PAYLOAD
        notes += [item, service]
    for place in notes:
        for note in place.get("note", []):
            note["source"] = "bus"
    without_unknown(order)


def without_unknown(value):
    """Objects of the documents are open; those of this server are not."""
    known = KNOWN
    if isinstance(value, dict):
        for name in [name for name in value if name not in known]:
            del value[name]
        for name, below in value.items():
            if name != "serviceConfiguration":
                without_unknown(below)
    elif isinstance(value, list):
        for below in value:
            without_unknown(below)


KNOWN = set(
    """id href name description externalId serviceType startDate endDate state note place relatedContactInformation
    serviceRelationship serviceOrderItem serviceConfiguration requestedStartDate requestedCompletionDate action service
    author date source text role number numberExtension emailAddress organization postalAddress contact
    streetNr streetNrSuffix streetNrLast streetNrLastSuffix streetPreDirection streetName streetType streetPostDirection
    poBox locality city postcode postcodeExtension stateOrProvince countryCode subUnit buildingName privateStreetNumber
    privateStreetName language subUnitNumber subUnitType formattedAddress label administrativeAuthority spatialRef
    latitude longitude elevation fieldedAddressRepresentation formattedAddressRepresentation
    geographicPointRepresentation labelRepresentation @type itemId serviceOrderId serviceOrderHref""".split()
)


@schemathesis.hook
def before_call(context, case, kwargs):
    global count
    if not is_meant_well(case):
        return
    if case.operation.label == "POST /serviceOrder" and isinstance(case.body, dict):
        count += 1
        if count % 2 == 0:
            make_good(case.body)
    # "Must be used together", say the descriptions.
    if case.operation.label == "GET /service" and case.query:
        pair = ("serviceOrder.id", "serviceOrderItem.id")
        if sum(name in case.query for name in pair) == 1:
            for name in pair:
                case.query.pop(name, None)
