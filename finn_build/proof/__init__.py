"""Every level of the build compared with the ones above it, for equality."""
