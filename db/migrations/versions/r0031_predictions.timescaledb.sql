SELECT create_hypertable('predictions', by_range('predicted_at', interval '30 days'), create_default_indexes => false);
