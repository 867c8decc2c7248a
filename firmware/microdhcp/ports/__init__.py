"""What differs from firmware to firmware: one module for each, with one class Port."""
