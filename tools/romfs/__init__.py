"""microdhcp as an image for the ROMFS partition of a firmware, and what it costs from there."""
