-- The last verdict of `classpulse verify` on each class-day that it looked at.
CREATE TABLE verifications (
    class_id   text        NOT NULL,
    day        date        NOT NULL,
    checked_at timestamptz NOT NULL,
    compared   bigint      NOT NULL,
    differing  bigint      NOT NULL,
    report     jsonb       NOT NULL,
    PRIMARY KEY (class_id, day)
);

-- The catalogue of the lake as an Iceberg table: pyiceberg's tables, in a schema of their own.
CREATE SCHEMA IF NOT EXISTS lake_catalog;
CREATE TABLE lake_catalog.iceberg_tables (
    catalog_name               varchar(255) NOT NULL,
    table_namespace            varchar(255) NOT NULL,
    table_name                 varchar(255) NOT NULL,
    metadata_location          varchar(1000),
    previous_metadata_location varchar(1000),
    iceberg_type               varchar(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE lake_catalog.iceberg_namespace_properties (
    catalog_name   varchar(255)  NOT NULL,
    namespace      varchar(255)  NOT NULL,
    property_key   varchar(255)  NOT NULL,
    property_value varchar(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);
