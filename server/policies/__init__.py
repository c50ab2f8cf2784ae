"""Who may call which tool, with what: policies in Cedar, read, checked against the tools, and asked."""
