"""The sink: COPY to staging, upsert, fence, one transaction a second."""
