"""A stand-in for Azure below the SDK: the sample workspace."""
