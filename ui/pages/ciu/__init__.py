"""Section «CIU»: what people are given over WhatsApp, and what staff decide of it; never what was answered."""
