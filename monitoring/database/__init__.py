"""The product's own database: a file by default, PostgreSQL by URL. The only package that knows SQLAlchemy."""
