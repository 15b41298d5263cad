"""Micrographs: grains found, parted, measured, counted; and pictures to try that on."""
