"""The frame around every page: menu, scope, segment, HTTP edge."""
