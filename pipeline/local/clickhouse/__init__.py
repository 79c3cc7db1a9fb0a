"""The ClickHouse engine (chDB) behind ClickHouse's own HTTP interface, for one machine.

statement    what a request's SQL is: its kind, its formats, where inline data begins (pure)
exceptions   ClickHouse's exceptions: code, message text, HTTP status (pure)
encoding     HTTP content encodings and ClickHouse's own block compression (pure)
request      a request's parameters, sorted into SQL, settings, query parameters (pure)
engine       the engine in this process: data directory, limits, connections
execution    one request run on one connection, in a worker thread
server       the HTTP routes
"""
