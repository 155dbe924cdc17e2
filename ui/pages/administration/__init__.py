"""Section «Administration»: people, roles, keys, the trail, the health, the jobs, the outbox."""
