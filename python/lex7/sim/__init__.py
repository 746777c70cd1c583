"""A deterministic world that runs the real node code: virtual network, clock and disk.

One seed gives one plan, and one plan gives one run, byte for byte. After every step of a plan the
laws of `lex7.sim.law` are checked; a plan that breaks one is shrunk to the steps that matter.
"""
