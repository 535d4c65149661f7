-- By creation time, never by event time: a log replayed from 2019 lies in chunks that are new, and survives the night.
-- A chunk goes to columnstore when no late row is to be expected (upserts into columnstore are slow), a week or a month
-- after its first row came. Only events have a retention: no aggregate stands on them.
ALTER TABLE events SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'event_time, event_id');
ALTER TABLE engagement_scores SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'student_id, time');
ALTER TABLE activity_windows SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'scope', timescaledb.orderby = 'scope_id, window_start, task');
CALL add_columnstore_policy('events', created_before => interval '7 days');
CALL add_columnstore_policy('engagement_scores', created_before => interval '30 days');
CALL add_columnstore_policy('activity_windows', created_before => interval '30 days');
SELECT add_retention_policy('events', drop_created_before => interval '90 days');
