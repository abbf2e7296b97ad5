"""Whether two windows differ in all features taken together, each method in a file."""
