-- As the summaries of r0007: what is counted over all time and all students, kept by the job.
CREATE TABLE course_progress (
    student_id text NOT NULL, course_id text NOT NULL, last_activity_at timestamptz, finished_items bigint NOT NULL, items bigint,
    completed_at timestamptz, completion double precision, as_of timestamptz NOT NULL,
    PRIMARY KEY (student_id, course_id)
);
CREATE INDEX course_progress_course ON course_progress (course_id);
CREATE INDEX risk_rows_class ON risk_rows (class_id);
CREATE TABLE video_totals (
    video_id text NOT NULL PRIMARY KEY, course_id text, lesson_id text, views bigint NOT NULL, students bigint NOT NULL,
    watched_seconds double precision, unique_seconds double precision, rewatched_seconds double precision,
    video_duration_s double precision, median_watch_pct double precision, completed_share double precision, seeks bigint,
    avg_playback_rate double precision, as_of timestamptz NOT NULL
);
CREATE TABLE video_parts (
    video_id text NOT NULL, bin bigint NOT NULL, views bigint NOT NULL, watched bigint NOT NULL, rewatched bigint NOT NULL,
    as_of timestamptz NOT NULL,
    PRIMARY KEY (video_id, bin)
);

-- Computes the summaries anew; one that took long waits twenty times as long, so that a twentieth of a core is the most it costs.
CREATE OR REPLACE PROCEDURE refresh_summaries(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    summary text;
    began   timestamptz;
BEGIN
    CALL refresh_visits(config IS NULL);
    FOREACH summary IN ARRAY ARRAY['course_progress', 'chapter_summary', 'course_summary', 'course_exits', 'class_progress', 'risk_rows', 'click_days', 'cohort_weeks', 'place_counts',
        'video_totals', 'video_parts']
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
