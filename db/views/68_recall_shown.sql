-- The same as forgetting_by_cohort, knowledge_gaps_by_cohort, quiz_failure and module_performance, as of the job's last run: for boards.
CREATE OR REPLACE VIEW forgetting_summary WITH (security_barrier) AS
SELECT cohort, cohort_id, module, domain, students_with_curve, enrolled, enrolled_with_curve, due_students, high_students, high_share,
       median_retention, median_retention_1d, median_retention_3d, median_retention_7d, high_share_1d, high_share_3d, high_share_7d, as_of,
       pass_chance, pass_chance_1d, pass_chance_3d, pass_chance_7d
FROM cohort_forgetting;
COMMENT ON VIEW forgetting_summary IS 'A row is a row of forgetting_by_cohort, kept by a job.';
COMMENT ON COLUMN forgetting_summary.pass_chance IS 'Mean chance to pass now, 0-1.';

CREATE OR REPLACE VIEW knowledge_gap_summary WITH (security_barrier) AS
SELECT cohort, cohort_id, module, domain, next_module, students_with_gap, students_with_curve, enrolled, gap_share, median_gap, as_of
FROM cohort_gaps;
COMMENT ON VIEW knowledge_gap_summary IS 'A row is a row of knowledge_gaps_by_cohort, kept by a job.';

CREATE OR REPLACE VIEW quiz_failure_summary WITH (security_barrier) AS
SELECT class_id, module, domain, students, failed, failure_rate, pass_mark, since, as_of
FROM class_failures;
COMMENT ON VIEW quiz_failure_summary IS 'A row is a row of quiz_failure, kept by a job.';

CREATE OR REPLACE VIEW module_summary WITH (security_barrier) AS
SELECT bucket, domain, module, quiz_type, attempts, score_sum, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9,
       average_score, first_attempts, first_failed, failure_rate, as_of
FROM module_days;
COMMENT ON VIEW module_summary IS 'A row is a row of module_performance, kept by a job.';
COMMENT ON COLUMN module_summary.score_sum IS 'In hundredths.';

CREATE OR REPLACE VIEW curve_changes WITH (security_barrier) AS
SELECT day, module, curves, due, high, as_of
FROM curve_days;
COMMENT ON VIEW curve_changes IS 'A row is a local day x module, kept by a job: changes of that day among all students; sums up to a day are the state at its end.';

CREATE OR REPLACE VIEW memory_summary WITH (security_barrier) AS
SELECT students, curves, modules, median_retention, due, high, as_of, pass_chance
FROM curve_totals;
COMMENT ON VIEW memory_summary IS 'A row is all students, kept by a job: one row.';
COMMENT ON COLUMN memory_summary.pass_chance IS 'Mean chance to pass now, 0-1.';

CREATE OR REPLACE VIEW revisions_waiting WITH (security_barrier) AS
SELECT user_id, module, urgency_level, scheduled_at, retention, as_of, pass_chance
FROM first_due;
COMMENT ON VIEW revisions_waiting IS 'A row is an open revision, kept by a job: of all students'' the 300 of each module that are remembered least.';

CREATE OR REPLACE VIEW reviews_coming WITH (security_barrier) AS
SELECT user_id, module, next_review_at, retention, last_score, as_of, pass_chance
FROM first_coming;
COMMENT ON VIEW reviews_coming IS 'A row is a review that will fall due, kept by a job: of all students'' the next 300 of each module.';
