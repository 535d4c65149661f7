-- Hypertables and columnstore, by the time at which a chunk was made (see r0001 and r0004). No retention: aggregates stand on them.
SELECT create_hypertable('sessions_closed',     by_range('session_start', interval '7 days'),  create_default_indexes => false);
SELECT create_hypertable('chapter_visit_facts', by_range('start_time',    interval '1 day'),   create_default_indexes => false);
SELECT create_hypertable('video_views',         by_range('start_time',    interval '7 days'),  create_default_indexes => false);
SELECT create_hypertable('milestones',          by_range('event_time',    interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('student_click_days',  by_range('day',           interval '90 days'), create_default_indexes => false);
SELECT create_hypertable('page_days',           by_range('day',           interval '90 days'), create_default_indexes => false);

ALTER TABLE sessions_closed SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'student_id, session_start');
ALTER TABLE chapter_visit_facts SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'student_id, start_time, event_id');
ALTER TABLE video_views SET (timescaledb.enable_columnstore, timescaledb.segmentby = '', timescaledb.orderby = 'video_id, start_time, student_id');
CALL add_columnstore_policy('sessions_closed', created_before => interval '30 days');
CALL add_columnstore_policy('chapter_visit_facts', created_before => interval '30 days');
CALL add_columnstore_policy('video_views', created_before => interval '30 days');
