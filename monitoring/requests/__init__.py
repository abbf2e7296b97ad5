"""One request seen through: its time, log lines, features and known issues."""
