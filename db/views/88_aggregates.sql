-- What stands under one name on both databases and is made differently on each: continuous aggregates on TimescaleDB, views on plain PostgreSQL.

COMMENT ON VIEW database_jobs IS 'A row is a job of TimescaleDB''s scheduler; none on plain PostgreSQL.';
COMMENT ON COLUMN database_jobs.job_id IS 'Number of the job.';
COMMENT ON COLUMN database_jobs.schedule_interval IS 'How often it should run.';
COMMENT ON COLUMN database_jobs.status IS 'ok, running, waiting, paused or failing.';
COMMENT ON COLUMN database_jobs.last_started_at IS 'Start of the last run.';
COMMENT ON COLUMN database_jobs.last_succeeded_at IS 'End of the last run that succeeded.';
COMMENT ON COLUMN database_jobs.next_start IS 'When it runs next.';
COMMENT ON COLUMN database_jobs.late_seconds IS 'How long it should have run already.';
COMMENT ON COLUMN database_jobs.total_runs IS 'Runs.';
COMMENT ON COLUMN database_jobs.total_failures IS 'Runs that failed.';
COMMENT ON COLUMN database_jobs.last_error IS 'Shown to who owns the database.';

COMMENT ON VIEW activity_1m IS 'A row is a minute x scope: tasks summed.';

COMMENT ON VIEW activity_1h IS 'A row is an hour x scope, of activity_1m.';

COMMENT ON VIEW activity_1d IS 'A row is a local day x scope, of activity_1h.';

COMMENT ON VIEW chapter_spread_1d IS 'A row is a local day x chapter x bucket of duration, of chapter_visit_facts.';

COMMENT ON VIEW chapter_time_1h IS 'A row is an hour x chapter, of chapter_visit_facts.';

COMMENT ON VIEW chapter_time_1d IS 'A row is a local day x chapter, of chapter_time_1h.';

COMMENT ON VIEW course_time_1h IS 'A row is an hour x course, of chapter_time_1h.';

COMMENT ON VIEW course_spread_1d IS 'A row is a local day x course x bucket of duration, of chapter_spread_1d.';

COMMENT ON VIEW engagement_by_class_1m IS 'A row is a minute x class, of engagement_scores.';
COMMENT ON COLUMN engagement_by_class_1m.score IS 'Mean of those present, 0-100.';
COMMENT ON COLUMN engagement_by_class_1m.score_sum IS 'Scores in ten-thousandths, added up.';

COMMENT ON VIEW module_performance_1d IS 'A row is a local day x module x kind of quiz, of quiz_attempts.';
COMMENT ON COLUMN module_performance_1d.score_sum IS 'In hundredths.';
