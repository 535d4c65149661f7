-- Time tables become hypertables by create_hypertable: CREATE TABLE ... WITH (timescaledb.hypertable) would add a columnstore
-- policy by event time, which compresses a replayed log at its first run. The primary key serves as the time index.
SELECT create_hypertable('events',            by_range('event_time',   interval '1 day'),   create_default_indexes => false);
SELECT create_hypertable('activity_windows',  by_range('window_start', interval '7 days'),  create_default_indexes => false);
SELECT create_hypertable('engagement_scores', by_range('time',         interval '1 day'),   create_default_indexes => false);
SELECT create_hypertable('student_days',      by_range('day',          interval '90 days'), create_default_indexes => false);
SELECT create_hypertable('dead_letters',      by_range('received_at',  interval '7 days'),  create_default_indexes => false);
SELECT create_hypertable('anomalies',         by_range('detected_at',  interval '90 days'), create_default_indexes => false);
