"""WhatsApp for every flow that talks there: our numbers, what came, what was answered; nothing of it in clear."""
