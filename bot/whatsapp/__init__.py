"""WhatsApp's Cloud API: what Meta sends us turned into values, our values turned into what Meta takes."""
