"""The database: migrations, views, roles and the compatibility layer."""
