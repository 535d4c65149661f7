-- An upsert into columnstore decompresses what it touches; the default limit would refuse a rebuild of old days.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'only the database''s owner may lift timescaledb.max_tuples_decompressed_per_dml_transaction: set it to 0 for the writer';
END $$;
