"""The ClickHouse engine (chDB) behind ClickHouse's own HTTP interface, for one machine.

statement    what a request's SQL is: its kind, its formats, where inline data begins (pure)
request      a request's parameters, sorted into SQL, settings, query parameters (pure)
exceptions   ClickHouse's exceptions: code, message text, HTTP status (pure)
encoding     HTTP content encodings (pure)
blocks       ClickHouse's own compressed blocks (pure)
native       the Native format for clients that name a protocol version (pure)
answer       what an execution gives back, and the exchange it speaks through
engine       the engine in this process: data directory, limits, connections
execution    one request run on one connection, in a worker thread
exchange     one HTTP request and its answer, between event loop and worker thread
server       the HTTP routes, start and stop
"""
