"""The rules of backorders as plain values and functions: no clock, no I/O, no platform words.

Reading order: orders, supply, events, policy, allocation, promise, lifecycle, actions, notices, metrics.
"""
