-- Continuous aggregates: minutes that sum the tasks, hours on minutes, days on hours; and class scores by minute.
-- * Real-time (materialized_only = false), deliberately: the top of a board's curve is current without a refresh every second.
--   What changes below the materialised end (late events, replays) is seen at the next refresh.
-- * The policies have no start_offset, so that changed rows of any age are refreshed, through the whole hierarchy. So nothing
--   under an aggregate may have a retention policy: a refresh would erase what the dropped chunks said.
-- * sum(bigint) is numeric: cast back, results are integers.
CREATE MATERIALIZED VIEW activity_1m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 minute', window_start)               AS bucket,
       scope,
       scope_id,
       sum(events)::bigint                                 AS events,
       sum(active_students)::bigint                        AS peak_active_students,
       sum(active_5m)::bigint                              AS peak_active_5m,
       sum(active_students)::bigint                        AS student_minutes,
       (CASE WHEN sum(events) > 0 THEN 1 ELSE 0 END)::bigint AS active_minutes
FROM activity_windows
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW activity_1h WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT {{hour_of_bucket}}               AS bucket,
       scope,
       scope_id,
       sum(events)::bigint              AS events,
       max(peak_active_students)        AS peak_active_students,
       max(peak_active_5m)              AS peak_active_5m,
       sum(student_minutes)::bigint     AS student_minutes,
       sum(active_minutes)::bigint      AS active_minutes
FROM activity_1m
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW activity_1d WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT {{day_of_bucket}}                AS bucket,
       scope,
       scope_id,
       sum(events)::bigint              AS events,
       max(peak_active_students)        AS peak_active_students,
       max(peak_active_5m)              AS peak_active_5m,
       sum(student_minutes)::bigint     AS student_minutes,
       sum(active_minutes)::bigint      AS active_minutes
FROM activity_1h
GROUP BY 1, 2, 3
WITH NO DATA;

CREATE MATERIALIZED VIEW engagement_by_class_1m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 minute', "time")                                             AS bucket,
       class_id,
       round(sum(round(score * 10000)::bigint) / (count(*) * 100), 4)::double precision AS score,
       count(*)                                                                    AS students,
       sum(round(score * 10000)::bigint)::bigint                                   AS score_sum
FROM engagement_scores
GROUP BY 1, 2
WITH NO DATA;

-- buckets_per_batch => 0: one refresh of all changed ranges. The default cuts the time since the first event into batches
-- of ten buckets: a sparse log of five years took half an hour at full CPU, and in one refresh fifteen seconds.
SELECT add_continuous_aggregate_policy('activity_1m', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '2 minutes',
    schedule_interval => interval '1 minute');
SELECT add_continuous_aggregate_policy('activity_1h', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '1 hour',
    schedule_interval => interval '10 minutes');
SELECT add_continuous_aggregate_policy('activity_1d', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '1 day',
    schedule_interval => interval '1 hour');
SELECT add_continuous_aggregate_policy('engagement_by_class_1m', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '2 minutes',
    schedule_interval => interval '1 minute');
