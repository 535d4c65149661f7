-- Chunks that go to columnstore from now on find a row by its whole key.
ALTER TABLE events SET (timescaledb.orderby = 'event_time, event_id, topic');
