"""OULAD, the Open University Learning Analytics Dataset: a directory of tables, each day by day."""
