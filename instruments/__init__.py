"""Drivers: what each instrument can do, and what a procedure may assume of it."""
