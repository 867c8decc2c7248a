"""The differences between firmwares: one module for each, with one class Port."""
