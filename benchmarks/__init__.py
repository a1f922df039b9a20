"""Times implementations against each other on this machine, after proving that each computes the same function.

A run is one implementation under one runtime, on one workload, batch size, precision and number of threads. Runs that
differ only in implementation and runtime are a comparison: each lives in a process of its own, and they are timed in
turns (A B A B), so that a slow spell of the machine hits all of them.
"""
