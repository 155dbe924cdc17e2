"""WhatsApp's doors: what Twilio and Meta bring, whether it may be believed, and which conversation answers."""
