"""What stops a demo."""


class DemoError(Exception):
    """The demo cannot go on; the message says why and shows the daemons' last words."""
