-- Rolls up chunks that were kept for long enough and drops them; config: {table: days}. A chunk is rolled up and dropped in one
-- transaction; until the aggregates have forgotten it, its sums are pending and count in no view. A run that was cut off between
-- is taken up by the next. (Two days around it: a refresh takes whole buckets only, and a local day lies across chunks.)
CREATE PROCEDURE roll_up_old_chunks(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    old       record;
    aggregate text;
BEGIN
    LOOP
        SELECT table_name, since, until INTO old FROM rolled_up WHERE pending ORDER BY since LIMIT 1;
        IF NOT FOUND THEN
            SELECT c.hypertable_name::text AS table_name, c.range_start AS since, c.range_end AS until, c.chunk_schema, c.chunk_name INTO old
            FROM timescaledb_information.chunks c
            JOIN jsonb_each_text(config) AS k (table_name, days) ON k.table_name = c.hypertable_name
            WHERE c.hypertable_schema = 'public' AND c.chunk_creation_time < now() - make_interval(days => k.days::integer)
            ORDER BY c.range_start
            LIMIT 1;
            EXIT WHEN NOT FOUND;
            EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', old.chunk_schema, old.chunk_name);
            PERFORM roll_up(old.table_name, old.since, old.until, true);
            IF (SELECT count(*) FROM drop_chunks(old.table_name::regclass, older_than => old.until, newer_than => old.since)) <> 1 THEN
                RAISE EXCEPTION 'chunk % of % was not dropped', old.chunk_name, old.table_name;
            END IF;
            COMMIT;
        END IF;
        FOREACH aggregate IN ARRAY CASE old.table_name WHEN 'activity_windows' THEN ARRAY['activity_1m', 'activity_1h', 'activity_1d']
                                                       ELSE ARRAY['engagement_by_class_1m'] END
        LOOP
            CALL refresh_continuous_aggregate(aggregate::regclass, old.since - interval '2 days', old.until + interval '2 days');
        END LOOP;
        PERFORM show_rolled_up();
        COMMIT;
    END LOOP;
END $$;
