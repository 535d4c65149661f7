-- As of the job's last run: for boards.
CREATE OR REPLACE VIEW class_days_summary WITH (security_barrier) AS
SELECT class_id, day, previous_day, students, minutes_active, attempts, score_sum, as_of, courses
FROM class_days;
COMMENT ON VIEW class_days_summary IS 'A row is a class x the courses that some of it take x local day x the day on which those who were active then had been active there before, kept by a job: what of those who are enrolled now counts in the class. To count heads of a span, add up students of the rows whose previous_day is null or lies before it.';
COMMENT ON COLUMN class_days_summary.previous_day IS 'The day on which those who were active had been active in the class before; null: never.';
COMMENT ON COLUMN class_days_summary.score_sum IS 'In ten-thousandths.';
COMMENT ON COLUMN class_days_summary.courses IS 'Courses that these students take.';

CREATE OR REPLACE VIEW class_course_days_summary WITH (security_barrier) AS
SELECT class_id, courses, course, day, attempts, score_sum, as_of
FROM class_course_days;
COMMENT ON VIEW class_course_days_summary IS 'A row is a row of class_days_summary x course of the quiz, kept by a job: the attempts among them.';
COMMENT ON COLUMN class_course_days_summary.courses IS 'Courses that these students take.';
COMMENT ON COLUMN class_course_days_summary.course IS 'Course of the quiz.';
COMMENT ON COLUMN class_course_days_summary.score_sum IS 'In ten-thousandths.';

CREATE OR REPLACE VIEW class_summary WITH (security_barrier) AS
SELECT class_id, enrolled, median_finished, at_risk, as_of
FROM class_totals;
COMMENT ON VIEW class_summary IS 'A row is a class with somebody enrolled now, over all courses, kept by a job.';
COMMENT ON COLUMN class_summary.median_finished IS 'Median of the items finished, 0-100, over all who are enrolled.';
COMMENT ON COLUMN class_summary.at_risk IS 'Students at risk.';

CREATE OR REPLACE VIEW score_summary WITH (security_barrier) AS
SELECT day, course, quiz_type, from_score, attempts, passed, as_of
FROM score_days;
COMMENT ON VIEW score_summary IS 'A row is a local day x course x kind of quiz x ten points of score, of all classes, kept by a job.';
COMMENT ON COLUMN score_summary.course IS 'Null: none was named.';
COMMENT ON COLUMN score_summary.passed IS 'Attempts that passed.';
