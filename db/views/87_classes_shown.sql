-- As of the job's last run: for boards.
CREATE OR REPLACE VIEW class_days_summary WITH (security_barrier) AS
SELECT class_id, day, previous_day, students, minutes_active, attempts, score_sum, as_of, courses
FROM class_days;

CREATE OR REPLACE VIEW class_course_days_summary WITH (security_barrier) AS
SELECT class_id, courses, course, day, attempts, score_sum, as_of
FROM class_course_days;

CREATE OR REPLACE VIEW class_summary WITH (security_barrier) AS
SELECT class_id, enrolled, median_finished, at_risk, as_of
FROM class_totals;

CREATE OR REPLACE VIEW score_summary WITH (security_barrier) AS
SELECT day, course, quiz_type, from_score, attempts, passed, as_of
FROM score_days;
