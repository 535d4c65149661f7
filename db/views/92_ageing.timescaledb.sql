-- How long chunks are kept after they were made (CLASSPULSE_KEEP_<TABLE>_DAYS); set again whenever a setting changed.
DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES
        ('events', {{keep_events}}), ('dead_letters', {{keep_dead_letters}}), ('anomalies', {{keep_anomalies}}),
        ('learning_events', {{keep_learning_events}}), ('milestones', {{keep_milestones}}), ('quiz_attempts', {{keep_quiz_attempts}}),
        ('sessions_closed', {{keep_sessions_closed}}), ('chapter_visit_facts', {{keep_chapter_visit_facts}}), ('video_views', {{keep_video_views}}),
        ('stuck_episodes', {{keep_stuck_episodes}}), ('predictions', {{keep_predictions}}), ('student_days', {{keep_student_days}}),
        ('student_click_days', {{keep_student_click_days}}), ('memory_reviews', {{keep_memory_reviews}})
    ) AS k (table_name, days)
    LOOP
        PERFORM remove_retention_policy(kept.table_name::regclass, if_exists => true);
        PERFORM add_retention_policy(kept.table_name::regclass, drop_created_before => make_interval(days => kept.days));
    END LOOP;
    -- Aggregates stand on these: rolled up before they are dropped.
    PERFORM delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_schema = 'public' AND proc_name = 'roll_up_old_chunks';
    PERFORM add_job('roll_up_old_chunks', interval '1 day', config => jsonb_build_object(
        'activity_windows', {{keep_activity_windows}}, 'engagement_scores', {{keep_engagement_scores}}));
END $$;
