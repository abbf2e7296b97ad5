"""The doors from pages to the product, one module a question, and the only place that caches.

Answers that everyone may share are cached by their arguments, which are frozen nouns. Tables go
through `st.cache_data` (a copy for each caller), figures through `st.cache_resource` (one for all,
never changed). A stale answer is served while it is renewed.
"""
