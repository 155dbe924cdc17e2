"""The conversations: one engine for USSD menus and WhatsApp flows."""
