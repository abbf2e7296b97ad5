"""The doors from pages to the product, one module a question, and the only place that caches.

Answers that everyone may share are cached by their arguments, which are frozen nouns. Tables go
through `st.cache_data` (a copy for each caller), figures through `st.cache_resource` (one for all,
never changed). A stale answer is served while it is renewed.

All of these raise SourceError where Azure or the database does not answer, NotPermittedError where the
identity of this app may not read, InputError for what a reader has asked wrongly, and NotEnoughData for
too few rows. A docstring names an error only where it says more than that.
"""
