-- Views in place of the continuous aggregates: same names, same columns, computed when asked.
CREATE OR REPLACE VIEW activity_1m AS
SELECT time_bucket('1 minute', window_start)               AS bucket,
       scope,
       scope_id,
       sum(events)::bigint                                 AS events,
       sum(active_students)::bigint                        AS peak_active_students,
       sum(active_5m)::bigint                              AS peak_active_5m,
       sum(active_students)::bigint                        AS student_minutes,
       (CASE WHEN sum(events) > 0 THEN 1 ELSE 0 END)::bigint AS active_minutes
FROM activity_windows
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW activity_1h AS
SELECT {{hour_of_bucket}}               AS bucket,
       scope,
       scope_id,
       sum(events)::bigint              AS events,
       max(peak_active_students)        AS peak_active_students,
       max(peak_active_5m)              AS peak_active_5m,
       sum(student_minutes)::bigint     AS student_minutes,
       sum(active_minutes)::bigint      AS active_minutes
FROM activity_1m
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW activity_1d AS
SELECT {{day_of_bucket}}                AS bucket,
       scope,
       scope_id,
       sum(events)::bigint              AS events,
       max(peak_active_students)        AS peak_active_students,
       max(peak_active_5m)              AS peak_active_5m,
       sum(student_minutes)::bigint     AS student_minutes,
       sum(active_minutes)::bigint      AS active_minutes
FROM activity_1h
GROUP BY 1, 2, 3;
