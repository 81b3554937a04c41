"""Private names of CPython and of the OpenTelemetry SDK: each has one home here, a probe, and a fallback.

| module | names | fallback |
|--|--|--|
| `locks` | owner and release of a reentrant lock | a reentrant lock in Python |
| `contexts` | where the API keeps the current context and span | the API's own functions |
| `attributes` | the fields of `BoundedAttributes` | the SDK's own records and spans |
| `spans` | tracers, samplers and processors of the SDK | the SDK's own spans |
| `probe` | runs the probes | |
"""
