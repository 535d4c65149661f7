-- As the summaries of r0007 and r0011: forgetting, gaps and failures of all classes, kept by the job.
CREATE TABLE cohort_forgetting (
    cohort text NOT NULL, cohort_id text NOT NULL, module text NOT NULL, domain text, students_with_curve bigint NOT NULL,
    enrolled bigint NOT NULL, enrolled_with_curve bigint NOT NULL, due_students bigint NOT NULL, high_students bigint NOT NULL,
    high_share double precision, median_retention double precision, median_retention_1d double precision,
    median_retention_3d double precision, median_retention_7d double precision, high_share_1d double precision,
    high_share_3d double precision, high_share_7d double precision, as_of timestamptz NOT NULL,
    PRIMARY KEY (cohort, cohort_id, module)
);
CREATE TABLE cohort_gaps (
    cohort text NOT NULL, cohort_id text NOT NULL, module text NOT NULL, domain text, next_module text NOT NULL,
    students_with_gap bigint NOT NULL, students_with_curve bigint NOT NULL, enrolled bigint NOT NULL, gap_share double precision,
    median_gap double precision, as_of timestamptz NOT NULL
);
CREATE INDEX cohort_gaps_cohort ON cohort_gaps (cohort, cohort_id);
CREATE TABLE class_failures (
    class_id text, module text NOT NULL, domain text, students bigint NOT NULL, failed bigint NOT NULL, failure_rate double precision,
    pass_mark double precision, since timestamptz NOT NULL, as_of timestamptz NOT NULL
);
CREATE INDEX class_failures_class ON class_failures (class_id);
CREATE TABLE module_days (
    bucket timestamptz NOT NULL, domain text, module text, quiz_type text NOT NULL, attempts bigint, score_sum bigint,
    s0 bigint, s1 bigint, s2 bigint, s3 bigint, s4 bigint, s5 bigint, s6 bigint, s7 bigint, s8 bigint, s9 bigint,
    average_score double precision, first_attempts bigint, first_failed bigint, failure_rate double precision, as_of timestamptz NOT NULL
);
CREATE INDEX module_days_bucket ON module_days (bucket);
CREATE TABLE curve_days (
    day date NOT NULL, module text NOT NULL, curves bigint NOT NULL, due bigint NOT NULL, high bigint NOT NULL, as_of timestamptz NOT NULL,
    PRIMARY KEY (day, module)
);
CREATE TABLE curve_totals (
    students bigint NOT NULL, curves bigint NOT NULL, modules bigint NOT NULL, median_retention double precision, due bigint NOT NULL,
    high bigint NOT NULL, as_of timestamptz NOT NULL
);
CREATE TABLE first_due (
    user_id text NOT NULL, module text NOT NULL, urgency_level text, scheduled_at timestamptz NOT NULL, retention double precision,
    as_of timestamptz NOT NULL
);
CREATE TABLE first_coming (
    user_id text NOT NULL, module text NOT NULL, next_review_at timestamptz NOT NULL, retention double precision,
    last_score double precision NOT NULL, as_of timestamptz NOT NULL
);

-- Computes the summaries anew; one that took long waits twenty times as long, so that a twentieth of a core is the most it costs.
CREATE OR REPLACE PROCEDURE refresh_summaries(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    summary text;
    began   timestamptz;
BEGIN
    CALL refresh_visits(config IS NULL);
    FOREACH summary IN ARRAY ARRAY['course_progress', 'chapter_summary', 'course_summary', 'course_exits', 'class_progress', 'risk_rows', 'click_days', 'cohort_weeks', 'place_counts',
        'video_totals', 'video_parts', 'cohort_forgetting', 'cohort_gaps', 'class_failures', 'module_days', 'curve_days',
        'curve_totals', 'first_due', 'first_coming']
    LOOP
        CONTINUE WHEN config IS NOT NULL
            AND EXISTS (SELECT FROM summary_runs WHERE name = summary AND ran_at + 20 * took > clock_timestamp());
        began := clock_timestamp();
        PERFORM set_config('work_mem', '256MB', true); -- a row for each student and chapter: sorted in memory, not on disk
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', summary); -- the job and a CALL may run at once
        EXECUTE format('DELETE FROM %I', summary);
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', summary, summary || '_live');
        INSERT INTO summary_runs VALUES (summary, began, clock_timestamp() - began)
        ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, took = excluded.took;
        COMMIT;
    END LOOP;
END $$;
