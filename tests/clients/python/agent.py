"""Stock `python-socketio` clients in the hands of a test, in the manner of `agent.mjs`.

    python agent.py

Commands are lines of JSON on stdin, reports lines of JSON on stdout, bytes in them are `{"base64": "…"}`. The package
`threads` is `socketio.Client`, `asyncio` is `socketio.AsyncClient`. The options are those of `io()`, as far as Python has
the same; another one ends the agent. What a handler raises is reported as an `exception`: the package only writes such a
thing to stderr, and the event is lost.
"""

import asyncio
import base64
import json
import sys
import threading
import traceback
from urllib.parse import urlencode

import socketio

# How long a connection may take: as with all that a test expects, the machine may be compiling besides.
CONNECT_SECONDS_MAX = 20

# One line at a time, whichever thread reports.
stdout = threading.Lock()
clients = {}


def text_of(value):
    """The value with its bytes as text."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [text_of(item) for item in value]
    if isinstance(value, dict):
        return {key: text_of(item) for key, item in value.items()}
    return value


def bytes_of(value):
    """The value with bytes where there was text for them."""
    if isinstance(value, list):
        return [bytes_of(item) for item in value]
    if isinstance(value, dict):
        if isinstance(value.get("base64"), str):
            return base64.b64decode(value["base64"])
        return {key: bytes_of(item) for key, item in value.items()}
    return value


class Reports:
    """What happens to a client, said line by line; and how it answers."""

    def __init__(self, number):
        self.number = number
        self.answers = {}

    def say(self, kind, **details):
        line = json.dumps({"client": self.number, "kind": kind, **details})
        with stdout:
            print(line, flush=True)

    def event(self, event, args):
        self.say("event", event=event, args=text_of(args))
        # What a handler returns is the ack, where the server asked for one.
        return self.answers.get(event)

    def ack_of(self, ack):
        return None if ack is None else lambda *args: self.say("ack", ack=ack, args=text_of(args))

    def refused(self, error=None):
        error = error if isinstance(error, dict) else {"message": str(error)}
        self.say("connect_error", message=error.get("message"), data=error.get("data"))

    def register(self, client, namespace, one_argument):
        """Handlers as people write them: one argument for the events that are named, any number for the others."""

        def handle(event):
            def on_event(data):
                return self.event(event, [data])

            client.on(event, on_event, namespace=namespace)

        for event in one_argument:
            handle(event)
        client.on("*", lambda event, *args: self.event(event, args), namespace=namespace)
        client.on("connect", lambda: self.connected(client, namespace), namespace=namespace)
        client.on("connect_error", self.refused, namespace=namespace)
        client.on("disconnect", lambda reason: self.say("disconnect", reason=reason), namespace=namespace)

    def connected(self, client, namespace):
        # The package knows nothing of recovery.
        self.say("connect", id=client.get_sid(namespace), transport=client.transport(), recovered=False)


class Threads:
    """`socketio.Client`: every event in a thread of its own."""

    make = socketio.Client

    @staticmethod
    def run(call, *args, **named):
        call(*args, **named)

    @staticmethod
    def connect(client, reports, arguments):
        """Returns what waits until the call is done."""

        def connect():
            try:
                client.connect(**arguments)
            except socketio.exceptions.ConnectionError as error:
                reports.say("exception", error=str(error))

        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        return thread.join


class Asyncio:
    """`socketio.AsyncClient`: every event in a task of one loop, which runs in a thread of its own."""

    make = socketio.AsyncClient
    loop = asyncio.new_event_loop()

    @classmethod
    def run(cls, call, *args, **named):
        asyncio.run_coroutine_threadsafe(call(*args, **named), cls.loop).result()

    @classmethod
    def connect(cls, client, reports, arguments):
        async def connect():
            try:
                await client.connect(**arguments)
            except socketio.exceptions.ConnectionError as error:
                reports.say("exception", error=str(error))

        return asyncio.run_coroutine_threadsafe(connect(), cls.loop).result


PACKAGES = {"threads": Threads, "asyncio": Asyncio}


class Driven:
    """A client, and how it is told what to do."""

    def __init__(self, command):
        options = dict(command["options"])
        self.package = PACKAGES[command["package"]]
        self.namespace = command["namespace"]
        self.reports = Reports(command["client"])
        self.client = self.package.make(reconnection_delay_max=options.pop("reconnectionDelayMax", 5_000) / 1_000)
        self.reports.register(self.client, self.namespace, options.pop("oneArgument", []))
        query = options.pop("query", None)
        self.arguments = {
            "url": command["url"] if query is None else f"{command['url']}?{urlencode(query)}",
            "headers": options.pop("extraHeaders", {}),
            "auth": options.pop("auth", None),
            "transports": options.pop("transports", None),
            "namespaces": [self.namespace],
            "wait_timeout": CONNECT_SECONDS_MAX,
        }
        assert not options, f"options that Python has not: {list(options)}"

    def connect(self, _command=None):
        self.connect_has_returned = self.package.connect(self.client, self.reports, self.arguments)

    def emit(self, command):
        callback = self.reports.ack_of(command.get("ack"))
        args = tuple(bytes_of(command["args"]))
        self.package.run(self.client.emit, command["event"], args, namespace=self.namespace, callback=callback)

    def answer(self, command):
        self.reports.answers[command["event"]] = tuple(bytes_of(command["args"]))

    def disconnect(self, _command=None):
        # A program does one after the other; the package forgets to tell the end of what it has not finished to begin.
        self.connect_has_returned()
        self.package.run(self.client.disconnect)


def report_exception(error):
    """Tells what was raised while an event was handled, by the client that the traceback goes through."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        for driven in list(clients.values()):
            if frame.f_locals.get("self") is driven.client:
                driven.reports.say("exception", error=f"{type(error).__name__}: {error}")
                return
    traceback.print_exception(error)


def main():
    threading.excepthook = lambda raised: report_exception(raised.exc_value)
    Asyncio.loop.set_exception_handler(lambda _loop, context: report_exception(context["exception"]))
    threading.Thread(target=Asyncio.loop.run_forever, daemon=True).start()
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "start":
            clients[command["client"]] = Driven(command)
            clients[command["client"]].connect()
        else:
            getattr(clients[command["client"]], command["do"])(command)


if __name__ == "__main__":
    main()
