SELECT create_hypertable('quiz_attempts',   by_range('attempted_at', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('learning_events', by_range('event_time',   interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('memory_reviews',  by_range('reviewed_at',  interval '30 days'), create_default_indexes => false);

-- Scores are summed in hundredths: a sum of doubles would depend on the order.
CREATE MATERIALIZED VIEW module_performance_1d WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT {{day_of_attempt}}                                   AS bucket,
       domain,
       module,
       quiz_type,
       count(*)                                             AS attempts,
       sum(round(score * 100)::bigint)::bigint              AS score_sum,
       count(*) FILTER (WHERE score < 10)                   AS s0,
       count(*) FILTER (WHERE score >= 10 AND score < 20)   AS s1,
       count(*) FILTER (WHERE score >= 20 AND score < 30)   AS s2,
       count(*) FILTER (WHERE score >= 30 AND score < 40)   AS s3,
       count(*) FILTER (WHERE score >= 40 AND score < 50)   AS s4,
       count(*) FILTER (WHERE score >= 50 AND score < 60)   AS s5,
       count(*) FILTER (WHERE score >= 60 AND score < 70)   AS s6,
       count(*) FILTER (WHERE score >= 70 AND score < 80)   AS s7,
       count(*) FILTER (WHERE score >= 80 AND score < 90)   AS s8,
       count(*) FILTER (WHERE score >= 90)                  AS s9
FROM quiz_attempts
GROUP BY 1, 2, 3, 4
WITH NO DATA;

SELECT add_continuous_aggregate_policy('module_performance_1d', start_offset => NULL, buckets_per_batch => 0, end_offset => interval '1 day',
    schedule_interval => interval '1 hour');

-- Facts are inserted once, so old chunks may go to columnstore; a row that comes later still finds its place there by the key.
-- Not memory_reviews: a review that comes late rewrites rows of its student and module of any age.
ALTER TABLE quiz_attempts SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'attempted_at, event_id');
ALTER TABLE learning_events SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'event_time, event_id');
CALL add_columnstore_policy('quiz_attempts', created_before => interval '90 days');
CALL add_columnstore_policy('learning_events', created_before => interval '90 days');
-- By creation time, as for events. Here an aggregate stands on the table: once attempts are forgotten, so are their days in it.
SELECT add_retention_policy('quiz_attempts', drop_created_before => interval '7 years');
