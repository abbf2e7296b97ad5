"""The only modules that know the Azure SDKs; they return our own types."""
