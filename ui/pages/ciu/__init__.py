"""Section «CIU»: anonymous health identifiers over WhatsApp."""
