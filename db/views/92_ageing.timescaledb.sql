-- How long chunks are kept after they were made (CLASSPULSE_KEEP_<TABLE>_DAYS); set again whenever a setting changed.
DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES
        ('events', {{keep_events}}), ('dead_letters', {{keep_dead_letters}}), ('anomalies', {{keep_anomalies}}),
        ('learning_events', {{keep_learning_events}}), ('milestones', {{keep_milestones}}), ('quiz_attempts', {{keep_quiz_attempts}})
    ) AS k (table_name, days)
    LOOP
        PERFORM remove_retention_policy(kept.table_name::regclass, if_exists => true);
        PERFORM add_retention_policy(kept.table_name::regclass, drop_created_before => make_interval(days => kept.days));
    END LOOP;
END $$;
