SELECT create_hypertable('stuck_episodes', by_range('began_at', interval '30 days'), create_default_indexes => false);
