-- Since when the lake is whole: a rebuild takes nothing from it that came before.
CREATE TABLE lake_expired (
    only_row boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    since    timestamptz NOT NULL
);
COMMENT ON TABLE lake_expired IS 'Of what came before, files of the lake may have been deleted (CLASSPULSE_KEEP_LAKE_DAYS).';
