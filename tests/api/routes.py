"""The document about routes, as a relay gives it while a key is being opened."""

from qkdctl.api.facade import Json

ROUTES: Json = {
    "schema_version": 1,
    "epoch": 1204,
    "router": "key-router",
    "trouble": "",
    "demands": [
        {
            "demand": "east-west",
            "source": "east",
            "target": "west",
            "bits": 51_200,
            "since": 1187,
            "threshold": 2,
            "challenged": 0,
            "crowding": 2,
            "distrusted": ["south"],
            "suspects": [{"node": "north", "epochs_left": 150}],
            "paths": [
                {"share": 1, "nodes": ["east", "bench", "west"], "links": ["b-e", "b-w"], "applied": True},
                {"share": 2, "nodes": ["east", "south", "west"], "links": ["e-s", "s-w"], "applied": None},
            ],
        },
        {
            "demand": "far",
            "source": "bench",
            "target": "moon",
            "bits": 256,
            "since": 1,
            "threshold": 1,
            "challenged": 0,
            "crowding": 0,
            "distrusted": [],
            "suspects": [],
            "paths": [],
        },
    ],
    "opened": [{"key": "east-west/1/1187/43", "path": ["east", "bench", "west"], "asked": 2}],
}
