"""Belief tests: is the number that comes out of the measurement the film's?"""
