"""The tabs in the middle: which runs are drawn how, and the live fit."""
