"""Private names of CPython and of the OpenTelemetry SDK: each has one home here, a probe, and a fallback.

| module | names | fallback |
|--|--|--|
| `locks` | owner and release of a reentrant lock | a reentrant lock in Python |
| `contexts` | the current context and its span in the API | the API's own functions |
| `attributes` | the fields of a span's attributes | the SDK's own spans |
| `spans` | fields of tracers, samplers and span processors | the SDK's own spans |
| `metrics` | views, streams and aggregations of a histogram | the SDK's plain instruments |
| `logs` | limits of a logger, fields of a log record | the SDK's own records |
| `propagation` | the parts of a composite propagator | the API's `inject` |
| `encoders` | the encoder of log records | an encoder over public protobuf types |
| `probe` | runs a probe once, and warns if it fails | |
"""
