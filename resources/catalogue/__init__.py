"""Facts about companies and services as dated data, never as code."""
