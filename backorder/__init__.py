"""The heart of Waitline: the domain, the database and the operator's settings. No web, no queue, no platform."""
