-- As the summaries of r0012: classes side by side, and attempts of all of them by ten points of score, kept by the job.
CREATE TABLE class_days (
    class_id text NOT NULL, day date NOT NULL, previous_day date, students bigint NOT NULL, minutes_active bigint NOT NULL,
    attempts bigint NOT NULL, score_sum bigint NOT NULL, as_of timestamptz NOT NULL, courses text[] NOT NULL
);
CREATE INDEX class_days_day ON class_days (day);
CREATE TABLE class_course_days (
    class_id text NOT NULL, courses text[] NOT NULL, course text NOT NULL, day date NOT NULL, attempts bigint NOT NULL,
    score_sum bigint NOT NULL, as_of timestamptz NOT NULL
);
CREATE INDEX class_course_days_course ON class_course_days (course, day);
CREATE TABLE class_totals (
    class_id text NOT NULL PRIMARY KEY, enrolled bigint NOT NULL, median_finished double precision, at_risk bigint NOT NULL,
    as_of timestamptz NOT NULL
);
CREATE TABLE score_days (
    day date NOT NULL, course text, quiz_type text NOT NULL, from_score bigint NOT NULL, attempts bigint NOT NULL, passed bigint NOT NULL,
    as_of timestamptz NOT NULL
);
CREATE INDEX score_days_day ON score_days (day);
CREATE TABLE page_weeks (
    week date NOT NULL, page_url text NOT NULL, views bigint NOT NULL, scrolls bigint NOT NULL, as_of timestamptz NOT NULL,
    PRIMARY KEY (week, page_url)
);
-- Who takes a course is asked for where one is chosen.
CREATE INDEX risk_rows_course ON risk_rows (course_id);
COMMENT ON TABLE class_days IS 'What counts in a class on a local day, of those who are enrolled in it now: what they did in it, and what names no class of theirs; by the day on which they were active in it before, and by the courses they take.';
COMMENT ON TABLE class_course_days IS 'The attempts that count in class_days, by the courses that who made them takes and the course of the quiz.';
COMMENT ON TABLE page_weeks IS 'page_days by week (Monday).';
COMMENT ON TABLE class_totals IS 'How far those who are enrolled in a class now have come, over all courses.';
COMMENT ON TABLE score_days IS 'Attempts of all classes by local day, course, kind and ten points of score.';

-- Computes the summaries anew; one that took long waits twenty times as long, so that a twentieth of a core is the most it costs.
CREATE OR REPLACE PROCEDURE refresh_summaries(job_id integer DEFAULT NULL, config jsonb DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    summary text;
    began   timestamptz;
BEGIN
    CALL refresh_visits(config IS NULL);
    FOREACH summary IN ARRAY ARRAY['course_progress', 'chapter_summary', 'course_summary', 'course_exits', 'class_progress', 'risk_rows', 'click_days', 'cohort_weeks', 'place_counts',
        'video_totals', 'video_parts', 'cohort_forgetting', 'cohort_gaps', 'class_failures', 'module_days', 'curve_days',
        'curve_totals', 'first_due', 'first_coming', 'class_days', 'class_course_days', 'class_totals', 'score_days', 'page_weeks']
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
